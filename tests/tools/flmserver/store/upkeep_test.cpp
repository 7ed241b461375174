#include "tools/flmserver/store/upkeep.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <utility>

#include "tests/tools/flmserver/store/store.hpp"
#include "tools/flmserver/store/point_reader.hpp"
#include "tools/history/query/grid.hpp"
#include "tools/history/rollup/days.hpp"

using namespace flm;
using namespace flm::server;
using namespace flm::server::test;
using history::Bin;
using history::BlockId;
using history::Milli;
using history::Point;
using history::Series;

namespace {

constexpr std::int64_t day = 86'400;
const history::Zone utc;

using Model = std::map<std::int64_t, Milli>;

std::vector<Point> points_of(const Model& model) {
  std::vector<Point> points;
  for (const auto& [time, value] : model) points.push_back({time, value});
  return points;
}

/// A database that lets somebody else work before each transaction that writes.
class SharedDatabase final : public Database {
 public:
  explicit SharedDatabase(Database& database) : database_(database) {}
  std::function<void()> others = [] {};

  Rows run(std::string_view sql, std::initializer_list<Bound> values) override {
    return database_.run(sql, values);
  }
  std::int64_t changed() const override { return database_.changed(); }
  void run_script(const std::string& sql) override { database_.run_script(sql); }
  void begin(Mode mode) override {
    if (mode == Mode::write) std::exchange(others, [] {})();
    database_.begin(mode);
  }
  void commit() override { database_.commit(); }
  void rollback() noexcept override { database_.rollback(); }
  std::string_view for_update() const override { return database_.for_update(); }
  std::string_view bytes_type() const override { return database_.bytes_type(); }

 private:
  Database& database_;
};

struct Fixture {
  std::unique_ptr<Database> database = connect();
  SeriesStore store{*database};
  Series series{new_sid(), 0};
  Model model;

  void add(const std::vector<Point>& points) {
    write(*database, [&] { return store.add(series, points, now); });
    for (const Point& point : points) model.emplace(point.time, point.value);
  }
  void add_block(BlockId id, const std::vector<Point>& points) {
    const std::string gzip = history::encode(R"({"id":")" + series.sid + R"(","rid":0})", points);
    write(*database, [&] { return store.add_block(series, id, gzip, now); });
    for (const Point& point : points) model.emplace(point.time, point.value);
  }
  /// `count` points from a time on, a second or more apart, whose values are those of no other call.
  std::vector<Point> some(std::int64_t from, int count, int apart = 1) {
    std::vector<Point> points;
    for (int i = 0; i < count; ++i)
      points.push_back({from + i * apart, (from + i * apart - begin) * 250 + ++number_});
    return points;
  }
  bool is_right() { return points(*database, series) == points_of(model); }
  std::vector<SeriesStore::Listed> blocks() { return store.blocks_after(series.sid, 0, {0, 0}); }

  std::vector<Bin> bins(const history::Grid& grid, bool from_points, bool falls = true) {
    std::vector<Bin> result;
    history::Bins bins(grid, falls, [&](const Bin& bin, const history::Cell&) { result.push_back(bin); });
    Transaction transaction(*database, Database::Mode::read);
    if (from_points) {
      for (const auto& [time, value] : model) bins.add(Point{time, value});
    } else {
      store.add_to(bins, series);
    }
    transaction.commit();
    bins.finish();
    return result;
  }
  /// Answers at some resolutions are those that all points give.
  bool answers_are_right(std::int64_t from, std::int64_t to) {
    using history::Resolution;
    for (const Resolution resolution :
         {Resolution::minute, Resolution::quarter_hour, Resolution::day, Resolution::week}) {
      if (resolution == Resolution::minute && to - from > 3 * day) continue;
      const history::Grid grid(resolution, utc, from, to);
      if (bins(grid, false) != bins(grid, true)) return false;
    }
    return true;
  }
  /// Days that are made, and of which something is known.
  int days() {
    const std::int64_t days_until =
        database->run("SELECT days_until FROM series WHERE sid = $1", {series.sid}).front().integer(0);
    int count = 0;
    for (const Row& row : database->run("SELECT bins FROM day WHERE sid = $1", {series.sid})) {
      const std::string text = text_of_days(row.text(0));
      const history::Days days(text);
      history::Bins bins(history::Grid(history::Resolution::day, utc, days.begin(), days.end() - 1), true,
                         [&](const Bin& bin, const history::Cell&) { count += bin.known > 0 ? 1 : 0; });
      days.add_to(bins, days_until);
      bins.finish();
    }
    return count;
  }

