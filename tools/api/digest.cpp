#include "tools/api/digest.hpp"

#include "tools/api/hashes.hpp"
#include "tools/web/access/passwords.hpp"  // equal_in_constant_time

namespace flm::api {

std::string digest(std::string_view key, std::string_view message) {
  std::string text;
  for (const std::uint8_t byte : hmac_sha1(key, message)) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

bool digest_matches(std::string_view key, std::string_view message, std::string_view claimed) {
  return web::equal_in_constant_time(claimed, digest(key, message));
}

}  // namespace flm::api
