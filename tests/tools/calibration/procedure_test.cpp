#include "tools/calibration/procedure.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "firmware/metering/clock.hpp"
#include "tests/protocol/p1_telegrams.hpp"
#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/calibration/board_on_bench.hpp"
#include "tools/calibration/report.hpp"

using namespace flm::calibration;
using namespace flm::test;
using Catch::Matchers::Contains;

// readings.cpp: the board's seconds end 100 ms before the whole ones of the stamps.
static_assert(flm::metering::first_second_ms == 900, "as ComparisonFeed has it");

TEST_CASE("zero: offset and noise are measured, asked for, set, committed and verified") {
  flm::sim::Scenario scenario = bench_scenario(0.0, 1);
  scenario.front_end.offset_lsb = 3.0;
  BoardOnBench bench(scenario);
  Script person;
  const auto record = calibrate_zero(bench, person, {});
  REQUIRE(record);
  CHECK(from_wire16(bench.ask("go 0")[1]) == Approx(3.0 * 256).margin(8));
  CHECK(bench.ask("gn 0")[1] == Approx(1024.0 / 3.0).epsilon(0.06));
  CHECK(person.questions == 1);
  CHECK_THAT(person.said, Contains("without load the board reads 3") && Contains("expected after: ") && Contains("verified: "));
  REQUIRE(record->changes.size() == 2);
  CHECK(record->changes[0].after == bench.ask("go 0")[1]);
}

TEST_CASE("gain: the readings come to the reference, and the record says by how much") {
  flm::sim::Scenario scenario = bench_scenario(1874.0, 1);
  scenario.front_end.gain = 0.93;
  BoardOnBench bench(scenario);
  Script person;
  const auto record = calibrate_gain(bench, person, {}, parse_reference("1874W"));
  REQUIRE(record);
  CHECK(record->error_before == Approx(-0.07).margin(0.003));
  CHECK(std::abs(record->verified_error) < 0.002);
  CHECK_THAT(person.said, Contains("error -6.8") && Contains("sm 0 55") && Contains("verified: 187"));
  Script reader;
  CHECK(clamp_powers(bench, reader, {0, {0}, 0}, 1)[0] == Approx(1874.0).margin(3.0));
}

TEST_CASE("shape: the time constant of another capacitor is found, and a sine reads right with it") {
  flm::sim::Scenario scenario = bench_scenario(2000.0, 1);
  scenario.front_end.tau = 0.0024;
  BoardOnBench bench(scenario);
  Script person;
  const auto record = calibrate_shape(bench, person, {});
  REQUIRE(record);
  CHECK(bench.ask("gt 0")[1] == Approx(2400).margin(8));
  CHECK(record->error_before < -0.005);
  CHECK(std::abs(record->verified_error) < 0.001);
}

TEST_CASE("against pulses: the constant is fitted, and the trace shows how the uncertainty shrank") {
  flm::sim::Scenario scenario = metered_scenario(2000.0, 1);
  scenario.front_end.gain = 1.05;
  BoardOnBench bench(scenario);
  Script person;
  const auto record = calibrate_against(bench, person, {}, Meter::pulse, 4);
  REQUIRE(record);
  CHECK(record->uncertainty <= 0.003);
  CHECK(std::abs(record->verified_error) <= 0.003);
  CHECK(bench.ask("gm 0")[1] == Approx(5163 / 1.05).epsilon(0.004));
  CHECK(record->trace.size() > 20);
  CHECK(record->trace.front().uncertainty > record->trace.back().uncertainty);
  CHECK(record->trace.back().seconds < 15 * 60);
  CHECK_THAT(person.watched, Contains("2104 W   error +5.19 % +- 0.0") && Contains("0.30 % in about 58 s"));
}

