#include "tools/flmd/stock/uci.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tools/common/files.hpp"

namespace flm::flmd::uci {
namespace {

constexpr std::string_view kWhat = "a uci file such as /etc/config/flukso";

bool is_name(const std::string& text, std::string_view beside) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           beside.find(c) != beside.npos;
  });
}

bool is_utf8(std::string_view text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

class Parser {
 public:
  explicit Parser(const std::filesystem::path& file) { package_.file = file; }

  Package parse(std::string_view text) {
    for (std::size_t begin = 0; begin < text.size(); ++line_) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      std::string_view row = text.substr(begin, end - begin);
      if (row.ends_with('\r')) row.remove_suffix(1);
      take(words_of(row));
      begin = end + 1;
    }
    return std::move(package_);
  }

 private:
  [[noreturn]] void fail(const std::string& wrong, std::string_view allowed) const {
    throw InputError(fmt::format("{}:{}: {}; allowed: {}", package_.file.string(), line_, wrong, allowed));
  }

  /// A word of a line from `i` on, whose quoted and bare parts follow each other without a blank.
  std::string word(std::string_view row, std::size_t& i) const {
    std::string word;
    char quote = 0;
    for (; i < row.size(); ++i) {
      const char c = row[i];
      if (quote == 0 && (c == ' ' || c == '\t')) break;
      if (c == quote)
        quote = 0;
      else if (quote == 0 && (c == '\'' || c == '"'))
        quote = c;
      else if (c == '\\' && quote != '\'') {
        if (++i == row.size()) fail("the line ends with '\\'", "a value that ends on its line");
        word += row[i];
      } else
        word += c;
    }
    if (quote != 0) fail(fmt::format("{} is not closed", quote), "a value that ends on its line");
    return word;
  }

  [[nodiscard]] std::vector<std::string> words_of(std::string_view row) const {
    if (std::any_of(row.begin(), row.end(),
                    [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7F; }))
      fail("has a control character", "text");
    if (!is_utf8(row)) fail("is no UTF-8", "text in UTF-8");
    std::vector<std::string> words;
    for (std::size_t i = 0; i < row.size();) {
      if (row[i] == ' ' || row[i] == '\t')
        ++i;
      else if (row[i] == '#')
        break;
      else
        words.push_back(word(row, i));
    }
    return words;
  }

  void take(const std::vector<std::string>& words) {
    if (words.empty()) return;
    if (words[0] == "package" && words.size() == 2 && package_.sections.empty()) return;
    if (words[0] == "config")
      section(words);
    else if (words[0] == "option" || words[0] == "list")
      option(words, words[0] == "list");
    else
      fail(fmt::format("'{}' begins no line", words[0]), "config, option, list");
  }

  void section(const std::vector<std::string>& words) {
    if (words.size() < 2 || words.size() > 3)
      fail(fmt::format("config has {} words after it", words.size() - 1), "config TYPE, config TYPE NAME");
    if (!is_name(words[1], "_-"))
      fail(fmt::format("'{}' is no section's type", words[1]), "letters, digits, _ and -");
    const std::string name = words.size() == 3 ? words[2] : "";
    if (words.size() == 3 && !is_name(name, "_"))
      fail(fmt::format("'{}' is no section's name", name), "letters, digits and _");
    if (const Section* before = name.empty() ? nullptr : package_.find(name))
      fail(fmt::format("section '{}' stands in line {} already", name, before->line), "each section once");
    package_.sections.push_back({words[1], name, {}, line_});
  }

  void option(const std::vector<std::string>& words, bool is_list) {
    if (package_.sections.empty())
      fail(fmt::format("{} stands before any section", words[0]), "config first");
    if (words.size() != 3)
      fail(fmt::format("{} has {} words after it", words[0], words.size() - 1),
           fmt::format("{} NAME 'VALUE'", words[0]));
    if (!is_name(words[1], "_"))
      fail(fmt::format("'{}' is no option's name", words[1]), "letters, digits and _");
    std::vector<Option>& options = package_.sections.back().options;
    const auto known =
        std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.name == words[1]; });
    if (known == options.end())
      options.push_back({words[1], {words[2]}, is_list, line_});
    else if (is_list && known->is_list)
      known->values.push_back(words[2]);
    else
      fail(fmt::format("option '{}' stands in line {} already", words[1], known->line),
           "each option once, or list for several values");
  }

  Package package_;
  int line_ = 1;
};

std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

const Option* Section::find(std::string_view option) const {
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.name == option; });
  return found == options.end() ? nullptr : &*found;
}

std::string Section::value(std::string_view option) const {
  const Option* found = find(option);
  return found == nullptr ? "" : found->values.front();
}

void Section::set(std::string_view option, const std::string& value) {
  set_list(option, {value});
  std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.name == option; })->is_list =
      false;
}

void Section::set_list(std::string_view option, const std::vector<std::string>& values) {
  if (values.empty()) return remove(option);
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.name == option; });
  if (found == options.end())
    options.push_back({std::string(option), values, true, 0});
  else
    *found = {found->name, values, true, found->line};
}

void Section::remove(std::string_view option) {
  std::erase_if(options, [&](const Option& o) { return o.name == option; });
}

const Section* Package::find(std::string_view name) const {
  const auto found =
      std::find_if(sections.begin(), sections.end(), [&](const Section& s) { return s.name == name; });
  return found == sections.end() ? nullptr : &*found;
}

Section& Package::section(std::string_view type, std::string_view name) {
  const auto found =
      std::find_if(sections.begin(), sections.end(), [&](const Section& s) { return s.name == name; });
  if (found != sections.end()) return *found;
  sections.push_back({std::string(type), std::string(name), {}, 0});
  return sections.back();
}

Package parse(const std::filesystem::path& file, std::string_view text) {
  if (text.size() > largest_file)
    throw InputError(fmt::format("{}: has {} bytes; allowed: {}, at most {} bytes", file.string(),
                                 text.size(), kWhat, largest_file));
  return Parser(file).parse(text);
}

Package read(const std::filesystem::path& file) {
  check_text(file, kWhat);
  std::ifstream in(file, std::ios::binary);
  std::string text(largest_file + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return parse(file, text);
}

std::string text_of(const Package& package) {
  std::string text;
  for (const Section& section : package.sections) {
    text += fmt::format("\nconfig {}{}\n", section.type,
                        section.name.empty() ? "" : fmt::format(" '{}'", section.name));
    for (const Option& option : section.options)
      for (const std::string& value : option.values)
        text += fmt::format("\t{} {} {}\n", option.is_list ? "list" : "option", option.name, quoted(value));
  }
  return text;
}

}  // namespace flm::flmd::uci
