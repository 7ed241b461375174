#include "sim/report/report.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "sim/report/sensor_view.hpp"

using namespace flm::sim;
namespace fs = std::filesystem;

namespace {

/// A folder of its own, gone at the end.
struct Folder {
  Folder() : path(fs::temp_directory_path() / ("flm-report-" + std::to_string(getpid()))) {
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator{}));
  }
  fs::path path;
};

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// 5 A through a clamp on port 1, and two pulses a second on port 4.
Scenario scenario(double duration) {
  Scenario s;
  s.path = "kettle & <co>.toml";
  s.board = "flm02b";
  s.duration = duration;
  Sensor clamp;
  clamp.id = 1;
  clamp.ports = {1};
  Sensor meter;
  meter.id = 2;
  meter.sensor_class = SensorClass::pulse;
  meter.ports = {4};
  meter.constant = 0.5;
  s.sensors = {clamp, meter};
  Waveform current;
  current.port = 1;
  current.amps = 5;
  s.waveforms = {current};
  Pulses pulses;
  pulses.port = 4;
  pulses.every = 0.5;
  pulses.width = 0.040;
  pulses.bounce = 0.002;
  s.pulses = {pulses};
  return s;
}

Run run_of(const Scenario& s, std::uint32_t power) {
  Run run;
  run.scenario = s;
  run.board = &board_model(s.board);
  run.engine = "native";
  run.wall_seconds = 0.5;
  for (int t = 1; t <= static_cast<int>(s.duration); ++t) {  // as the main board asks
    Reading reading;
    reading.t = t;
    reading.sensor = 1;
    reading.extra = t < 2 ? 0 : power;
    run.records.emplace_back(reading);
  }
  return run;
}

ExpectationResult expectation(bool ok) {
  ExpectationResult e;
  e.expectation.sensor = 1;
  e.quantity = "power";
  e.expected = 1150;
  e.actual = ok ? 1151 : 900;
  e.allowed = 11.5;
  e.ok = ok;
  e.message = "a.toml:7: sensor 1 read 900 W";
  return e;
}

}  // namespace

TEST_CASE("a report is one file that refers to nothing outside") {
  const Folder folder;
  const Scenario s = scenario(12);
  const Environment environment(s, board_model(s.board));
  Run run = run_of(s, 1151);
  run.records.emplace_back(Reply{2.0, "gh <&>", "gh 2 2"});
  run.expectations = {expectation(true)};
  const fs::path file = folder.path / "report.html";
  write_report(file, run, environment);
  const std::string html = text_of(file);

  CHECK(folder.files() == 1);
  CHECK(html.rfind("<!doctype html>", 0) == 0);
  CHECK(html.find("</html>") != std::string::npos);
  for (const char* outside : {"http:", "https:", "src=", "href=", "@import", "url(", "<script"})
    CHECK(html.find(outside) == std::string::npos);
  CHECK(html.find("kettle &amp; &lt;co&gt;.toml") != std::string::npos);
  CHECK(html.find("gh &lt;&amp;&gt;") != std::string::npos);
  CHECK(html.find("<co>") == std::string::npos);
  CHECK(html.find("1 of 1 expectations met") != std::string::npos);
  CHECK(html.find("nan") == std::string::npos);
  CHECK(html.find("inf") == std::string::npos);
}

TEST_CASE("a report says how many EEPROM writes there were, and to which cell most of them") {
  const Folder folder;
  const Scenario s = scenario(12);
  const Environment environment(s, board_model(s.board));
  Run run = run_of(s, 1151);
  write_report(folder.path / "report.html", run, environment);
  CHECK(text_of(folder.path / "report.html").find("<dt>EEPROM writes</dt><dd>none</dd>") !=
        std::string::npos);
  std::vector<CellWrite> log;
  for (const std::uint16_t address : std::vector<std::uint16_t>{7, 300, 8, 300, 7, 300})
    log.push_back({0, 1, address, 0, 0, false});
  run.eeprom = eeprom_wear(log);
  write_report(folder.path / "report.html", run, environment);
  CHECK(
      text_of(folder.path / "report.html").find("<dt>EEPROM writes</dt><dd>6, 3 of them to cell 300</dd>") !=
      std::string::npos);
}

