#include "tools/history/packed_block.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <vector>

#include "tests/tools/history/text.hpp"

using namespace flm::history;
using flm::history::test::gunzip;

namespace {

constexpr BlockId sixteen{16, 1'404'043'264};

std::vector<Point> read_all(std::string_view gzip, BlockId id, std::size_t at_once = 1'000) {
  PackedReader reader(gzip, id);
  std::vector<Point> points, some(at_once);
  while (const std::size_t count = reader.read(some))
    points.insert(points.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
  return points;
}

/// A counter that is read each second, and counts a Wh now and then.
std::vector<Point> counter(int count) {
  std::mt19937 random(3);
  std::vector<Point> points{{sixteen.start, 942'856'000}};
  while (points.size() < static_cast<std::size_t>(count))
    points.push_back({points.back().time + 1, points.back().value + (random() % 7 == 0 ? 1'000 : 0)});
  return points;
}

std::string with_mark(std::string_view text) {
  GzipWriter writer(stock_effort, "FP");
  writer.put(text, true);
  return std::move(writer.bytes());
}

}  // namespace

TEST_CASE("a packed block's numbers are those of the table") {
  const std::int64_t at = sixteen.start + 300;
  const std::string gzip =
      pack(sixteen, std::vector<Point>{{at, -5'000}, {at + 1, -5'000}, {at + 2, -4'900}, {at + 12, -6'900}});
  CHECK(is_packed(gzip));
  // unit 2, 4 points, 300 = 0x12C, -5000 as 9999 = 0x270F, -19 as 37; 2 steps of 1 s, 1 of 10 s; 2 changes;
  // one point stands, then none; +1 as 2, -20 as 39.
  CHECK(gunzip(gzip) == std::string("\x02\x04\xac\x02\x8f\x4e\x25\x01\x02\x0a\x01\x02\x01\x00\x02\x27", 16));
  CHECK(gzip.substr(10, 6) == std::string("\x04\0FP\0\0", 6));  // RFC 1952, 2.3.1.1
}

TEST_CASE("points come back, however many are read at once") {
  constexpr Milli highest = std::numeric_limits<Milli>::max(), lowest = std::numeric_limits<Milli>::min();
  const std::int64_t start = sixteen.start, last = sixteen.end() - 1;
  std::vector<Point> random_points{{start + 7, 0}};
  std::mt19937_64 random(5);
  while (random_points.back().time < last - 100)
    random_points.push_back({random_points.back().time + 1 + static_cast<std::int64_t>(random() % 90),
                             static_cast<Milli>(random() >> random() % 64) * (random() % 2 == 0 ? 1 : -1)});
  const std::vector<Point> all[] = {
      {{start, 0}},
      {{last, lowest}},
      {{start, highest}, {last, lowest}},
      {{start, lowest}, {start + 1, highest}, {start + 2, 0}, {start + 3, 0}},
      {{start, 5}, {start + 1, 1'000'005}, {start + 2, 2'000'005}, {last, 2'000'005}},
      {{start, 0}, {start + 1, 1}, {start + 3, 1}, {start + 6, 10'000'000}},
      counter(65'536),
      random_points,
  };
  for (const std::vector<Point>& points : all) {
    const std::string gzip = pack(sixteen, points);
    CHECK_FALSE(PackedReader(gzip, sixteen).damage());
    CHECK(PackedReader(gzip, sixteen).tail() == points.back());
    for (const std::size_t at_once : {1u, 2u, 1'000u, 100'000u})
      CHECK(read_all(gzip, sixteen, at_once) == points);
  }
  using Points = std::vector<Point>;
  for (const Points& wrong : {Points{}, Points{{start, 0}, {start, 1}}, Points{{start + 1, 0}, {start, 0}},
                              Points{{start - 1, 0}}, Points{{last + 1, 0}}})
    CHECK_THROWS_AS(pack(sixteen, wrong), std::invalid_argument);
}

TEST_CASE("a packed block is half of a TMPO block at the most") {
  // What a fridge takes: 90 W for 12 minutes, 3 W for 25.
  std::vector<Point> points;
  std::int64_t millionths = 0;
  for (std::int64_t time = sixteen.start; time < sixteen.end(); ++time) {
    millionths += (time % 2'220 < 720 ? 90 : 3) * 1'000'000 / 3'600;
    points.push_back({time, millionths / 1'000'000 * 1'000});
  }
  CHECK(2 * pack(sixteen, points).size() < encode("{}", points).size());
}

TEST_CASE("a TMPO block is no packed one, nor the other way round") {
  const auto points = counter(100);
  const std::string tmpo = encode("{}", points), packed = pack(sixteen, points);
  CHECK_FALSE(is_packed(tmpo));
  CHECK_FALSE(is_packed(""));
  CHECK_FALSE(is_packed(packed.substr(0, 13)));
  CHECK(PackedReader(tmpo, sixteen).damage()->fault == Fault::form);
  CHECK(read_all(tmpo, sixteen).empty());
  CHECK(decode(packed, sixteen).damage->fault == Fault::form);
  CHECK(decode(packed, sixteen).points.empty());
}

TEST_CASE("a byte that is wrong, or missing, changes no point") {
  const auto points = counter(5'000);
  const std::string gzip = pack(sixteen, points);
  std::size_t seen = 0;
  for (std::size_t at = 0; at < gzip.size(); ++at) {
    std::string damaged = gzip;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    if (PackedReader(damaged, sixteen).damage()) {
      ++seen;
      CHECK(read_all(damaged, sixteen).empty());
    } else {  // of the header's time, or another way to the same text
      CHECK(read_all(damaged, sixteen) == points);
    }
    CHECK(PackedReader(gzip.substr(0, at), sixteen).damage());
    CHECK(read_all(gzip.substr(0, at), sixteen).empty());
  }
  CHECK(seen > gzip.size() - 20);
  CHECK(PackedReader(gzip + "x", sixteen).damage()->fault == Fault::after_end);
  CHECK(PackedReader(with_mark(std::string(30 << 20, '\1')), sixteen).damage()->fault == Fault::too_long);
}

TEST_CASE("numbers that cannot be are refused") {
  const auto fault = [](std::string_view text) {
    const std::string gzip = with_mark(text);
    CHECK(read_all(gzip, sixteen).empty());
    const PackedReader reader(gzip, sixteen);
    return reader.damage() ? std::optional(reader.damage()->fault) : std::nullopt;
  };
  using namespace std::string_view_literals;
  // unit, points, first time, first value, rise; step, points; changes; stands; changes
  CHECK(read_all(with_mark("\0\2\0\2\2\1\1\1\0\2"sv), sixteen).size() == 2);
  CHECK(fault(""sv) == Fault::number);
  CHECK(fault("\7\2\0\2\2\1\1\1\0\2"sv) == Fault::number);        // unit 7
  CHECK(fault("\0\0\0\2\2\1\1\1\0\2"sv) == Fault::number);        // no points
  CHECK(fault("\0\x81\x80\4\0\2\0\1\1\0"sv) == Fault::time);      // 65 537 points
  CHECK(fault("\0\1\x80\x80\4\2\0\0"sv) == Fault::time);          // first time 65 536
  CHECK(fault("\0\2\0\2\2\0\1\1\0\2"sv) == Fault::time);          // step 0
  CHECK(fault("\0\2\0\2\2\1\0\1\0\2"sv) == Fault::time);          // no points with a step
  CHECK(fault("\0\2\0\2\2\x80\x80\4\1\1\0\2"sv) == Fault::time);  // step 65 536
  CHECK(fault("\0\2\1\2\2\xff\xff\3\1\1\0\2"sv) == Fault::time);  // last time 65 536
  CHECK(fault("\0\2\0\2\2\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\1\1\0\2"sv) == Fault::time);
  CHECK(fault("\0\2\0\2\2\1\2\1\0\2"sv) == Fault::lengths);      // steps of 3 points
  CHECK(fault("\0\2\0\2\2\1\1\2\0\0\2\2"sv) == Fault::lengths);  // 2 changes
  CHECK(fault("\0\2\0\2\2\1\1\1\1\2"sv) == Fault::lengths);      // 1 stands, 1 changes
  CHECK(fault("\0\3\0\2\2\1\2\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\2"sv) == Fault::lengths);
  CHECK(fault("\0\2\0\2\4\1\1\1\0\2"sv) == Fault::sums);  // rise 2, change 1
  CHECK(fault("\0\2\0\2\2\1\1\1\0\2\0"sv) == Fault::after_end);
  const std::string_view whole = "\0\2\0\2\2\1\1\1\0\2"sv;
  for (std::size_t size = 1; size < whole.size(); ++size) CHECK(fault(whole.substr(0, size)));
}