 private:
  int number_ = 0;
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "pieces become blocks of level 12, those of 16, those of 20, and no point is lost") {
  // A block of level 20 ends at `edge`: a point each 20 s from two days before it to one behind it.
  const std::int64_t edge = begin + (1 << 20);
  for (std::int64_t time = edge - 2 * day; time < edge + day; time += 6'000) add(some(time, 300, 20));
  CHECK(count(*database, "block", series.sid) == 0);
  keep_up(*database, true);
  CHECK(is_right());
  // The last span that is finished ends at least 1024 s before the newest point; what comes after it is in
  // pieces.
  const auto list = blocks();
  REQUIRE(list.size() > 2);
  CHECK(list[0].id == BlockId{20, begin});
  CHECK(list[1].id == BlockId{16, edge});
  CHECK(list[2].id.level == 12);
  CHECK(count(*database, "piece", series.sid) <= 3);
  CHECK(answers_are_right(edge - 3 * day, edge + 2 * day));
  CHECK(store.last_block(series.sid) == std::nullopt);  // none of them is the device's
  // And each of them is a block that a reader of TMPO can read.
  std::size_t read = 0;
  for (const auto& listed : list) {
    const history::Block block = history::decode(*store.block(series, listed.id), listed.id, series.sid);
    CHECK_FALSE(block.damage);
    read += block.points.size();
  }
  CHECK(read > 12'000);
}

TEST_CASE_METHOD(Fixture, "a span is not merged before a point lies well behind it") {
  add(some(begin, 4'096));
  add(some(begin + 4'096, 1'024));
  keep_up(*database);
  CHECK(count(*database, "block", series.sid) == 0);
  add(some(begin + 4'096 + Upkeep::grace_s, 1));
  keep_up(*database);
  CHECK(count(*database, "block", series.sid) == 1);
  auto merged = points_of(model);
  merged.resize(4'096);
  CHECK(history::decode(store.block(series, {12, begin}).value(), {12, begin}).points == merged);
  CHECK(is_right());
}

TEST_CASE_METHOD(Fixture, "of two spans, the one that is not finished is left alone") {
  add(some(begin, 100));
  add(some(begin + 8'192, 4'096 + 100));
  keep_up(*database);
  CHECK(blocks() == std::vector<SeriesStore::Listed>{{0, {12, begin}}});
}

TEST_CASE_METHOD(Fixture, "a block of level 20 is made also when its end is without points") {
  add(some(begin, 100, 60));
  add(some(begin + (1 << 20) + 500'000, 100, 60));
  keep_up(*database);
  CHECK(blocks().front().id == BlockId{20, begin});
  CHECK(is_right());
}

TEST_CASE_METHOD(Fixture, "points that come while a block is made of others are not lost") {
  keep_up(*database);  // what other test cases left
  add(some(begin, 2'000));
  add(some(begin + 10'000, 10));
  const auto other = connect();
  const auto late = [&](std::int64_t from) {
    SeriesStore store_of_other(*other);
    const auto points = some(from, 10);
    write(*other, [&] { return store_of_other.add(series, points, now); });
    for (const Point& point : points) model.emplace(point.time, point.value);
  };
  const auto step_beside = [&](std::int64_t from) {
    SharedDatabase shared(*database);
    bool is_done = false;
    shared.others = [&] { late(from), is_done = true; };
    Upkeep upkeep(shared, [](const std::string&) { return false; });
    upkeep.step();
    CHECK(is_done);
    CHECK(is_right());
    keep_up(*database);
    CHECK(is_right());
  };
  step_beside(begin + 3'000);  // in the span that is being merged
  CHECK(blocks() == std::vector<SeriesStore::Listed>{{0, {12, begin}}});
  add(some(begin + 20'000, 10));
  step_beside(begin + 3'500);  // in one that was merged before
  CHECK(count(*database, "piece", series.sid) == 1);
}

TEST_CASE_METHOD(Fixture, "a device's blocks are compacted as the device does it") {
  for (int i = 0; i < 16; ++i) add_block({8, begin + 256 * i}, some(begin + 256 * i, 250));
  add_block({8, begin + 8'192}, some(begin + 8'192, 250));
  keep_up(*database);
  auto merged = points_of(model);
  merged.resize(merged.size() - 250);
  const bool is_as_a_device_makes_it = store.block(series, {12, begin}) ==
                                       history::encode(R"({"id":")" + series.sid + R"(","rid":0})", merged);
  CHECK(is_as_a_device_makes_it);
  CHECK(store.last_block(series.sid) == SeriesStore::Listed{0, {8, begin + 8'192}});
  CHECK(is_right());
}

TEST_CASE_METHOD(Fixture,
                 "late points go into a block of level 12 that the server made, and lie over a device's") {
  add(some(begin, 1'000, 4));
  add_block({12, begin + 4'096}, some(begin + 4'096, 1'000, 4));
  add(some(begin + 12'288, 10));
  keep_up(*database);
  CHECK(count(*database, "block", series.sid) == 2);
  const auto device = store.block(series, {12, begin + 4'096});
  const auto late = [&](std::int64_t from) {
    add(some(from + 1, 20, 4));
    add(some(from + 2, 20, 4));
  };
  late(begin + 400);
  late(begin + 4'096);
  CHECK(is_right());
  CHECK(count(*database, "piece", series.sid) == 5);
  keep_up(*database);
  CHECK(is_right());
  CHECK(count(*database, "piece", series.sid) == 2);  // over the device's block, and the newest
  CHECK(store.block(series, {12, begin + 4'096}) == device);
  CHECK(count(*database, "block", series.sid) == 2);
  // A block of level 16 takes them all.
  add(some(begin + 70'000, 10));
  keep_up(*database);
  CHECK(is_right());
  CHECK(blocks() == std::vector<SeriesStore::Listed>{{0, {16, begin}}});
  // The device's own of the same time takes its place, byte for byte, if it has all.
  std::vector<Point> all;
  for (const Point& point : points_of(model))
    if (point.time < begin + 65'536) all.push_back(point);
  add_block({16, begin}, all);
  CHECK(store.last_block(series.sid) == SeriesStore::Listed{0, {16, begin}});
  CHECK(is_right());
}

TEST_CASE_METHOD(Fixture, "days are made when they are over, and made anew when a late point comes") {
  add(some(begin, 5 * 1'440, 60));
  keep_up(*database, true);
  CHECK(days() == 5);  // `begin` lies in the first one, and the last point in the sixth
  CHECK(answers_are_right(begin - day, begin + 6 * day));
  // A late point changes what is before it, back to the point before.
  const auto middle = begin + 2 * day + 30;
  add({{middle, 7'777'777}});
  CHECK(days() < 4);
  CHECK(answers_are_right(begin - day, begin + 6 * day));
  keep_up(*database, true);
  CHECK(days() == 5);
  CHECK(answers_are_right(begin - day, begin + 6 * day));
}

TEST_CASE_METHOD(Fixture, "a late point after a gap changes the days since the point before it") {
  add({{begin + 100, 1'000'000}});
  add(some(begin + 20 * day, 3'000, 60));
  keep_up(*database, true);
  add(some(begin + 10 * day, 1));
  CHECK(answers_are_right(begin, begin + 22 * day));
  keep_up(*database, true);
  CHECK(answers_are_right(begin, begin + 22 * day));
  CHECK(days() == 22);
}

TEST_CASE_METHOD(Fixture, "days of several spans are made bit by bit, and made anew from a late point on") {
  for (int part = 0; part < 7; ++part) {
    add(some(begin + part * 10 * day, 24 * 10, 3'600));
    keep_up(*database, true);
    CHECK(answers_are_right(begin - day, begin + 80 * day));
  }
  CHECK(days() == 70);
  CHECK(count(*database, "day", series.sid) == 3);
  add({{begin + 15 * day + 30, 7'777'777}});
  CHECK(days() < 16);
  CHECK(answers_are_right(begin - day, begin + 80 * day));
  // Step by step: what lies behind the days that are made is not believed yet.
  Upkeep upkeep(*database, [](const std::string&) { return true; });
  while (upkeep.step()) CHECK(answers_are_right(begin - day, begin + 80 * day));
  CHECK(days() == 70);
  CHECK(count(*database, "day", series.sid) == 3);
}

TEST_CASE_METHOD(Fixture, "a row of days that is damaged is not believed, and made anew") {
  add(some(begin, 5 * 1'440, 60));
  keep_up(*database, true);
  write(*database, [&] {
    database->run("UPDATE day SET bins = $2 WHERE sid = $1", {series.sid, Bound::bytes("no gzip")});
    return 0;
  });
  CHECK(days() == 0);
  add(some(begin + 5 * day, 2 * 1'440, 60));
  keep_up(*database, true);
  CHECK(days() == 7);
  CHECK(answers_are_right(begin - day, begin + 8 * day));
}

TEST_CASE_METHOD(Fixture, "what is damaged is not merged away, nor taken for a point") {
  add(some(begin, 4'096));
  add(some(begin + 4'096, 4'096));
  add(some(begin + 10'000, 10));
  keep_up(*database);
  REQUIRE(count(*database, "block", series.sid) == 2);
  std::string gzip =
      database->run("SELECT gzip FROM block WHERE sid = $1 AND bid = $2", {series.sid, begin + 4'096})
          .front()
          .text(0);
  gzip[gzip.size() / 2] = static_cast<char>(gzip[gzip.size() / 2] ^ 1);
  write(*database, [&] {
    database->run("UPDATE block SET gzip = $3 WHERE sid = $1 AND bid = $2",
                  {series.sid, begin + 4'096, Bound::bytes(gzip)});
    return 0;
  });
  for (std::int64_t time = begin + 4'096; time < begin + 8'192; ++time) model.erase(time);
  CHECK(is_right());
  CHECK(store.block(series, {12, begin + 4'096}) == std::nullopt);
  // The last point before a time behind it is one of the block before.
  CHECK(points(*database, series, begin + 9'000, begin + 9'001) ==
        std::vector<Point>{{begin + 4'095, model.at(begin + 4'095)}});
  add(some(begin + 70'000, 10));
  keep_up(*database);
  CHECK(is_right());
  CHECK(database->run("SELECT gzip FROM block WHERE sid = $1 AND bid = $2", {series.sid, begin + 4'096})
            .front()
            .text(0) == gzip);
}

TEST_CASE_METHOD(Fixture, "days of a sensor that is not known are not made, those of others are") {
  add(some(begin, 5 * 1'440, 60));
  Upkeep upkeep(*database, [](const std::string&) { return std::nullopt; });
  while (upkeep.step()) {
  }
  CHECK(days() == 0);
  CHECK(count(*database, "block", series.sid) > 0);
  keep_up(*database, true);
  CHECK(days() == 5);
}

TEST_CASE_METHOD(Fixture, "of days of which nothing is known there is no row") {
  add(some(begin, 10));
  add(some(begin + 300 * day, 3'000, 60));
  keep_up(*database, true);
  CHECK(count(*database, "day", series.sid) == 2);  // of ten spans
  CHECK(days() == 3);
  CHECK(answers_are_right(begin - day, begin + 310 * day));
}

TEST_CASE_METHOD(Fixture, "days are forgotten, and made as a counter that may not fall has them") {
  add({{begin, 5'000}, {begin + 600, 4'000}, {begin + 1'200, 6'000}});
  add(some(begin + 86'400, 10));
  keep_up(*database, true);
  const history::Grid grid(history::Resolution::day, utc, begin, begin + 2 * day);
  CHECK(bins(grid, false, true) == bins(grid, true, true));
  CHECK(bins(grid, false, false) != bins(grid, true, false));
  write(*database, [&] { return store.forget_days(series.sid), 0; });
  CHECK(count(*database, "day", series.sid) == 0);
  keep_up(*database, false);
  CHECK(count(*database, "day", series.sid) > 0);
  CHECK(bins(grid, false, false) == bins(grid, true, false));
}

TEST_CASE_METHOD(Fixture, "the newest value counts until the time at which it is known to stand") {
  add({{begin, 1'000}, {begin + 600, 2'000}});
  const auto known = [&](std::int64_t stands_until) {
    std::int64_t seconds = 0;
    history::Bins bins(history::Grid(history::Resolution::minute, utc, begin, begin + 3'600), false,
                       [&](const Bin& bin, const history::Cell&) { seconds += bin.known; });
    store.add_to(bins, series, stands_until);
    bins.finish();
    return seconds;
  };
  CHECK(known(0) == 600);
  CHECK(known(begin + 300) == 600);
  CHECK(known(begin + 1'000) == 1'000);
}

TEST_CASE_METHOD(Fixture, "an upkeep that fails anywhere loses nothing") {
  for (int i = 0; i < 60; ++i) add(some(begin + i * 1'500, 100, 15));
  add(some(begin + 300, 50, 7));
  FailingDatabase failing(*database);
  Upkeep upkeep(failing, [](const std::string&) { return true; });
  int failures = 0;
  for (int left = 0;; ++left) {
    failing.left = left;
    try {
      while (upkeep.step()) {
      }
      break;
    } catch (const DatabaseError&) {
      ++failures;
      if (left % 7 == 0) CHECK(is_right());
    }
  }
  CHECK(failures > 20);
  CHECK(is_right());
  CHECK(answers_are_right(begin, begin + 2 * day));
  CHECK(blocks().front().id == BlockId{16, begin});
}

TEST_CASE_METHOD(Fixture, "several upkeeps and a sender at once lose nothing") {
  for (int i = 0; i < 30; ++i) add(some(begin + i * 3'000, 300, 10));
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread)
    threads.emplace_back([] {
      const auto own = connect();
      for (int round = 0; round < 5; ++round) keep_up(*own, true);
    });
  for (int i = 0; i < 20; ++i) add(some(begin + i * 5'000 + 5, 10, 10));
  for (std::thread& thread : threads) thread.join();
  CHECK(is_right());
  keep_up(*database, true);
  CHECK(is_right());
  CHECK(answers_are_right(begin, begin + 2 * day));
}

TEST_CASE_METHOD(Fixture,
                 "whatever comes in whatever order, the store has what a map of the first values has") {
  std::mt19937 random(18);
  const auto upto = [&](std::int64_t limit) { return static_cast<std::int64_t>(random()) % limit; };
  const auto runs = GENERATE(range(0, 4));
  if (!shards().empty() && runs >= 2) return;  // a statement takes long there
  CAPTURE(runs);
  const std::int64_t first = begin + runs * 100'000;
  std::int64_t time = first;
  random.discard(static_cast<unsigned>(runs) * 1'000);
  for (int step = 0; step < 60; ++step) {
    switch (random() % 8) {
      case 0:
      case 1:
      case 2: {  // the next batch
        const int apart = random() % 4 == 0 ? 300 : 1 + static_cast<int>(random() % 5),
                  count = 1 + static_cast<int>(random() % 400);
        add(some(time, count, apart));
        time += count * apart + (random() % 5 == 0 ? upto(50'000) : 0);
        break;
      }
      case 3:  // a late one
        add(some(first + upto(time - first + 1), 1 + static_cast<int>(random() % 50),
                 1 + static_cast<int>(random() % 100)));
        break;
      case 4:
      case 5: {  // a block of a device: some of what is known, and some else
        const BlockId id = BlockId::at(history::levels[random() % 4], first + upto(time - first + 1));
        std::vector<Point> points;
        const bool is_all = random() % 2 == 0;
        for (auto at = model.lower_bound(id.start); at != model.end() && at->first < id.end(); ++at)
          if (is_all || random() % 3 != 0) points.push_back({at->first, at->second});
        if (points.empty() || random() % 2 == 0) {
          Model more;
          for (const Point& point : points) more.emplace(point.time, point.value);
          for (int i = 0; i < 20; ++i) {
            const std::int64_t at = id.start + upto(id.span());
            more.emplace(at, at * 3);
          }
          points = points_of(more);
        }
        if (points.back().time <= now) add_block(id, points);
        break;
      }
      default: {
        Upkeep upkeep(*database, [](const std::string&) { return true; });
        for (int i = 0; i < 5; ++i) upkeep.step();
        if (random() % 4 == 0) keep_up(*database, true);
      }
    }
    if (step % 10 == 9) REQUIRE(is_right());
  }
  time = std::max(time, model.rbegin()->first);
  CHECK(is_right());
  CHECK(answers_are_right(first - day, time + day));
  keep_up(*database, true);
  CHECK(is_right());
  CHECK(answers_are_right(first - day, time + day));
  CHECK(store.newest(series) == points_of(model).back());
  for (int i = 0; i < 10; ++i) {
    const std::int64_t from = first + upto(time - first), to = from + upto(100'000);
    auto expected = points_of(model);
    std::erase_if(expected, [&](const Point& point) { return point.time >= to; });
    const auto at =
        std::lower_bound(expected.begin(), expected.end(), Point{from, std::numeric_limits<Milli>::min()});
    if (at != expected.begin()) expected.erase(expected.begin(), at - 1);
    CHECK(points(*database, series, from, to) == expected);
  }
}
