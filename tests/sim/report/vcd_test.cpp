#include "sim/report/vcd.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace flm::sim;
namespace fs = std::filesystem;

namespace {

/// Content of a value change dump, read by the rules of IEEE 1364-2005, clause 18.2: any breach of them fails
/// the test.
struct Dump {
  struct Variable {
    std::string type;
    int bits = 0;
    std::string name;
  };
  std::map<std::string, Variable> variables;                                         // by identifier code
  std::map<std::string, std::vector<std::pair<std::int64_t, std::string>>> changes;  // by name
  std::int64_t end = -1;

  explicit Dump(const fs::path& file) {
    std::ifstream in(file);
    REQUIRE(in);
    std::string word;
    bool definitions = true;
    int scopes = 0;
    while (in >> word) {
      if (word == "$comment" || word == "$timescale" || word == "$scope") {
        std::string text;
        for (std::string part; in >> part && part != "$end";) text += part;
        if (word == "$timescale") CHECK(text == "1ns");
        if (word == "$scope") ++scopes;
      } else if (word == "$upscope") {
        --scopes;
        in >> word;
      } else if (word == "$var") {
        Variable v;
        std::string id, part;
        in >> v.type >> v.bits >> id >> v.name;
        while (in >> part && part != "$end") {
        }
        CHECK(variables.emplace(id, v).second);
      } else if (word == "$enddefinitions") {
        definitions = false;
        CHECK(scopes == 0);
        in >> word;
      } else if (word == "$dumpvars" || word == "$end") {
        CHECK_FALSE(definitions);
      } else if (word[0] == '#') {
        const std::int64_t t = std::stoll(word.substr(1));
        if (t <= end) FAIL("time goes back at " << word);
        end = t;
      } else {
        REQUIRE(end >= 0);
        std::string id, value;
        if (word[0] == 'b' || word[0] == 'r') {
          value = word.substr(1);
          in >> id;
        } else {
          REQUIRE(std::string("01x").find(word[0]) != std::string::npos);
          value = word.substr(0, 1);
          id = word.substr(1);
        }
        const auto variable = variables.find(id);
        REQUIRE(variable != variables.end());
        if (word[0] == 'r')
          CHECK(variable->second.type == "real");
        else if (static_cast<int>(value.size()) > variable->second.bits)
          FAIL("too many bits for " << variable->second.name);
        changes[variable->second.name].emplace_back(end, value);
      }
    }
  }
  [[nodiscard]] std::string at(const std::string& name, std::int64_t t) const {
    std::string value;
    for (const auto& [when, what] : changes.at(name))
      if (when <= t) value = what;
    return value;
  }
};

struct Fixture {
  Fixture()
      : folder(fs::temp_directory_path() / ("flm-vcd-" + std::to_string(getpid()))),
        file(folder / "run.vcd") {
    fs::create_directories(folder);
    scenario.board = "flm02b";
    scenario.duration = 3;
    Sensor clamp;
    clamp.id = 1;
    clamp.ports = {2};
    Sensor meter;
    meter.id = 2;
    meter.sensor_class = SensorClass::pulse;
    meter.ports = {4};
    scenario.sensors = {clamp, meter};
    Waveform current;
    current.port = 2;
    current.amps = 10;
    scenario.waveforms = {current};
    Pulses pulses;
    pulses.port = 4;
    pulses.every = 0.4;
    pulses.width = 0.030;
    pulses.bounce = 0.002;
    scenario.pulses = {pulses};
  }
  ~Fixture() { fs::remove_all(folder); }
  Scenario scenario;
  fs::path folder, file;
};

}  // namespace

TEST_CASE("a dump holds every source, in time order") {
  const Fixture f;
  const BoardModel& board = board_model("flm02b");
  const Environment environment(f.scenario, board);
  constexpr Nanoseconds kEnd = 2'000'000'000;
  {
    VcdWriter writer(f.file, f.scenario, board, environment);
    writer.led(1'500'000'000, false);
    writer.led(900'000'000, true);
    writer.byte(200'000'000, 0x6c, 0x00);
    writer.byte(200'058'000, 0x67, 0x75);
    Reading reading;
    reading.t = 1.25;
    reading.sensor = 2;
    reading.counter = 3;
    reading.milli = 50;
    reading.extra = 1234;
    writer.reading(reading);
    reading.t = 5;  // after the end
    writer.reading(reading);
    writer.finish(kEnd);
  }
  const Dump dump(f.file);
  CHECK(dump.end == kEnd);

  // Every conversion of port 2: ticks 1, 4, 7, ...
  std::size_t wrong = 0, conversions = 0;
  std::map<std::int64_t, std::string> codes(dump.changes.at("port2_code").begin(),
                                            dump.changes.at("port2_code").end());
  for (std::int64_t tick = 1; board.tick_time(tick) <= kEnd; tick += 3, ++conversions) {
    const auto change = codes.upper_bound(board.tick_time(tick));
    const std::string& shown = std::prev(change)->second;
    if (shown == "x" || std::stoi(shown, nullptr, 2) != environment.convert(2, tick)) ++wrong;
  }
  CHECK(conversions > 4000);
  CHECK(wrong == 0);

  std::size_t edges = 0;
  bool level = environment.level(4, 0);
  for (Nanoseconds t = environment.next_edge(0); t <= kEnd; t = environment.next_edge(t)) {
    if (environment.level(4, t) == level) continue;
    level = !level;
    ++edges;
    CHECK(dump.at("port4_contact", t) == (level ? "1" : "0"));
  }
  CHECK(dump.changes.at("port4_contact").size() == edges + 1);
  CHECK(edges > 10);

  CHECK(dump.at("mosi", 200'000'000) == "01101100");
  CHECK(dump.at("miso", 200'058'000) == "01110101");
  CHECK(dump.at("busy", 200'007'999) == "1");
  CHECK(dump.at("busy", 200'008'000) == "0");
  CHECK(dump.at("led", 899'999'999) == "x");
  CHECK(dump.at("led", 900'000'000) == "1");
  CHECK(dump.at("led", 1'500'000'000) == "0");
  CHECK(dump.at("sensor2_counter", kEnd) == "3.050");
  CHECK(dump.at("sensor2_stamp_ms", kEnd) == "1234");
}

TEST_CASE("a dump that is not finished leaves no file") {
  const Fixture f;
  const Environment environment(f.scenario, board_model("flm02b"));
  { VcdWriter writer(f.file, f.scenario, board_model("flm02b"), environment); }
  CHECK(fs::is_empty(f.folder));
}

TEST_CASE("a dump that cannot be written says so before the run") {
  const Fixture f;
  const Environment environment(f.scenario, board_model("flm02b"));
  CHECK_THROWS_AS(VcdWriter("/nonexistent/folder/a.vcd", f.scenario, board_model("flm02b"), environment),
                  InputError);
}