TEST_CASE("the worst hour of a cell may lie anywhere in a log") {
  constexpr Nanoseconds minute = 60'000'000'000;
  std::vector<CellWrite> log;
  for (const int at : {0, 50, 70, 109, 110, 200})
    log.push_back({at * minute, at * minute + 1, 7, 0, 0, at == 70});
  log.push_back({75 * minute, 75 * minute + 1, 8, 0, 0, false});  // a different cell
  CHECK(most_writes_within(log, 60 * minute) == 3);  // 50, 70 and 109; at 110 the first is an hour ago
  CHECK(most_writes_within({}, 60 * minute) == 0);
}

TEST_CASE("a report says which expectation failed and why") {
  const Folder folder;
  const Scenario s = scenario(12);
  const Environment environment(s, board_model(s.board));
  Run run = run_of(s, 900);
  run.expectations = {expectation(true), expectation(false)};
  write_report(folder.path / "report.html", run, environment);
  const std::string html = text_of(folder.path / "report.html");
  CHECK(html.find("1 of 2 expectations failed") != std::string::npos);
  CHECK(html.find("a.toml:7: sensor 1 read 900 W") != std::string::npos);
}

TEST_CASE("a report of a scenario without sensors is still a report") {
  const Folder folder;
  Scenario s;
  s.path = "empty.toml";
  s.board = "flm02a";
  s.duration = 1;
  const Environment environment(s, board_model(s.board));
  Run run;
  run.scenario = s;
  run.board = &board_model(s.board);
  run.engine = "native";
  write_report(folder.path / "report.html", run, environment);
  CHECK(text_of(folder.path / "report.html").find("nothing expected") != std::string::npos);
}

TEST_CASE("a clamp's reading is compared with the second that it measured") {
  const Scenario s = scenario(12);
  const Environment environment(s, board_model(s.board));
  const Run run = run_of(s, 1151);
  const SensorView view = view_of(run, environment, s.sensors[0]);
  // Seconds 0.930 .. 11.930 were measured and reported by 12.0, the last time the main board asks.
  CHECK(view.read.values.size() == 11);
  CHECK(view.read.start == Approx(0.930));
  CHECK(view.mean_read == 1151);
  CHECK(view.mean_true == Approx(1150).epsilon(1e-3));  // 230 V x 5 A
  CHECK(view.counter_true == Approx(11 * 1150 / 3600.0).epsilon(1e-3));
  CHECK(view.worst_error == Approx(1).margin(1));
}

TEST_CASE("a sensor that sent nothing has no mean") {
  const Scenario s = scenario(12);
  const Environment environment(s, board_model(s.board));
  Run run = run_of(s, 0);
  run.records.clear();
  const SensorView view = view_of(run, environment, s.sensors[0]);
  CHECK(std::isnan(view.mean_read));
  CHECK(std::isnan(view.counter_read));
}

TEST_CASE("a counter that the host sets starts the true counter there") {
  Scenario s = scenario(12);
  s.host = {{2.2, "sc 1 1000"}, {2.4, "gh"}};
  const Environment environment(s, board_model(s.board));
  const Run run = run_of(s, 0);
  const SensorView view = view_of(run, environment, s.sensors[1]);
  // Two pulses of 0.5 Wh a second from 2.2 s to 12 s.
  CHECK(view.counter_true == Approx(1000 + 9.8).margin(0.5));
}

TEST_CASE("the zoomed pulse begins open, ends open and has its bounces") {
  const Scenario s = scenario(12);
  const Environment environment(s, board_model(s.board));
  const auto edges = first_pulse(environment, 4, 1'000'000'000, 12'000'000'000);
  REQUIRE(edges.size() >= 5);
  CHECK(edges.front().second);
  CHECK_FALSE(edges[1].second);
  CHECK(edges.back().second);
  CHECK(edges.back().first - edges[1].first < 0.050);
  for (std::size_t i = 1; i < edges.size(); ++i) CHECK(edges[i].first > edges[i - 1].first);
}

