// The way back from encoding.hpp, for tests.
#pragma once
#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace flm::flmd {

/// gzip, 1 MB at most.
inline std::string unpacked(std::string packed) {
  std::string text(1'000'000, '\0');
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int result = inflate(&stream, Z_FINISH);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("is no whole gzip");
  return text;
}

inline std::string from_base64(const std::string& text) {
  std::string bytes(text.size(), '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0) throw std::runtime_error("is no base64");
  bytes.resize(static_cast<std::size_t>(length) -
               static_cast<std::size_t>(std::count(text.begin(), text.end(), '=')));
  return bytes;
}

}  // namespace flm::flmd
