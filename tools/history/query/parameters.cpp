#include "tools/history/query/parameters.hpp"

#include <fmt/format.h>

#include "tools/common/input_error.hpp"  // visible

namespace flm::history {
namespace {

/// A stranger's text, short and without control characters.
std::string shown(std::string_view text) {
  constexpr std::size_t longest = 40;
  return visible(text.substr(0, longest)) + (text.size() > longest ? "..." : "");
}

bool is_name(std::string_view text) {
  return text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz") ==
             text.npos &&
         !text.empty();
}

}  // namespace

std::optional<std::string_view> value_of(Parameters parameters, std::string_view key) {
  std::optional<std::string_view> found;
  for (const auto& [name, value] : parameters) {
    if (name != key) continue;
    if (found) throw QueryError(fmt::format("{} is given twice", key));
    found = value;
  }
  return found;
}

void refuse(std::string_view key, std::string_view value, std::string_view allowed) {
  throw QueryError(fmt::format("{} is \"{}\"; allowed: {}", key, shown(value), allowed));
}

void check_version(Parameters parameters) {
  const auto version = value_of(parameters, "version");
  if (!version) throw QueryError("version is missing; version=1.0 is required");
  if (*version != "1.0") refuse("version", *version, "1.0");
}

std::string_view callback_of(Parameters parameters) {
  const auto callback = value_of(parameters, "callback");
  const auto older = value_of(parameters, "jsonp_callback");
  if (callback && older) throw QueryError("callback and jsonp_callback are one; only one of them is allowed");
  if (!callback && !older) return {};
  const std::string_view name = callback ? *callback : *older;
  if (name.size() > 64 || !is_name(name))
    refuse(callback ? "callback" : "jsonp_callback", name, "1 to 64 letters, digits and _");
  return name;
}

std::string with_callback(std::string_view callback, std::string text) {
  if (callback.empty()) return text;
  text.insert(0, 1, '(').insert(0, callback).append(");");
  return text;
}

}  // namespace flm::history
