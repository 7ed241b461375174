// flmserver beside InfluxDB and VictoriaMetrics, in one run on this machine, with the same readings: bytes on
// disk of a reading, latency of queries.
//   server_peers FLMSERVER FIGURES.json [SENSORS [EVERY]]       exit 1 when a budget is broken
// flmserver's store is FLM_STORE_URL (with_postgres.sh), without it a SQLite file. A peer that is not
// installed is left out.
//
// 1. Bytes: a month of 32 sensors that are read each second.
// 2. Queries: beside these SENSORS (10 000) with a month. Read each second that would be 26 thousand million
//    readings, so they have what the stock server kept of a sensor, and its queries need: a reading each
//    EVERY s (900), of the last day one each 60 s. They take the curves of 20 houses in turns, their counters
//    begin elsewhere.
// One server runs at a time. Two connections bring the readings, four ask for other sensors each time.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "tests/bench/figure_table.hpp"
#include "tests/bench/peers/contender.hpp"
#include "tests/sim/temporary_folder.hpp"
#include "tools/fleet/curves.hpp"

using namespace flm;
using bench::Contender;
using bench::Question;
using bench::Sensor;
using history::Point;
using Points = std::vector<Point>;

namespace {

constexpr std::int64_t day = 86'400, month = 30 * day, last_day_every = 60;
constexpr int kinds = static_cast<int>(fleet::kinds.size()), houses = 20, dense_houses = 4;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Work of two threads: each takes the next number below `count` until there is none.
void in_two(int count, const std::function<void(int thread, const std::function<int()>& next)>& work) {
  std::atomic<int> taken = 0;
  std::exception_ptr fault;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&, t] {
      try {
        work(t, [&] {
          const int number = taken++;
          return number < count ? number : -1;
        });
      } catch (...) {
        const std::lock_guard lock(mutex);
        fault = std::current_exception();
      }
    });
  for (std::thread& thread : threads) thread.join();
  if (fault) std::rethrow_exception(fault);
}

/// Sensors, and a month of readings of each, the same whenever they are asked for.
struct Readings {
  fleet::Devices devices;
  int sensors = 0;
  std::function<Points(int sensor)> of;
  std::int64_t count = 0;  ///< of one sensor

  [[nodiscard]] Sensor sensor(int index) const { return bench::sensor_of(devices, index); }
};

Readings each_second(std::int64_t end) {
  Readings readings{{.seed = 3, .count = dense_houses, .sensors = kinds}, dense_houses * kinds, {}, month};
  readings.of = [devices = readings.devices, end](int sensor) {
    Points points(static_cast<std::size_t>(month));
    fleet::Curve curve(devices.house(sensor / kinds), sensor % kinds, end - month);
    for (Point& point : points) point = curve.next();
    return points;
  };
  return readings;
}

Readings of_many(int sensors, std::int64_t every, std::int64_t end) {
  Readings readings{{.seed = 4, .count = (sensors + kinds - 1) / kinds, .sensors = kinds}, sensors, {}, 0};
  auto curves = std::make_shared<std::vector<Points>>(houses * kinds);
  in_two(houses * kinds, [&](int, const std::function<int()>& next) {
    for (int n; (n = next()) >= 0;) {
      fleet::Curve curve(readings.devices.house(n / kinds), n % kinds, end - month);
      while (curve.time() < end) {
        const Point point = curve.next();
        if (point.time % (point.time < end - day ? every : last_day_every) == 0)
          (*curves)[static_cast<std::size_t>(n)].push_back(point);
      }
    }
  });
  readings.count = static_cast<std::int64_t>(curves->front().size());
  readings.of = [curves](int sensor) {
    Points points = (*curves)[static_cast<std::size_t>(sensor) % curves->size()];
    const auto more =
        static_cast<std::int64_t>(fleet::hash(4, static_cast<std::uint64_t>(sensor)) % 10'000'000);
    for (Point& point : points) point.value += more * 1'000;
    return points;
  };
  return readings;
}

/// As houses do it: all of a day, then all of the next one.
void fill_by_the_day(Contender& contender, const Readings& readings, std::int64_t end) {
  in_two(2, [&](int thread, const std::function<int()>&) {
    const auto way = contender.way(true);
    std::map<int, fleet::Curve> curves;
    for (int n = thread; n < readings.sensors; n += 2)
      curves.emplace(n, fleet::Curve(readings.devices.house(n / kinds), n % kinds, end - month));
    Points points(static_cast<std::size_t>(day));
    for (std::int64_t time = end - month; time < end; time += day)
      for (auto& [n, curve] : curves) {
        for (Point& point : points) point = curve.next();
        way->add(readings.sensor(n), points);
      }
    way->finish();
  });
  contender.settle();
}

