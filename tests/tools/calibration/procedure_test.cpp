#include "tools/calibration/procedure.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "firmware/metering/clock.hpp"
#include "tests/protocol/p1/p1_telegrams.hpp"
#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/calibration/board_on_bench.hpp"
#include "tools/calibration/calibration_report.hpp"

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
  CHECK(bench.ask("gn 0")[1] == Approx(1.076 * 1024.0 / 3.0).epsilon(0.06));
  CHECK(person.questions == 1);
  CHECK_THAT(person.said, Contains("without load the board reads 3") && Contains("expected after: ") &&
                              Contains("verified: "));
  REQUIRE(record->changes.size() == 2);
  CHECK(record->changes[0].after == bench.ask("go 0")[1]);
}

namespace {

/// Mean of ten seconds, W.
double reading(BoardOnBench& bench) {
  Script person;
  double sum = 0;
  for (const double watt : clamp_powers(bench, person, {0, {0}, 0}, 10)) sum += watt / 10;
  return sum;
}

flm::sim::Scenario input(const char* board, double offset, double noise, double watts) {
  flm::sim::Scenario scenario = bench_scenario(watts, 7);
  scenario.board = board;
  scenario.front_end.offset_lsb = offset;
  scenario.front_end.noise_lsb = noise;
  return scenario;
}

}  // namespace

TEST_CASE(
    "zero: without load a board reads 0 W after it, or what it read before, whatever its input's offset and "
    "noise") {
  const char* const board = GENERATE("flm02a", "flm02b");
  const double offset = GENERATE(-3.0, -1.3, -0.4, 0.0, 0.7, 1.6, 3.0),
               noise = GENERATE(0.0, 0.4, 0.75, 1.1, 1.5);
  CAPTURE(board, offset, noise);
  BoardOnBench bench(input(board, offset, noise, 0.0));
  const double before = reading(bench);
  Script person;
  try {
    static_cast<void>(calibrate_zero(bench, person, {}));
    CHECK(reading(bench) <= std::max(0.6, std::min(before, 0.05 * before)));
    CHECK_THAT(person.said, Contains("verified: 0.0 W without load") || Contains("it still reads"));
  } catch (const CalibrationError& error) {
    CHECK_THAT(error.what(), Contains("it would be worse") && Contains("The settings are as before"));
    CHECK(reading(bench) == Approx(before).margin(2.0));
    CHECK(bench.ask("go 0")[1] == 0);
  }
}

TEST_CASE("zero: a small load left on is refused, or is less than what it says that it would not notice") {
  const double watts = GENERATE(2.0, 5.0, 9.0, 14.0), offset = GENERATE(-2.0, 0.0, 2.0),
               noise = GENERATE(0.2, 0.6, 1.3);
  CAPTURE(watts, offset, noise);
  BoardOnBench bench(input("flm02b", offset, noise, watts));
  const double before = reading(bench);
  Script person;
  try {
    static_cast<void>(calibrate_zero(bench, person, {}));
    CHECK_THAT(person.said, Contains("that was left on is not noticed"));
  } catch (const CalibrationError&) {
    CHECK(bench.ask("go 0")[1] == 0);
  }
  CHECK(reading(bench) <= before + 1.5);  // of the noise around a load
}

TEST_CASE("zero: what reads more than before is taken back") {
  BoardOnBench bench(bench_scenario(0.0, 1));
  bool set = false;
  bench.tamper([&set](const std::string& line, std::vector<std::int64_t>& numbers) {
    set = set || line.starts_with("so 0");
    if (set && line == "gd" && numbers.size() >= 4) numbers[3] = 11;
  });
  Script person;
  CHECK_THROWS_WITH(
      calibrate_zero(bench, person, {}),
      Contains("after it the board reads 11.0 W without load, and before it read 0.0 W: it is worse"));
  CHECK_THAT(person.said, !Contains("verified"));
  CHECK(bench.ask("go 0")[1] == 0);
  CHECK(bench.ask("gn 0")[1] == 341);
}

TEST_CASE(
    "zero: an offset below code 0 has its sign wherever a person reads it, and two's complement on the "
    "link") {
  Record record;
  record.time = "2026-11-23T18:00:00Z";
  record.kind = "zero";
  record.sensor = 2;
  record.changes = {{"code at no current of clamp 2, 1/256", "so 1", 0, -307}};
  CHECK_THAT(text_report(std::vector<Record>{record}), Contains("0 -> -307"));
  const TemporaryFolder folder;
  // As the first versions kept it.
  const auto file = folder.file(
      "calibrations.jsonl",
      R"({"time":"2026-11-23T18:00:00Z","port":"a","board":"flm02b","kind":"zero","sensor":1,"reference":"no load",)"
      R"("changes":[{"setting":"offset","command":"so 0","before":0,"after":65298}],"error_before":0,"error_after":0,)"
      R"("uncertainty":0,"verified_error":0,"verified_uncertainty":0,"remarks":[],"trace":[]})"
      "\n");
  CHECK(read_records(file).front().changes[0].after == -238);
}

