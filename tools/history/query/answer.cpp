#include "tools/history/query/answer.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "tools/common/http/accept.hpp"

namespace flm::history {
namespace {

void append_number(std::string& text, std::int64_t number) {
  char digits[20];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace

std::optional<Format> format_of(std::string_view accept) {
  const MediaRanges ranges(accept);
  const int json = ranges.quality("application/json"), csv = ranges.quality("text/csv");
  if (json == 0 && csv == 0) return {};
  return json >= csv ? Format::json : Format::csv;
}

std::string_view content_type(Format format) {
  return format == Format::json ? "application/json" : "text/csv";
}

void append_row(std::string& text, Format format, std::int64_t time, std::optional<std::int64_t> value,
                std::optional<std::int64_t> known) {
  const bool json = format == Format::json;
  if (json) text.append(text.size() > 1 ? ",[" : "[");
  append_number(text, time);
  text += ',';
  if (value)
    append_number(text, *value);
  else
    text += json ? "\"nan\"" : "nan";
  if (known) {
    text += ',';
    append_number(text, *known);
  }
  text.append(json ? "]" : "\r\n");
}

std::string parameters_text(const SensorParameters& parameters) {
  const auto number = [](const std::optional<std::int64_t>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
  };
  nlohmann::ordered_json json{
      {"access", number(parameters.access)},   {"type", parameters.type},
      {"function", parameters.function},       {"class", parameters.sensor_class},
      {"voltage", number(parameters.voltage)}, {"current", number(parameters.current)},
      {"phase", number(parameters.phase)},     {"constant", nullptr},
      {"enabled", parameters.enabled ? 1 : 0}, {"lastupdate", nullptr}};
  if (parameters.constant) json["constant"] = static_cast<double>(*parameters.constant) / 1'000;
  if (const auto& last = parameters.last_update) json["lastupdate"] = {last->time, last->value / 1'000};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Answer::Answer(const SeriesQuery& query, Format format, bool falls)
    : query_(query),
      format_(format),
      text_(format == Format::json ? "[" : ""),
      row_(query.grid.next(query.grid.begin())),
      bins_(query.grid, falls, [this](const Bin& bin, const Cell& cell) { take(bin, cell); }) {}

void Answer::take(const Bin& bin, const Cell& cell) {
  while (row_ < cell.row) write_row();
  nano_ += bin.nano;
  known_ += bin.known;
  length_ += bin.end - bin.begin;
}

void Answer::write_row() {
  std::optional<std::int64_t> value;
  if (known_ > 0 && 2 * known_ >= length_ && row_ <= query_.now)
    value = value_of(nano_, known_, query_.factor);
  append_row(text_, format_, row_, value, query_.known ? std::optional(value ? known_ : 0) : std::nullopt);
  nano_ = known_ = length_ = 0;
  row_ = query_.grid.next(row_);
}

std::string Answer::text() {
  bins_.finish();
  while (row_ <= query_.grid.end()) write_row();
  if (format_ == Format::json) text_ += ']';
  return std::move(text_);
}

}  // namespace flm::history
