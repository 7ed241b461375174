#include "tools/web/access/passwords.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "tools/common/input_error.hpp"
#include "tools/web/exchange/request.hpp"  // is_text

namespace flm::web {

void check_password(std::string_view password, std::size_t longest) {
  if (password.size() < 8 || password.size() > longest || !is_text(password))
    throw InputError(fmt::format(
        "the password is too short, too long or no text; allowed: 8 to {} bytes of UTF-8", longest));
}

std::string random_bytes(std::size_t size) {
  constexpr std::size_t at_once = 256;  // of getentropy()
  std::string bytes(size, '\0');
  for (std::size_t from = 0; from < size; from += at_once)
    if (getentropy(bytes.data() + from, std::min(at_once, size - from)) != 0)
      throw std::runtime_error("the system has no random numbers");
  return bytes;
}

std::string random_hex(std::size_t bytes) {
  std::string result;
  for (const char byte : random_bytes(bytes))
    fmt::format_to(std::back_inserter(result), "{:02x}", static_cast<unsigned char>(byte));
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
