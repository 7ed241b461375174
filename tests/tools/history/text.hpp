// gzip unpacked by the book, for tests of what unpacks it.
#pragma once
#include <zlib.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace flm::history::test {

inline std::string gunzip(std::string_view bytes) {
  z_stream stream{};
  std::string text(8 << 20, '\0');
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int status = inflate(&stream, Z_FINISH);
  text.resize(text.size() - stream.avail_out);
  inflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("not a gzip");
  return text;
}

}  // namespace flm::history::test
