// Complaints about a scenario: file, line, key, what is wrong, what is allowed, once.
#include "sim/scenario/scenario.hpp"

#include <catch2/catch.hpp>

#include "sim/scenario/board_model.hpp"
#include "sim/world/environment.hpp"
#include "tests/sim/temporary_folder.hpp"

using namespace flm::sim;

namespace {

const std::string top = "board = \"flm02b\"\nduration = 10.0\n";                         // two lines
const std::string pulse = top + "[[sensor]]\nid = 4\nclass = \"pulse\"\nports = [4]\n";  // six

/// The message for a scenario, without the folder's name; empty when it is accepted and its recordings load.
std::string complaint(const std::string& text, const std::string& csv = "", const std::string& sound = "") {
  const TemporaryFolder folder;
  folder.file("data.csv", csv);
  folder.file("sound.wav", sound);
  try {
    const Scenario scenario = read_scenario(folder.file("s.toml", text));
    const Environment environment(scenario, board_model(scenario.board));
  } catch (const InputError& error) {
    std::string message = error.what();
    for (std::size_t at = 0; (at = message.find(folder.path().string() + "/")) != message.npos;)
      message.erase(at, folder.path().string().size() + 1);
    return message;
  }
  return {};
}

}  // namespace

TEST_CASE("a whole scenario is read as written") {
  const TemporaryFolder folder;
  folder.file("data.csv", "0\n1\n0\n");
  const Scenario s = read_scenario(folder.file("s.toml", top + R"(
[[sensor]]
id = 2
class = "analog"
ports = [1, 3]
voltage = 240.0
current = 100
[[sensor]]
id = 4
class = "pulse"
ports = [4]
constant = 0.5
type = "gas"
[[waveform]]
port = 3
file = "data.csv"
rate = 100
scale = 2.5
repeat = true
[frontend]
tau = 0.02
noise_lsb = 0.1
clamp_corner = 2.5
[parts]
threshold = 4.41
pull_up = 50e3
clock_ppm = -5000
rc_percent = 10
rise = 0.1
worn = [{address = 12, keeps = 0x04}, {address = 511, keeps = 255}]
[supply]
volts = 4.9
ripple = 0.2
hz = 100e3
[[pulses]]
port = 4
every = 0.5
width = 0.03
bounce = 0.002
[[host]]
at = 2.0
send = "gc 0"
[[power]]
at = 7.0
restore = 7.002
[[power]]
at = 3.0
restore = 4.5
hold_up = 0.05
[[power]]
at = 8.0
restore = 8.001
every = 0.1
until = 9.0
[[expect]]
sensor = 4
from = 1.0
counter = 5
tolerance = "1%"
)"));
  CHECK(s.board == "flm02b");
  CHECK(s.duration == 10.0);
  REQUIRE(s.sensors.size() == 2);
  CHECK(s.sensors[0].ports == std::vector<int>{1, 3});
  CHECK(s.sensors[0].voltage == 240.0);
  CHECK(s.sensors[0].current == 100);
  CHECK(s.sensors[1].constant == 0.5);
  CHECK(s.sensors[1].type == SensorType::gas);
  CHECK(s.waveforms.at(0).scale == 2.5);
  CHECK(s.waveforms.at(0).repeat);
  CHECK(s.front_end.tau == 0.02);
  CHECK(s.front_end.gain == 1.0);
  CHECK(s.front_end.clamp_corner == 2.5);
  CHECK(s.front_end.clamp_saturation == 0.3);
  CHECK(s.pulses.at(0).bounce == 0.002);
  CHECK(s.host.at(0).send == "gc 0");
  CHECK(s.parts.threshold == 4.41);
  CHECK(s.parts.pull_up == 50e3);
  CHECK(s.parts.clock_ppm == -5000.0);
  CHECK(s.parts.rc_percent == 10.0);
  CHECK(s.parts.rise == 0.1);
  REQUIRE(s.parts.worn.size() == 2);
  CHECK(s.parts.worn[0].address == 12);
  CHECK(s.parts.worn[0].keeps == 0x04);
  CHECK(s.parts.worn[1].address == 511);
  CHECK(s.supply.volts == 4.9);
  CHECK(s.supply.ripple == 0.2);
  CHECK(s.supply.hz == 100e3);
  REQUIRE(s.power.size() == 3);  // in time order
  CHECK(s.power[0].at == 3.0);
  CHECK(s.power[0].restore == 4.5);
  CHECK(s.power[0].hold_up == 0.05);
  CHECK(s.power[1].at == 7.0);
  CHECK(s.power[1].hold_up == 0.16);  // the default
  CHECK(s.power[1].every == 0.0);     // once
  CHECK(s.power[2].every == 0.1);
  CHECK(s.power[2].until == 9.0);
  CHECK(s.expectations.at(0).tolerance == "1%");
}

TEST_CASE("a failure that is repeated ends with the last one that begins before `until`") {
  PowerFailure failure;
  failure.at = 2.0;
  failure.restore = 2.25;
  failure.every = 0.5;
  failure.until = 4.0;
  CHECK(failure.over() == 3.75);  // begun at 3.5: the next would begin at 4.0
  CHECK_FALSE(failure.back_from(1.99));
  CHECK(failure.back_from(2.0) == 2.25);
  CHECK_FALSE(failure.back_from(2.25));
  CHECK(failure.back_from(3.125) == 3.25);
  CHECK_FALSE(failure.back_from(4.125));
  failure.every = 0.0;
  CHECK(failure.over() == 2.25);
  CHECK_FALSE(failure.back_from(2.75));
}

TEST_CASE("parts and supply are nominal unless a scenario says otherwise") {
  const TemporaryFolder folder;
  const Scenario s = read_scenario(folder.file("s.toml", top));
  CHECK(s.parts.threshold == 4.85);  // 1.1 V * (75k + 22k) / 22k
  CHECK(s.parts.pull_up == 35e3);    // the middle of the data sheet's 20 to 50 kohm
  CHECK(s.parts.rise == 0.005);
  CHECK(s.parts.clock_ppm == 0.0);
  CHECK(s.parts.rc_percent == 0.0);
  CHECK(s.parts.worn.empty());
  CHECK(s.supply.volts == 5.0);
  CHECK(s.supply.ripple == 0.0);
}

TEST_CASE("each mistake in a scenario gets one message with file, line, key and what is allowed") {
  const auto [text, csv, sound,
              message] = GENERATE(table<std::string, std::string, std::string, std::string>({
      {"board = \"flm03\"\nduration = 1\n", "", "",
       "s.toml:1: key 'board' is 'flm03'; allowed: flm02a, flm02b"},
      {"duration = 1\n", "", "", "s.toml:1: key 'board' is missing; allowed: flm02a, flm02b"},
      {"board = \"flm02b\"\nduration = 0\n", "", "",
       "s.toml:2: key 'duration' is 0; allowed: a number from 0.001 to 315360000"},
      {"board = \"flm02b\"\nduration = \"long\"\n", "", "",
       "s.toml:2: key 'duration' is not a number; allowed: a number from 0.001 to 315360000"},
      {top + "duraton = 1\n", "", "",
       "s.toml:3: key 'duraton' is not known (did you mean 'duration'?); allowed: board, duration, sensor, "
       "waveform, frontend, pulses, host, "
       "expect, serial, radio, power, parts, supply, port"},
      {top + "[[waveform]]\nport = 1\namps = 5\nshap = \"sine\"\n", "", "",
       "s.toml:6: [[waveform]] key 'shap' is not known (did you mean 'shape'?); allowed: port, file, "
       "channel, scale, rate, repeat, amps, hz, shape"},
      {top + "[[waveform]]\nport = 1\nfile = \"none.wav\"\n", "", "",
       "s.toml:5: [[waveform]] key 'file' is 'none.wav', which is not a file; allowed: an existing file"},
      {top + "[[waveform]]\nport = 1\nfile = \"sound.wav\"\n", "", "RIFFxxxx",
       "sound.wav: Format not recognised.; allowed: a sound file that libsndfile reads, or .csv"},
      {top + "[[waveform]]\nport = 4\namps = 1.0\n", "", "",
       "s.toml:4: [[waveform]] key 'port' is 4; allowed: clamp ports 1, 2, 3 of flm02b"},
      {"board = \"flm02a\"\nduration = 1.0\n[[pulses]]\nport = 2\nevery = 1.0\n", "", "",
       "s.toml:4: [[pulses]] key 'port' is 2; allowed: pulse ports 4, 5 of flm02a"},
      {top + "[[sensor]]\nid = 1\nclass = \"analog\"\nports = [1]\n[[sensor]]\nid = 2\nclass = "
             "\"analog\"\nports = [1]\n",
       "", "",
       "s.toml:10: [[sensor]] key 'ports' has port 1, which feeds sensor 1 already; allowed: a port feeds "
       "one sensor"},
      {top + "[[sensor]]\nid = 1\nclass = \"analog\"\nports = [1]\n[[sensor]]\nid = 1\nclass = "
             "\"pulse\"\nports = [4]\n",
       "", "",
       "s.toml:8: [[sensor]] key 'id' is 1 a second time: a sensor is one class of meter and stands once; "
       "allowed: each sensor once, with all its ports"},
      {top + "[[sensor]]\nid = 1\nclass = \"analog\"\nports = [1, 4]\n", "", "",
       "s.toml:6: [[sensor]] key 'ports' has port 4; allowed: clamp ports 1, 2, 3 of flm02b"},
      {top + "[[sensor]]\nid = 1\nclass = \"analog\"\nports = [2]\n[[sensor]]\nid = 2\nclass = "
             "\"pulse\"\nports = [3]\n",
       "", "",
       "s.toml:10: [[sensor]] key 'ports' has port 3 as pulse input while port 2 of sensor 1 is a clamp; "
       "allowed: ports 2 and 3 both clamps or both "
       "pulse inputs"},
      {top + "[[sensor]]\nid = 1\nclass = \"analog\"\nports = [1]\nvoltage = 400\ncurrent = 500\n", "", "",
       "s.toml:7: [[sensor]] key 'voltage' is 400 V with a 500 A clamp: a meter constant of 89800, over "
       "65535; allowed: up to 291 V with this clamp, or a clamp of up to 250 A"},
      {top + "[[waveform]]\nport = 1\nfile = \"data.csv\"\nrate = 0\n", "0\n1\n", "",
       "s.toml:6: [[waveform]] key 'rate' is 0; allowed: a number from 0.001 to 10000000"},
      {top + "[[waveform]]\nport = 1\nfile = \"data.csv\"\nrate = 100\n", "0\n1\nnan\n", "",
       "data.csv:3: column 0: 'nan' is not finite; allowed: finite numbers"},
      {top + "[[waveform]]\nport = 1\nfile = \"data.csv\"\nchannel = 1\n", "time,a\n0,1\n0,2\n", "",
       "data.csv:3: time 0 does not come after 0; times must increase"},
      {top + "[[waveform]]\nport = 1\nfile = \"data.csv\"\nchannel = 3\nrate = 100\n", "0\n1\n", "",
       "data.csv:1: 1 columns, channel 3 asked for; allowed: 0 to 0"},
      {top + "[[pulses]]\nport = 4\nfile = \"data.csv\"\n", "0.5,0\n0.6,2\n", "",
       "data.csv:2: level 2; allowed: 0, 1"},
      {top + "[[pulses]]\nport = 4\nevery = 0.01\nwidth = 0.008\nbounce = 0.005\n", "", "",
       "s.toml:5: [[pulses]] key 'every' is 0.01 s, with a width of 0.008 s and a bounce of 0.005 s; "
       "allowed: bounce <= width and width + bounce < every"},
      {top + "[[host]]\nat = 1.0\nsend = \"gc\"\n", "", "",
       "s.toml:5: [[host]] key 'send': 'gc' has 0 numbers; allowed: gc takes 1"},
      {top + "[[host]]\nat = 1.0\nsend = \"gc 256\"\n", "", "",
       "s.toml:5: [[host]] key 'send': 'gc 256': '256' is out of range; allowed: 0 to 255"},
      {top + "[[expect]]\nsensor = 3\npower = 1\n", "", "",
       "s.toml:4: [[expect]] key 'sensor' is 3, which has no [[sensor]]; allowed: a sensor of this scenario"},
      {top + "[[sensor]]\nid = 1\nclass = \"pulse\"\nports = [4]\nconstant = 0.0001\n", "", "",
       "s.toml:7: [[sensor]] key 'constant' is 0.0001; allowed: a number from 0.001 to 65535.999"},
      {top + "[[radio]]\nfile = \"packets.txt\"\n", "", "",
       "s.toml:4: [[radio]] key 'file' is 'packets.txt', which is not a file; allowed: an existing file"},
      {top + "[[radio]]\nkbit = 19.2\n", "", "",
       "s.toml:3: [[radio]] key 'file' is missing; allowed: a file of packets, relative to the scenario"},
      {top + "[[serial]]\nport = 5\n", "", "",
       "s.toml:4: [[serial]] key 'port' is 5; allowed: a whole number from 6 to 6"},
      {top + "[[host]]\nat = 1.0\nsend = \"u 1\"\n", "", "",
       "s.toml:5: [[host]] key 'send': 'u 1' is not a message for the u channel; allowed: u and two hex "
       "digits "
       "a byte, as in \"u 04ff\""},
      {top + "[[power]]\nrestore = 1.0\n", "", "",
       "s.toml:3: [[power]] key 'at' is missing; allowed: seconds since power-up"},
      {top + "[[power]]\nat = 1.0\n", "", "",
       "s.toml:3: [[power]] key 'restore' is missing; allowed: seconds since power-up, after 'at'"},
      {top + "[[power]]\nat = -1.0\nrestore = 1.0\n", "", "",
       "s.toml:4: [[power]] key 'at' is -1; allowed: a number from 0 to 10"},
      {top + "[[power]]\nat = 10.5\nrestore = 11.0\n", "", "",
       "s.toml:4: [[power]] key 'at' is 10.5; allowed: a number from 0 to 10"},
      {top + "[[power]]\nat = 2.0\nrestore = 2.0\n", "", "",
       "s.toml:5: [[power]] key 'restore' is 2, not after 'at', which is 2; allowed: a time after 'at'"},
      {top + "[[power]]\nat = 2.0\nrestore = 3.0\nhold_up = -0.1\n", "", "",
       "s.toml:6: [[power]] key 'hold_up' is -0.1; allowed: a number from 0 to 315360000"},
      {top + "[[power]]\nat = 2.0\nrestore = 3.0\nholdup = 0.1\n", "", "",
       "s.toml:6: [[power]] key 'holdup' is not known (did you mean 'hold_up'?); allowed: at, restore, "
       "hold_up, every, until"},
      {top + "[[power]]\nat = 2.0\nrestore = 4.0\n[[power]]\nat = 1.0\nrestore = 2.5\n", "", "",
       "s.toml:7: [[power]] key 'at' is 1: from there to 2.5 overlaps a different [[power]], from 2 to 4; "
       "allowed: failures with time between them"},
      {top + "[[power]]\nat = 2.0\nrestore = 2.5\nevery = 0.5\n", "", "",
       "s.toml:6: [[power]] key 'every' is 0.5 s, and a failure lasts 0.5 s; allowed: failures with time "
       "between them"},
      {top + "[[power]]\nat = 2.0\nrestore = 2.5\nuntil = 5.0\n", "", "",
       "s.toml:6: [[power]] key 'until' stands without 'every'; allowed: until with every"},
      {top + "[[power]]\nat = 2.0\nrestore = 2.5\nevery = 1.0\nuntil = 1.0\n", "", "",
       "s.toml:7: [[power]] key 'until' is 1; allowed: a number from 2 to 315360000"},
      {top + "[[power]]\nat = 2.0\nrestore = 2.25\nevery = 1.0\n[[power]]\nat = 6.5\nrestore = 6.75\n", "",
       "",
       "s.toml:8: [[power]] key 'at' is 6.5: from there to 6.75 overlaps a different [[power]], from 2 to "
       "9.25; "
       "allowed: failures with time between them"},
      {top + "[[power]]\nat = 2.0\nrestore = 2.25\nevery = 1.0\n[[host]]\nat = 5.125\nsend = \"gc 0\"\n", "",
       "",
       "s.toml:8: [[host]] key 'at' is 5.125: the power fails from 5 to 5.25, and nothing can be sent; "
       "allowed: "
       "before 5, or from 5.25"},
      {top + "[parts]\nthreshold = 3.9\n", "", "",
       "s.toml:4: [parts] key 'threshold' is 3.9; allowed: a number from 4 to 5.5"},
      {top + "[parts]\npull_up = 60e3\n", "", "",
       "s.toml:4: [parts] key 'pull_up' is 60000; allowed: a number from 20000 to 50000"},
      {top + "[parts]\nclock_ppm = 10001\n", "", "",
       "s.toml:4: [parts] key 'clock_ppm' is 10001; allowed: a number from -10000 to 10000"},
      {top + "[parts]\nrc_percent = -16\n", "", "",
       "s.toml:4: [parts] key 'rc_percent' is -16; allowed: a number from -15 to 15"},
      {top + "[parts]\nrise = 2\n", "", "",
       "s.toml:4: [parts] key 'rise' is 2; allowed: a number from 0 to 1"},
      {top + "[parts]\nworn = 12\n", "", "",
       "s.toml:4: [parts] key 'worn' is not a list of tables; allowed: a list of cells as in [{address = 12, "
       "keeps = 0x04}]"},
      {top + "[parts]\nworn = [{address = 512, keeps = 1}]\n", "", "",
       "s.toml:4: [parts] worn: key 'address' is 512; allowed: a whole number from 0 to 511"},
      {top + "[parts]\nworn = [{address = 12}]\n", "", "",
       "s.toml:4: [parts] worn: key 'keeps' is missing; allowed: the bits that never change again, 0x01 to "
       "0xff"},
      {top + "[[parts]]\nrise = 1\n", "", "", "s.toml:3: key 'parts' is not a table; allowed: [parts]"},
      {top + "[supply]\nvolts = 12\n", "", "",
       "s.toml:4: [supply] key 'volts' is 12; allowed: a number from 0 to 6"},
      {top + "[supply]\nripple = -0.1\n", "", "",
       "s.toml:4: [supply] key 'ripple' is -0.1; allowed: a number from 0 to 6"},
      {top + "[supply]\nripple = 0.1\nhz = 0.5\n", "", "",
       "s.toml:5: [supply] key 'hz' is 0.5; allowed: a number from 1 to 100000"},
      {pulse + "[[pulses]]\nport = 4\nevery = 1\nbounces = 2\n", "", "",
       "s.toml:10: [[pulses]] key 'bounces' stands without 'bounce'; allowed: bounce, in s, and how often "
       "within it"},
      {pulse + "[[expect]]\nsensor = 4\ngas = 1\n", "", "",
       "s.toml:9: [[expect]] key 'gas' is for a smart meter, and sensor 4 is not one; allowed: power, "
       "counter, "
       "reading; or the p1 sensor"},
      {pulse + "[[expect]]\nsensor = 4\n", "", "",
       "s.toml:7: [[expect]] key 'power' is missing, and so is 'counter'; allowed: one or more of power, "
       "counter, gas, water, refused, reading"},
      {pulse + "[[expect]]\nsensor = 4\nreading = false\ncounter = 0\n", "", "",
       "s.toml:9: [[expect]] key 'reading' is false beside what a reading says; allowed: false alone, or "
       "true"},
      {top + "[[port]]\nport = 4\ndebounce = 1\n", "", "",
       "s.toml:4: [[port]] key 'port' is to be set, and there is no [[sensor]]; allowed: [[sensor]] tables: "
       "without any the main board sets nothing"},
      {pulse + "[[port]]\nport = 4\ndebounce = 7\n", "", "",
       "s.toml:9: [[port]] key 'debounce' is 7; allowed: a number from 0.0015 to 6.5535"},
      {pulse + "[[port]]\nport = 4\ntau = 0.002\n", "", "",
       "s.toml:9: [[port]] key 'tau' stands at port 4, which is not a clamp's; allowed: clamp ports 1, 2, 3"},
      {pulse + "constant = 0.3333\n", "", "",
       "s.toml:7: [[sensor]] key 'constant' is 0.3333, which a board cannot count exactly; allowed: whole "
       "thousandths as in 0.125, pulses_per_kwh as in 3000"},
      {pulse + "pulses_per_kwh = 4099\n", "", "",
       "s.toml:7: [[sensor]] key 'pulses_per_kwh' is 4099: a pulse of 0.2439619419370578 Wh, which a board "
       "cannot count exactly; allowed: constant = 0.244, which is "
       "+0.0156 % off, or a different number"},
      {top + "[supply]\nhz = 50\n", "", "",
       "s.toml:4: [supply] key 'hz' stands without 'ripple'; allowed: hz with ripple"},
      {top + "[[power]]\nat = 2.0\nrestore = 4.0\n[[host]]\nat = 2.0\nsend = \"gc 0\"\n", "", "",
       "s.toml:7: [[host]] key 'at' is 2: the power fails from 2 to 4, and nothing can be sent; allowed: "
       "before "
       "2, or from 4"},
  }));
  CAPTURE(text);
  CHECK(complaint(text, csv, sound) == message);
}

TEST_CASE(
    "the power may come back after the scenario's end, and a command may be sent as soon as it is back") {
  CHECK(complaint(top + "[[power]]\nat = 9.0\nrestore = 12.0\n") == "");
  CHECK(complaint(top + "[[host]]\nat = 4.0\nsend = \"gc 0\"\n[[power]]\nat = 2.0\nrestore = 4.0\n") == "");
}

TEST_CASE("a file that is not TOML, is empty or is not there is refused with its name") {
  CHECK(complaint("board = \n").substr(0, 9) == "s.toml:1:");
  CHECK(complaint("") == "s.toml:1: key 'board' is missing; allowed: flm02a, flm02b");
  CHECK_THROWS_WITH(read_scenario("/nowhere/s.toml"),
                    "/nowhere/s.toml: no such file; allowed: a scenario (.toml)");
}
