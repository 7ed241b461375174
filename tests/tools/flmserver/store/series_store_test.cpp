#include "tools/flmserver/store/series_store.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/tools/flmserver/store/store.hpp"
#include "tools/common/input_error.hpp"
#include "tools/history/history.hpp"
#include "tools/history/packed_block.hpp"

using namespace flm;
using namespace flm::server;
using namespace flm::server::test;
using history::BlockId;
using history::Point;
using history::Series;

namespace {

/// A counter that rises by `step` each `seconds`.
std::vector<Point> counter(std::int64_t from, int count, std::int64_t seconds = 1,
                           history::Milli step = 100) {
  std::vector<Point> points;
  for (int i = 0; i < count; ++i)
    points.push_back({from + i * seconds, 5'000'000 + (from - begin) / seconds * step + i * step});
  return points;
}

std::vector<Point> joined(std::vector<Point> first, const std::vector<Point>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// A store and a series of its own.
struct Fixture {
  std::unique_ptr<Database> database = connect();
  SeriesStore store{*database};
  Series series{new_sid(), 0};

  Added add(const std::vector<Point>& points) {
    return write(*database, [&] { return store.add(series, points, now); });
  }
  Added add_block(BlockId id, const std::string& gzip) {
    return write(*database, [&] { return store.add_block(series, id, gzip, now); });
  }
  std::vector<Point> all() { return points(*database, series); }
  std::string cfg() const { return R"({"id":")" + series.sid + R"(","rid":0,"function":"main"})"; }
  std::string gzip(const std::vector<Point>& points) const { return history::encode(cfg(), points); }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "points that came in are there, and the newest is known") {
  CHECK(store.newest(series) == std::nullopt);
  CHECK(store.newest_rid(series.sid) == std::nullopt);
  const auto some = counter(begin + 4'000, 300);  // over the edge of two spans of 4096 s
  const Added added = add(some);
  CHECK(added.stored == 300);
  CHECK(added.known == 0);
  CHECK(added.refused == 0);
  CHECK(all() == some);
  CHECK(count(*database, "piece", series.sid) == 2);
  CHECK(store.newest(series) == some.back());
  CHECK(store.newest_rid(series.sid) == 0);
  // Of a span of time: the last point before it, and those in it.
  CHECK(points(*database, series, begin + 4'100, begin + 4'110) ==
        std::vector<Point>(some.begin() + 99, some.begin() + 110));
  CHECK(points(*database, series, begin + 5'000, now) == std::vector<Point>{some.back()});
  CHECK(points(*database, series, begin, begin + 4'000).empty());
}

TEST_CASE_METHOD(Fixture, "the same batch again changes nothing") {
  const auto some = counter(begin, 300);
  add(some);
  const std::string rows = rows_of(*database, series.sid);
  const Added again = add(some);
  CHECK(again.stored == 0);
  CHECK(again.known == 300);
  CHECK(rows_of(*database, series.sid) == rows);
  add(counter(begin + 300, 300));
  add(some);
  CHECK(all() == counter(begin, 600));
}

TEST_CASE_METHOD(Fixture, "a second's first value stays") {
  add({{begin, 1'000}, {begin + 10, 2'000}});
  const Added added = add({{begin + 5, 1'500}, {begin + 10, 9'000}});
  CHECK(added.stored == 1);
  CHECK(added.known == 1);
  CHECK(all() == std::vector<Point>{{begin, 1'000}, {begin + 5, 1'500}, {begin + 10, 2'000}});
  CHECK(store.newest(series) == Point{begin + 10, 2'000});
}

TEST_CASE_METHOD(Fixture, "a batch may be in any order, and have a second twice") {
  const Added added = add({{begin + 20, 3'000}, {begin, 1'000}, {begin + 20, 4'000}, {begin + 10, 2'000}});
  CHECK(added.stored == 3);
  CHECK(added.known == 1);
  CHECK(all() == std::vector<Point>{{begin, 1'000}, {begin + 10, 2'000}, {begin + 20, 3'000}});
}

TEST_CASE_METHOD(Fixture, "of many points with the same time, the first one counts") {
  std::vector<Point> doubled;
  for (int i = 99; i >= 0; --i)
    for (int value = 0; value < 3; ++value) doubled.push_back({begin + i, 1'000 + value});
  CHECK(add(doubled).known == 200);
  for (const Point& point : all()) CHECK(point.value == 1'000);
}

TEST_CASE_METHOD(Fixture, "times before 2009 and more than a day after now are refused, the others kept") {
  const auto earliest = history::earliest_time;
  const Added added = add({{0, 1},
                           {earliest - 1, 1},
                           {earliest, 1},
                           {now + 86'400, 2},
                           {now + 86'401, 3},
                           {1LL << 62, 3},
                           {-5, 1}});
  CHECK(added.stored == 2);
  CHECK(added.refused == 5);
  CHECK(points(*database, series, 0, now + 200'000) == std::vector<Point>{{earliest, 1}, {now + 86'400, 2}});
  const Series other{new_sid(), 0};
  CHECK(write(*database, [&] { return store.add(other, std::vector<Point>{{5, 5}}, now); }).refused == 1);
  CHECK(rows_of(*database, other.sid).empty());
}

TEST_CASE_METHOD(Fixture, "late points find their place, before the first and between others") {
  add(counter(begin + 10'000, 300));
  add(counter(begin + 20'000, 300));
  add(counter(begin + 15'000, 10));
  add(counter(begin - 200'000, 10, 60));
  std::vector<Point> odd;
  for (const Point& point : counter(begin + 20'400, 100))
    if (point.time % 2 == 1) odd.push_back(point);
  add(odd);
  add(counter(begin + 20'300, 250));  // with the even ones, and some that are there
  CHECK(all() == joined(joined(counter(begin - 200'000, 10, 60), counter(begin + 10'000, 300)),
                        joined(counter(begin + 15'000, 10), counter(begin + 20'000, 550))));
}

TEST_CASE_METHOD(Fixture, "series of one sensor with another rid are others") {
  add(counter(begin, 10));
  const Series second{series.sid, 7};
  write(*database, [&] { return store.add(second, counter(begin + 100, 10), now); });
  CHECK(all() == counter(begin, 10));
  CHECK(points(*database, second) == counter(begin + 100, 10));
  CHECK(store.newest_rid(series.sid) == 7);
}

TEST_CASE_METHOD(Fixture, "a batch is in wholly or not at all, wherever it fails") {
  add(counter(begin, 100));
  add(counter(begin + 10'000, 100));
  const std::string rows = rows_of(*database, series.sid);
  const auto late = counter(begin + 4'000, 200);  // two pieces, and days to be made anew
  FailingDatabase failing(*database);
  SeriesStore failing_store(failing);
  int statements = 0;
  for (bool failed = true; failed; ++statements) {
    failing.left = statements;
    failed = false;
    try {
      write(failing, [&] { return failing_store.add(series, late, now); });
    } catch (const DatabaseError&) {
      failed = true;
      CHECK(rows_of(*database, series.sid) == rows);
    }
  }
  CHECK(statements > 5);
  CHECK(all() == joined(joined(counter(begin, 100), late), counter(begin + 10'000, 100)));
}

TEST_CASE_METHOD(Fixture, "the same batches, sent by four at once, are there once") {
  for (int round = 0; round < 3; ++round) {
    const Series shared{new_sid(), 0};
    std::atomic<std::size_t> stored = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&] {
        const auto connection = connect();
        SeriesStore own(*connection);
        for (int batch = 0; batch < 5; ++batch)
          stored += write(*connection, [&] {
                      return own.add(shared, counter(begin + 300 * batch, 300), now);
                    }).stored;
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(stored == 1'500);
    CHECK(points(*database, shared) == counter(begin, 1'500));
  }
}

TEST_CASE_METHOD(Fixture, "other batches of one series, sent by four at once, are all there") {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      const auto connection = connect();
      SeriesStore own(*connection);
      for (int batch = thread; batch < 20; batch += 4)
        write(*connection, [&] { return own.add(series, counter(begin + 300 * batch, 300), now); });
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(all() == counter(begin, 6'000));
}

TEST_CASE_METHOD(Fixture, "a program that is killed while it writes has in the store what it acknowledged") {
  int killed_with_readings = 0;
  for (int round = 0; round < 10; ++round) {
    const Series its{new_sid(), 0};
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto own = open_database(store_url());
      SeriesStore own_store(*own);
      for (int batch = 0;; ++batch) {
        write(*own, [&] { return own_store.add(its, counter(begin + 300 * batch, 300), now); });
        if (::write(ends[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(ends[1]);
    ::usleep(static_cast<useconds_t>(5'000 + 7'000 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    int acknowledged = 0;
    for (char byte; ::read(ends[0], &byte, 1) == 1;) ++acknowledged;
    ::close(ends[0]);
    // All of them, and at most the batch that was not acknowledged yet, wholly.
    const auto there = points(*database, its);
    CHECK(there.size() % 300 == 0);
    CHECK(static_cast<int>(there.size()) / 300 >= acknowledged);
    CHECK(static_cast<int>(there.size()) / 300 <= acknowledged + 1);
    CHECK(there == counter(begin, static_cast<int>(there.size())));
    killed_with_readings += acknowledged > 0 ? 1 : 0;
  }
  CHECK(killed_with_readings > 0);
}

TEST_CASE_METHOD(Fixture, "a device's block is kept byte for byte, and found by who knows an older one") {
  const BlockId first{8, begin}, second{8, begin + 256};
  const std::string bytes = gzip(counter(first.start, 256)), more = gzip(counter(second.start, 100));
  CHECK(add_block(first, bytes).stored == 256);
  CHECK(add_block(second, more).stored == 100);
  CHECK(store.block(series, first) == bytes);
  CHECK(store.block(series, second) == more);
  CHECK(store.block(series, {8, begin + 512}) == std::nullopt);
  CHECK(store.block({series.sid, 1}, first) == std::nullopt);
  using List = std::vector<SeriesStore::Listed>;
  CHECK(store.blocks_after(series.sid, 0, {0, 0}) == List{{0, first}, {0, second}});
  CHECK(store.blocks_after(series.sid, 0, first) == List{{0, second}});
  CHECK(store.blocks_after(series.sid, 0, second).empty());
  CHECK(store.blocks_after(series.sid, 1, {0, 0}).empty());
  CHECK(store.last_block(series.sid) == SeriesStore::Listed{0, second});
  CHECK(store.last_block(new_sid()) == std::nullopt);
  CHECK(all() == counter(begin, 356));
  CHECK(store.newest(series) == counter(begin, 356).back());
  const std::string rows = rows_of(*database, series.sid);
  CHECK(add_block(first, bytes).known == 256);
  CHECK(rows_of(*database, series.sid) == rows);
}

TEST_CASE_METHOD(Fixture, "a block takes the place of the smaller ones that it covers") {
  for (int i = 0; i < 16; ++i) add_block({8, begin + 256 * i}, gzip(counter(begin + 256 * i, 256)));
  add_block({8, begin + 4'096}, gzip(counter(begin + 4'096, 256)));
  const std::string bytes = gzip(counter(begin, 4'096));
  CHECK(add_block({12, begin}, bytes).known == 4'096);
  using List = std::vector<SeriesStore::Listed>;
  CHECK(store.blocks_after(series.sid, 0, {0, 0}) == List{{0, {12, begin}}, {0, {8, begin + 4'096}}});
  CHECK(store.block(series, {12, begin}) == bytes);
  CHECK(all() == counter(begin, 4'352));
  // A child that comes again is known.
  CHECK(add_block({8, begin}, gzip(counter(begin, 256))).known == 256);
  CHECK(store.blocks_after(series.sid, 0, {0, 0}).size() == 2);
}

TEST_CASE_METHOD(Fixture, "measurements and blocks of the same seconds are one series") {
  add(counter(begin, 300));
  CHECK(add_block({8, begin}, gzip(counter(begin, 256))).known == 256);
  CHECK(add_block({8, begin + 256}, gzip(counter(begin + 256, 256))).stored == 212);
  CHECK(count(*database, "piece", series.sid) == 0);  // the blocks have it all
  CHECK(add(counter(begin + 200, 400)).stored == 88);
  CHECK(all() == counter(begin, 600));
  // A block that lacks points, and has another value: the first ones stay.
  auto other = counter(begin + 512, 256);
  other.erase(other.begin() + 10, other.begin() + 20);
  other[0].value += 500;
  const std::string bytes = gzip(other);
  CHECK(add_block({8, begin + 512}, bytes).stored == 168);
  CHECK(store.block(series, {8, begin + 512}) == bytes);
  CHECK(all() == counter(begin, 768));
}

TEST_CASE_METHOD(Fixture, "a block that comes after one that covers it adds only what is new") {
  auto some = counter(begin, 4'096);
  std::vector<Point> gap(some.begin() + 300, some.begin() + 320);
  some.erase(some.begin() + 300, some.begin() + 320);
  const std::string bytes = gzip(some);
  add_block({12, begin}, bytes);
  CHECK(add_block({8, begin + 256}, gzip(counter(begin + 256, 256))).stored == 20);
  CHECK(store.block(series, {12, begin}) == bytes);
  CHECK(store.blocks_after(series.sid, 0, {0, 0}).size() == 1);
  CHECK(all() == counter(begin, 4'096));
  // The same block once more with a few of others: they are added, and the block that is there stays.
  std::vector<Point> few{{begin, 1}, {begin + 4'095, 2}};
  CHECK(add_block({12, begin}, gzip(few)).known == 2);
  CHECK(store.block(series, {12, begin}) == bytes);
  CHECK(all() == counter(begin, 4'096));
}

TEST_CASE_METHOD(Fixture,
                 "of two blocks of one time, the first stays, unless the second has all that is there") {
  const BlockId id{8, begin};
  const std::string bytes = gzip(counter(begin, 100));
  add_block(id, bytes);
  CHECK(add_block(id, history::encode("{}", counter(begin, 100))).known == 100);
  CHECK(store.block(series, id) == bytes);
  CHECK(add_block(id, gzip(counter(begin + 50, 100))).stored == 50);
  CHECK(store.block(series, id) == bytes);
  CHECK(all() == counter(begin, 150));
  const std::string whole = gzip(counter(begin, 256));
  CHECK(add_block(id, whole).stored == 106);
  CHECK(store.block(series, id) == whole);
  CHECK(count(*database, "piece", series.sid) == 0);
  CHECK(all() == counter(begin, 256));
}

TEST_CASE_METHOD(Fixture,
                 "the last point before a time may lie in the block before the one that holds the time") {
  add_block({12, begin}, gzip(counter(begin, 10)));
  add_block({12, begin + 4'096}, gzip(counter(begin + 8'000, 10)));
  CHECK(points(*database, series, begin + 5'000, begin + 5'001) ==
        std::vector<Point>{counter(begin, 10).back()});
}

TEST_CASE_METHOD(Fixture, "points are found behind long times without any") {
  const auto first = counter(begin, 10), second = counter(begin + 100'000, 10),
             third = counter(begin + 200'000, 10);
  for (const auto& some : {first, second, third}) add(some);
  CHECK(points(*database, series, begin - 50'000, now) == joined(joined(first, second), third));
  CHECK(points(*database, series, begin + 50'000, now) == joined(joined({first.back()}, second), third));
  CHECK(points(*database, series, begin + 150'000, now) == joined({second.back()}, third));
  CHECK(points(*database, series, begin + 250'000, now) == std::vector<Point>{third.back()});
  // The same where a block has the first ones.
  add_block({12, begin}, gzip(first));
  CHECK(points(*database, series, begin + 150'000, now) == joined({second.back()}, third));
  CHECK(points(*database, series, begin + 50'000, now) == joined(joined({first.back()}, second), third));
}

TEST_CASE_METHOD(Fixture, "a block that is not right is refused with the reason, and nothing of it stays") {
  const auto good = counter(begin, 256);
  const std::string bytes = gzip(good);
  const auto refused = [&](BlockId id, const std::string& block, const std::string& why) {
    INFO(why);
    CHECK_THROWS_AS(add_block(id, block), InputError);
    CHECK_THROWS_WITH(add_block(id, block), Catch::Contains(why));
  };
  refused({8, begin + 1}, bytes, "levels are 8, 12, 16 and 20");
  refused({9, begin}, bytes, "levels are 8, 12, 16 and 20");
  refused({8, -256}, bytes, "levels are 8, 12, 16 and 20");
  refused({8, begin}, "", "end too early");
  refused({8, begin}, bytes.substr(0, bytes.size() / 2), "end too early");
  refused({8, begin}, bytes + "x", "something follows the end");
  refused({8, begin}, "no gzip at all, but text", "no gzip");
  refused({8, begin}, std::string((16 << 20) + 1, 'x'), "bytes; allowed");
  refused({8, begin + 256}, bytes, "outside the block's span");
  refused({8, begin}, history::encode(R"({"id":"0123456789abcdef0123456789abcdef"})", good),
          "of another sensor");
  refused({8, begin}, history::gzip(R"({"h":{},"t":[0],"v":[0]})"), "head, tail, vsn or cfg");
  refused({8, begin}, history::pack({8, begin}, good), "extra field \"FP\"");
  refused({8, begin}, history::gzip(std::string(200'000, ' ')), "more text than");
  refused({8, 1'024 * 1'000'000}, gzip(counter(1'024 * 1'000'000, 10)), "before 2009");
  const BlockId later = BlockId::at(8, now + 2 * 86'400);
  refused(later, gzip(counter(later.start, 10)), "more than a day after now");
  for (std::size_t at = 0; at < bytes.size(); at += 7) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    try {
      add_block({8, begin}, damaged);
      FAIL_CHECK("a damaged block was taken");
    } catch (const InputError&) {
    }
    if (at == 0) at = 3;  // the next bytes, a file's time and system, say nothing about the data
    if (at == 3 + 7) break;
  }
  CHECK_THROWS_AS(write(*database,
                        [&] {
                          return store.add_block({"../../etc/passwd", 0}, {8, begin}, bytes, now);
                        }),
                  InputError);
  CHECK(rows_of(*database, series.sid).empty());
}

TEST_CASE_METHOD(Fixture, "all of a sensor can be removed, and nothing of another one") {
  const Series other{new_sid(), 0};
  add(counter(begin, 21, 18'000));
  add_block(BlockId::at(8, begin + 360'000), gzip({{begin + 360'000, 1'000}}));
  write(*database, [&] { return store.add(other, counter(begin, 100), now); });
  keep_up(*database);
  CHECK(count(*database, "day", series.sid) > 0);
  write(*database, [&] { return store.remove(series.sid), 0; });
  CHECK(rows_of(*database, series.sid).empty());
  CHECK(points(*database, other) == counter(begin, 100));
  CHECK(add(counter(begin, 10)).stored == 10);
}