TEST_CASE("a report of a day stays under a megabyte") {
  const Folder folder;
  Scenario s = scenario(86400);
  s.pulses.clear();
  for (int port = 2; port <= 3; ++port) {
    Sensor clamp = s.sensors[0];
    clamp.id = port + 1;
    clamp.ports = {port};
    s.sensors.push_back(clamp);
  }
  const Environment environment(s, board_model(s.board));
  Run run = run_of(s, 1150);
  for (Record& record : run.records)
    std::get<Reading>(record).extra += static_cast<std::uint32_t>(std::get<Reading>(record).t) * 7919 % 100;
  write_report(folder.path / "report.html", run, environment);
  CHECK(fs::file_size(folder.path / "report.html") < 1'000'000);
}

TEST_CASE("a report says of each sensor how much of it was clipped") {
  const Folder folder;
  Scenario s = scenario(12);
  s.waveforms[0].amps = 50;  // RMS of a sine whose peaks a 50 A clamp's converter cuts off
  const Environment environment(s, board_model(s.board));
  Run run = run_of(s, 10300);
  for (Record& record : run.records)
    if (auto& reading = std::get<Reading>(record); reading.t >= 2) reading.clipped = true;
  const SensorView view = view_of(run, environment, s.sensors[0]);
  CHECK(view.clipped == 11);
  CHECK(
      view.samples ==
      Approx(11 * 16e6 / 2560 / 3).epsilon(1e-3));  // FLM02B: a conversion each 160 us, three clamps in turn
  CHECK(view.clipped_samples > view.samples / 10);
  CHECK(view.clipped_samples < view.samples);
  CHECK(view_of(run, environment, s.sensors[1]).clipped == 0);
  write_report(folder.path / "report.html", run, environment);
  const std::string html = text_of(folder.path / "report.html");
  CHECK(html.find("Clipped in 11 of 12 readings: ") != std::string::npos);
  CHECK(html.find("samples of those seconds were at full scale (") != std::string::npos);

  s.power.push_back(
      {5.0, 6.0, 0.1});  // The board's seconds begin anew: which samples they hold is not known.
  const Environment fails(s, board_model(s.board));
  run.scenario = s;
  CHECK(view_of(run, fails, s.sensors[0]).clipped == 11);
  CHECK(view_of(run, fails, s.sensors[0]).samples == 0);
}

TEST_CASE("a report of currents that fit says nothing of clipping") {
  const Folder folder;
  const Scenario s = scenario(12);
  const Environment environment(s, board_model(s.board));
  write_report(folder.path / "report.html", run_of(s, 1151), environment);
  CHECK(text_of(folder.path / "report.html").find("lipped") == std::string::npos);
}

TEST_CASE("a report has each plot as wide as a screen and as wide as a phone") {
  const Folder folder;
  const Scenario s = scenario(12);
  const Environment environment(s, board_model(s.board));
  write_report(folder.path / "report.html", run_of(s, 1151), environment);
  const std::string html = text_of(folder.path / "report.html");
  const auto count = [&](const std::string& what) {
    std::size_t found = 0;
    for (auto at = html.find(what); at != std::string::npos; at = html.find(what, at + 1)) ++found;
    return found;
  };
  CHECK(count("<svg viewBox=\"0 0 352 ") == count("<svg ") / 2);
  CHECK(count("<div class=\"phone\">") == 2);             // a sensor each
  CHECK(html.find("1\u202f150.0") != std::string::npos);  // W, the true power: thousands are apart
}

TEST_CASE("a report that cannot be written names the file and leaves nothing") {
  const Folder folder;
  const Scenario s = scenario(2);
  const Environment environment(s, board_model(s.board));
  const Run run = run_of(s, 0);
  CHECK_THROWS_WITH(write_report(folder.path / "absent" / "report.html", run, environment),
                    Catch::Contains("absent") && Catch::Contains("No such file"));
  fs::create_directory(folder.path / "taken");
  CHECK_THROWS_WITH(write_report(folder.path / "taken", run, environment),
                    Catch::Contains("taken") && Catch::Contains("not a regular file"));
  CHECK(folder.files() == 1);
}
