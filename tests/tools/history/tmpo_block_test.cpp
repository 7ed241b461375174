#include "tools/history/tmpo_block.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "tests/field_data.hpp"
#include "tests/tools/history/text.hpp"
#include "tools/history/compaction.hpp"

using namespace flm::history;
using namespace flm::history::test;
using Catch::Matchers::Contains;

namespace {

/// A block of stock: data/tmpo, described line by line in its INDEX.tsv.
struct FieldBlock {
  std::string sid;
  BlockId id;
  std::string bytes, json, defect;
  std::size_t times = 0, values = 0;
  Point head, tail;
};
std::vector<FieldBlock> field_blocks() {
  std::vector<FieldBlock> blocks;
  for (const std::string& line : flm::test::field_lines("tmpo/INDEX.tsv")) {
    const auto columns = flm::test::split(line, '\t');
    if (columns[0] == "file") continue;
    FieldBlock block;
    std::ifstream in(std::string(FLM_FIELD_DATA) + "/tmpo/" + columns[0], std::ios::binary);
    block.bytes.assign(std::istreambuf_iterator<char>(in), {});
    block.json = gunzip(block.bytes);
    block.sid = columns[1];
    block.id = {std::stoi(columns[3]), std::stoll(columns[4])};
    // "19", or "t133/v148" where the lengths differ
    const auto lengths = flm::test::split(columns[7], '/');
    block.times = std::stoul(lengths[0].substr(lengths.size() == 2 ? 1 : 0));
    block.values = lengths.size() == 2 ? std::stoul(lengths[1].substr(1)) : block.times;
    block.head = {std::stoll(columns[8]), 1000 * std::stoll(columns[9])};
    block.tail = {std::stoll(columns[10]), 1000 * std::stoll(columns[11])};
    if (columns.size() > 18) block.defect = columns[18];
    INFO(columns[0]);
    REQUIRE(block.bytes.size() == std::stoul(columns[5]));
    blocks.push_back(block);
  }
  return blocks;
}

constexpr std::string_view cfg = R"({"id":"0123456789abcdef0123456789abcdef","port":[1]})";
constexpr BlockId eight{8, 1'404'223'488};

Block read_text(const std::string& json, BlockId id = eight, std::string_view sid = {}) {
  return decode(gzip(json), id, sid);
}
/// A block's text from its lists, with a tail that may be wrong.
std::string text(const std::string& times, const std::string& values,
                 const std::string& tail = "[1404223502,9]") {
  return fmt::format(R"({{"h":{{"cfg":{},"tail":{},"vsn":1,"head":[1404223500,5]}},"t":[{}],"v":[{}]}})", cfg,
                     tail, times, values);
}
std::string fault(const Block& block) {
  return block.damage ? std::string(text_of(block.damage->fault)) : "none";
}

}  // namespace

TEST_CASE("stock's level-8 blocks are read and written byte for byte") {
  std::size_t good = 0;
  for (const FieldBlock& field : field_blocks()) {
    if (!field.defect.empty()) continue;
    ++good;
    INFO(field.sid << "/" << field.id.level << "/" << field.id.start);
    const Block block = decode(field.bytes, field.id, field.sid);
    CHECK_FALSE(block.damage);
    REQUIRE(block.points.size() == field.times);
    CHECK(block.points.front() == field.head);
    CHECK(block.points.back() == field.tail);
    const std::size_t cfg_begin = block.header.find("{\"id\"", 1);
    const std::string its_cfg = block.header.substr(cfg_begin, block.header.find(",\"tail\"") - cfg_begin);
    CHECK(checked_cfg(its_cfg) == its_cfg);
    CHECK(encode(its_cfg, block.points) == field.bytes);
  }
  CHECK((good >= 5 || !std::filesystem::exists(std::string(FLM_FIELD_DATA) + "/tmpo/INDEX.tsv")));
}

TEST_CASE("every stock block's gzip is made again from its text") {
  for (const FieldBlock& field : field_blocks()) {
    INFO(field.sid << "/" << field.id.level << "/" << field.id.start);
    CHECK(gzip(field.json) == field.bytes);
  }
}

TEST_CASE("stock's blocks with repeated joints are read whole, and the damage is reported") {
  std::size_t repeated = 0;
  for (const FieldBlock& field : field_blocks()) {
    if (field.times == field.values) continue;
    ++repeated;
    INFO(field.sid << "/" << field.id.level << "/" << field.id.start);
    const Block block = decode(field.bytes, field.id, field.sid);
    CHECK(fault(block) == text_of(Fault::repeated_joins));
    REQUIRE(block.points.size() == field.times);
    CHECK(block.points.front() == field.head);
    CHECK(block.points.back() == field.tail);
  }
  CHECK((repeated >= 7 || !std::filesystem::exists(std::string(FLM_FIELD_DATA) + "/tmpo/INDEX.tsv")));
}

TEST_CASE("stock's block that is no JSON is read as far as its values are known") {
  for (const FieldBlock& field : field_blocks()) {
    if (field.defect.find("invalid JSON") == field.defect.npos) continue;
    const Block block = decode(field.bytes, field.id, field.sid);
    // It has more values than times, not two at each joint: what is after the first joint is anybody's guess.
    CHECK(fault(block) == text_of(Fault::lengths));
    REQUIRE_FALSE(block.points.empty());
    CHECK(block.points.front() == field.head);
    CHECK(block.points.back().time >> 8 == (block.points.front().time >> 8) + 1);
    CHECK(block.points[block.points.size() - 2].time >> 8 == block.points.front().time >> 8);
  }
}

TEST_CASE("a single child of stock becomes a parent with the same text") {
  for (const FieldBlock& field : field_blocks()) {
    if (!field.defect.empty() || field.id.level == 20) continue;
    INFO(field.id.level << "/" << field.id.start);
    Compaction compaction(field.id.parent(), {field.id}, [&](BlockId) { return field.bytes; });
    while (!compaction.step()) {
    }
    CHECK(compaction.bytes() == field.bytes);
    CHECK(compaction.damaged().empty());
  }
}

TEST_CASE("fractions, falling gauges and long values are written as stock writes them") {
  // A kube's temperature, degrees: 21.37, 21.4, 21.25, -0.004.
  const std::vector<Point> points = {
      {1'404'223'500, 21'370}, {1'404'223'564, 21'400}, {1'404'223'628, 21'250}, {1'404'223'692, -4}};
  CHECK(
      gunzip(encode(cfg, points)) ==
      R"({"h":{"cfg":{"id":"0123456789abcdef0123456789abcdef","port":[1]},"tail":[1404223692,-0.004],"vsn":1,"head":[1404223500,21.37]},)"
      R"("t":[0,64,64,64],"v":[0,0.03,-0.15,-21.254]})");
  // 14 significant digits are what stock can write: 10 before the point, 3 after it, and one more.
  const std::vector<Point> large = {{1'404'223'500, 42'949'672'951'999},
                                    {1'404'223'501, 42'949'672'952'000},
                                    {1'404'223'502, 99'999'999'999'999}};
  CHECK(
      gunzip(encode(cfg, large)) ==
      R"({"h":{"cfg":{"id":"0123456789abcdef0123456789abcdef","port":[1]},"tail":[1404223502,99999999999.999],"vsn":1,"head":[1404223500,42949672951.999]},)"
      R"("t":[0,1,1],"v":[0,0.001,57050327047.999]})");
  for (const auto& list : {points, large}) {
    const Block block = decode(encode(cfg, list), eight);
    CHECK_FALSE(block.damage);
    CHECK(block.points == list);
  }
}

TEST_CASE("values of any form that JSON has are read") {
  const Block block = read_text(text("0,1,1", "0,1.5e0,2.50"));
  CHECK_FALSE(block.damage);
  CHECK(block.points ==
        std::vector<Point>{{1'404'223'500, 5'000}, {1'404'223'501, 6'500}, {1'404'223'502, 9'000}});
  CHECK(read_text(text("0,2", "0,12345678", "[1404223502,12345683]")).points.back().value == 12'345'683'000);
  CHECK(read_text(text("0,2", "0,-12345678", "[1404223502,-12345673]")).points.back().value ==
        -12'345'673'000);
  CHECK(read_text(text("0,2", "0,4e0")).points.back().value == 9'000);
}

TEST_CASE("a block of random points is read as it was written, at every level") {
  std::uint64_t state = 7;
  const auto random = [&](std::uint64_t end) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::int64_t>((state >> 33) % end);
  };
  for (const int level : {8, 12, 16}) {
    for (int round = 0; round < 50; ++round) {
      const BlockId id = BlockId::at(level, 1'404'223'488);
      const std::int64_t longest_step = 1 + random(static_cast<std::uint64_t>(id.span()));
      std::vector<Point> points;
      for (Point p{id.start + random(3), random(1'000'000'000'000)}; id.holds(p.time);
           p.time += 1 + random(static_cast<std::uint64_t>(longest_step)),
           p.value += (random(20'000) - 3'000) * (random(2) == 0 ? 1'000 : 1))
        points.push_back(p);
      const Block block = decode(encode(cfg, points), id, "0123456789abcdef0123456789abcdef");
      CHECK(fault(block) == "none");
      REQUIRE(block.points == points);
    }
  }
}

TEST_CASE("each fault is found, named with its place, and the points before it are read") {
  struct Case {
    std::string json;
    Fault fault;
    std::size_t points;
  };
  const std::string good = text("0,1,1", "0,1,3");
  REQUIRE(fault(read_text(good)) == "none");
  const auto with = [&](const std::string& old, const std::string& now) {
    std::string changed = good;
    REQUIRE(changed.find(old) != changed.npos);
    return changed.replace(changed.find(old), old.size(), now);
  };
  const std::vector<Case> cases = {
      {"", Fault::form, 0},
      {"[]", Fault::form, 0},
      {with(R"({"h":)", R"({ "h":)"), Fault::form, 0},
      {with(R"(,"t":[)", R"(,"v":[)"), Fault::form, 0},
      {with(R"(],"v":[)", R"(],"w":[)"), Fault::form, 0},
      {good.substr(0, 30), Fault::cut, 0},
      {good.substr(0, good.size() - 10), Fault::cut, 0},  // in the middle of "v":[
      {good.substr(0, good.size() - 3), Fault::cut, 2},   // before the last element's end
      {good.substr(0, good.size() - 2), Fault::cut, 2},   // the last element may be longer
      {good.substr(0, good.size() - 1), Fault::cut, 3},
      {good + " ", Fault::after_end, 3},
      {with("3]}", R"(3],"x":0})"), Fault::form, 3},
      {with(R"("vsn":1)", R"("vsn":2)"), Fault::version, 0},
      {with(R"("vsn":1,)", ""), Fault::header, 0},
      {with("1404223500,5", "1404223500"), Fault::header, 0},
      {with("1404223500,5", "1404223500.5,5"), Fault::header, 0},
      {with("1404223500,5", "1404223500,nan"), Fault::header, 0},
      {with("1404223500", "1404223487"), Fault::time, 0},  // one second before the block
      {with("1404223500", "1404223744"), Fault::time, 0},  // one after its last
      {with(R"("port":[1])", R"("port":[1,])"), Fault::header, 3},
      {text("1,1,1", "0,1,3"), Fault::number, 0},
      {text("0,1,1", "1,1,3"), Fault::number, 0},
      {text("0,1,,1", "0,1,3"), Fault::number, 2},
      {text("0,1,1,", "0,1,3,"), Fault::number, 3},
      {text("0,1,01", "0,1,3"), Fault::number, 2},
      {text("0,1,x", "0,1,3"), Fault::number, 2},
      {text("0,1,1.5", "0,1,3"), Fault::number, 2},
      {text("0,1,-1", "0,1,3"), Fault::number, 2},
      {text("0,1,1", "0,1,3a"), Fault::number, 2},
      {text("0,1,1", "0,1,-"), Fault::number, 2},
      {text("0,1,1", "0,1,null"), Fault::number, 2},
      {text("0,1,0", "0,1,3"), Fault::time, 2},
      {text("0,0,1", "0,1,3"), Fault::time, 1},
      {text("0,1,243", "0,1,3"), Fault::time, 2},
      {text("0,1,12345678901234567890", "0,1,3"), Fault::time, 2},
      {text("0,1,1", "0,9e15,9e15"), Fault::value, 2},
      {text("0,1,1", "0,1"), Fault::lengths, 2},
      {text("0,1", "0,1,3"), Fault::lengths, 2},
      {text("0,1,1", "0,1,4"), Fault::sums, 3},
      {text("0,1,2", "0,1,3"), Fault::sums, 3},
  };
  for (const Case& c : cases) {
    INFO(c.json);
    const Block block = read_text(c.json);
    CHECK(fault(block) == text_of(c.fault));
    CHECK(block.points.size() == c.points);
    if (block.damage) CHECK(block.damage->place <= c.json.size());
  }
}

TEST_CASE("another sensor's block gives no points, and says so") {
  const std::string json = text("0,1,1", "0,1,3");
  CHECK(fault(read_text(json, eight, "0123456789abcdef0123456789abcdef")) == "none");
  const Block other = read_text(json, eight, "ffffffffffffffffffffffffffffffff");
  CHECK(fault(other) == text_of(Fault::other_sensor));
  CHECK(other.points.empty());
}

TEST_CASE("a gzip that is cut anywhere is read as far as it goes") {
  std::vector<Point> points;
  for (std::int64_t i = 0; i < 256; ++i) points.push_back({eight.start + i, 1'000 * i * i});
  const std::string whole = encode(cfg, points);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Block block = decode(whole.substr(0, size), eight);
    INFO(size);
    REQUIRE(block.damage);
    CHECK((block.damage->fault == Fault::cut || block.damage->fault == Fault::form));
    REQUIRE(std::equal(block.points.begin(), block.points.end(), points.begin()));
  }
  const Block longer = decode(whole + "x", eight);
  CHECK(longer.damage == Damage{Fault::after_end, whole.size()});
  CHECK(longer.points == points);
}

TEST_CASE("a bit changed anywhere in a gzip is found, or changes no point") {
  const std::vector<Point> points = {{eight.start, 0}, {eight.start + 20, 7}, {eight.start + 25, 1'000}};
  const std::string whole = encode(cfg, points);
  std::size_t found = 0;
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string changed = whole;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    const Block block = decode(changed, eight);
    INFO(bit);
    REQUIRE((block.damage || block.points == points));
    found += block.damage ? 1u : 0u;
  }
  // All but a flag, time, extra flags and system in gzip's header (RFC 1952), and at most 7 bits before its
  // checksum.
  CHECK(found >= 8 * whole.size() - 1 - 6 * 8 - 7);
}

TEST_CASE("a gzip that unpacks to more than its span can need is not unpacked further") {
  const std::string bomb = gzip(std::string(50'000'000, '0'));
  const Block block = decode(bomb, eight);
  CHECK(fault(block) == text_of(Fault::too_long));
  CHECK(block.points.empty());
  // As a length that the gzip claims.
  std::string claims = encode(cfg, std::vector<Point>{{eight.start, 0}});
  claims.replace(claims.size() - 4, 4, "\xFF\xFF\xFF\x7F", 4);
  CHECK(fault(decode(claims, BlockId::at(20, eight.start))) == text_of(Fault::gzip));
}

TEST_CASE("a sensor's parameters are one JSON object without white space") {
  CHECK(checked_cfg("{ \"id\": \"a b\\\" c\",\n\t\"port\": [ 1 ] }") == R"({"id":"a b\" c","port":[1]})");
  for (const char* wrong : {"", "1", "[]", "{", "{}x", "{\"a\":}", "{\"a\":1 2}", "{\"name\":\"\xff\"}"}) {
    INFO(wrong);
    CHECK_THROWS_WITH(checked_cfg(wrong), Contains("no JSON object"));
  }
  CHECK_THROWS_WITH(checked_cfg("{\"a\":\"" + std::string(50'000, 'x') + "\"}"), Contains("allowed: 49152"));
}

TEST_CASE("the text by which readers find the times is nowhere else in a block") {
  const std::string awkward = checked_cfg(R"({"name":"},\"t\":[","t":[1,2],"x":{"y":{},"t":["\"t\":["]}})");
  const std::string json =
      gunzip(encode(awkward, std::vector<Point>{{eight.start, 0}, {eight.start + 1, 5}}));
  CHECK(json.find("\"t\":[") == json.rfind("\"t\":["));
  const Block block = read_text(json);
  CHECK_FALSE(block.damage);
  CHECK(block.points.size() == 2);
  CHECK_THAT(block.header, Contains(R"("\u0074":[1,2])"));
}

TEST_CASE("a block whose cfg has the text of its lists is read all the same") {
  const std::string json =
      R"({"h":{"head":[1404223500,5],"cfg":{"a":{},"t":[0,7],"v":[0,8]},"vsn":1,"tail":[1404223501,6]},"t":[0,1],"v":[0,1]})";
  const Block block = read_text(json);
  CHECK_FALSE(block.damage);
  CHECK(block.points == std::vector<Point>{{1'404'223'500, 5'000}, {1'404'223'501, 6'000}});
}
