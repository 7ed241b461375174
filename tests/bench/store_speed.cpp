// What flmserver's store costs: batches of 300 readings of many series, as a fleet sends them each five
// minutes, with upkeep between them; statements and processor time of a batch, bytes on disk of a reading,
// and answers from it.
//   store_speed URL [SERIES [DAYS [DECIMALS]]]       a database without tables; 100 series, 2 days, counters
//   of whole Wh
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <vector>

#include "tools/flmserver/store/schema.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/flmserver/store/upkeep.hpp"
#include "tools/history/query/answer.hpp"

using namespace flm;
using namespace flm::server;
using history::Milli;
using history::Point;
using history::Series;

namespace {

constexpr std::int64_t begin = 1'700'790'272, batch_s = 300, day = 86'400;
constexpr int batches_a_commit = 50;

/// A database whose statements are counted.
class CountingDatabase final : public Database {
 public:
  explicit CountingDatabase(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::int64_t statements = 0;

  Rows run(std::string_view sql, std::initializer_list<Bound> values) override {
    ++statements;
    return database_->run(sql, values);
  }
  std::int64_t changed() const override { return database_->changed(); }
  void run_script(const std::string& sql) override { database_->run_script(sql); }
  void begin(Mode mode) override { database_->begin(mode); }
  void commit() override { database_->commit(); }
  void rollback() noexcept override { database_->rollback(); }
  std::string_view for_update() const override { return database_->for_update(); }
  std::string_view bytes_type() const override { return database_->bytes_type(); }

 private:
  std::unique_ptr<Database> database_;
};

/// A house's counter: a base load, a fridge, and what is switched on by day.
class House {
 public:
  House(std::uint32_t seed, Milli step)
      : random_(seed), step_(step), base_(60 + random_() % 250), phase_(random_() % 3'000) {}

  Point at(std::int64_t time) {
    if (time >= next_) {
      const auto hour = time % day / 3'600;
      const bool is_busy = hour >= 6 && hour < 23;
      switched_ = random_() % (is_busy ? 3 : 12) == 0 ? 100 + random_() % 2'200 : 0;
      next_ = time + 120 + static_cast<std::int64_t>(random_() % 3'000);
    }
    const std::uint64_t fridge = (static_cast<std::uint64_t>(time) + phase_) % 3'000 < 900 ? 90 : 0;
    const std::uint64_t noise = random_() % 8;
    micro_ += static_cast<Milli>(base_ + fridge + switched_ + noise) * 1'000'000 / 3'600;
    return {time, micro_ / 1'000 / step_ * step_};
  }

 private:
  std::mt19937 random_;
  Milli step_, micro_ = 5'000'000'000;
  std::uint64_t base_, phase_, switched_ = 0;
  std::int64_t next_ = 0;
};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

double own_cpu() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Processor time of all programs called postgres, s.
double postgres_cpu() {
  double sum = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string text;
    if (!std::getline(file, text) || text.find("(postgres)") == text.npos) continue;
    long long user = 0, system = 0;
    if (std::sscanf(text.c_str() + text.rfind(')') + 1,
                    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld", &user, &system) == 2)
      sum += static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  return sum;
}

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// What passed while something was done.
struct Cost {
  double wall = 0, own = 0, postgres = 0;
  std::int64_t statements = 0;
  template <class Work>
  void of(CountingDatabase& database, Work work) {
    const double w = now_s(), o = own_cpu(), p = postgres_cpu();
    const std::int64_t s = database.statements;
    work();
    wall += now_s() - w;
    own += own_cpu() - o;
    postgres += postgres_cpu() - p;
    statements += database.statements - s;
  }
  void print(std::string_view what, double count, std::string_view unit) const {
    fmt::print(
        "{:<10} {:9.0f} {}: {:7.1f} s, per {}: {:5.2f} statements, {:6.1f} us here, {:6.1f} us PostgreSQL\n",
        what, count, unit, wall, unit, static_cast<double>(statements) / count, 1e6 * own / count,
        1e6 * postgres / count);
  }
};

double bytes_on_disk(Database& database, const std::string& url) {
  if (database.bytes_type() == "BYTEA")
    return static_cast<double>(
        database.run("SELECT pg_database_size(current_database())").front().integer(0));
  const std::string file = url.substr(7);
  return static_cast<double>(std::filesystem::file_size(file));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: store_speed URL [SERIES [DAYS [DECIMALS]]]\n");
    return 2;
  }
  const std::string url = argv[1];
  const int count = argc > 2 ? std::stoi(argv[2]) : 100, days = argc > 3 ? std::stoi(argv[3]) : 2;
  const Milli step = argc > 4 && std::string(argv[4]) == "3" ? 1 : 1'000;
  CountingDatabase database(open_database(url)), keeping(open_database(url));
  migrate(database);
  const double empty = bytes_on_disk(database, url);
  SeriesStore store(database);
  Upkeep upkeep(keeping, [](const std::string&) { return false; });

  std::vector<Series> series;
  std::vector<House> houses;
  for (int i = 0; i < count; ++i) {
    series.push_back({fmt::format("{:08x}{:024x}", static_cast<unsigned>(i) * 2'654'435'761u, i), 0});
    houses.emplace_back(static_cast<std::uint32_t>(i), step);
  }
  const std::int64_t rounds = days * day / batch_s, end = begin + rounds * batch_s;
  Cost adding, keep;
  std::int64_t steps = 0;
  std::vector<std::vector<Point>> batches(static_cast<std::size_t>(count));
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < houses.size(); ++i) {
      batches[i].clear();
      for (std::int64_t second = 0; second < batch_s; ++second)
        batches[i].push_back(houses[i].at(begin + round * batch_s + second));
    }
    adding.of(database, [&] {
      for (std::size_t i = 0; i < batches.size();) {
        Transaction transaction(database, Database::Mode::write);
        for (int n = 0; n < batches_a_commit && i < batches.size(); ++n, ++i)
          store.add(series[i], batches[i], begin + round * batch_s + batch_s);
        transaction.commit();
      }
    });
    if (round % 14 == 13 || round + 1 == rounds)
      keep.of(keeping, [&] {
        while (upkeep.step()) ++steps;
      });
    // As autovacuum would meanwhile.
    if (round % 72 == 71 && database.bytes_type() == "BYTEA") database.run_script("VACUUM ANALYZE");
  }
  const double batches_made = static_cast<double>(rounds) * count, readings = batches_made * batch_s;
  adding.print("batches", batches_made, "batch");
  keep.print("upkeep", static_cast<double>(steps), "step");
  fmt::print("both: {:.0f} us a batch\n",
             1e6 * (adding.own + adding.postgres + keep.own + keep.postgres) / batches_made);
  if (database.bytes_type() == "BYTEA") {
    database.run_script("CHECKPOINT");
    fmt::print("{:.3f} bytes on disk a reading\n", (bytes_on_disk(database, url) - empty) / readings);
    database.run_script("VACUUM");
  } else {
    database.run_script("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  fmt::print("{:.3f} bytes on disk a reading, {:.0f} readings\n",
             (bytes_on_disk(database, url) - empty) / readings, readings);
  for (const std::string_view table : {"series", "piece", "block", "day"}) {
    const std::string sql = fmt::format("SELECT count(*) FROM {}", table);
    fmt::print("  {}: {} rows", table, database.run(sql, {}).front().integer(0));
    if (database.bytes_type() == "BYTEA")
      fmt::print(
          ", {:.3f} bytes a reading",
          static_cast<double>(database.run(fmt::format("SELECT pg_total_relation_size('{}')", table), {})
                                  .front()
                                  .integer(0)) /
              readings);
    fmt::print("\n");
  }

  // The worst that somebody can send: a batch of points from all over the time.
  std::vector<Point> scattered;
  for (std::int64_t i = 0; i < 10'000; ++i) scattered.push_back({begin + i * (end - begin) / 10'000, 0});
  for (const std::size_t points : {std::size_t{300}, scattered.size()}) {
    const double from = now_s();
    Transaction transaction(database, Database::Mode::write);
    store.add(series[0], std::span(scattered).first(points), end);
    transaction.commit();
    fmt::print("{} late points from {:.1f} days: {:.0f} ms\n", points,
               static_cast<double>(scattered[points - 1].time - begin) / day, 1e3 * (now_s() - from));
  }

  const history::Zone utc;
  for (const auto& [name, resolution, span] :
       {std::tuple{"hour by minute", history::Resolution::minute, std::int64_t{3'600}},
        std::tuple{"day by quarter hour", history::Resolution::quarter_hour, day},
        std::tuple{"days by day", history::Resolution::day, days * day}}) {
    std::vector<double> times;
    for (int i = 0; i < 200; ++i) {
      const double from = now_s();
      Transaction transaction(database, Database::Mode::read);
      history::Answer answer({{resolution, utc, end - span, end - 1}, 3'600, end}, history::Format::json,
                             false);
      store.add_to(answer.bins(), series[static_cast<std::size_t>(i) % series.size()]);
      transaction.commit();
      if (answer.text().size() < 20) return 1;
      times.push_back(now_s() - from);
    }
    std::sort(times.begin(), times.end());
    fmt::print("{}: median {:.1f} ms, of 100 the slowest {:.1f} ms\n", name, 1e3 * times[100],
               1e3 * times[198]);
  }
}
