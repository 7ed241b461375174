#include "tools/web/access/passwords.hpp"

#include <argon2.h>
#include <sys/random.h>

#include <fmt/format.h>
#include <array>
#include <stdexcept>

#include "tools/common/input_error.hpp"
#include "tools/web/exchange/request.hpp"  // is_text

namespace flm::web {
namespace {

constexpr std::uint32_t passes = 5, memory_kib = 7168, lanes = 1;
constexpr std::size_t hash_size = 32;
// A hash is of a file; it must not make a login take all memory.
constexpr std::string_view prefix = "$argon2id$v=19$m=7168,t=5,p=1$";

template <std::size_t size>
std::array<unsigned char, size> random_bytes() {
  std::array<unsigned char, size> bytes;
  if (getentropy(bytes.data(), size) != 0) throw std::runtime_error("the system has no random numbers");
  return bytes;
}

}  // namespace

std::string hash_password(std::string_view password) {
  if (password.size() < 8 || password.size() > 256 || !is_text(password))
    throw InputError("the password is too short, too long or no text; allowed: 8 to 256 bytes of UTF-8");
  const auto salt = random_bytes<16>();
  std::array<char, 128> encoded{};
  const int error =
      argon2id_hash_encoded(passes, memory_kib, lanes, password.data(), password.size(), salt.data(),
                            salt.size(), hash_size, encoded.data(), encoded.size());
  if (error != ARGON2_OK) throw std::runtime_error(fmt::format("Argon2: {}", argon2_error_message(error)));
  return encoded.data();
}

bool is_password(std::string_view password, const std::string& hash) {
  if (!hash.starts_with(prefix) || password.size() > 256) return false;
  return argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

void check_password_hash(const std::string& hash) {
  // Base64 without its '=': 22 characters of salt, 43 of hash.
  if (!hash.starts_with(prefix) || hash.size() != prefix.size() + 22 + 1 + 43 ||
      hash[prefix.size() + 22] != '$')
    throw InputError(fmt::format(
        "the password's hash is none; allowed: {}SALT$HASH, as `flmd password` writes it", prefix));
}

std::string random_hex(std::size_t bytes) {
  std::string result;
  result.reserve(2 * bytes);
  while (bytes > 0) {
    const auto block = random_bytes<16>();
    for (std::size_t i = 0; i < block.size() && bytes > 0; ++i, --bytes)
      fmt::format_to(std::back_inserter(result), "{:02x}", block[i]);
  }
  return result;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned differ = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    differ |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  return differ == 0;
}

}  // namespace flm::web
