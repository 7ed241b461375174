#include "tools/common/toml_reader.hpp"

#include <algorithm>
#include <functional>

#include "tools/common/files.hpp"
#include "tools/common/nearest.hpp"

namespace flm {

namespace {

toml::table parsed(const std::filesystem::path& file, const std::function<toml::table()>& parse) {
  try {
    return parse();
  } catch (const toml::parse_error& error) {
    if (error.source().begin.line == 0)
      throw InputError(fmt::format("{}: {}", file.string(), error.description()));
    throw InputError(fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
  }
}

}  // namespace

toml::table parse_toml(const std::filesystem::path& file) {
  return parsed(file, [&] { return toml::parse_file(file.string()); });
}

toml::table parse_toml(const std::filesystem::path& file, std::string_view text) {
  return parsed(file, [&] { return toml::parse(text, file.string()); });
}

TableReader::TableReader(const std::filesystem::path& file, const toml::table& table, std::string name,
                         std::vector<std::string_view> allowed)
    : file_(file), table_(table), name_(std::move(name)) {
  for (const auto& [key, value] : table_) {
    const std::string_view k = key.str();
    if (std::find(allowed.begin(), allowed.end(), k) != allowed.end()) continue;
    std::string wrong = "is not known";
    if (const auto meant = nearest(k, allowed)) wrong += fmt::format(" (did you mean '{}'?)", *meant);
    throw InputError(fmt::format("{}:{}: {}key '{}' {}; allowed: {}", file_.string(), key.source().begin.line,
                                 name_, k, wrong, fmt::join(allowed, ", ")));
  }
}

int TableReader::line(std::string_view key) const {
  const toml::node* node = table_.get(key);
  return node ? static_cast<int>(node->source().begin.line) : line();
}

void TableReader::fail(std::string_view key, std::string_view wrong, std::string_view allowed) const {
  throw InputError(fmt::format("{}:{}: {}key '{}' {}; allowed: {}", file_.string(), line(key), name_, key,
                               wrong, allowed));
}

std::optional<double> TableReader::number(std::string_view key, double low, double high) const {
  const toml::node* node = table_.get(key);
  if (!node) return std::nullopt;
  const std::string allowed = fmt::format("a number from {} to {}", low, high);
  if (!node->is_number()) fail(key, "is not a number", allowed);
  const double value = *node->value<double>();
  if (!(value >= low && value <= high)) fail(key, fmt::format("is {}", value), allowed);
  return value;
}

std::optional<std::int64_t> TableReader::integer(std::string_view key, std::int64_t low,
                                                 std::int64_t high) const {
  const toml::node* node = table_.get(key);
  if (!node) return std::nullopt;
  const std::string allowed = fmt::format("a whole number from {} to {}", low, high);
  if (!node->is_integer()) fail(key, "is not a whole number", allowed);
  const std::int64_t value = *node->value<std::int64_t>();
  if (value < low || value > high) fail(key, fmt::format("is {}", value), allowed);
  return value;
}

std::optional<std::string> TableReader::text(std::string_view key) const {
  const toml::node* node = table_.get(key);
  if (!node) return std::nullopt;
  if (!node->is_string()) fail(key, "is not text", "text in quotes");
  return node->value<std::string>();
}

std::optional<bool> TableReader::truth(std::string_view key) const {
  const toml::node* node = table_.get(key);
  if (!node) return std::nullopt;
  if (!node->is_boolean()) fail(key, "is neither true nor false", "true, false");
  return node->value<bool>();
}

std::optional<std::size_t> TableReader::one_of(std::string_view key,
                                               const std::vector<std::string_view>& names) const {
  const auto value = text(key);
  if (!value) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), *value);
  if (found == names.end())
    fail(key, fmt::format("is '{}'", *value), fmt::format("{}", fmt::join(names, ", ")));
  return static_cast<std::size_t>(found - names.begin());
}

std::vector<std::string> TableReader::texts(std::string_view key, std::string_view allowed) const {
  std::vector<std::string> all;
  if (!has(key)) return all;
  const toml::array* list = array(key);
  if (list == nullptr) fail(key, "is no list", allowed);
  for (const toml::node& node : *list) {
    const auto text = node.value_exact<std::string>();
    if (!text || text->empty()) fail(key, "has an entry that is no text", allowed);
    all.push_back(*text);
  }
  return all;
}

std::filesystem::path TableReader::file(std::string_view key) const {
  const auto named = text(key);
  if (!named) return {};
  constexpr std::string_view allowed = "a file that is there, and has text";
  if (named->empty()) fail(key, "is empty", allowed);
  const std::filesystem::path path = file_.parent_path() / *named;
  in_file(key, [&] { check_text(path, allowed); });
  return path;
}

void TableReader::in_file(std::string_view key, const std::function<void()>& check) const {
  try {
    check();
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}:{}: key '{}': {}", file_.string(), line(key), key, error.what()));
  }
}

void read_table(const std::filesystem::path& file, const toml::table& root, std::string_view name,
                std::vector<std::string_view> keys, Presence presence,
                const std::function<void(const TableReader&)>& use) {
  const toml::node* node = root.get(name);
  if (node == nullptr) {
    if (presence == Presence::required)
      throw InputError(
          fmt::format("{}: table [{}] is missing; allowed: {}", file.string(), name, fmt::join(keys, ", ")));
    return;
  }
  const toml::table* table = node->as_table();
  if (table == nullptr)
    throw InputError(fmt::format("{}:{}: key '{}' is no table; allowed: [{}]", file.string(),
                                 node->source().begin.line, name, name));
  use(TableReader(file, *table, fmt::format("[{}] ", name), std::move(keys)));
}

}  // namespace flm
