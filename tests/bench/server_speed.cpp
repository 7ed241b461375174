// What flmserver costs on this machine, on SQLite or PostgreSQL with writes forced to disk: processor time of
// server and database under a fleet's load, latency of POSTs when everybody comes back from an outage,
// memory, bytes on disk of a reading, latency of queries.
//   server_speed FLMSERVER FIGURES.json [SECONDS [SERIES [DAYS]]]       exit 1 when a budget is broken
// The store is FLM_STORE_URL (with_postgres.sh), without it a SQLite file.
//
// Of a fleet of D devices with a batch each 300 s, those are played whose turn it is in SECONDS (30): the
// same POSTs a second as of the whole fleet, and a smaller store. SECONDS 300 plays all of them. Upkeep comes
// later than the load, so its cost of a reading is measured by itself, with SERIES (8) that get DAYS (30) of
// readings, and added. Queries ask these.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <exception>

#include "tests/bench/figure_table.hpp"
#include "tests/bench/open_loop.hpp"
#include "tests/bench/server_store.hpp"
#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/fleet/running_server.hpp"
#include "tools/fleet/curves.hpp"
#include "tools/fleet/play.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/flmserver/store/upkeep.hpp"

using namespace flm;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::int64_t batch_s = 300, day = 86'400;
constexpr double readings_s = 80'000;  // of 10 000 devices

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}
double own_processor_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

struct Filled {
  double bytes, upkeep_s;  ///< of a reading: on disk; of processor time
};

/// Days of readings of a device's series up to `end`, by batches, with upkeep meanwhile.
Filled fill(bench::ServerStore& store, const fleet::Devices& devices, std::int64_t days, std::int64_t end) {
  server::Database& database = store.database();
  server::SeriesStore series(database);
  server::Upkeep upkeep(database, [](const std::string&) { return false; });
  const std::int64_t begin = (end - days * day) / batch_s * batch_s, rounds = days * day / batch_s;
  std::vector<fleet::Curve> curves;
  std::vector<std::string> sids;
  for (int k = 0; k < devices.sensors; ++k) {
    curves.emplace_back(devices.house(0), k, begin);
    sids.push_back(devices.sid(0, k));
  }
  const double before = store.bytes();
  double upkeep_s = 0;
  std::vector<history::Point> points(batch_s);
  for (std::int64_t round = 0; round < rounds; ++round) {
    server::Transaction transaction(database, server::Database::Mode::write);
    for (std::size_t k = 0; k < curves.size(); ++k) {
      for (history::Point& point : points) point = curves[k].next();
      series.add({sids[k], 0}, points, end);
    }
    transaction.commit();
    if (round % 14 == 13 || round + 1 == rounds) {
      const double from = own_processor_s() + store.processor_s();
      while (upkeep.step()) {
      }
      upkeep_s += own_processor_s() + store.processor_s() - from;
    }
    if (round % 288 == 287) store.clean();
  }
  const auto readings = static_cast<double>(rounds * batch_s * devices.sensors);
  return {(store.bytes() - before) / readings, upkeep_s / readings};
}

