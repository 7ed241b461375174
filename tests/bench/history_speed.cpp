// What the history costs on this machine: speed of blocks, bytes a reading, bytes written a day, a year from
// disk.
//   history_speed FIELD_DATA [FIGURES.json]       exit 1 when a budget is broken
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/bench/figure_table.hpp"
#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/history/made_up_house.hpp"
#include "tests/tools/history/memory_disk.hpp"
#include "tests/tools/history/text.hpp"
#include "tools/history/history.hpp"

using namespace flm::history;

namespace {

/// s of processor time: others use the machine as well.
double processor_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// The best of seven, in millions of readings a second.
template <class Work>
double speed(std::size_t readings, int rounds, Work work) {
  double best = 0;
  for (int i = 0; i < 7; ++i) {
    const double begin = processor_time();
    for (int round = 0; round < rounds; ++round) work();
    best = std::max(best, static_cast<double>(readings) * rounds / 1e6 / (processor_time() - begin));
  }
  return best;
}

/// What eight counters that change each second cost in 18.2 h, from the first level to the third.
struct Written {
  std::uint64_t bytes = 0, pages = 0, syncs = 0;  ///< a day
};
Written written_a_day() {
  test::MemoryDisk disk;
  HistoryOptions options;
  options.settle_s = 0;
  History history(disk, options, {});
  test::Dice dice(1);
  constexpr std::int64_t span = 65'536, start = 1'404'043'264 / span * span;
  Milli counters[8] = {};
  std::uint64_t largest = 0;
  for (std::int64_t now = start; now < start + span + 100; ++now) {
    if (now < start + span)
      for (int i = 0; i < 8; ++i)
        history.add({fmt::format("{:032x}", i), 0}, {now, counters[i] += 1'000 * (1 + dice.below(2))});
    history.tick(now);
    while (history.step()) {
    }
  }
  for (const Series& series : history.series())
    for (const BlockId id : history.blocks_after(series, {})) largest += history.block(series, id)->size();
  // Sixteen of these blocks are written once more, as one.
  const double days = static_cast<double>(span) / 86'400;
  const auto a_day = [&](std::uint64_t count) {
    return static_cast<std::uint64_t>(static_cast<double>(count) / days);
  };
  return {a_day(disk.bytes_written + largest), a_day(disk.pages_written + largest / 4096), a_day(disk.syncs)};
}

/// ms from a cold start to a year's days: 30 files of 12.1 days.
struct Year {
  double wall = 1e9, processor = 1e9;
};
Year year_by_the_day(const std::vector<Point>& day, const std::string& cfg, std::size_t& readings) {
  const TemporaryFolder folder;
  const std::string root = (folder.path() / "history").string();
  const Series series{"fed676021dacaaf6a12a8dda7685be34", 0};
  constexpr std::int64_t span = 1 << 20, first = 1'404'043'264 / span * span;
  Point last;
  for (int block = 0; block < 30; ++block) {
    std::vector<Point> points;
    const std::int64_t start = first + block * span;
    for (int part = 0; part < 16; ++part)
      for (const Point& point : day) {
        last.value += 1'000;
        last.time = start + part * 65'536 + (point.time - day.front().time);
        points.push_back(last);
      }
    PosixDisk disk(root);
    Shelf(disk, [](const std::string&) {}).put(series, {20, start}, encode(cfg, points));
  }
  Year best;
  for (int round = 0; round < 9; ++round) {
    // Out of the system's cache, as after a start.
    for (const auto& file : std::filesystem::recursive_directory_iterator(root))
      if (const int handle = open(file.path().c_str(), O_RDONLY); handle >= 0) {
        fdatasync(handle);
        posix_fadvise(handle, 0, 0, POSIX_FADV_DONTNEED);
        close(handle);
      }
    const auto begin = std::chrono::steady_clock::now();
    const double work = processor_time();
    PosixDisk disk(root);
    History history(disk, {}, {});
    std::vector<Milli> days;
    std::int64_t next_day = 0;
    readings = 0;
    Point before;
    for (const Point& point : history.points(series, first, first + 365 * 86'400)) {
      if (point.time >= next_day) {
        days.push_back(before.value);
        next_day = point.time / 86'400 * 86'400 + 86'400;
      }
      before = point;
      ++readings;
    }
    best.processor = std::min(best.processor, 1e3 * (processor_time() - work));
    best.wall =
        std::min(best.wall,
                 std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    if (days.size() < 364) fmt::print("FAILED: a year of {} days\n", days.size());
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    fmt::print(stderr, "usage: history_speed FIELD_DATA [FIGURES.json]\n");
    return 2;
  }
  // 18 hours of a house's main clamp; its v is repaired while it is read.
  const BlockId id{16, 1'404'043'264};
  std::ifstream in(fmt::format("{}/tmpo/fed676021dacaaf6a12a8dda7685be34/0/16/{}", argv[1], id.start),
                   std::ios::binary);
  const std::string stock(std::istreambuf_iterator<char>(in), {});
  const Block block = decode(stock, id);
  if (block.points.size() != 8151) {
    fmt::print(stderr, "history_speed: no tmpo/fed676021dacaaf6a12a8dda7685be34/0/16/1404043264 in {}\n",
               argv[1]);
    return 2;
  }
  const std::string cfg = block.header.substr(7, block.header.find(",\"tail\"") - 7);
  const std::vector<Point>& points = block.points;
  const std::string bytes = encode(cfg, points), text = test::gunzip(bytes);

  flm::bench::FigureTable table("history", "History on this machine, one core");
  std::size_t sum = 0;
  table.at_least("decode", "block to points, all checks", "", 20,
                 speed(points.size(), 100,
                       [&] {
                         BlockReader reader(bytes, id);
                         Point chunk[1024];
                         for (std::size_t n; (n = reader.read(chunk)) != 0;) sum += n;
                       }),
                 "million readings/s");
  table.plain("encode", "points to block, gzip of level 9", "",
              speed(points.size(), 20, [&] { sum += encode(cfg, points).size(); }), "million readings/s");
  table.plain("zlib", "of which zlib alone", "", speed(points.size(), 20, [&] { sum += gzip(text).size(); }),
              "million readings/s");
  const auto each = [&](std::size_t size) {
    return static_cast<double>(size) / static_cast<double>(points.size());
  };
  // Stock's own is the same block with 255 values twice.
  table.at_most("text", "18 hours of a clamp, unpacked",
                fmt::format("{:.2f} B/reading", each(test::gunzip(stock).size())),
                each(test::gunzip(stock).size()), each(text.size()), "B/reading");
  table.at_most("gzip", "18 hours of a clamp, packed", fmt::format("{:.3f} B/reading", each(stock.size())),
                each(stock.size()), each(bytes.size()), "B/reading");
  const Written written = written_a_day();
  table.at_most("written", "written a day, eight counters changing each second", "", 6,
                static_cast<double>(written.bytes) / 1e6, "MB");
  table.plain("pages", "the same in whole pages of 4096 bytes", "",
              static_cast<double>(written.pages) * 4096 / 1e6, "MB");
  table.plain("syncs", "waits for the disk a day", "", static_cast<double>(written.syncs), "");
  std::size_t readings = 0;
  const Year year = year_by_the_day(points, cfg, readings);
  table.at_most("year", "a year of one sensor by the day, cold", "", 50, year.processor, "ms");
  table.plain("year_wall", "the same on the clock, other programs included", "", year.wall, "ms");
  table.plain("year_readings", "of which readings", "", static_cast<double>(readings) / 1e6, "million");
  if (argc == 3) flm::bench::save(argv[2]);
  if (sum == 0) return 1;
  return flm::bench::broken() == 0 ? 0 : 1;
}
