// Argon2id, by libargon2.
#include <argon2.h>
#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "tools/common/input_error.hpp"
#include "tools/web/access/passwords.hpp"

namespace flm::web {
namespace {

constexpr std::uint32_t passes = 5, memory_kib = 7168, lanes = 1;
constexpr std::size_t hash_size = 32;
// A hash is of a file; it must not make a login take all memory.
constexpr std::string_view prefix = "$argon2id$v=19$m=7168,t=5,p=1$";
constexpr std::size_t longest = 256;

}  // namespace

std::string hash_password(std::string_view password) {
  check_password(password, longest);
  const std::string salt = random_bytes(16);
  std::array<char, 128> encoded{};
  const int error =
      argon2id_hash_encoded(passes, memory_kib, lanes, password.data(), password.size(), salt.data(),
                            salt.size(), hash_size, encoded.data(), encoded.size());
  if (error != ARGON2_OK) throw std::runtime_error(fmt::format("Argon2: {}", argon2_error_message(error)));
  return encoded.data();
}

bool is_password(std::string_view password, const std::string& hash) {
  if (!hash.starts_with(prefix) || password.size() > longest) return false;
  return argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

void check_password_hash(const std::string& hash) {
  // Base64 without its '=': 22 characters of salt, 43 of hash.
  if (!hash.starts_with(prefix) || hash.size() != prefix.size() + 22 + 1 + 43 ||
      hash[prefix.size() + 22] != '$')
    throw InputError(fmt::format(
        "the password's hash is none; allowed: {}SALT$HASH, as `flmd password` writes it", prefix));
}

}  // namespace flm::web
