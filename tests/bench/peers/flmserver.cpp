#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/bench/peers/contender.hpp"
#include "tools/fleet/curves.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/flmserver/store/upkeep.hpp"
#include "tools/history/tmpo_block.hpp"

namespace flm::bench {
namespace {

using history::BlockId;
using history::Point;
constexpr std::int64_t day = 86'400;

std::span<const Point> before(std::span<const Point> points, std::int64_t time) {
  return points.first(static_cast<std::size_t>(
      std::lower_bound(points.begin(), points.end(), Point{time, 0},
                       [](const Point& a, const Point& b) { return a.time < b.time; }) -
      points.begin()));
}

void keep_up(server::Database& database) {
  server::Upkeep upkeep(database, [](const std::string&) { return false; });
  while (upkeep.step()) {
  }
}

/// A connection whose commits need not be on disk at once: settle() writes all.
std::unique_ptr<server::Database> connection(const std::string& url) {
  auto database = server::open_database(url);
  if (database->bytes_type() == "BYTEA") database->run_script("SET synchronous_commit = off");
  return database;
}

/// Batches of a day.
class DayByDay final : public Contender::Way {
 public:
  DayByDay(const std::string& url, std::int64_t now) : database_(connection(url)), now_(now) {}
  void add(const Sensor& sensor, std::span<const Point> points) override {
    while (!points.empty()) {
      const auto batch = before(points, (points.front().time / day + 1) * day);
      server::Transaction transaction(*database_, server::Database::Mode::write);
      server::SeriesStore(*database_).add({sensor.sid, 0}, batch, now_);
      transaction.commit();
      points = points.subspan(batch.size());
      keep_up(*database_);
      // As autovacuum does; the other thread may be at it.
      if (database_->bytes_type() == "BYTEA")
        database_->run_script("VACUUM (SKIP_LOCKED, TRUNCATE FALSE) series, piece, block, day");
    }
  }
  void finish() override {}

 private:
  std::unique_ptr<server::Database> database_;
  std::int64_t now_;
};

/// Blocks that are finished, the largest that there can be; the rest as points. 50 sensors in a transaction.
class Blocks final : public Contender::Way {
 public:
  Blocks(const std::string& url, std::int64_t now) : database_(connection(url)), now_(now) {}
  void add(const Sensor& sensor, std::span<const Point> points) override {
    Made made{{sensor.sid, 0}, {}, {}};
    const std::int64_t finished = points.back().time - server::Upkeep::grace_s;
    while (!points.empty()) {
      const std::int64_t time = points.front().time;
      const auto level = std::find_if(history::levels.begin(), history::levels.end(), [&](int each) {
        return each >= 12 && BlockId::at(each, time).end() <= finished;
      });
      if (level == history::levels.end()) break;
      const BlockId id = BlockId::at(*level, time);
      const auto part = before(points, id.end());
      made.blocks.emplace_back(id, history::encode("{}", part, history::quick_effort));
      points = points.subspan(part.size());
    }
    made.rest.assign(points.begin(), points.end());
    made_.push_back(std::move(made));
    if (made_.size() == 50) finish();
  }
  void finish() override {
    // As the store wants those who write several.
    std::sort(made_.begin(), made_.end(),
              [](const Made& a, const Made& b) { return a.series.sid < b.series.sid; });
    server::Transaction transaction(*database_, server::Database::Mode::write);
    server::SeriesStore store(*database_);
    for (const Made& made : made_) {
      for (const auto& [id, gzip] : made.blocks) store.add_block(made.series, id, gzip, now_);
      store.add(made.series, made.rest, now_);
    }
    transaction.commit();
    made_.clear();
  }

 private:
  struct Made {
    history::Series series;
    std::vector<std::pair<BlockId, std::string>> blocks;
    std::vector<Point> rest;
  };
  std::unique_ptr<server::Database> database_;
  std::int64_t now_;
  std::vector<Made> made_;
};

class FlmServer final : public Contender {
 public:
  FlmServer(std::filesystem::path program, ServerStore& store, std::int64_t now)
      : store_(store), server_(std::move(program), store.url()), now_(now) {}

  [[nodiscard]] std::string name() const override { return "flmserver"; }
  std::unique_ptr<Way> way(bool is_dense) override {
    if (is_dense) return std::make_unique<DayByDay>(store_.url(), now_);
    return std::make_unique<Blocks>(store_.url(), now_);
  }
  void settle() override {
    store_.clean();
    keep_up(*connection(store_.url()));
    store_.bytes();
  }
  double bytes() override { return store_.bytes(); }

  fleet::Address address() override {
    if (server_.id() < 0) server_.start();
    return server_.address();
  }
  [[nodiscard]] Request request(const Sensor& sensor, const Question& question) const override {
    return {fmt::format("/sensor/{}?version=1.0&interval={}&unit={}", sensor.sid, question.interval,
                        sensor.is_power ? "watt" : "lperday"),
            fmt::format("X-Token: {}\r\n", sensor.token)};
  }
  [[nodiscard]] std::map<std::int64_t, double> rates(const std::string& body,
                                                     const Question&) const override {
    std::map<std::int64_t, double> all;
    for (const auto& row : nlohmann::json::parse(body))
      if (row.at(1).is_number()) all[row.at(0)] = row.at(1);
    return all;
  }
  [[nodiscard]] double processor_s() const override {
    return test::processor_s(server_.id()) + store_.processor_s();
  }

 private:
  ServerStore& store_;
  test::RunningServer server_;
  std::int64_t now_;
};

}  // namespace

Sensor sensor_of(const fleet::Devices& devices, int index) {
  const int device = index / devices.sensors, number = index % devices.sensors;
  return {devices.sid(device, number), devices.token(device),
          fleet::kinds[static_cast<std::size_t>(number) % fleet::kinds.size()].type == "electricity"};
}

std::unique_ptr<Contender> flmserver(std::filesystem::path program, ServerStore& store, std::int64_t now) {
  return std::make_unique<FlmServer>(std::move(program), store, now);
}

}  // namespace flm::bench