TEST_CASE("gain: what is not known to be wrong stays, and what is hardly known is not set") {
  BoardOnBench bench(bench_scenario(1700.0, 1));
  Script person;
  const auto record = calibrate_gain(bench, person, {}, parse_reference("2kW"));  // 1.5 to 2.5 kW
  REQUIRE(record);
  CHECK(person.questions == 0);
  CHECK(bench.ask("gm 0")[1] == 5163);
  CHECK_THAT(person.said,
             Contains("the constant stays") && Contains("nothing would change") && !Contains("verified"));
  CHECK_THAT(headline(*record), Contains("Sensor 1 agrees with the reference (2000 W +- 500 W): ") &&
                                    Contains("nothing was changed"));
  CHECK_THROWS_WITH(calibrate_gain(bench, person, {}, parse_reference("3kW")), Contains("more digits"));
  CHECK(bench.ask("gm 0")[1] == 5163);
}

TEST_CASE("gain: what is within its bounds and worse than before is taken back") {
  BoardOnBench bench(bench_scenario(1874.0, 1));
  bool set = false;
  bench.tamper([&set](const std::string& line, std::vector<std::int64_t>& numbers) {
    set = set || line.starts_with("sm 0");
    if (line == "gd" && numbers.size() >= 4)
      numbers[3] = set ? 1866 : 1880;  // -0.43 % after +0.32 %; a load may drift by 0.5 %
  });
  Script person;
  CHECK_THROWS_WITH(calibrate_gain(bench, person, {}, parse_reference("1874W")),
                    Contains("after it the error is -0.43 %, and before it was +0.32 %: it is worse") &&
                        Contains("as before"));
  CHECK(bench.ask("gm 0")[1] == 5163);
}

TEST_CASE(
    "an error that no clamp has is questioned before it is set: a meter's constant that is half of what is "
    "configured") {
  flm::sim::Scenario scenario = metered_scenario(2000.0, 1);
  scenario.front_end.gain = 1.1;
  scenario.pulses[0].every /= 2.0;  // 4000 imp/kWh, taken for 0.5 Wh a pulse
  BoardOnBench bench(scenario);
  Script person(false);
  CHECK_FALSE(calibrate_against(bench, person, {}, Meter::pulse, 4));
  CHECK_THAT(person.said, Contains("is more than a clamp is wrong by: are the meter's constant"));
  Script other(false);
  CHECK_FALSE(calibrate_gain(bench, other, {}, parse_reference("2020W")));
  CHECK_THAT(other.said, !Contains("more than a clamp"));
}

TEST_CASE("shape: mains of a different frequency than --mains are not accepted as a sine") {
  flm::sim::Scenario scenario = bench_scenario(2000.0, 1);
  scenario.waveforms[0].hz = 60.0;
  BoardOnBench bench(scenario);
  Script person;
  Options options;
  CHECK_THROWS_WITH(calibrate_shape(bench, person, options),
                    Contains("the current is not a sine") && Contains("--mains"));
  CHECK(bench.ask("gt 0")[1] == 1910);
  options.mains_hz = 60.0;
  CHECK(calibrate_shape(bench, person, options));
}

TEST_CASE("a board that still assumes its smoother is sent to calibrate shape first") {
  BoardOnBench bench(bench_scenario(1700.0, 1));
  Script person;
  const Options options;
  SECTION("before a gain") {
    CHECK(calibrate_gain(bench, person, options, parse_reference("1700W")));
    CHECK(person.said.find("this board is not calibrated yet: begin with 'flmctl calibrate shape'") == 0);
  }
  SECTION("and not when that was done") {
    static_cast<void>(bench.ask("st 0 1850"));
    CHECK(calibrate_gain(bench, person, options, parse_reference("1700W")));
    CHECK_THAT(person.said, !Contains("calibrate shape"));
  }
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
  CHECK_THAT(person.said, Contains("error -6.") && Contains("sm 0 55") && Contains("verified: 187"));
  Script reader;
  CHECK(clamp_powers(bench, reader, {0, {0}, 0}, 1)[0] == Approx(1874.0).margin(3.0));
}

TEST_CASE("shape: the time constant of a different capacitor is found, and a sine reads right with it") {
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
  CHECK_THAT(person.watched,
             Contains(" W   error +5.") && Contains(" % +- 0.0") && Contains("0.30 % in about 58 s"));
}

