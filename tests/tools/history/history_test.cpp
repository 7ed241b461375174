#include "tools/history/history.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/history/made_up_house.hpp"
#include "tests/tools/history/memory_disk.hpp"
#include "tests/tools/history/text.hpp"
#include "tools/common/input_error.hpp"

using namespace flm::history;
using namespace flm::history::test;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

/// Start of a block of each level.
constexpr std::int64_t start = 1'404'043'264 / 1'048'576 * 1'048'576;

/// A history, and what it reports.
struct House {
  explicit House(MemoryDisk& its_disk, HistoryOptions options = {})
      : disk(its_disk), history(its_disk, options, listeners()) {}

  History::Listeners listeners() {
    return {[this](const Series& series, BlockId id, std::string_view gzip) {
              blocks.emplace_back(path_of(series, id), gzip);
            },
            [this](const Notice& notice) { notices.push_back(notice); }};
  }
  void work() {
    while (history.step()) {
    }
  }
  void tick(std::int64_t now) {
    history.tick(now);
    work();
  }
  /// Readings of the house's three sensors, a second at a time.
  void live(std::int64_t from, std::int64_t to, std::int64_t every = 1) {
    for (std::int64_t now = from; now < to; now += every) {
      for (const auto& [series, point] : readings_at(now)) history.add(series, point);
      tick(now);
    }
  }
  std::vector<Point> read(const Series& series, std::int64_t from = 0,
                          std::int64_t to = std::int64_t{1} << 40) {
    std::vector<Point> all;
    for (const Point& point : history.points(series, from, to)) all.push_back(point);
    return all;
  }
  [[nodiscard]] int count(Notice::Kind kind) const {
    return static_cast<int>(
        std::count_if(notices.begin(), notices.end(), [&](const Notice& n) { return n.kind == kind; }));
  }

  MemoryDisk& disk;
  std::vector<std::pair<std::string, std::string>> blocks;
  std::vector<Notice> notices;
  History history;
};

/// What another start finds.
Points points_on(MemoryDisk& disk) {
  House again(disk);
  return points_of(again.history);
}

HistoryOptions at_once() {
  HistoryOptions options;
  options.settle_s = 0;
  return options;
}

}  // namespace

