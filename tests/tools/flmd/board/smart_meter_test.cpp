#include "tools/flmd/board/smart_meter.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace flm;
using namespace flm::flmd;

namespace {

/// A telegram of tests/data/p1 with a meter's line ends.
std::string telegram(const std::string& name) {
  std::ifstream in(FLM_SOURCE_DIR "/tests/data/p1/" + name, std::ios::binary);
  REQUIRE(in);
  std::string bytes;
  for (std::istreambuf_iterator<char> c(in), end; c != end; ++c) {
    if (*c == '\n' && !bytes.ends_with('\r')) bytes += '\r';
    bytes += *c;
  }
  return bytes;
}

struct Line {
  explicit Line(bool takes_no_crc = false)
      : meter(
            takes_no_crc,
            [this](std::span<const MeterValue> telegram, Moment) {
              ++telegrams;
              values.clear();
              for (const MeterValue& v : telegram)
                values.push_back(v.name + (v.quantity == Quantity::gauge ? " gauge " : " counter ") +
                                 history::decimal(v.value) + " " + std::string(v.unit));
            },
            [this](const std::string& note) { notes.push_back(note); }) {}
  std::vector<std::string> values, notes;
  int telegrams = 0;
  SmartMeter meter;
};

}  // namespace

// Expected values: the lines of the telegram; net is import less export, power of a phase likewise.
TEST_CASE("every register of a telegram is a value") {
  Line line;
  line.meter.take(telegram("dsmr50-phases.txt"), {0, 0});
  CHECK(line.values ==
        std::vector<std::string>{
            "net counter 123455290 Wh", "import counter 123457790 Wh", "export counter 2500 Wh",
            "import_1 counter 123456789 Wh", "import_2 counter 1001 Wh", "export_1 counter 2500 Wh",
            "export_2 counter 0 Wh", "net gauge 1193 W", "power_1 gauge -3333 W", "voltage_1 gauge 220.1 V",
            "current_1 gauge 1 A", "power_2 gauge -3333 W", "voltage_2 gauge 220.2 V", "current_2 gauge 2 A",
            "power_3 gauge -3333 W", "voltage_3 gauge 220.3 V", "current_3 gauge 3 A"});
  CHECK(line.notes == std::vector<std::string>{"smart meter: telegrams come"});
}

TEST_CASE("a telegram cut anywhere, or with a byte changed, gives nothing") {
  const std::string whole = telegram("dsmr50-phases.txt");
  for (std::size_t at = 1; at + 8 < whole.size(); at += 7) {
    Line cut;
    cut.meter.take(whole.substr(0, at), {0, 0});
    cut.meter.take(whole, {1000, 1000});
    CHECK(cut.telegrams == 1);
    Line changed;
    std::string bytes = whole;
    bytes[at] ^= 1;
    changed.meter.take(bytes, {0, 0});
    CHECK(changed.telegrams == 0);
  }
}

TEST_CASE("telegrams without CRC are taken where the rate is that of DSMR 2.2 and 3") {
  const std::string old = telegram("dsmr22-gas-two-lines.txt");
  Line modern;
  modern.meter.take(old, {0, 0});
  CHECK(modern.telegrams == 0);
  Line slow(true);
  slow.meter.take(old, {0, 0});
  CHECK(slow.telegrams == 1);
}

TEST_CASE("a line that is silent, noisy, back, or another meter's is told once each") {
  const std::string one = telegram("dsmr50-phases.txt"), other = telegram("sweden-han.txt");
  Line line;
  line.meter.tick({0, 0});
  for (int second = 1; second <= 130; ++second) line.meter.tick({0, second * 1000});
  line.meter.take(one, {0, 131'000});
  for (int second = 132; second <= 200; ++second) {
    line.meter.take("\x55\xaa\n", {0, second * 1000});
    line.meter.tick({0, second * 1000});
  }
  line.meter.take(one, {0, 201'000});
  line.meter.take(other, {0, 202'000});
  REQUIRE(line.notes.size() == 5);  // 60 times three bytes, and the line feed after the telegram
  CHECK(line.notes[0] == "smart meter: nothing came for 60 s: is the cable in?");
  CHECK(line.notes[1] == "smart meter: telegrams come again");
  CHECK(line.notes[2].starts_with("smart meter: no telegram for 60 s, 181 bytes that are none: "));
  CHECK(line.notes[3] == "smart meter: telegrams come again");
  CHECK(line.notes[4].starts_with("smart meter: this is another one than before"));
}
