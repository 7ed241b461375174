#include "tools/flmd/board/measuring.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <vector>

#include "tests/sim/temporary_folder.hpp"
#include "tools/mainboard/link/board_facts.hpp"

using namespace flm;
using namespace flm::flmd;
using mainboard::SensorKind;

namespace {

constexpr std::int64_t start = 1'458'756'425'000;  // Unix ms

/// A site with a clamp, an S0 meter of 0.5 Wh a pulse, a water meter of 10 litre, and a smart meter.
Site site() {
  Site s;
  s.board.board = &mainboard::all_boards().back();
  const auto sensor = [&](int id, SensorClass kind, SensorType type, double constant) {
    mainboard::SensorConfig config;
    config.id = id;
    config.sensor_class = kind;
    config.type = type;
    config.constant = constant;
    config.ports = {id};
    s.board.sensors.push_back(config);
  };
  sensor(1, SensorClass::analog, SensorType::electricity, 1.0);
  sensor(4, SensorClass::pulse, SensorType::electricity, 0.5);
  sensor(5, SensorClass::pulse, SensorType::water, 10.0);
  sensor(6, SensorClass::p1, SensorType::electricity, 1.0);
  return s;
}

struct Measured {
  explicit Measured(
      const std::filesystem::path& folder, const std::function<void(Site&)>& change = [](Site&) {})
      : the_site(changed(change)),
        state(folder),
        sensors(the_site, state, [](const std::string&) {}),
        measuring(
            sensors, state,
            [this](const Reading& r) {
              readings.push_back(std::to_string(r.sensor->number) +
                                 (r.quantity == Quantity::gauge ? " gauge " : " counter ") +
                                 std::to_string(r.point.time - start / 1000) + " " +
                                 history::decimal(r.point.value) + " " + std::string(r.unit));
            },
            [this] { ++changes; }) {}

  /// A poll at a second with these readings of the board; the readings that came of it.
  std::vector<std::string> poll(double second, const std::vector<mainboard::Reading>& records) {
    readings.clear();
    const auto ms = static_cast<std::int64_t>(second * 1000.0);
    for (const mainboard::Reading& record : records)
      measuring.take(mainboard::Record(record), {start + ms, ms});
    measuring.polled({start + ms, ms});
    return readings;
  }

  static Site changed(const std::function<void(Site&)>& change) {
    Site s = site();
    change(s);
    return s;
  }

