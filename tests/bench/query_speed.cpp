// How fast queries are answered on this machine: a year of a sensor that changed each second, by the day,
// without the disk; and the last minute of a sensor, without the network.
//   query_speed [FIGURES.json]       exit 1 when it is under its budget
#include <fmt/format.h>

#include <chrono>
#include <string>

#include "tests/bench/figure_table.hpp"
#include "tools/flmd/http/minute_window.hpp"
#include "tools/history/query/answer.hpp"
#include "tools/history/rollup/days.hpp"

using namespace flm;

namespace {

constexpr std::int64_t now = 1'704'067'200;  // 2024-01-01
const std::string sid(32, 'a');

template <class Work>
double seconds_of(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Rows of a year in which the power is 3 600 W all the time; whether each says so.
bool year_is_right(const std::string& text) {
  std::size_t rows = 0;
  for (std::size_t at = 0; (at = text.find(",3600]", at)) != text.npos; ++at) ++rows;
  return rows == 365;
}

std::string year(history::Resolution resolution) {
  static const history::Zone utc;
  const history::Grid grid{resolution, utc, now - 365 * 86'400, now - 1};
  history::Answer answer({grid, 3'600, now}, history::Format::json, false);
  history::Bins& bins = answer.bins();
  for (std::int64_t time = bins.from(); time <= bins.to(); ++time)
    bins.add(history::Point{time, 1'000 * time});
  return answer.text();
}

/// The same by the day, from days that were made beforehand.
std::string year_of_days(const std::string& days) {
  static const history::Zone utc;
  history::Answer answer({{history::Resolution::day, utc, now - 365 * 86'400, now - 1}, 3'600, now},
                         history::Format::json, false);
  history::Days(days).add_to(answer.bins());
  return answer.text();
}

std::size_t minutes(flmd::MinuteWindow& window, int requests, bool with_callback) {
  std::vector<history::Parameter> parameters{{"version", "1.0"}, {"interval", "minute"}, {"unit", "watt"}};
  if (with_callback) parameters.emplace_back("callback", "realtime");
  std::size_t bytes = 0;
  for (int i = 0; i < requests; ++i) {
    const std::int64_t time = now + i / 15'000;  // a new body a second, of 15 000 requests
    if (i % 15'000 == 0) window.add(sid, {time, 157'000});
    bytes += window.reply(sid, parameters, time).body->size();
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  bench::FigureTable table("queries", "Speed of queries on a PC");
  bool right = true;
  constexpr double points = 365.0 * 86'400;
  const double by_day = seconds_of([&] { right = right && year_is_right(year(history::Resolution::day)); });
  table.plain("year_by_day_ms", "a year of a sensor by the day, 31 536 000 points", "", 1e3 * by_day, "ms");
  table.at_least("points", "points into bins", "", 25, points / by_day / 1e6, "M/s");
  const double by_hour = seconds_of([&] { right = right && year(history::Resolution::hour).size() > 8'760; });
  table.plain("year_by_hour_ms", "the same by the hour", "", 1e3 * by_hour, "ms");

  std::string days;
  history::DayMaker maker(now - 365 * 86'400, false, [&](const std::string& made) { days += made; });
  for (std::int64_t time = now - 365 * 86'400; time <= now; time += 60)
    maker.add(history::Point{time, 1'000 * time});
  const double from_days = seconds_of([&] { right = right && year_is_right(year_of_days(days)); });
  table.at_most("year_of_days_ms", "a year by the day, of quarter hours made beforehand", "", 10,
                1e3 * from_days, "ms");

  flmd::MinuteWindow window;
  window.keep({{sid, "electricity"}});
  for (std::int64_t time = now - 60; time < now; ++time) window.add(sid, {time, 157'000});
  constexpr int requests = 1'500'000;
  for (const bool with_callback : {false, true}) {
    const double seconds =
        seconds_of([&] { right = right && minutes(window, requests, with_callback) > requests; });
    table.at_least(with_callback ? "minutes_callback" : "minutes",
                   with_callback ? "last minutes, with a callback" : "last minutes", "", 0.3,
                   requests / seconds / 1e6, "M/s");
  }
  if (!right) fmt::print(stderr, "query_speed: an answer is wrong\n");
  if (argc > 1) bench::save(argv[1]);
  return right && bench::broken() == 0 ? 0 : 1;
}