void fill(Contender& contender, const Readings& readings) {
  in_two(readings.sensors, [&](int, const std::function<int()>& next) {
    const auto way = contender.way(false);
    for (int n; (n = next()) >= 0;) way->add(readings.sensor(n), readings.of(n));
    way->finish();
  });
  contender.settle();
}

/// The bins of an interval of API 1.0 when it is asked for now.
Question question_of(std::string_view interval, std::int64_t seconds, std::int64_t bin_s) {
  const std::int64_t now = std::time(nullptr);
  return {interval, (now - seconds) / bin_s * bin_s, (now - 1) / bin_s * bin_s + bin_s, bin_s};
}

std::int64_t value_at(const Points& points, std::int64_t time) {
  const auto after = std::upper_bound(points.begin(), points.end(), Point{time, 0},
                                      [](const Point& a, const Point& b) { return a.time < b.time; });
  return after == points.begin() ? 0 : std::prev(after)->value;
}

/// Throws when an answer's bins, but for the first and last ones, have not what the sensor counted.
/// `every`: s between two readings at the most, by which servers set a bin's edges differently.
void check(const Contender& contender, const Question& question, const Sensor& sensor, const Points& points,
           std::int64_t every, const std::string& body) {
  const std::int64_t bin = question.bin_s,
                     from = (std::max(points.front().time, question.begin) / bin + 2) * bin,
                     to = std::min(points.back().time / bin, question.end / bin - 1) * bin;
  const std::map<std::int64_t, double> rates = contender.rates(body, question);
  double sum = 0;
  std::int64_t bins = 0;
  for (const auto& [end, rate] : rates)
    if (end > from && end <= to) {
      sum += rate * static_cast<double>(bin) / static_cast<double>(sensor.unit_s());
      ++bins;
    }
  const double least = 1e-3 * static_cast<double>(value_at(points, to - every) - value_at(points, from)),
               most = 1e-3 * static_cast<double>(value_at(points, to) - value_at(points, from - every));
  // Rates are in whole W or L a day.
  const double rounding = 0.01 * most + static_cast<double>((to - from) / sensor.unit_s()) + 1;
  if (bins != (to - from) / bin || bins < 1 || sum < least - rounding || sum > most + rounding)
    throw std::runtime_error(fmt::format(
        "{}, interval={} of {}: {} bins with {:.1f} from {} to {}; sent: {} bins with {:.1f} to {:.1f}: {}",
        contender.name(), question.interval, sensor.sid, bins, sum, from, to, (to - from) / bin, least, most,
        body));
}

struct Measured {
  std::map<std::string, double> values;  // by the figure's key
};