/// ms of 500 queries at 100 a second, warm, in order of size.
std::vector<double> query_times(const test::RunningServer& server, const fleet::Devices& devices,
                                std::string_view interval) {
  return bench::open_loop(
      server.address(), 100, 500, 8,
      [&](int n) {
        const int sensor = std::abs(n) % devices.sensors;
        const bool is_power = fleet::kinds[static_cast<std::size_t>(sensor) % 8].type == "electricity";
        return bench::Request{fmt::format("/sensor/{}?version=1.0&interval={}&unit={}",
                                          devices.sid(0, sensor), interval, is_power ? "watt" : "lperday"),
                              fmt::format("X-Token: {}\r\n", devices.token(0))};
      },
      [](const fleet::HttpAnswer& answer) { return answer.status == 200 && answer.body.size() > 20; });
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3 || argc > 6) {
    fmt::print(stderr, "usage: server_speed FLMSERVER FIGURES.json [SECONDS [SERIES [DAYS]]]\n");
    return 2;
  }
  const int seconds = argc > 3 ? std::stoi(argv[3]) : 30, series = argc > 4 ? std::stoi(argv[4]) : 8;
  const std::int64_t days = argc > 5 ? std::stoi(argv[5]) : 30;
  const TemporaryFolder folder;
  const char* const given = std::getenv("FLM_STORE_URL");
  bench::ServerStore store(given != nullptr ? given : "sqlite:" + (folder.path() / "store.db").string());
  // What each store is to stand.
  const int whole = store.is_postgres() ? 10'000 : 1'000, turns = whole * seconds / 300;
  const std::int64_t now = std::time(nullptr);

  bench::FigureTable table(store.is_postgres() ? "server_postgres" : "server_sqlite",
                           fmt::format("flmserver on {}, {} devices with 8 sensors, of which {} in {} s",
                                       store.is_postgres() ? "PostgreSQL" : "SQLite", whole, turns, seconds));
  double load[3] = {0, 0, 0};
  if (::getloadavg(load, 3) > 0)
    table.plain("load", "programs that ran already, mean of a minute", "", load[0], "");

  const fleet::Devices old{.seed = 3, .count = 1, .sensors = series};
  fleet::add_to_store(store.database(), old, now);
  const Filled filled = fill(store, old, days, now);
  table.at_most("bytes", fmt::format("on disk, a reading of {} days of {} series, upkeep done", days, series),
                "", 1.5, filled.bytes, "bytes");

  fleet::PlayOptions options;
  options.devices = {.seed = 1, .count = turns, .sensors = 8};
  fleet::Devices returning = options.devices;
  returning.seed = 2;
  fleet::add_to_store(store.database(), options.devices, now);
  fleet::add_to_store(store.database(), returning, now);
  store.clean();
  test::RunningServer server(argv[1], store.url());
  server.start();
  options.server = server.address();
  options.seconds = seconds;
  options.spread = seconds;
  options.start = std::time(nullptr) - 90;  // so that no row is unfinished when they are compared
  const auto play = [&](std::string_view key, std::string_view name, double most_ms) {
    const double before = test::processor_s(server.id()) + store.processor_s(), own = own_processor_s();
    const auto begin = Clock::now();
    const fleet::Played played = fleet::play(options);
    const double wall = seconds_since(begin);
    const double share =
        50 * (test::processor_s(server.id()) + store.processor_s() - before) / seconds;  // of two cores
    table.plain(fmt::format("{}_fleet", key), fmt::format("{}, the fleet itself", name), "",
                50 * (own_processor_s() - own) / seconds, "% of two cores");
    int refused = played.unsent;
    for (const auto& [reason, times] : played.refusals) refused += times;
    const std::string of =
        fmt::format("{}, {:.0f} readings/s", name, static_cast<double>(played.readings) / seconds);
    table.at_most(fmt::format("{}_late", key),
                  fmt::format("{}, all taken after the last turn's begin by", of), "", 5, wall - seconds,
                  "s");
    table.at_most(fmt::format("{}_refused", key), fmt::format("{}, POSTs not taken at once", of), "", 0,
                  refused, "");
    table.plain(fmt::format("{}_p50", key), fmt::format("{}, POST p50", of), "", played.percentile(50), "ms");
    table.at_most(fmt::format("{}_p99", key), fmt::format("{}, POST p99", of), "", most_ms,
                  played.percentile(99), "ms");
    const fleet::Checked checked = fleet::check(options, played, 25);
    table.at_most(fmt::format("{}_wrong", key),
                  fmt::format("{}, of {} sensors those answered otherwise than sent", name, checked.sensors),
                  "", 0, checked.wrong, "");
    if (checked.wrong > 0) fmt::print("{}\n", checked.first_wrong);
    return share;
  };
  const double share = play("normal", "load", 500);
  const double rate = readings_s * whole / 10'000;
  const double upkeep_share = 50 * filled.upkeep_s * rate;
  table.plain("posts", "of it, server and database while POSTs come", "", share, "% of two cores");
  table.plain("upkeep", "of it, upkeep of as many readings", "", upkeep_share, "% of two cores");
  table.at_most("processor", "load, server and database", "", 60, share + upkeep_share, "% of two cores");

  options.devices = returning;
  options.backlog = 4 * batch_s;
  options.start = std::time(nullptr) - 90;
  const double catch_up = play("return", "4 x, everybody comes back", 500);
  table.plain("return_processor", "4 x, server and database", "", catch_up, "% of two cores");
  table.at_most("memory", "memory of the server, highest", "", 150, test::peak_megabytes(server.id()), "MB");

  table.plain("machine", "the machine without flmserver: 1 ms of work at 100/s, p99", "",
              bench::machine_p99(), "ms");
  for (const std::string_view interval : {"day", "month", "year"}) {
    const double before = test::processor_s(server.id()) + store.processor_s();
    const std::vector<double> times = query_times(server, old, interval);
    table.plain(fmt::format("query_{}_processor", interval),
                fmt::format("interval={}, processor time", interval), "",
                1e3 * (test::processor_s(server.id()) + store.processor_s() - before) /
                    static_cast<double>(times.size()),
                "ms");
    table.plain(fmt::format("query_{}_p50", interval), fmt::format("interval={}, 100/s, warm, p50", interval),
                "", times[times.size() / 2], "ms");
    table.at_most(fmt::format("query_{}", interval), fmt::format("interval={}, 100/s, warm, p99", interval),
                  "", 20, times[times.size() * 99 / 100], "ms");
  }
  server.kill();
  bench::save(argv[2]);
  return bench::broken() == 0 ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "server_speed: {}\n", error.what());
  return 1;
}
