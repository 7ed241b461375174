// Checked access to a TOML table: every complaint names file, line, key, what is wrong and what is allowed.
#pragma once
#include <fmt/format.h>

#include <toml++/toml.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tools/common/input_error.hpp"

namespace flm {

/// The root table of a TOML file. Throws InputError, with file and line, if it cannot be read or parsed.
[[nodiscard]] toml::table parse_toml(const std::filesystem::path& file);
/// The same of a text that is to become the file.
[[nodiscard]] toml::table parse_toml(const std::filesystem::path& file, std::string_view text);

/// One table of a file, with the keys that may stand in it.
class TableReader {
 public:
  TableReader(const std::filesystem::path& file, const toml::table& table, std::string name,
              std::vector<std::string_view> allowed);

  [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }
  [[nodiscard]] int line() const { return static_cast<int>(table_.source().begin.line); }
  [[nodiscard]] int line(std::string_view key) const;

  /// A number in [low, high], or nothing when the key is absent.
  [[nodiscard]] std::optional<double> number(std::string_view key, double low, double high) const;
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, std::int64_t low,
                                                    std::int64_t high) const;
  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
  [[nodiscard]] std::optional<bool> truth(std::string_view key) const;
  /// Place of the key's text in `names`.
  [[nodiscard]] std::optional<std::size_t> one_of(std::string_view key,
                                                  const std::vector<std::string_view>& names) const;

  /// The key's array; nullptr when the key is absent or its value is not an array.
  [[nodiscard]] const toml::array* array(std::string_view key) const {
    return table_.contains(key) ? table_.get(key)->as_array() : nullptr;
  }
  [[nodiscard]] const toml::node* node(std::string_view key) const { return table_.get(key); }

  /// The key's list of texts, none of them empty; nothing in it when the key is absent.
  [[nodiscard]] std::vector<std::string> texts(std::string_view key, std::string_view allowed) const;
  /// The file that the key names, from the folder of the TOML file on; empty when the key is absent. Fails
  /// unless it is there and has text.
  [[nodiscard]] std::filesystem::path file(std::string_view key) const;
  /// Runs a check of the key's value; an InputError of it gets file, line and key before its words.
  void in_file(std::string_view key, const std::function<void()>& check) const;

  template <class T>
  [[nodiscard]] T required(std::string_view key, std::optional<T> value, std::string_view allowed) const {
    if (!value) fail(key, "is missing", allowed);
    return *value;
  }

  [[noreturn]] void fail(std::string_view key, std::string_view wrong, std::string_view allowed) const;

 private:
  const std::filesystem::path& file_;
  const toml::table& table_;
  std::string name_;
};

enum class Presence { required, optional };

/// Hands the root's table [name] to `use`. Throws InputError when a required one is missing, when it is no
/// table, and when a key stands in it that is not in `keys`.
void read_table(const std::filesystem::path& file, const toml::table& root, std::string_view name,
                std::vector<std::string_view> keys, Presence,
                const std::function<void(const TableReader&)>& use);

}  // namespace flm
