// TMPO blocks: any bytes as a block's gzip, and as its text:
//   1. The points that are read are in the order of their times, within the block, and no more than its span
//   has seconds.
//   2. Without damage the first and the last are the header's head and tail, and the points written again
//   read the same.
//   3. A piece of a block gives the first points of the whole.
//   4. A block with any points that can be read has a parent with just these points, and that has no damage.
// Any bytes as a packed block's text:
//   7. Points as in 1, none with damage; without, they come back when they are packed again.
// And any bytes as a journal, and as cfg:
//   5. A journal gives series that can be; what is written after it reads the same.
//   6. What is taken as cfg is JSON, without the text by which readers find the times.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/fuzz/promise.hpp"
#include "tests/tools/history/memory_disk.hpp"
#include "tools/history/compaction.hpp"
#include "tools/history/disk/point_journal.hpp"
#include "tools/history/packed_block.hpp"

using namespace flm;
using namespace flm::history;
using fuzz::promise;

namespace {

constexpr std::int64_t start = 1'404'043'264;  // of a block of each level up to 16

void block(const std::string& gzip_bytes, BlockId id) {
  const Block found = decode(gzip_bytes, id);
  promise(found.points.size() <= static_cast<std::size_t>(id.span()), "1: no more points than seconds");
  promise(std::is_sorted(found.points.begin(), found.points.end(),
                         [](Point a, Point b) { return a.time <= b.time; }) ||
              found.points.size() < 2,
          "1: points are in order");
  for (const Point& point : found.points) promise(id.holds(point.time), "1: points are within the block");
  BlockReader reader(gzip_bytes, id);
  if (!found.damage) {
    promise(!found.points.empty(), "2: a block without damage has a point");
    promise(found.points.front() == reader.head() && found.points.back() == reader.tail(),
            "2: head and tail are the header's");
    const Block again = decode(encode("{}", found.points), id);
    promise(!again.damage && again.points == found.points, "2: what is written again reads the same");
  }
  if (id.level == 20) return;
  Compaction compaction(id.parent(), {id}, [&](BlockId) { return gzip_bytes; });
  while (!compaction.step()) {
  }
  promise(compaction.bytes().empty() == found.points.empty(), "4: a parent is there when there are points");
  promise(compaction.damaged().empty() == !found.damage, "4: damage is told");
  if (found.points.empty()) return;
  const Block parent = decode(compaction.bytes(), id.parent());
  promise(parent.points == found.points, "4: a parent has its children's points");
  promise(!parent.damage, "4: a parent has no damage");
}

void packed(const std::string& text, BlockId id) {
  GzipWriter writer(quick_effort, "FP");
  writer.put(text, true);
  PackedReader reader(writer.bytes(), id);
  std::vector<Point> points, some(700);
  while (const std::size_t count = reader.read(some))
    points.insert(points.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
  promise(points.empty() == reader.damage().has_value(), "7: points, or damage");
  if (points.empty()) return;
  for (std::size_t i = 0; i < points.size(); ++i)
    promise(id.holds(points[i].time) && (i == 0 || points[i - 1].time < points[i].time),
            "7: points are in order");
  promise(points.back() == reader.tail(), "7: the last point is known before");
  PackedReader again(pack(id, points), id);
  std::vector<Point> same(points.size() + 1);
  promise(again.read(same) == points.size() && std::equal(points.begin(), points.end(), same.begin()),
          "7: what is packed again reads the same");
}

void journal(const std::string& bytes) {
  test::MemoryDisk disk;
  disk.put("journal", bytes);
  std::vector<Journal::Entry> entries;
  {
    Journal read(disk);
    read.replay([&](const Journal::Entry& entry) { entries.push_back(entry); });
    for (const Journal::Entry& entry : entries) promise(is_right(entry.series), "5: a series can be one");
    read.restart(entries);
    read.append(entries);
  }
  std::vector<Journal::Entry> again;
  Journal read(disk);
  promise(read.replay([&](const Journal::Entry& entry) { again.push_back(entry); }) == 0,
          "5: what is written is whole");
  const auto points = [](const std::vector<Journal::Entry>& all) {
    std::vector<Point> result;
    for (const Journal::Entry& entry : all)
      result.insert(result.end(), entry.points.begin(), entry.points.end());
    return result;
  };
  std::vector<Point> twice = points(entries);
  const std::size_t count = twice.size();
  twice.resize(2 * count);
  std::copy_n(twice.begin(), count, twice.begin() + static_cast<std::ptrdiff_t>(count));
  promise(points(again) == twice, "5: what is written reads the same");
}

void cfg(const std::string& text) {
  try {
    const std::string checked = checked_cfg(text);
    promise(nlohmann::json::parse(checked) == nlohmann::json::parse(text), "6: cfg says the same");
    promise(checked.find("\"t\":[") == checked.npos, "6: cfg has no times");
  } catch (const std::invalid_argument&) {
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const BlockId id = BlockId::at(8 + 4 * (data[0] % 3), start);
  switch (data[0] / 3 % 5) {
    case 0: block(bytes, id); break;
    case 1: {
      block(gzip(bytes), id);
      const Block whole = decode(gzip(bytes), id);
      const Block piece = decode(gzip(bytes.substr(0, bytes.size() / 2)), id);
      // Whether v is too long is only known of the whole.
      if (!whole.damage || whole.damage->fault != Fault::repeated_joins)
        promise(piece.points.size() <= whole.points.size() + 1 || whole.damage,
                "3: a piece has no more points");
      break;
    }
    case 4: packed(bytes, id); break;
    case 2: journal("flmjrn1\n" + bytes); break;
    default: cfg(bytes);
  }
  return 0;
}
