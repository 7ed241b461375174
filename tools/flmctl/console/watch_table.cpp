#include "tools/flmctl/console/watch_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/mainboard/readings/record_json.hpp"  // counter_text

namespace flm::ctl {
namespace {

constexpr std::size_t kHistory = 240;
/// Time without a pulse after which a rate is no longer believed, s.
constexpr double kSlowest = 3.0;
constexpr std::size_t kNarrowestChart = 8, kWidestChart = 60;

bool is_start(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_start));
}

/// Filled up with blanks, on the left or the right.
std::string padded(const std::string& text, std::size_t columns, bool right) {
  const std::string cut = clipped(text, columns);
  const std::string blanks(columns - width(cut), ' ');
  return right ? blanks + cut : cut + blanks;
}

std::string age_text(double age) {
  if (age < 100.0) return fmt::format("{:.0f} s", age);
  if (age < 6000.0) return fmt::format("{:.0f} min", age / 60.0);
  return fmt::format("{:.0f} h", age / 3600.0);
}

std::string row(const WatchedSensor& s, double t, std::size_t name_columns, std::size_t rate_columns,
                std::size_t chart, bool blocks) {
  std::string rate = "-", counter = "-", age = "-";
  if (s.has_rate)
    rate = fmt::format("{} {}{}", rate_text(s.rate), s.label.rate_unit, s.clipped ? " clipped" : "");
  if (s.read) {
    counter = fmt::format("{} {}", counter_text(s.last), s.label.counter_unit);
    age = age_text(t - s.read_at);
  }
  return fmt::format(" {}  {}  {}  {}  {}  {}  {}", s.sensor, padded(s.label.name, name_columns, false),
                     padded(std::string(name_of(s.kind)), 6, false), padded(rate, rate_columns, true),
                     padded(sparkline(s.history, chart, blocks), chart, true), padded(counter, 15, true),
                     padded(age, 6, true));
}

}  // namespace

void WatchedSensor::take(const Reading& reading, double t) {
  if (kind == SensorKind::pulse) {
    if (read) {
      const double seconds = static_cast<std::uint32_t>(reading.extra - last.extra) / 1000.0;
      const double counts = reading.count() - last.count();
      has_rate = seconds > 0.0 && counts >= 0.0;
      if (has_rate) {
        rate = counts / seconds * 3600.0;
        step_counts = counts;
        step_seconds = seconds;
      }
    }
  } else {
    has_rate = reading.has_power();
    if (has_rate) rate = static_cast<double>(reading.power());
  }
  last = reading;
  read = true;
  read_at = t;
}

void WatchedSensor::poll_over(double t) {
  // The longer no pulse comes, the less there can be.
  const double silent = t - read_at;
  if (kind == SensorKind::pulse && has_rate && silent > kSlowest && silent > 1.5 * step_seconds)
    rate = std::min(rate, step_counts / silent * 3600.0);
  history.push_back(has_rate ? rate : 0.0);
  if (history.size() > kHistory) history.pop_front();
}

std::string rate_text(double rate) {
  return std::abs(rate) < 9.95 && rate != std::floor(rate) ? fmt::format("{:.1f}", rate)
                                                           : fmt::format("{:.0f}", rate);
}

std::string clipped(const std::string& text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (is_start(text[i]) && seen++ == columns) return text.substr(0, i);
  return text;
}

std::string sparkline(const std::deque<double>& values, std::size_t places, bool blocks) {
  constexpr const char* block[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr const char* plain[] = {"_", ".", ":", "-", "=", "+", "*", "#"};
  const std::size_t count = std::min(values.size(), places);
  const auto first = values.end() - static_cast<std::ptrdiff_t>(count);
  double low = 0.0, high = 0.0;
  for (auto value = first; value != values.end(); ++value) {
    low = std::min(low, *value);
    high = std::max(high, *value);
  }
  std::string line;
  for (auto value = first; value != values.end(); ++value) {
    const double part = high > low ? (*value - low) / (high - low) : 0.0;
    const auto level = static_cast<std::size_t>(std::clamp(std::lround(part * 7.0), 0L, 7L));
    line += blocks ? block[level] : plain[level];
  }
  return line;
}

std::vector<std::string> watch_lines(const WatchView& view, std::size_t columns, bool blocks) {
  std::size_t name_columns = 0;
  for (const WatchedSensor& s : view.sensors)
    name_columns = std::max(name_columns, std::min<std::size_t>(width(s.label.name), 20));
  if (name_columns != 0) name_columns = std::max<std::size_t>(name_columns, 4);
  // Room for "clipped" from the first time on: the columns do not jump.
  const bool clips = std::any_of(view.sensors.begin(), view.sensors.end(),
                                 [](const WatchedSensor& s) { return s.was_clipped; });
  const std::size_t rate_columns = clips ? 15 : 11;
  const std::size_t fixed = 1 + 1 + 2 + name_columns + 2 + 6 + 2 + rate_columns + 2 + 2 + 15 + 2 + 6;
  const std::size_t chart = std::clamp(columns > fixed ? columns - fixed : 0, kNarrowestChart, kWidestChart);
  std::vector<std::string> lines = {view.title, ""};
  lines.push_back(fmt::format(
      "    {}  class   {}  {}  {}  {}", padded(name_columns != 0 ? "name" : "", name_columns, false),
      padded("rate", rate_columns, true), padded(fmt::format("last {} s", chart), chart, true),
      padded("counter", 15, true), padded("age", 6, true)));
  for (const WatchedSensor& s : view.sensors)
    lines.push_back(row(s, view.t, name_columns, rate_columns, chart, blocks));
  if (view.sensors.empty())
    lines.emplace_back(
        "    no sensor is enabled: there are no readings; 'flmctl config push FILE' configures the board");
  if (!view.sensors.empty())
    lines.emplace_back("    each chart has a scale of its own: from 0 to its highest, or lowest, rate");
  lines.emplace_back();
  lines.push_back(fmt::format("link   {} messages, {} again, {} garbled, {} refused", view.link.messages,
                              view.link.retries, view.link.garbled, view.link.rejected));
  if (!view.errors.empty()) {
    std::string text;
    for (const auto& [name, count] : view.errors)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
    lines.push_back("board  " + text);
  }
  if (!view.refused.empty()) lines.push_back("meter  " + view.refused);
  if (!view.note.empty()) lines.push_back(view.note);
  for (std::string& line : lines) line = clipped(line, columns);
  return lines;
}

}  // namespace flm::ctl
