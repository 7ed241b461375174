// A month without a server, and kills at any moment.
#include <sys/wait.h>
#include <catch2/catch.hpp>

#include <charconv>
#include <csignal>
#include <ctime>
#include <iostream>
#include <mutex>
#include <random>
#include <set>

#include "tests/tools/flmd/report/scripted_server.hpp"
#include "tests/tools/flmd/report/surroundings.hpp"
#include "tools/flmd/subscribers/report_flukso.hpp"
#include "tools/flmd/subscribers/report_influx.hpp"

using namespace flm::flmd;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t start = 1'700'000'000;

/// A point each second for each series, value i + 1 at second i, without storing them.
class EachSecond : public Source {
 public:
  explicit EachSecond(std::int64_t count) : count_(count) {}
  std::vector<flm::history::Point> after(const Series&, std::int64_t time, std::size_t most) const override {
    const std::int64_t first = std::max(start, time == before_all ? start : time + 1);
    std::vector<flm::history::Point> points;
    points.reserve(most);
    for (std::int64_t t = first; t < start + count_ && points.size() < most; ++t)
      points.push_back({t, (t - start + 1) * 1000});
    return points;
  }
  std::optional<std::int64_t> newest(const Series&) const override { return start + count_ - 1; }

 private:
  std::int64_t count_;
};

// Next number of a text, and where it ends.
std::int64_t number_at(const std::string& text, std::size_t& at) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
  if (error != std::errc()) return -1;
  at = static_cast<std::size_t>(end - text.data());
  return number;
}

/// What a server must end up with: each second of each sensor, in order. Counts what comes other than once.
struct Tally {
  std::map<std::string, std::int64_t> next;  // second that is due, by sensor
  std::uint64_t points = 0, twice = 0, wrong = 0;

  void take(const std::string& sensor, std::int64_t time, std::int64_t value) {
    std::int64_t& due = next[sensor];
    const std::int64_t second = time - start;
    ++points;
    if (value != second + 1 || second > due)
      ++wrong;  // something was skipped, or is not what was measured
    else if (second < due)
      ++twice;
    else
      ++due;
  }

  void flukso(const Received& request) {
    if (!request.body.starts_with("{\"measurements\":[")) return;
    const std::string sensor = request.target.substr(8);
    for (std::size_t at = request.body.find("[[");
         at != std::string::npos && at + 2 < request.body.size() && request.body[at + 1] == '[';) {
      at += 2;
      const std::int64_t time = number_at(request.body, at);
      ++at;
      take(sensor, time, number_at(request.body, at));
      ++at;  // ',' or ']'
    }
  }

  void influx(const Received& request) {
    for (std::size_t at = 0; at < request.body.size(); ++at) {
      const std::size_t sensor = request.body.find("sensor=", at) + 7;
      at = request.body.find("counter=", sensor) + 8;
      const std::int64_t value = number_at(request.body, at);
      ++at;
      take(request.body.substr(sensor, 32), number_at(request.body, at), value);
    }
  }
};

std::vector<SiteSensor> eight() {
  std::vector<SiteSensor> sensors;
  for (int i = 1; i <= 8; ++i) sensors.push_back(sensor_of(i, "analog"));
  return sensors;
}

FluksoSettings flukso_settings(const ScriptedServer& server, const std::filesystem::path& cursor) {
  FluksoSettings settings;
  settings.url = server.url();
  settings.device = settings.key = "0123456789abcdef0123456789abcdef";
  settings.cursor_file = cursor;
  settings.first_wait = 10ms;
  settings.interval = 20ms;
  settings.backoff = {10ms, 20ms};
  return settings;
}

}  // namespace

