// The error of a wrong input: a file, an option, a key.
#pragma once
#include <stdexcept>
#include <string>
#include <string_view>

namespace flm {

/// Control characters as \xNN, line ends and tabs as they are: what a file says goes to a terminal, and
/// through C strings.
inline std::string visible(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte >= ' ' && byte != 0x7F) || c == '\n' || c == '\t')
      result += c;
    else
      (result += "\\x").append({"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]});
  }
  return result;
}

/// The user's input is wrong: file, place, what is wrong, what is allowed. Exit status 2.
class InputError : public std::runtime_error {
 public:
  explicit InputError(const std::string& what) : std::runtime_error(visible(what)) {}
};

}  // namespace flm
