// A configuration file of OpenWrt (uci), as the stock main board has it.
//
//     config sensor '4'             a section: its type, and its name if it has one
//         option constant '0.5'     a value; in '', in "" with \ before what is meant as it is, or bare
//         list port '4'             one of several values
//
// A '#' where a word could begin starts a comment.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tools/common/input_error.hpp"  // InputError: what reading throws

namespace flm::flmd::uci {

struct Option {
  std::string name;
  std::vector<std::string> values;  ///< one at least
  bool is_list = false;
  int line = 0;  ///< in the file; 0: it was not read from one
};

struct Section {
  std::string type, name;  ///< the name may be empty
  std::vector<Option> options;
  int line = 0;

  [[nodiscard]] const Option* find(std::string_view option) const;
  /// Value of an option; "" when it is not there.
  [[nodiscard]] std::string value(std::string_view option) const;
  /// Gives it one value; in its old place if it was there.
  void set(std::string_view option, const std::string& value);
  void set_list(std::string_view option, const std::vector<std::string>& values);  ///< none: it is removed
  void remove(std::string_view option);
};

struct Package {
  std::filesystem::path file;
  std::vector<Section> sections;

  [[nodiscard]] const Section* find(std::string_view name) const;
  /// That section, made at the end if it is not there.
  Section& section(std::string_view type, std::string_view name);
};

/// Largest file, bytes: stock's have a few thousand.
inline constexpr std::size_t largest_file = 1 << 20;

/// Throws InputError with file, line, what is wrong and what is allowed. Stricter than OpenWrt: each named
/// section and each option stands once, a value ends on its line, text is UTF-8 without control characters.
Package parse(const std::filesystem::path& file, std::string_view text);
/// The same of a file, which has to be one of text.
Package read(const std::filesystem::path& file);

/// As OpenWrt writes it; parse() gives the same sections.
std::string text_of(const Package&);

}  // namespace flm::flmd::uci