TEST_CASE("against the smart meter: a register in whole Wh, a telegram a second") {
  constexpr double watts = 2000.0;
  const TemporaryFolder folder;
  flm::sim::Scenario scenario = bench_scenario(watts, 1);
  scenario.board = "flm02a";  // whose own port the smart meter is on
  scenario.front_end.gain = 1.05;
  flm::sim::Sensor meter;
  meter.id = 6;
  meter.ports = {6};
  meter.sensor_class = flm::sim::SensorClass::p1;
  scenario.sensors.push_back(meter);
  // 960 bytes are a second at 9600 baud, so one file is a telegram a second.
  std::string line;
  for (int second = 0; second < 1000; ++second) {
    const double wh = std::floor(1000.4 + second * watts / 3600.0);
    line += flm::test::telegram({"1-3:0.2.8(50)", fmt::format("1-0:1.8.1({:010.3f}*kWh)", wh / 1000.0),
                                 "1-0:2.8.1(000000.000*kWh)", "1-0:1.7.0(02.000*kW)", "1-0:2.7.0(00.000*kW)"});
    line.resize(960 * (static_cast<std::size_t>(second) + 1), '\n');
  }
  flm::sim::SerialTraffic telegrams;
  telegrams.file = folder.file("telegrams", line);
  telegrams.baud = 9600;
  scenario.serial = {telegrams};
  BoardOnBench bench(scenario);
  Script person;
  const auto record = calibrate_against(bench, person, {}, Meter::p1, 6);
  REQUIRE(record);
  CHECK(record->uncertainty <= 0.003);
  CHECK(record->trace.back().seconds > 120.0);
  CHECK(record->trace.back().seconds < 15 * 60.0);
  // 5.2 %: what a sine reads with this gain (the comparison with pulses says the same).
  CHECK(std::abs(record->error_before - 0.052) <= record->uncertainty);
}

TEST_CASE("no at the question changes nothing") {
  flm::sim::Scenario scenario = metered_scenario(2000.0, 1);
  scenario.front_end.gain = 1.05;
  BoardOnBench bench(scenario);
  Script person(false);
  CHECK_FALSE(calibrate_against(bench, person, {}, Meter::pulse, 4));
  CHECK_FALSE(calibrate_gain(bench, person, {}, parse_reference("2kW")));
  CHECK(bench.ask("gm 0")[1] == 5163);
  CHECK_THAT(person.said, Contains("nothing has changed"));
}

TEST_CASE("a calibration that the next readings do not bear out is taken back") {
  flm::sim::Scenario scenario = bench_scenario(1874.0, 1);
  scenario.front_end.gain = 0.93;
  BoardOnBench bench(scenario);
  bool set = false;
  bench.tamper([&set](const std::string& line, std::vector<std::int64_t>& numbers) {
    if (line.starts_with("sm 0 55")) set = true;
    if (set && line == "gd" && numbers.size() >= 4) numbers[3] = 1500;  // the load has changed meanwhile
  });
  Script person;
  CHECK_THROWS_WITH(calibrate_gain(bench, person, {}, parse_reference("1874W")),
                    Contains("after it the error is -19.96 %") && Contains("as before"));
  CHECK(bench.ask("gm 0")[1] == 5163);
}

TEST_CASE("what cannot be put back is named, with the reason that it had to be") {
  BoardOnBench bench(bench_scenario(1874.0, 1));
  bool set = false;
  bench.tamper([&set](const std::string& line, std::vector<std::int64_t>&) {
    if (set) throw std::runtime_error("the cable is out");
    set = line == "ct";
  });
  Script person;
  bool named = false;
  try {
    calibrate_gain(bench, person, {}, parse_reference("1900W"));
  } catch (const NotPutBack& left) {
    CHECK_THAT(left.what(), Contains("may have kept it: sm 0 5") && Contains("(before: 5163)"));
    CHECK_THROWS_WITH(std::rethrow_if_nested(left), "the cable is out");
    named = true;
  }
  CHECK(named);
}

TEST_CASE("a calibration that the board cannot store works until its next reset, and is named") {
  BoardOnBench bench(bench_scenario(1874.0, 1));
  bench.tamper([](const std::string& line, std::vector<std::int64_t>&) {
    if (line == "ct") throw flm::NotStored();  // as a link does for `zz`
  });
  Script person;
  CHECK_THROWS_WITH(calibrate_gain(bench, person, {}, parse_reference("1900W")),
                    Contains("could not store") && Contains("holds until its next reset: sm 0 52") && Contains("(before: 5163)"));
  CHECK(bench.ask("gm 0")[1] > 5200);  // 5163 * 1900 / 1874 = 5235
}