/// p50 and p99 of questions, so many a second for 5 s.
void ask(Contender& contender, const Readings& readings, std::int64_t every, std::string_view interval,
         const Question& question, int rate, Measured& measured) {
  const fleet::Address address = contender.address();
  fleet::Connection connection(address);
  for (int n = 0; n < readings.sensors; n += std::max(1, readings.sensors / 8)) {
    const Sensor sensor = readings.sensor(n);
    const bench::Request request = contender.request(sensor, question);
    check(contender, question, sensor, readings.of(n), every,
          connection.ask("GET", request.target, request.headers).body);
  }
  const int count = 5 * rate, warm = rate / 2;
  const double before = contender.processor_s();
  const std::vector<double> times = bench::open_loop(
      address, rate, count, warm,
      [&](int n) {
        const auto random =
            fleet::hash(5, static_cast<std::uint64_t>(n + 1'000)) % static_cast<unsigned>(readings.sensors);
        return contender.request(readings.sensor(static_cast<int>(random)), question);
      },
      [](const fleet::HttpAnswer& answer) { return answer.status == 200 && answer.body.size() > 100; });
  measured.values[fmt::format("{}_processor", interval)] =
      1e3 * (contender.processor_s() - before) / (count + 4 * warm);
  measured.values[fmt::format("{}_p50", interval)] = times[times.size() / 2];
  measured.values[fmt::format("{}_p99", interval)] = times[times.size() * 99 / 100];
}

struct Interval {
  std::string_view name;
  std::int64_t seconds, bin_s;
  std::string_view rows;
};
constexpr Interval intervals[] = {{"day", day, 900, "96 rows"},
                                  {"month", 28 * day, day, "28 rows"},
                                  {"year", 365 * day, 7 * day, "52 rows"}};

Measured measure(Contender& contender, const Readings& dense, const Readings& many, std::int64_t every,
                 std::int64_t end) {
  Measured measured;
  auto begin = std::chrono::steady_clock::now();
  const auto say = [&](std::string_view what) {
    fmt::print(stderr, "{}: {}, {:.0f} s\n", contender.name(), what, seconds_since(begin));
    begin = std::chrono::steady_clock::now();
  };
  const double empty = contender.bytes();
  fill_by_the_day(contender, dense, end);
  const double filled = contender.bytes();
  measured.values["bytes"] = (filled - empty) / static_cast<double>(dense.count * dense.sensors);
  say("a month of seconds");
  fill(contender, many);
  measured.values["many_bytes"] =
      (contender.bytes() - filled) / static_cast<double>(many.count * many.sensors);
  say("a month of many");
  for (const Interval& interval : intervals)
    ask(contender, many, every, interval.name, question_of(interval.name, interval.seconds, interval.bin_s),
        100, measured);
  ask(contender, dense, 1, "second_day", question_of("day", day, 900), 20, measured);
  say("queries");
  return measured;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3 || argc > 5) {
    fmt::print(stderr, "usage: server_peers FLMSERVER FIGURES.json [SENSORS [EVERY]]\n");
    return 2;
  }
  const int sensors = argc > 3 ? std::stoi(argv[3]) : 10'000;
  const std::int64_t every = argc > 4 ? std::stoi(argv[4]) : 900, now = std::time(nullptr);
  const TemporaryFolder folder;
  const char* const given = std::getenv("FLM_STORE_URL");
  bench::ServerStore store(given != nullptr ? given : "sqlite:" + (folder.path() / "store.db").string());
  const Readings dense = each_second(now), many = of_many(sensors, every, now);
  for (const Readings* readings : {&dense, &many})
    fleet::add_to_store(store.database(), readings->devices, now);

  bench::FigureTable table(
      "server_peers",
      fmt::format(
          "flmserver on {} beside InfluxDB and VictoriaMetrics, {} sensors with {} readings of a month",
          store.is_postgres() ? "PostgreSQL" : "SQLite", sensors, many.count));
  double load[3] = {0, 0, 0};
  if (::getloadavg(load, 3) > 0)
    table.plain("load", "programs that ran already, mean of a minute", "", load[0], "");
  table.plain("machine", "the machine by itself: 1 ms of work at 100/s, p99", "", bench::machine_p99(), "ms");

  const Measured ours = measure(*bench::flmserver(argv[1], store, now), dense, many, every, now);
  struct Peer {
    std::string name;
    double most_bytes, most_time;
    Measured measured;
  };
  std::vector<Peer> peers;
  // What flmserver may need of the peer's. 1 was wanted of all; 1.03 to 1.3 of VictoriaMetrics' p99 was
  // reached, which answers within one process.
  constexpr struct {
    const char* package;
    std::unique_ptr<Contender> (*start)(const std::filesystem::path&);
    double most_bytes, most_time;
  } packages[] = {{"influxdb", bench::influxdb, 1, 1}, {"victoria-metrics", bench::victoria_metrics, 1, 1.5}};
  for (const auto& [package, start, most_bytes, most_time] : packages)
    if (const auto peer = start(folder.path() / package))
      peers.push_back({peer->name(), most_bytes, most_time, measure(*peer, dense, many, every, now)});
    else
      fmt::print("{} is left out: it is not installed: apt-get install {}\n", package, package);

  const auto lines = [&](const std::string& key, const std::string& what, const std::string& unit,
                         std::optional<double> budget, bool is_compared) {
    const double value = ours.values.at(key);
    if (budget)
      table.at_most(key, fmt::format("{}, flmserver", what), "", *budget, value, unit);
    else
      table.plain(key, fmt::format("{}, flmserver", what), "", value, unit);
    for (const auto& [name, most_bytes, most_time, peer] : peers) {
      const double other = peer.values.at(key);
      table.plain(fmt::format("{}_{}", key, name), fmt::format("{}, {}", what, name), "", other, unit);
      if (is_compared)
        table.at_most(fmt::format("{}_of_{}", key, name), fmt::format("{}, part of {}'s", what, name), "",
                      unit == "bytes" ? most_bytes : most_time, value / other, "");
    }
  };
  lines("bytes", fmt::format("on disk, a reading of a month of {} sensors, each second", dense.sensors),
        "bytes", 1.5, true);
  lines("many_bytes", fmt::format("on disk, a reading each {} s", every), "bytes", {}, false);
  const auto times = [&](const std::string& key, const std::string& what, bool is_compared) {
    lines(key + "_processor", what + ", processor time", "ms", {}, false);
    lines(key + "_p50", what + ", p50", "ms", {}, false);
    lines(key + "_p99", what + ", p99", "ms", 20, is_compared);
  };
  for (const Interval& interval : intervals)
    times(std::string(interval.name),
          fmt::format("interval={} ({}), 100/s, warm", interval.name, interval.rows), true);
  // Not compared: of so few sensors in turns VictoriaMetrics has kept the answers.
  times("second_day", "interval=day of a sensor read each second, 20/s", false);
  bench::save(argv[2]);
  return bench::broken() == 0 ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "server_peers: {}\n", error.what());
  return 1;
}