TEST_CASE(
    "against the smart meter: a register in whole Wh, a telegram a second; verified as surely as it is "
    "known, or not called so") {
  constexpr double watts = 2000.0;
  const bool too_short = GENERATE(false, true);
  Options options;
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
  for (int second = 0; second < 3000; ++second) {
    const double wh = std::floor(1000.4 + second * watts / 3600.0);
    line +=
        flm::test::telegram({"1-3:0.2.8(50)", fmt::format("1-0:1.8.1({:010.3f}*kWh)", wh / 1000.0),
                             "1-0:2.8.1(000000.000*kWh)", "1-0:1.7.0(02.000*kW)", "1-0:2.7.0(00.000*kW)"});
    line.resize(960 * (static_cast<std::size_t>(second) + 1), '\n');
  }
  flm::sim::SerialTraffic telegrams;
  telegrams.file = folder.file("telegrams", line);
  telegrams.baud = 9600;
  scenario.serial = {telegrams};
  BoardOnBench bench(scenario);
  Script person;
  bench.tamper([&](const std::string& command, std::vector<std::int64_t>&) {
    if (too_short && command.starts_with("sm 0")) options.limit_s = 120.0;
  });
  const auto record = calibrate_against(bench, person, options, Meter::p1, 6);
  REQUIRE(record);
  CHECK(record->uncertainty <= 0.003);
  if (too_short) {
    CHECK_FALSE(record->verified);
    CHECK_THAT(person.said, !Contains("verified") && Contains("do not tell yet whether it is right"));
    CHECK(record->remarks.size() == 1);
    return;
  }
  CHECK(record->verified);
  CHECK(record->verified_uncertainty <= record->uncertainty);
  CHECK(std::abs(record->verified_error) <= record->uncertainty + record->verified_uncertainty);
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
  CHECK_FALSE(calibrate_gain(bench, person, {}, parse_reference("2000W")));
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
  bench.refuse_to_store();
  Script person;
  CHECK_THROWS_WITH(calibrate_gain(bench, person, {}, parse_reference("1900W")),
                    Contains("could not store") && Contains("holds until its next reset: sm 0 52") &&
                        Contains("(before: 5163)"));
  CHECK(bench.ask("gm 0")[1] > 5200);  // 5163 * 1900 / 1874 = 5235
}

TEST_CASE("each mistake of the user has a message of its own") {
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
                      Contains("the clamp is clipped at 10") &&
                          Contains("about 41 A for a 50 A clamp; above it reads low"));
    CHECK_THROWS_WITH(calibrate_shape(bench, person, options),
                      Contains("full scale") && Contains("about 41 A for a 50 A clamp"));
    CHECK_THROWS_WITH(calibrate_against(bench, person, options, Meter::pulse, 4),
                      Contains("the clamp was clipped in ") && Contains("about 41 A for a 50 A clamp"));
  }
  SECTION("firmware that does not report it") {
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
  SECTION("a clamp on a different phase than the meter") {
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
    CHECK_THROWS_WITH(calibrate_gain(other, person, options, parse_reference("500W")),
                      Contains("no clamp sensor is enabled"));
  }
  CHECK(person.questions == 0);
}

TEST_CASE("a port's records are its own, whatever its options; a simulated board's lie beside it") {
  std::vector<Record> records(3);
  records[0].port = "spi:/dev/spidev0.0,hz=500000";
  records[1].port = "spi:/dev/spidev0.1";
  records[2].port = "spi:/dev/spidev0.0";
  CHECK(records_of_port(records, "spi:/dev/spidev0.0,board=flm02b").size() == 2);
  CHECK(records_of_port(records, "/dev/ttyUSB0").empty());
  CHECK(record_file_beside("boards/a.bin") == "boards/a.bin.calibrations.jsonl");
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
  CHECK_THAT(text_report(records),
             Contains("pulses on sensor 4") && Contains("5163 -> 4917") && Contains("+5.00 % ± 0.20 %"));
  CHECK_THAT(html_report(records), !Contains("<svg"));  // the first versions' records know no watts
  record.has_watts = true;
  record.reference_w = 2000.0;
  record.before_w = 2100.0;
  record.verified_uncertainty = 0.001;
  CHECK(headline(record, {{1, "Kitchen & hall"}}) ==
        "Kitchen & hall (sensor 1) read 5.00 % too much by the reference (pulses on sensor 4), and is right "
        "within 0.14 % now.");
  const std::string page = html_report(std::vector<Record>{records[0], record}, {{1, "Kitchen & hall"}});
  CHECK_THAT(page, Contains("<h1>Kitchen &amp; hall (sensor 1) read 5.00 % too much") && Contains("<svg") &&
                       Contains("sim:&lt;a&gt;.toml") && Contains("2 100 W") &&
                       Contains("should be 2 000 W") && Contains("bounds of 95 %") && !Contains("nan"));
  record.verified = false;
  CHECK_THAT(headline(record), Contains("not verified yet") && !Contains("right within"));
  CHECK_THAT(html_report(std::vector<Record>{record}), Contains("expected"));
  std::ofstream(file, std::ios::app) << "not json\n";
  CHECK_THROWS_WITH(read_records(file), Contains("calibrations.jsonl:3: no record of a calibration"));
}
