#include <mbedtls/base64.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>

#include <algorithm>
#include <cstddef>

#include "tools/api/hashes.hpp"

namespace flm::api {
namespace {

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::array<std::uint8_t, 20> sha1(std::string_view text) {
  std::array<std::uint8_t, 20> result{};
  mbedtls_sha1_ret(bytes(text), text.size(), result.data());
  return result;
}

std::string text_of(const std::array<std::uint8_t, 20>& hash) { return {hash.begin(), hash.end()}; }

}  // namespace

// Of its own, because the library's drags in every hash that it knows.
std::array<std::uint8_t, 20> hmac_sha1(std::string_view key, std::string_view message) {
  constexpr std::size_t block = 64;
  std::string inner(key.size() > block ? text_of(sha1(key)) : std::string(key));
  inner.resize(block, '\0');
  std::string outer = inner;
  for (char& c : inner) c = static_cast<char>(c ^ 0x36);
  for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
  return sha1(outer + text_of(sha1(inner.append(message))));
}

std::array<std::uint8_t, 32> sha256(std::string_view text) {
  std::array<std::uint8_t, 32> result{};
  mbedtls_sha256_ret(bytes(text), text.size(), result.data(), 0);
  return result;
}

std::string base64(std::string_view text) {
  std::string result((text.size() + 2) / 3 * 4 + 1, '\0');  // the library ends it with a zero
  std::size_t length = 0;
  mbedtls_base64_encode(reinterpret_cast<unsigned char*>(result.data()), result.size(), &length, bytes(text),
                        text.size());
  result.resize(length);
  return result;
}

}  // namespace flm::api
