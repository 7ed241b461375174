#include "tools/web/exchange/json_input.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <cmath>

#include "tools/common/nearest.hpp"

namespace flm::web {
namespace {

using nlohmann::json;

std::string list_of(std::initializer_list<std::string_view> words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

/// A stranger's word in a complaint: its beginning.
std::string_view start_of(std::string_view text) {
  std::size_t end = std::min<std::size_t>(text.size(), 40);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string joined(const std::string& where, const char* name) {
  return where.empty() ? std::string(name) : where + "." + name;
}

}  // namespace

nlohmann::json parse_json(std::string_view text, std::string_view what, int depth) {
  const json::parser_callback_t shallow = [&](int level, json::parse_event_t event, json&) {
    if ((event == json::parse_event_t::object_start || event == json::parse_event_t::array_start) &&
        level >= depth)
      throw HttpError(400, fmt::format("{} is nested too deep; allowed: {} levels", what, depth));
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), shallow);
  } catch (const json::parse_error& error) {
    throw HttpError(400, fmt::format("{} is no JSON: wrong at byte {}", what, error.byte));
  } catch (const json::exception&) {  // a number that is too large
    throw HttpError(400, fmt::format("{} has a number that is out of range", what));
  }
}

nlohmann::json json_body(const Request& request, int depth) {
  std::string_view type = request.header("Content-Type").value_or("");
  type = type.substr(0, type.find_first_of("; \t"));
  if (!same_name(type, "application/json"))
    throw HttpError(415, "the body's type is not known; allowed: Content-Type: application/json");
  return parse_json(request.body, "the body", depth);
}

JsonInput::JsonInput(const json& object, std::string where) : value_(object), where_(std::move(where)) {
  if (!value_.is_object())
    throw HttpError(400, fmt::format("{} is {}; allowed: an object", where_.empty() ? "the body" : where_,
                                     value_.type_name()));
}

void JsonInput::wrong(const char* name, std::string_view what, std::string_view allowed) const {
  throw HttpError(400, fmt::format("{}: {}; allowed: {}", joined(where_, name), what, allowed));
}

const json& JsonInput::member(const char* name, std::string_view allowed) {
  known_.insert(name);
  const auto found = value_.find(name);
  if (found == value_.end()) wrong(name, "is missing", allowed);
  return *found;
}

bool JsonInput::has(const char* name) {
  known_.insert(name);
  const auto found = value_.find(name);
  return found != value_.end() && !found->is_null();
}

std::string JsonInput::text(const char* name, std::size_t most, std::size_t least) {
  const std::string allowed = fmt::format("text of {} to {} bytes without control characters", least, most);
  const json& value = member(name, allowed);
  if (!value.is_string()) wrong(name, fmt::format("is {}", value.type_name()), allowed);
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() < least || text.size() > most)
    wrong(name, fmt::format("has {} bytes", text.size()), allowed);
  if (!is_text(text)) wrong(name, "has a control character", allowed);
  return text;
}

std::int64_t JsonInput::integer(const char* name, std::int64_t least, std::int64_t most) {
  const std::string allowed = fmt::format("an integer from {} to {}", least, most);
  const json& value = member(name, allowed);
  if (!value.is_number_integer())
    wrong(name, fmt::format("is {}", value.is_number() ? "not whole" : value.type_name()), allowed);
  // An unsigned one may be beyond the signed.
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    wrong(name, fmt::format("is {}", value.get<std::uint64_t>()), allowed);
  const auto number = value.get<std::int64_t>();
  if (number < least || number > most) wrong(name, fmt::format("is {}", number), allowed);
  return number;
}

double JsonInput::number(const char* name, double least, double most) {
  const std::string allowed = fmt::format("a number from {} to {}", least, most);
  const json& value = member(name, allowed);
  if (!value.is_number()) wrong(name, fmt::format("is {}", value.type_name()), allowed);
  const auto number = value.get<double>();
  if (!(number >= least && number <= most)) wrong(name, fmt::format("is {}", number), allowed);
  return number;
}

bool JsonInput::boolean(const char* name) {
  const json& value = member(name, "true or false");
  if (!value.is_boolean()) wrong(name, fmt::format("is {}", value.type_name()), "true or false");
  return value.get<bool>();
}

std::string JsonInput::word(const char* name, std::initializer_list<std::string_view> words) {
  const std::string allowed = list_of(words);
  const json& value = member(name, allowed);
  if (!value.is_string()) wrong(name, fmt::format("is {}", value.type_name()), allowed);
  const auto& text = value.get_ref<const std::string&>();
  if (std::find(words.begin(), words.end(), text) == words.end())
    wrong(name, fmt::format("'{}' is not known", start_of(text)), allowed);
  return text;
}

const json& JsonInput::object(const char* name) {
  const json& value = member(name, "an object");
  if (!value.is_object()) wrong(name, fmt::format("is {}", value.type_name()), "an object");
  return value;
}

const json& JsonInput::array(const char* name, std::size_t most) {
  const std::string allowed = fmt::format("an array of at most {}", most);
  const json& value = member(name, allowed);
  if (!value.is_array()) wrong(name, fmt::format("is {}", value.type_name()), allowed);
  if (value.size() > most) wrong(name, fmt::format("has {} elements", value.size()), allowed);
  return value;
}

void JsonInput::no_others() const {
  for (const auto& [name, value] : value_.items()) {
    if (known_.contains(name)) continue;
    const std::vector<std::string_view> names(known_.begin(), known_.end());
    const auto meant = nearest(start_of(name), names);
    throw HttpError(400,
                    fmt::format("{}{}{}: is not known; {}", where_, where_.empty() ? "" : ".", start_of(name),
                                meant ? fmt::format("is '{}' meant?", *meant)
                                      : fmt::format("allowed: {}", fmt::join(names, ", "))));
  }
}

std::optional<std::int64_t> query_integer(const Request& request, std::string_view name, std::int64_t least,
                                          std::int64_t most) {
  const auto text = request.query(name);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [last, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || last != end || number < least || number > most)
    throw HttpError(
        400, fmt::format("{}: '{}'; allowed: an integer from {} to {}", name, start_of(*text), least, most));
  return number;
}

std::optional<std::string_view> query_word(const Request& request, std::string_view name,
                                           std::initializer_list<std::string_view> words) {
  const auto text = request.query(name);
  if (text && std::find(words.begin(), words.end(), *text) == words.end())
    throw HttpError(400,
                    fmt::format("{}: '{}' is not known; allowed: {}", name, start_of(*text), list_of(words)));
  return text;
}

}  // namespace flm::web