TEST_CASE("what a person can get wrong has an answer of its own") {
  Script person;
  Options options;
  SECTION("no load") {
    BoardOnBench bench(bench_scenario(0.0, 1));
    CHECK_THROWS_WITH(calibrate_gain(bench, person, options, parse_reference("1874W")), Contains("no load"));
    CHECK_THROWS_WITH(calibrate_shape(bench, person, options), Contains("too little current"));
    CHECK_THROWS_WITH(calibrate_against(bench, person, options, Meter::pulse, 4), Contains("no load"));
  }
  SECTION("more current than the clamp can show") {
    BoardOnBench bench(metered_scenario(50.0 * 230.0, 1));
    CHECK_THROWS_WITH(calibrate_gain(bench, person, options, parse_reference("11.5kW")),
                      Contains("the clamp is clipped at 103") && Contains("about 41 A for a 50 A clamp; above it reads low"));
    CHECK_THROWS_WITH(calibrate_shape(bench, person, options), Contains("full scale") && Contains("about 41 A for a 50 A clamp"));
    CHECK_THROWS_WITH(calibrate_against(bench, person, options, Meter::pulse, 4),
                      Contains("the clamp was clipped in ") && Contains("about 41 A for a 50 A clamp"));
  }
  SECTION("firmware that does not tell of it") {
    BoardOnBench bench(bench_scenario(50.0 * 230.0, 1));
    bench.tamper([](const std::string& line, std::vector<std::int64_t>& numbers) {
      if (line == "gr") numbers.resize(2);
    });
    CHECK(clamp_powers(bench, person, {0, {0}, 0}, 1)[0] == Approx(10300.0).margin(100.0));
  }
  SECTION("zero under load") {
    BoardOnBench bench(bench_scenario(500.0, 1));
    CHECK_THROWS_WITH(calibrate_zero(bench, person, options), Contains("a current flows"));
  }
  SECTION("a meter that does not count") {
    BoardOnBench bench(bench_scenario(500.0, 1));
    CHECK_THROWS_WITH(calibrate_against(bench, person, options, Meter::pulse, 4),
                      Contains("sensor 4 has not counted for 5 min"));
  }
  SECTION("a meter that is too coarse for the load") {
    flm::sim::Scenario scenario = metered_scenario(40.0, 1);  // 0.5 Wh every 45 s
    BoardOnBench bench(scenario);
    options.limit_s = 600.0;
    CHECK_THROWS_WITH(calibrate_against(bench, person, options, Meter::pulse, 4),
                      Contains("too coarse for this load") && Contains("--limit"));
  }
  SECTION("a clamp on another phase than the meter") {
    flm::sim::Scenario scenario = metered_scenario(2000.0, 1);
    scenario.waveforms[0].amps = 1.0;
    BoardOnBench bench(scenario);
    CHECK_THROWS_WITH(calibrate_against(bench, person, options, Meter::pulse, 4),
                      Contains("the clamp reads 23") && Contains("phase"));
  }
  SECTION("sensors that are not there") {
    BoardOnBench bench(bench_scenario(500.0, 1));
    options.sensor = 3;
    CHECK_THROWS_WITH(calibrate_gain(bench, person, options, parse_reference("500W")),
                      Contains("sensor 3 is no enabled clamp sensor; allowed: 1"));
    options.sensor = 0;
    CHECK_THROWS_WITH(calibrate_against(bench, person, options, Meter::p1, 6),
                      Contains("sensor 6 is not enabled as a smart meter"));
    flm::sim::Scenario empty;
    empty.board = "flm02a";
    empty.duration = 10.0;
    BoardOnBench other(empty);
    CHECK_THROWS_WITH(calibrate_gain(other, person, options, parse_reference("500W")), Contains("no clamp sensor is enabled"));
  }
  CHECK(person.questions == 0);
}

TEST_CASE("records are kept, and reported as text and as a page") {
  TemporaryFolder folder;
  const auto file = folder.path() / "state" / "calibrations.jsonl";
  CHECK(read_records(file).empty());
  CHECK(text_report({}) == "no calibration has been done yet\n");
  Record record;
  record.time = "2026-11-23T18:00:00Z";
  record.port = "sim:<a>.toml";
  record.board = "flm02b";
  record.kind = "against";
  record.sensor = 1;
  record.reference = "pulses on sensor 4";
  record.changes = {{"meter constant of sensor 1", "sm 0", 5163, 4917}};
  record.error_before = 0.05;
  record.uncertainty = 0.002;
  record.verified_error = 0.0004;
  record.trace = {{20, 0.95, 0.01}, {40, 0.9523, 0.004}, {60, 0.9524, 0.002}};
  append_record(file, record);
  append_record(file, record);
  const std::vector<Record> records = read_records(file);
  REQUIRE(records.size() == 2);
  CHECK(records[1].trace.size() == 3);
  CHECK_THAT(text_report(records), Contains("pulses on sensor 4") && Contains("5163 -> 4917") && Contains("+5.00 % ± 0.20 %"));
  const std::string page = html_report(records);
  CHECK_THAT(page, Contains("<svg") && Contains("sim:&lt;a&gt;.toml") && Contains("95 % bounds") && !Contains("nan"));
  std::ofstream(file, std::ios::app) << "not json\n";
  CHECK_THROWS_WITH(read_records(file), Contains("calibrations.jsonl:3: no record of a calibration"));
}
