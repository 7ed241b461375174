#include "tools/flmd/http/minute_window.hpp"

#include <algorithm>

#include "tools/history/query/answer.hpp"
#include "tools/history/query/unit.hpp"

namespace flm::flmd {
namespace {

constexpr std::int64_t length = 60;  // s, and rows

/// Thousandths to whole numbers, a half away from zero.
std::int64_t rounded(history::Milli value) {
  const std::int64_t whole = value / 1'000, rest = value % 1'000;
  return whole + (rest >= 500 ? 1 : rest <= -500 ? -1 : 0);
}

Reply failure(int status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::make_shared<const std::string>(std::move(text))};
}

/// Checks the parameters that stock requires, each exact.
void check(history::Parameters parameters, std::string_view sensor_type) {
  history::check_version(parameters);
  const auto interval = history::value_of(parameters, "interval"),
             unit = history::value_of(parameters, "unit");
  if (!interval) throw history::QueryError("interval is missing; interval=minute is required");
  if (*interval != "minute") history::refuse("interval", *interval, "minute");
  const std::string_view allowed = history::momentary_unit(sensor_type);
  if (allowed.empty())
    throw history::QueryError("a sensor of type " + std::string(sensor_type) +
                              " has no last minute in watt or lperday");
  if (!unit) throw history::QueryError("unit is missing; unit=" + std::string(allowed) + " is required");
  if (*unit != allowed) history::refuse("unit", *unit, allowed);
}

}  // namespace

void MinuteWindow::keep(const std::vector<std::pair<std::string, std::string>>& sensors) {
  std::map<std::string, Window, std::less<>> kept;
  for (const auto& [sid, type] : sensors) {
    Window& window = kept[sid];
    if (const auto old = windows_.find(sid); old != windows_.end() && old->second.type == type)
      window = std::move(old->second);
    window.type = type;
  }
  windows_ = std::move(kept);
}

void MinuteWindow::add(std::string_view sid, history::Point gauge) {
  const auto found = windows_.find(sid);
  if (found == windows_.end()) return;
  Window& window = found->second;
  auto& gauges = window.gauges;
  while (!gauges.empty() && gauges.back().time > gauge.time) gauges.pop_back();
  if (!gauges.empty() && gauges.back().time == gauge.time) return;
  while (!gauges.empty() && gauges.front().time <= gauge.time - length) gauges.pop_front();
  gauges.push_back({gauge.time, rounded(gauge.value)});
  window.first = window.any ? std::min(window.first, gauge.time) : gauge.time;
  window.any = true;
  window.body = nullptr;
}

bool MinuteWindow::is_asked_for(history::Parameters parameters) {
  const auto has = [&](std::string_view key, std::string_view value) {
    return std::any_of(parameters.begin(), parameters.end(), [&](const history::Parameter& parameter) {
      return parameter.first == key && (value.empty() || parameter.second == value);
    });
  };
  return has("interval", "minute") && !has("resolution", "");
}

const std::shared_ptr<const std::string>& MinuteWindow::Window::body_at(std::int64_t now) {
  if (body && body_time == now) return body;
  std::string text = "[";
  if (any) {
    auto next = gauges.begin();
    for (std::int64_t time = std::max(now - length + 1, first); time <= now; ++time) {
      while (next != gauges.end() && next->time < time) ++next;
      const bool known = next != gauges.end() && next->time <= now;
      history::append_row(text, history::Format::json, time,
                          known ? std::optional(next->value) : std::nullopt);
    }
  }
  text += ']';
  body = std::make_shared<const std::string>(std::move(text));
  body_time = now;
  return body;
}

Reply MinuteWindow::reply(std::string_view sid, history::Parameters parameters, std::int64_t now) {
  const auto found = windows_.find(sid);
  if (found == windows_.end()) return failure(404, "no enabled sensor has this id");
  try {
    check(parameters, found->second.type);
    const std::string_view callback = history::callback_of(parameters);
    const auto& body = found->second.body_at(now);
    return {200, history::content_type(history::Format::json),
            callback.empty() ? body
                             : std::make_shared<const std::string>(history::with_callback(callback, *body))};
  } catch (const history::QueryError& error) {
    return failure(400, error.what());
  }
}

}  // namespace flm::flmd