  Site the_site;
  State state;
  Sensors sensors;
  std::vector<std::string> readings;
  int changes = 0;
  Measuring measuring;
};

mainboard::Reading reading(int sensor, SensorKind kind, std::uint32_t counter, std::uint32_t extra,
                           std::uint16_t milli = 0) {
  mainboard::Reading r;
  r.sensor = sensor;
  r.kind = kind;
  r.counter = counter;
  r.milli = milli;
  r.extra = extra;
  return r;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a clamp has a gauge each second, and a counter when it has changed; the first one too") {
  const TemporaryFolder folder;
  Measured m(folder.path() / "state");
  CHECK(m.poll(0.3, {reading(1, SensorKind::clamp, 17, 157)}) ==
        Lines{"1 counter 0 17 Wh", "1 gauge 0 157 W"});
  CHECK(m.poll(1.3, {reading(1, SensorKind::clamp, 17, 158)}) == Lines{"1 gauge 1 158 W"});
  CHECK(m.poll(2.3, {reading(1, SensorKind::clamp, 18, 0)}) == Lines{"1 counter 2 18 Wh", "1 gauge 2 0 W"});
}

TEST_CASE("a count of a second that has one already is given with the next poll, not lost") {
  const TemporaryFolder folder;
  Measured m(folder.path() / "state");
  m.poll(0.01, {reading(4, SensorKind::pulse, 7, 100)});
  CHECK(m.poll(0.99, {reading(4, SensorKind::pulse, 7, 900, 500)}) == Lines{"4 gauge 0 2250 W"});
  CHECK(m.poll(2.0, {}) == Lines{"4 counter 2 7.5 Wh", "4 gauge 2 1782 W"});
}

TEST_CASE("a pulse sensor's gauge stands while its pulses come, and falls with each poll without one") {
  const TemporaryFolder folder;
  Measured m(folder.path() / "state");
  // 0.5 Wh every 0.8 s are 2 250 W; each poll of a second sees a pulse or two.
  std::uint32_t half = 0, ms = 0;
  for (int second = 1; second < 20; ++second) {
    std::vector<mainboard::Reading> records;
    while (ms + 800 <= static_cast<std::uint32_t>(second) * 1000) ms += 800, ++half;
    records.push_back(
        reading(4, SensorKind::pulse, half / 2, ms, static_cast<std::uint16_t>(half % 2 * 500)));
    for (const std::string& line : m.poll(second, records))
      if (line.find("gauge") != line.npos) CHECK(line == "4 gauge " + std::to_string(second) + " 2250 W");
  }
  CHECK(m.poll(20, {}) == Lines{"4 gauge 20 1800 W"});  // less than 0.5 Wh in 1 s
  CHECK(m.poll(21, {}) == Lines{"4 gauge 21 900 W"});
  // A meter that has never counted is known to stand still, too.
  CHECK(m.poll(3700, {}) == Lines{"4 gauge 3700 0 W", "5 gauge 3700 0 L/day"});
  CHECK(m.poll(3701, {}).empty());
}

TEST_CASE("water is in litres and litres a day") {
  const TemporaryFolder folder;
  Measured m(folder.path() / "state");
  CHECK(m.poll(1, {reading(5, SensorKind::pulse, 10, 500)}) == Lines{"5 counter 1 10 L"});
  // 10 litre in 100 s are 8 640 litre a day.
  CHECK(m.poll(101, {reading(5, SensorKind::pulse, 20, 100'500)}) ==
        Lines{"5 counter 101 20 L", "5 gauge 101 8640 L/day"});
}

TEST_CASE("a smart meter that feeds in has a negative power and a counter that falls") {
  const TemporaryFolder folder;
  Measured m(folder.path() / "state");
  mainboard::Reading r = reading(6, SensorKind::meter, 0, static_cast<std::uint32_t>(-1500));
  r.net_wh = -250;
  CHECK(m.poll(1, {r}) == Lines{"6 counter 1 -250 Wh", "6 gauge 1 -1500 W"});
  r.net_wh = -251;
  CHECK(m.poll(2, {r}) == Lines{"6 counter 2 -251 Wh", "6 gauge 2 -1500 W"});
}

TEST_CASE("a smart meter's import, export and gas are sensors of their own, which stay after a restart") {
  const TemporaryFolder folder;
  std::string gas;
  {
    Measured m(folder.path() / "state");
    mainboard::MeterReport report;
    report.fields.assign(mainboard::MeterReport::count, 0);
    report.fields[0] = 3;  // M-Bus device: gas (EN 13757-3)
    report.fields[1] = 1;
    report.fields[3] = 4711;
    report.fields[4] = 12;
    report.fields[5] = 2'000;
    m.measuring.take(mainboard::Record(report), {start, 0});
    CHECK(m.readings == Lines{"7 counter 0 4711 Wh", "8 counter 0 12 Wh", "9 counter 0 2000 L"});
    CHECK(m.changes == 3);
    gas = m.sensors.by_number(9)->sid;
    m.state.save();
  }
  Measured again(folder.path() / "state");
  REQUIRE(again.sensors.by_number(9) != nullptr);
  CHECK(again.sensors.by_number(9)->sid == gas);
  CHECK(again.sensors.by_number(9)->type == "gas");
  CHECK(again.sensors.by_number(9)->enabled);
}

TEST_CASE("each register of a telegram is a sensor; the net energy is left to the board's sensor 6") {
  const TemporaryFolder folder;
  Measured m(folder.path() / "state");
  const std::vector<MeterValue> telegram = {
      {"net", Quantity::counter, 1'000, "Wh"},     {"import_1", Quantity::counter, 4'711'000, "Wh"},
      {"power_1", Quantity::gauge, -230'000, "W"}, {"voltage_2", Quantity::gauge, 230'100, "V"},
      {"current_3", Quantity::gauge, 1'500, "A"},  {"gas_2", Quantity::counter, 2'000'000, "L"}};
  m.measuring.take(telegram, {start, 0});
  CHECK(m.readings == Lines{"7 counter 0 4711 Wh", "8 gauge 0 -230 W", "9 gauge 0 230.1 V",
                            "10 gauge 0 1.5 A", "11 counter 0 2000 L"});
  std::vector<std::string> names;
  for (int number = 7; number <= 11; ++number) {
    const SiteSensor& s = *m.sensors.by_number(number);
    CHECK(s.sensor_class == "cosem");
    names.push_back(s.name + ": " + s.type + (s.counter_is_data ? " counter" : " gauge"));
  }
  CHECK(names == std::vector<std::string>{
                     "smart meter import 1: electricity counter", "smart meter power L1: electricity gauge",
                     "smart meter voltage L2: voltage gauge", "smart meter current L3: current gauge",
                     "smart meter gas 2: gas counter"});
  // What the board makes of the same telegrams comes second, and is not taken.
  mainboard::MeterReport report;
  report.fields.assign(mainboard::MeterReport::count, 0);
  report.fields[1] = 1;
  report.fields[3] = 4'711;
  m.readings.clear();
  m.measuring.take(mainboard::Record(report), {start + 1000, 1000});
  CHECK(m.readings.empty());
}

TEST_CASE("without a sensor 6 the net energy is a register, which may fall and has the power") {
  const TemporaryFolder folder;
  Measured m(folder.path() / "state", [](Site& s) { s.board.sensors.pop_back(); });
  const std::vector<MeterValue> telegram = {{"net", Quantity::counter, -1'000, "Wh"},
                                            {"net", Quantity::gauge, 500'000, "W"}};
  m.measuring.take(telegram, {start, 0});
  CHECK(m.readings == Lines{"7 counter 0 -1 Wh", "7 gauge 0 500 W"});
  CHECK(m.sensors.by_number(7)->falls);
}

TEST_CASE("nothing is given while the clock is not set") {
  const TemporaryFolder folder;
  Measured m(folder.path() / "state");
  m.measuring.take(mainboard::Record(reading(1, SensorKind::clamp, 17, 157)), {1'000'000'000, 0});
  CHECK(m.readings.empty());
}

TEST_CASE("a sensor that counts something else from now on has a gauge of its own, and the others go on") {
  const TemporaryFolder folder;
  Measured m(folder.path() / "state");
  m.poll(1.0, {reading(4, SensorKind::pulse, 7, 100), reading(5, SensorKind::pulse, 7, 100)});
  CHECK(m.poll(2.0, {reading(4, SensorKind::pulse, 8, 1100), reading(5, SensorKind::pulse, 8, 1100)}) ==
        Lines{"4 counter 2 8 Wh", "4 gauge 2 3600 W", "5 counter 2 8 L", "5 gauge 2 86400 L/day"});
  m.the_site.board.sensors[1].type = SensorType::water;
  m.sensors.configure(m.the_site, m.state, [](const std::string&) {});
  CHECK(m.poll(3.0, {reading(4, SensorKind::pulse, 9, 2100), reading(5, SensorKind::pulse, 9, 2100)}) ==
        Lines{"4 counter 3 9 L", "5 counter 3 9 L", "5 gauge 3 86400 L/day"});
  CHECK(m.poll(4.0, {reading(4, SensorKind::pulse, 10, 3100)}) ==
        Lines{"4 counter 4 10 L", "4 gauge 4 86400 L/day"});
}
