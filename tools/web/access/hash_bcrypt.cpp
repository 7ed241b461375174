// bcrypt, by the C library: 4 KiB of memory, where Argon2's are 7 MiB.
#include <crypt.h>
#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "tools/common/input_error.hpp"
#include "tools/web/access/passwords.hpp"

namespace flm::web {
namespace {

// 2^10 rounds, the least that OWASP's password storage cheat sheet allows.
constexpr std::string_view prefix = "$2b$10$";
constexpr std::size_t salt_size = 22, hash_size = prefix.size() + salt_size + 31;
constexpr std::size_t longest = 72;  ///< bytes that bcrypt looks at
constexpr std::string_view digits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Empty if the setting is none.
std::string hashed(std::string_view password, const std::string& setting) {
  const auto room = std::make_unique<crypt_data>();
  const char* hash = crypt_r(std::string(password).c_str(), setting.c_str(), room.get());
  return hash == nullptr ? std::string() : hash;
}

}  // namespace

std::string hash_password(std::string_view password) {
  check_password(password, longest);
  std::string setting(prefix);
  for (const char byte : random_bytes(salt_size)) setting += digits[static_cast<unsigned char>(byte) % 64];
  std::string hash = hashed(password, setting);
  if (hash.size() != hash_size) throw std::runtime_error("the C library refuses bcrypt");
  return hash;
}

bool is_password(std::string_view password, const std::string& hash) {
  if (!hash.starts_with(prefix) || password.size() > longest || password.find('\0') != password.npos)
    return false;
  return equal_in_constant_time(hashed(password, hash), hash);
}

void check_password_hash(const std::string& hash) {
  if (!hash.starts_with(prefix) || hash.size() != hash_size ||
      hash.find_first_not_of(digits, prefix.size()) != hash.npos)
    throw InputError(fmt::format(
        "the password's hash is none; allowed: {} and 53 characters, as `flmd password` writes it", prefix));
}

}  // namespace flm::web