TEST_CASE("30 days of eight sensors that change each second are delivered once each, within 5 minutes") {
  setenv("no_proxy", "*", 1);
  constexpr std::int64_t month = 30 * 86'400;
  const EachSecond source(month);
  const Folder folder;
  Tally tally;
  const bool is_flukso = GENERATE(true, false);
  ScriptedServer server([&](const Received& request) {
    is_flukso ? tally.flukso(request) : tally.influx(request);
    return answer(is_flukso ? 200 : 204, is_flukso ? "{\"response\":\"ok\"}" : "");
  });
  server.forget_requests();
  server.start();
  boost::asio::io_context loop;
  std::unique_ptr<Reporter> report;
  if (is_flukso) {
    report = std::make_unique<ReportFlukso>(loop, source, flukso_settings(server, folder / "report.json"));
  } else {
    InfluxSettings settings;
    settings.url = server.url() + "write?db=home";
    settings.cursor_file = folder / "report.json";
    report = report_influx(loop, source, settings);
  }
  const auto begun = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  report->on_sensors(eight());
  REQUIRE(turn_until(
      loop, [&] { return report->progress().points >= 8 * month; }, 300s));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::cout << (is_flukso ? "flukso: " : "influx: ") << 8 * month << " points in " << took.count() << " s, "
            << static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC
            << " s of CPU with the test's server\n";
  report->stop();
  CHECK(tally.points == 8 * month);
  CHECK(tally.twice == 0);
  CHECK(tally.wrong == 0);
  CHECK(tally.next.size() == 8);
  // Nothing is left for the next start.
  CHECK(Cursor(folder / "report.json").at({sensor_of(8).sid, 0}) == start + month - 1);
}

TEST_CASE("killed at any moment, nothing is skipped, and what is sent twice is the same") {
  setenv("no_proxy", "*", 1);
  constexpr std::int64_t count = 200'000;
  const Folder folder;
  std::mutex mutex;
  Tally tally;
  std::minstd_rand random(17);  // a seed of no meaning: the same moments each time
  pid_t child = -1;
  int left = 0;
  // The child is killed when the server has the batch and before, while or after it reads the answer.
  ScriptedServer server([&](const Received& request) {
    const std::lock_guard lock(mutex);
    tally.flukso(request);
    if (request.body.starts_with("{\"measurements\"") && --left == 0 && child > 0) {
      if (random() % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
      kill(child, SIGKILL);
    }
    return answer(request.target.starts_with("/device/") ? 503 : 200, "{\"response\":\"ok\"}");
  });
  server.forget_requests();
  const auto run = [&] {
    boost::asio::io_context loop;
    const EachSecond source(count);
    FluksoSettings settings = flukso_settings(server, folder / "report.json");
    ReportFlukso report(loop, source, settings);
    const std::vector<SiteSensor> sensors{sensor_of(1), sensor_of(2)};
    report.on_sensors(sensors);
    turn_until(
        loop,
        [&] {
          for (const SeriesProgress& one : report.progress().series)
            if (one.behind() != 0) return false;
          return true;
        },
        60s);
    report.stop();
  };
  // The server's threads begin after the first child, which waits for them in its socket; later children
  // inherit none of them.
  int kills = 0;
  bool started = false;
  for (bool ended = false; !ended;) {
    REQUIRE(kills < 200);
    {
      const std::lock_guard lock(mutex);
      left = 1 + static_cast<int>(random() % 12);
      child = fork();
      if (child == 0) {
        run();
        _exit(0);
      }
    }
    if (!started) server.start();
    started = true;
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    ended = WIFEXITED(status);
    kills += ended ? 0 : 1;
  }
  std::cout << kills << " kills: " << tally.points << " points came, " << tally.twice << " of them again\n";
  CHECK(kills >= 10);
  CHECK(tally.wrong == 0);
  CHECK(tally.next.at(sensor_of(1).sid) == count);
  CHECK(tally.next.at(sensor_of(2).sid) == count);
  // At most what is delivered between two writings of the cursor, 50 000 points and a batch, for each kill.
  CHECK(tally.twice <= static_cast<std::uint64_t>(kills) * 55'000);
}