TEST_CASE("a block is closed when its time and the grace are over, and is told") {
  MemoryDisk disk;
  House house(disk);
  house.history.describe(clamp, R"({"id":"0123456789abcdef0123456789abcdef","function":"main"})");
  house.history.add(clamp, {start + 3, 5'000});
  house.history.add(clamp, {start + 255, 6'500});
  house.history.add(clamp, {start + 256, 7'000});
  house.tick(start + 265);
  CHECK(house.blocks.empty());
  house.tick(start + 266);
  REQUIRE(house.blocks.size() == 1);
  CHECK(house.blocks[0].first == fmt::format("sensor/{}/0/8/{}", clamp.sid, start));
  CHECK(disk.bytes(house.blocks[0].first) == house.blocks[0].second);
  CHECK(
      gunzip(house.blocks[0].second) ==
      fmt::format(
          R"({{"h":{{"cfg":{{"id":"0123456789abcdef0123456789abcdef","function":"main"}},"tail":[{},6.5],"vsn":1,"head":[{},5]}},"t":[0,252],"v":[0,1.5]}})",
          start + 255, start + 3));
  CHECK(house.history.points_in_memory() == 1);
  CHECK(house.read(clamp) ==
        std::vector<Point>{{start + 3, 5'000}, {start + 255, 6'500}, {start + 256, 7'000}});
}

TEST_CASE("four levels of blocks are made in time, and have every point") {
  MemoryDisk disk;
  House house(disk, at_once());
  std::map<Series, std::vector<Point>> truth;
  for (std::int64_t now = start; now < start + 1'048'576 + 300; now += 1) {
    if (now % 97 == 0) {
      truth[clamp].push_back({now, 1000 * (now / 97)});
      REQUIRE(house.history.add(clamp, truth[clamp].back()) == History::Taken::stored);
    }
    if (now % 16 == 0) house.tick(now);
  }
  // 4096 of 256 s, 256 of 68 min, 16 of 18.2 h, one of 12.1 days, and one more of 256 s.
  CHECK(house.blocks.size() == 4'096 + 256 + 16 + 1 + 1);
  CHECK(disk.files("sensor/") ==
        std::vector<std::string>{fmt::format("sensor/{}/0/20/{}", clamp.sid, start),
                                 fmt::format("sensor/{}/0/8/{}", clamp.sid, start + 1'048'576)});
  CHECK(house.read(clamp) == truth[clamp]);
  CHECK(house.notices.empty());
}

TEST_CASE("points between two times are read, from files and from memory, at the very second") {
  MemoryDisk disk;
  House house(disk, at_once());
  house.live(start, start + 3 * 4'096 + 700);
  const std::vector<Point> all = house.read(clamp);
  REQUIRE(all.size() > 1'000);
  Dice dice(5);
  for (int i = 0; i < 300; ++i) {
    const std::int64_t from = start - 100 + dice.below(14'000), to = start - 100 + dice.below(14'000);
    std::vector<Point> expected;
    for (const Point& point : all)
      if (point.time >= from && point.time < to) expected.push_back(point);
    INFO(from << " to " << to);
    REQUIRE(house.read(clamp, from, to) == expected);
  }
  CHECK(house.read(clamp, all[7].time, all[8].time) == std::vector<Point>{all[7]});
  CHECK(house.read({"ffffffffffffffffffffffffffffffff", 0}).empty());
  CHECK(house.read({"../../../etc/passwd", 0}).empty());
}

TEST_CASE("a reporter that asks for what is later than its last point gets each point once") {
  MemoryDisk disk;
  House house(disk, at_once());
  std::vector<Point> sent;
  Dice dice(6);
  for (std::int64_t now = start; now < start + 9'000; ++now) {
    for (const auto& [series, point] : readings_at(now)) house.history.add(series, point);
    house.tick(now);
    if (dice.below(200) != 0) continue;
    // A few points; meanwhile the history goes on.
    auto stream = house.history.points_since(dense, sent.empty() ? 0 : sent.back().time);
    Point point;
    for (unsigned left = dice.below(400); left != 0 && stream.next(point); --left) {
      sent.push_back(point);
      if (dice.below(50) != 0) continue;
      ++now;
      for (const auto& [series, its_point] : readings_at(now)) house.history.add(series, its_point);
      house.tick(now);
    }
  }
  for (const Point& point : house.history.points_since(dense, sent.back().time)) sent.push_back(point);
  CHECK(sent == house.read(dense));
  CHECK(sent.size() > 1'000);
}

TEST_CASE("a stream that has read an open block gives what is added to it, before it goes on") {
  MemoryDisk disk;
  House house(disk);
  std::vector<Point> all = {{start + 1, 1'000}, {start + 2, 2'000}};
  for (const Point& point : all) house.history.add(clamp, point);
  auto stream = house.history.points_since(clamp, 0);
  Point point;
  std::vector<Point> read;
  while (stream.next(point)) read.push_back(point);
  CHECK(read == all);
  for (const Point& more : {Point{start + 3, 3'000}, Point{start + 300, 4'000}}) {
    all.push_back(more);
    house.history.add(clamp, more);
  }
  house.tick(start + 300);  // closes the first block
  while (stream.next(point)) read.push_back(point);
  CHECK(read == all);
}

TEST_CASE("the last point before a time is found, in files and in memory") {
  MemoryDisk disk;
  House house(disk, at_once());
  house.live(start, start + 2'000);
  house.live(start + 9'000, start + 10'000);
  house.live(start + 70'000, start + 70'300);
  for (const Series& series : {clamp, dense}) {
    const std::vector<Point> all = house.read(series);
    for (std::int64_t time = start - 10; time < start + 70'400; time += 13) {
      const auto after =
          std::find_if(all.begin(), all.end(), [&](const Point& point) { return point.time >= time; });
      INFO(time - start);
      REQUIRE(house.history.last_before(series, time) ==
              (after == all.begin() ? std::nullopt : std::optional(*std::prev(after))));
    }
  }
  CHECK_FALSE(house.history.last_before({"ffffffffffffffffffffffffffffffff", 0}, start));
}

TEST_CASE("the newest point is known, in memory and after a start") {
  MemoryDisk disk;
  {
    House house(disk);
    CHECK_FALSE(house.history.newest(clamp));
    house.history.add(clamp, {start + 5, 1'000});
    CHECK(house.history.newest(clamp) == Point{start + 5, 1'000});
    house.tick(start + 300);
    CHECK(house.history.newest(clamp) == Point{start + 5, 1'000});
  }
  House again(disk);
  CHECK(again.history.newest(clamp) == Point{start + 5, 1'000});
}

TEST_CASE("a clock that is not set is stored nowhere") {
  MemoryDisk disk;
  House house(disk);
  CHECK(house.history.add(clamp, {17, 1'000}) == History::Taken::clock_not_set);
  CHECK(house.history.add(clamp, {1'234'567'889, 1'000}) ==
        History::Taken::clock_not_set);  // stock's TIMESTAMP_MIN
  house.tick(40);
  CHECK(house.history.add(clamp, {1'234'567'890, 1'000}) == History::Taken::stored);
  house.tick(1'234'567'890);
  CHECK(house.read(clamp).size() == 1);
}

TEST_CASE("a clock set back an hour changes nothing on disk, and costs that hour only where it is on disk") {
  MemoryDisk disk;
  House house(disk, at_once());
  house.live(start, start + 7'200);
  const auto before = house.read(clamp);
  const auto files = disk.files("sensor/");
  // An hour back: all its blocks of 256 s are on disk but the last one, which is open.
  for (std::int64_t now = start + 3'601; now < start + 7'200 + 600; now += 20) {
    const auto taken = house.history.add(clamp, {now, 1'000'000'000 + now});
    house.tick(now);
    if (now < start + 7'190) CHECK(taken == History::Taken::late);
    if (now > start + 7'200) CHECK(taken == History::Taken::stored);
  }
  auto after = house.read(clamp);
  CHECK(after.size() == before.size() + 30);
  after.resize(before.size());
  CHECK(after == before);
  CHECK(house.history.late_points() == 180);  // one each 20 s of an hour
  CHECK(house.count(Notice::Kind::late_points) == 1);
}

TEST_CASE("a clock set back to a time that is not on disk keeps its points, in order") {
  MemoryDisk disk;
  House house(disk);
  house.history.add(clamp, {start + 100'000, 9'000});
  house.tick(start + 100'000);
  house.history.add(clamp, {start + 500, 1'000});
  house.tick(start + 500);
  house.history.add(clamp, {start + 501, 2'000});
  house.tick(start + 900);
  CHECK(house.read(clamp) ==
        std::vector<Point>{{start + 500, 1'000}, {start + 501, 2'000}, {start + 100'000, 9'000}});
  CHECK(house.history.newest(clamp) == Point{start + 100'000, 9'000});
  CHECK(house.history.late_points() == 0);
}

TEST_CASE(
    "a clock that is a month ahead for five minutes compacts nothing, and costs nothing but the open block") {
  MemoryDisk disk;
  House house(disk);
  house.live(start, start + 5'000);
  const std::int64_t ahead = 30 * 86'400;
  house.live(start + 5'000 + ahead, start + 5'300 + ahead);
  CHECK(disk.files(fmt::format("sensor/{}/0/12/", clamp.sid)).size() == 1);  // 0 to 4096 s, by right
  CHECK(disk.files(fmt::format("sensor/{}/0/20/", clamp.sid)).empty());
  house.live(start + 5'300, start + 9'000);
  std::size_t expected = 0;
  for (std::int64_t now = start; now < start + 9'000; ++now)
    if ((now < start + 5'000 || now >= start + 5'300)) expected += now % 18 == 0 || now % 31 == 0 ? 1u : 0u;
  // The block that was open when the clock was set ahead, 4864 to 5120 s, was closed then.
  CHECK(house.read(clamp, 0, start + 10'000).size() == expected);
  CHECK(house.read(clamp, start + ahead).size() > 20);
}

TEST_CASE("a full disk loses nothing that is in memory, is reported once, and is caught up") {
  MemoryDisk disk;
  House house(disk, at_once());
  house.live(start, start + 1'000);
  disk.fail = [](const char* operation, const std::string&) {
    return std::string(operation) == "write" ? ENOSPC : 0;
  };
  house.live(start + 1'000, start + 6'000);
  CHECK(house.count(Notice::Kind::disk_failed) == 2);  // the journal; closing
  CHECK_THAT(house.notices.front().text, Contains("No space left on device; it is tried again"));
  CHECK(house.count(Notice::Kind::disk_works) == 0);
  CHECK(house.count(Notice::Kind::removed) == 0);  // there is nothing old enough to be given up for place
  disk.fail = nullptr;
  house.live(start + 6'000, start + 7'000);
  CHECK(house.count(Notice::Kind::disk_works) == 2);
  Points truth;
  for (std::int64_t now = start; now < start + 7'000; ++now)
    for (const auto& [series, point] : readings_at(now)) truth[series].push_back(point);
  CHECK(points_of(house.history) == truth);
  CHECK(points_on(disk) == truth);
}

TEST_CASE("a disk that fails now and then, and writes little at a time, loses nothing") {
  MemoryDisk disk;
  disk.writes_little = true;
  Dice dice(8);
  disk.fail = [&](const char* operation, const std::string&) {
    return std::string(operation) != "list" && dice.below(20) == 0 ? (dice.below(2) == 0 ? EIO : ENOSPC) : 0;
  };
  Points truth;
  bool begun = false;
  while (!begun) try {
      House house(disk, at_once());
      begun = true;
      for (std::int64_t now = start; now < start + 20'000; ++now) {
        for (const auto& [series, point] : readings_at(now)) {
          truth[series].push_back(point);
          REQUIRE(house.history.add(series, point) == History::Taken::stored);
        }
        house.tick(now);
      }
      CHECK(house.count(Notice::Kind::damaged_block) == 0);
      disk.fail = nullptr;
      for (std::int64_t now = start + 20'000; now < start + 20'040; ++now) house.tick(now);
      CHECK(points_of(house.history) == truth);
    } catch (const DiskError&) {
    }
  CHECK(points_on(disk) == truth);
}

TEST_CASE("readings that wait for the disk have a limit, which is reported once") {
  MemoryDisk disk;
  HistoryOptions options;
  options.open_points = 500;
  House house(disk, options);
  disk.fail = [](const char*, const std::string& path) { return path == "new" ? EROFS : 0; };
  int dropped = 0;
  for (std::int64_t now = start; now < start + 1'000; ++now) {
    dropped += house.history.add(dense, {now, now}) == History::Taken::memory_full ? 1 : 0;
    house.tick(now);
  }
  CHECK(dropped == 500);
  CHECK(house.history.points_in_memory() == 500);
  CHECK(house.count(Notice::Kind::memory_full) == 1);
  disk.fail = nullptr;
  house.live(start + 1'000, start + 1'020);
  CHECK(house.history.points_in_memory() < 100);
}

TEST_CASE("above its limit the history loses its oldest blocks, the largest ones first") {
  MemoryDisk disk;
  const auto put = [&](const Series& series, int level, std::int64_t at) {
    const BlockId id{level, at};
    disk.put(path_of(series, id), encode(R"({"rid":0})", std::vector<Point>{{at, 0}, {at + 1, 1'000}}));
  };
  put(clamp, 20, start);
  put(clamp, 20, start + 1'048'576);
  put(dense, 20, start + 1'048'576);
  put(dense, 16, start);  // older than a larger one, and yet later
  put(dense, 12, start + 65'536);
  put(dense, 8, start + 2 * 65'536);
  const std::uint64_t size = House(disk).history.bytes_on_disk() / 6;
  std::vector<std::string> expected = disk.files("sensor/");
  HistoryOptions options;
  for (const auto& [series, id] : std::vector<std::pair<Series, BlockId>>{{clamp, {20, start}},
                                                                          {dense, {20, start + 1'048'576}},
                                                                          {clamp, {20, start + 1'048'576}},
                                                                          {dense, {16, start}},
                                                                          {dense, {12, start + 65'536}}}) {
    options.limit_bytes = expected.size() * size - size / 2;
    House house(disk, options);
    house.tick(start);
    expected.erase(std::find(expected.begin(), expected.end(), path_of(series, id)));
    CHECK(disk.files("sensor/") == expected);
    CHECK(house.count(Notice::Kind::removed) == 1);
  }
}

TEST_CASE("a file system without place loses the oldest large blocks, and never the last 18 hours") {
  MemoryDisk disk;
  for (const int level : levels) {
    const std::int64_t at = start + (20 - level) * 1'048'576;
    disk.put(path_of(clamp, {level, at}), encode("{}", std::vector<Point>{{at, 0}}));
  }
  House house(disk);
  disk.free = 1'000;
  for (std::int64_t now = start; now < start + 200; ++now) house.tick(now);
  CHECK(disk.files("sensor/") == std::vector<std::string>{path_of(clamp, {12, start + 8 * 1'048'576}),
                                                          path_of(clamp, {8, start + 12 * 1'048'576})});
  CHECK(house.count(Notice::Kind::removed) == 2);
}

TEST_CASE("damaged blocks are compacted as far as they go, kept aside, and reported once") {
  MemoryDisk disk;
  const auto points = [](std::int64_t at) {
    return std::vector<Point>{{at, 1'000}, {at + 9, 2'000}, {at + 20, 4'000}};
  };
  const auto put = [&](std::int64_t at, std::string bytes) {
    disk.put(path_of(clamp, {8, at}), std::move(bytes));
  };
  const std::string good = encode("{}", points(start + 256));
  std::string text = gunzip(encode("{}", points(start)));
  text.replace(text.find("[0,9,11]"), 8, "[0,9,,1]");
  put(start, gzip(text));  // readable up to its second point
  put(start + 256, good);
  put(start + 512, good);  // another block's bytes
  put(start + 768, "");    // nothing
  put(start + 1'024, encode(R"({"id":"ffffffffffffffffffffffffffffffff"})", points(start + 1'024)));
  put(start + 1'280, gzip(gunzip(encode("{}", points(start + 1'280))).replace(12, 2, "{]")));  // no cfg
  disk.put(fmt::format("sensor/{}/0/8/notes.txt", clamp.sid), "x");
  House house(disk, at_once());
  CHECK(house.count(Notice::Kind::odd_file) == 1);
  const std::vector<Point> expected = {{start, 1'000},         {start + 9, 2'000},    {start + 256, 1'000},
                                       {start + 265, 2'000},   {start + 276, 4'000},  {start + 1'280, 1'000},
                                       {start + 1'289, 2'000}, {start + 1'300, 4'000}};
  CHECK(house.read(clamp) == expected);
  CHECK(house.read(clamp) == expected);
  CHECK(house.count(Notice::Kind::damaged_block) == 5);
  house.tick(start + 5'000);
  CHECK(disk.files("sensor/") == std::vector<std::string>{path_of(clamp, {12, start}),
                                                          fmt::format("sensor/{}/0/8/notes.txt", clamp.sid)});
  CHECK(disk.files("damaged/").size() == 5);
  CHECK(house.read(clamp) == expected);
  const auto id = BlockId{12, start};
  const auto bytes = house.history.block(clamp, id);
  REQUIRE(bytes);
  CHECK_FALSE(decode(*bytes, id).damage);
}

TEST_CASE("a newest block that nobody can read is set aside at the start, and its time is free again") {
  MemoryDisk disk;
  const BlockId id{8, start};
  disk.put(path_of(clamp, id), std::string("\x1f\x8b\x08\x00", 4));
  House house(disk);
  CHECK(disk.files("sensor/").empty());
  CHECK(disk.files("damaged/") ==
        std::vector<std::string>{fmt::format("damaged/{}-0-8-{}", clamp.sid, start)});
  CHECK_THAT(house.notices.back().text,
             EndsWith(fmt::format("is moved to damaged/{}-0-8-{}", clamp.sid, start)));
  CHECK(house.history.add(clamp, {start + 5, 0}) == History::Taken::stored);
}

TEST_CASE("children of a parent are removed at the start") {
  MemoryDisk disk;
  disk.put(path_of(clamp, {12, start}),
           encode("{}", std::vector<Point>{{start + 1, 0}, {start + 300, 5'000}}));
  disk.put(path_of(clamp, {8, start}), encode("{}", std::vector<Point>{{start + 1, 0}}));
  disk.put(path_of(clamp, {8, start + 4'096}), encode("{}", std::vector<Point>{{start + 4'097, 0}}));
  House house(disk);
  CHECK(disk.files("sensor/") ==
        std::vector<std::string>{path_of(clamp, {12, start}), path_of(clamp, {8, start + 4'096})});
}

TEST_CASE("a parent is never overwritten by what could not be removed of its children") {
  MemoryDisk disk;
  House house(disk, at_once());
  house.live(start, start + 4'096);
  const Points all = points_of(house.history);
  int removed = 0;
  disk.fail = [&](const char* operation, const std::string& path) {
    return std::string(operation) == "remove" && path.find("/8/") != path.npos && ++removed > 3 ? EIO : 0;
  };
  house.live(start + 4'096, start + 4'200);
  disk.fail = nullptr;
  house.live(start + 4'200, start + 5'000);
  for (const auto& [series, points] : all) {
    for (const BlockId id : house.history.blocks_after(series, {}))
      CHECK((id.level == 12 || id.start >= start + 4'096));
    CHECK(house.read(series, 0, start + 4'096) == points);
  }
}

TEST_CASE("what a reader lacks is every block that ends after his, the large ones first") {
  MemoryDisk disk;
  for (const BlockId id : {BlockId{20, start},
                           {16, start + 1'048'576},
                           {12, start + 1'048'576 + 65'536},
                           {12, start + 1'048'576 + 69'632},
                           {8, start + 1'048'576 + 73'728}})
    disk.put(path_of(kube, id), encode("{}", std::vector<Point>{{id.start, 0}}));
  House house(disk);
  const std::vector<BlockId> all = house.history.blocks_after(kube, {});
  CHECK(all.size() == 5);
  CHECK(all.front() == BlockId{20, start});
  // A parent that ends with the block that he has, or before it, is none.
  CHECK(house.history.blocks_after(kube, {8, start + 1'048'576 - 256}) ==
        std::vector<BlockId>(all.begin() + 1, all.end()));
  CHECK(house.history.blocks_after(kube, {8, start + 1'048'576 - 512}) == all);
  CHECK(house.history.blocks_after(kube, all.back()).empty());
  CHECK(house.history.blocks_after(clamp, {}).empty());
  CHECK(house.history.block(kube, all[1]) == disk.bytes(path_of(kube, all[1])));
  CHECK_FALSE(house.history.block(kube, {8, start}));
  CHECK_FALSE(house.history.block(kube, {9, start}));
}

TEST_CASE("everything can be closed at once, and what was open stays open without") {
  MemoryDisk disk;
  Points all;
  {
    House house(disk);
    house.live(start, start + 100);
    house.history.sync();
    all = points_of(house.history);
  }
  House house(disk);
  CHECK(house.history.points_in_memory() > 5);
  CHECK(points_of(house.history) == all);
  house.tick(start + 100);
  CHECK(disk.files("sensor/").empty());
  house.history.close_all();
  house.work();
  CHECK(house.history.points_in_memory() == 0);
  CHECK(disk.files("sensor/").size() == 3);
  CHECK(house.history.add(clamp, {start + 101, 0}) == History::Taken::late);
}

TEST_CASE("the parameters of an open block survive a crash, and a block has the last ones") {
  MemoryDisk disk;
  {
    House house(disk);
    house.history.describe(clamp, R"({"function":"old"})");
    house.history.add(clamp, {start, 0});
    house.tick(start + 1);
    house.history.describe(clamp, R"({"function":"new"})");
    house.history.add(clamp, {start + 11, 0});
    house.tick(start + 11);
  }
  House house(disk);
  house.tick(start + 300);
  REQUIRE(house.blocks.size() == 1);
  CHECK_THAT(gunzip(house.blocks[0].second), Contains(R"("cfg":{"function":"new"})"));
}

TEST_CASE("a journal of anything is read as far as it is one") {
  MemoryDisk disk;
  {
    House house(disk);
    house.live(start, start + 200);
  }
  const std::string whole = disk.bytes("journal");
  const auto all = points_on(disk);
  Dice dice(9);
  for (int i = 0; i < 500; ++i) {
    std::string bytes = whole;
    if (i % 3 == 0)
      bytes.resize(dice.below(static_cast<unsigned>(bytes.size())));
    else
      bytes[dice.below(static_cast<unsigned>(bytes.size()))] ^= static_cast<char>(1 + dice.below(255));
    MemoryDisk other;
    other.put("journal", bytes);
    House house(other);
    for (const auto& [series, points] : points_of(house.history)) {
      REQUIRE(points.size() <= all.at(series).size());
      REQUIRE(std::equal(points.begin(), points.end(), all.at(series).begin()));
    }
    if (i % 3 != 0) REQUIRE(house.count(Notice::Kind::torn_journal) == 1);
  }
}

TEST_CASE("a series has an id of 32 hex digits and a rid that is not negative") {
  MemoryDisk disk;
  House house(disk);
  for (const Series& wrong : {Series{"", 0},
                              {"../x", 0},
                              {"0123456789ABCDEF0123456789abcdef", 0},
                              {"0123456789abcdef0123456789abcdef", -1}}) {
    CHECK_THROWS_WITH(house.history.add(wrong, {start, 0}),
                      Contains("allowed: 32 lower-case hex digits, and 0 or more"));
    CHECK_THROWS_AS(house.history.describe(wrong, "{}"), std::invalid_argument);
  }
  CHECK_THROWS_WITH(house.history.describe(clamp, "[]"), Contains("no JSON object"));
}

TEST_CASE("one process at a time has a history, and a file system does what a disk must") {
  const TemporaryFolder folder;
  const std::string root = (folder.path() / "a" / "history").string();
  {
    PosixDisk disk(root);
    CHECK_THROWS_WITH(PosixDisk(root),
                      EndsWith("another process keeps its history here; allowed: one at a time"));
    History history(disk, at_once(), {});
    for (std::int64_t now = start + 4'096 - 600; now < start + 4'096 + 60; ++now) {
      for (const auto& [series, point] : readings_at(now)) history.add(series, point);
      if (now % 30 == 0) history.tick(now);
      while (history.step()) {
      }
    }
    CHECK(history.blocks_after(clamp, {}) == std::vector<BlockId>{{12, start}});
    CHECK(std::filesystem::file_size(root + "/" + path_of(clamp, {12, start})) ==
          history.block(clamp, {12, start})->size());
    CHECK(disk.free_bytes() > 0);
    CHECK_THROWS_WITH(disk.read("none"), EndsWith("none: no such file"));
    CHECK_THROWS_WITH(disk.read("sensor"), EndsWith("sensor: is a folder"));
    CHECK_THROWS_WITH(disk.create("none/x"), EndsWith("no such file"));
    CHECK(disk.list("none").empty());
  }
  PosixDisk disk(root);
  History history(disk, {}, {});
  CHECK(history.newest(dense).has_value());
  CHECK_THROWS_AS(PosixDisk("/proc/none"), flm::InputError);
}
