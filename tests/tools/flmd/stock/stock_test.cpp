#include "tools/flmd/stock/stock.hpp"

#include <sys/stat.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/sim/temporary_folder.hpp"
#include "tools/common/input_error.hpp"
#include "tools/flmd/kubes/kube_state.hpp"
#include "tools/flmd/site/sensors.hpp"
#include "tools/flmd/stock/uci.hpp"
#include "tools/history/tmpo_block.hpp"

using namespace flm;
using namespace flm::flmd;
namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// An id that is told from the others by its number.
std::string id(int number) {
  std::string text = std::to_string(number);
  return std::string(32 - text.size(), '0') + text;
}

const std::string device = "deadbeef000000000000000000000001", key = "deadbeef000000000000000000000002";

/// A Fluksometer FLM02B as stock's image, UI, fp1 and pairing leave it (flm02: config/flukso.uci, kube.uci,
/// fp1): a clamp, a gas meter, a smart meter (7, 8), a kube (9, 10), a number that a kube once had (11), and
/// free ones.
std::string flukso_text() {
  std::string text =
      "config settings 'main'\n"
      "\toption hw_major '2'\n\toption hw_minor '2'\n\toption max_sensors '6'\n\toption max_analog_sensors "
      "'3'\n"
      "\toption max_provisioned_sensors '13'\n\toption phase '1'\n\toption led_mode '4'\n\toption dsmr "
      "'2.2'\n"
      "\toption uart_rx_invert '1'\n\toption uart_tx_invert '0'\n\toption reset_counters '0'\n"
      "config settings 'daemon'\n"
      "\toption logmask 'info'\n\toption enable_wan_branch '1'\n\toption enable_lan_branch '1'\n"
      "\toption wan_base_url 'https://api.flukso.net/'\n"
      "config settings 'mqtt'\n\toption bridge_address 'api.flukso.net'\n";
  const std::vector<std::string> sensors = {
      "option type 'electricity'\n\toption class 'analog'\n\tlist port '1'\n\toption voltage '240'\n\toption "
      "current "
      "'100'\n\toption function 'main'\n\toption enable '1'\n\toption counter '1699569'\n",
      "option type 'electricity'\n\toption class 'analog'\n\tlist port '2'\n\toption voltage '230'\n\toption "
      "current "
      "'50'\n\toption enable '0'\n",
      "option type 'electricity'\n\toption class 'analog'\n\toption voltage '230'\n\toption current "
      "'250'\n\toption enable '0'\n",
      "option type 'gas'\n\toption class 'pulse'\n\tlist port '4'\n\toption constant '10'\n\toption function "
      "'gas'\n\toption enable '1'\n",
      "option type 'electricity'\n\toption class 'pulse'\n\tlist port '5'\n\toption constant "
      "'0.625'\n\toption function "
      "'solar'\n\toption enable '1'\n",
      "option class 'uart'\n\tlist port '6'\n\toption enable '0'\n",
      "option type 'electricity'\n\toption function 'smart-main'\n\toption class 'cosem'\n\tlist obis "
      "'1-0:1.8.1*255'\n\tlist obis '1-0:2.8.1*255'\n\tlist obis '1-0:1.8.2*255'\n\tlist obis "
      "'1-0:2.8.2*255'\n\tlist obis '1-0:1.7.0*255'\n\tlist obis '1-0:2.7.0*255'\n\toption port "
      "'ttyS0'\n\toption protocol 'dlms'\n\toption derive '1'\n\toption enable '1'\n",
      "option type 'gas'\n\toption function 'smart-main'\n\toption class 'cosem'\n\tlist obis "
      "'0-1:24.2.0*255'\n\tlist obis '0-1:24.2.1*255'\n\toption port 'ttyS0'\n\toption protocol "
      "'dlms'\n\toption derive '0'\n\toption rid '1'\n\toption enable '1'\n",
      "option class 'kube'\n\toption type 'temperature'\n\toption data_type 'gauge'\n\toption kid "
      "'1'\n\toption rid "
      "'0'\n\toption enable '1'\n",
      "option class 'kube'\n\toption type 'movement'\n\toption data_type 'counter'\n\toption kid "
      "'1'\n\toption rid "
      "'3'\n\toption enable '1'\n",
      "option rid '2'\n",
      "",
      "",
  };
  for (std::size_t i = 0; i < sensors.size(); ++i)
    text += "config sensor '" + std::to_string(i + 1) + "'\n\toption id '" + id(static_cast<int>(i) + 1) +
            "'\n\t" + sensors[i] + (sensors[i].empty() ? "\n" : "");
  return text;
}

const std::string system_text =
    "config system\n\toption model 'FLM02B'\n\toption serial 'FL02008812'\n\toption device '" + device +
    "'\n\toption key '" + key + "'\n\toption hostname 'flukso-deadbe'\n";
const std::string kube_text =
    "config settings 'main'\n\toption pair_group '212'\n\toption collect_group '13'\n\toption max_nodes "
    "'30'\n"
    "\toption key 'cafe0000000000000000000000000000'\n\toption null_key '0123456789abcdef0123456789abcdef'\n"
    "\toption encryption '0'\n\toption cache '/usr/share/kube'\n"
    "config node '1'\n\toption hw_id 'feed0000000000000000000000000000'\n\toption hw_type '19218'\n"
    "\toption sw_version '1'\n\toption name 'cellar'\n\toption enable '1'\n";

/// A user's folder with stock's files, and what came of them.
struct Move {
  TemporaryFolder folder;
  stock::Import import{{}, folder.path() / "house.toml", folder.path() / "state", {}};
  std::vector<std::string> lines;

  explicit Move(const std::string& flukso = flukso_text(), const std::string& kube = kube_text) {
    fs::remove_all(folder.path() / "etc");
    fs::create_directories(folder.path() / "etc");
    import.files = {folder.file("etc/flukso", flukso), folder.file("etc/system", system_text)};
    if (!kube.empty()) import.files.push_back(folder.file("etc/kube", kube));
  }
  Move& come() {
    lines = stock::import_stock(import);
    return *this;
  }
  [[nodiscard]] bool told(const std::string& part) const {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(part) != line.npos; });
  }
  [[nodiscard]] Site site() const { return read_site(import.configuration); }
  [[nodiscard]] Ids ids() const { return read_ids(import.state_dir); }
  [[nodiscard]] fs::path back() const { return folder.path() / "back"; }
};

std::string without(std::string text, const std::string& part, const std::string& instead = "") {
  const auto place = text.find(part);
  REQUIRE(place != text.npos);
  return text.replace(place, part.size(), instead);
}

}  // namespace

TEST_CASE("what stock measured goes on under the same ids") {
  Move move;
  move.come();
  const Site site = move.site();
  CHECK(site.board.board->name == "flm02b");
  CHECK(site.serial == "FL02008812");
  CHECK(site.port.meter == "/dev/ttyS0");
  CHECK(site.port.meter_baud == 9600);  // DSMR 2.2
  CHECK(site.board.led == 3);           // port 4
  REQUIRE(site.reports.size() == 1);
  CHECK(site.reports[0].url == "https://api.flukso.net/");
  const auto* clamp = site.board.sensor(1);
  REQUIRE(clamp != nullptr);
  CHECK(clamp->name == "main");
  CHECK(clamp->voltage == 240.0);
  CHECK(clamp->current == 100);
  CHECK(site.board.sensor(4)->type == SensorType::gas);
  CHECK(site.board.sensor(5)->constant == 0.625);
  CHECK_FALSE(site.board.sensor(2)->enabled);

  State state(move.import.state_dir);
  CHECK(state.ids().device == device);
  CHECK(state.ids().key == key);
  Sensors sensors(site, state, [](const std::string& line) { FAIL(line); });
  CHECK(sensors.by_number(1)->sid == id(1));
  CHECK(sensors.by_number(5)->sid == id(5));
  CHECK(sensors.by_number(6)->sid == id(7));  // the smart meter's net energy
  CHECK(sensors.by_number(6)->sensor_class == "cosem");
  bool added = true;
  const SiteSensor* gas = sensors.of_register("gas", state, added);
  CHECK_FALSE(added);
  CHECK(gas->sid == id(8));
  CHECK(gas->rid == 1);
  // What is new takes the first free number, and an id that the device was given.
  const SiteSensor* import = sensors.of_register("import", state, added);
  CHECK(added);
  CHECK(import->number == 7);
  CHECK(import->sid == id(6));
  CHECK(sensors.of_register("export", state, added)->sid == id(12));
}

TEST_CASE("kubes keep network, sensors and recycle ids") {
  Move move;
  move.come();
  const KubeState kubes = read_kube_state(kube_state_file(move.import.state_dir));
  CHECK(kubes.key == "cafe0000000000000000000000000000");
  CHECK(kubes.collect_group == 13);
  CHECK(kubes.kubes.at(1) == KubeRecord{"feed0000000000000000000000000000", 19218, 1, "cellar"});
  CHECK(kubes.slots.at(9) == KubeSlot{1, "temperature", 0});
  CHECK(kubes.slots.at(10) == KubeSlot{1, "movement", 3});
  CHECK(kubes.slots.at(11) == KubeSlot{0, "", 2});  // free, the next one has rid 3
  CHECK(move.ids().sensors.at(9) == id(9));
}

TEST_CASE("what flmd has nothing for is said with its place, and kept for the way back") {
  Move move;
  move.come();
  CHECK(move.told("flukso:13: section 'daemon': logmask: not taken over"));
  CHECK(move.told("flukso:18: section 'mqtt': bridge_address: not taken over"));
  CHECK(move.told("system:1: section 'system': hostname: not taken over"));
  CHECK(move.told(
      "sensor 1: its counter was 1699569: once the board runs OpenFLM, flmctl counter set 1 1699569"));
  CHECK(move.told("sensor 3: option") == false);
  CHECK(text_of(move.import.state_dir / "stock" / "flukso").find("logmask 'info'") != std::string::npos);
  struct stat facts {};
  REQUIRE(stat((move.import.state_dir / "stock" / "system").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);  // it has the key
}

TEST_CASE("stock's files are the same after the way there and back") {
  Move move;
  move.come();
  SECTION("with what was kept of them") {}
  SECTION("made anew, without what flmd has nothing for") { fs::remove_all(move.import.state_dir / "stock"); }
  const bool made_anew = !fs::exists(move.import.state_dir / "stock");
  const auto lines = stock::export_stock(move.import.configuration, move.back());
  CHECK(lines.front() ==
        (move.back() / "flukso").string() + ": written, for /etc/config/flukso of stock's main board");
  CHECK(std::any_of(lines.begin(), lines.end(),
                    [](const auto& line) { return line.starts_with("system: has only"); }) == made_anew);
  for (const std::string name : {"flukso", "system", "kube"}) {
    const uci::Package there = uci::read(move.folder.path() / "etc" / name),
                       back = uci::read(move.back() / name);
    CHECK(back.sections.size() == there.sections.size() - (made_anew && name == "flukso"));  // [mqtt]
    for (const uci::Section& section : there.sections) {
      const uci::Section* other = section.name.empty() ? &back.sections.front() : back.find(section.name);
      if (made_anew && (section.name == "mqtt" || section.name == "2" || section.name == "3")) continue;
      REQUIRE(other != nullptr);
      for (const uci::Option& option : section.options) {
        INFO(name << " " << section.name << "." << option.name);
        // A counter is old by then, and would turn the sensor back.
        if (option.name == "counter") {
          CHECK(other->find("counter") == nullptr);
          continue;
        }
        if (made_anew && (option.name == "logmask" || option.name == "hostname")) continue;
        REQUIRE(other->find(option.name) != nullptr);
        CHECK(other->find(option.name)->values == option.values);
        CHECK(other->find(option.name)->is_list == option.is_list);
      }
    }
  }
  SECTION("and flmd's after the way back and there") {
    stock::Import again = move.import;
    again.files = {move.back() / "flukso", move.back() / "system", move.back() / "kube"};
    again.configuration = move.folder.path() / "again.toml";
    again.state_dir = move.folder.path() / "again";
    (void)stock::import_stock(again);
    CHECK(read_ids(again.state_dir) == move.ids());
    CHECK(read_kube_state(kube_state_file(again.state_dir)) ==
          read_kube_state(kube_state_file(move.import.state_dir)));
    CHECK(without(text_of(again.configuration), "again\"", "state\"") == text_of(move.import.configuration));
  }
}

TEST_CASE("what changed since, stock gets too, and is told what it cannot have") {
  Move move;
  move.come();
  std::string text = text_of(move.import.configuration);
  text = without(text, "name     = \"solar\"", "name     = \"Käse am Dach, ganz oben\"");
  text = without(text, "constant = 0.625", "pulses_per_kwh = 2400");
  text += "[[report]]\nkind = \"influx\"\nurl = \"http://127.0.0.1:8086/write?db=home&precision=s\"\n";
  std::ofstream(move.import.configuration) << text;
  move.lines = stock::export_stock(move.import.configuration, move.back());
  const uci::Package back = uci::read(move.back() / "flukso");
  CHECK(back.find("5")->value("function") == "K_se am Dach_ ga");
  CHECK(back.find("5")->value("constant") == "0.417");  // 1000 / 2400
  CHECK(move.told("sensor 5: stock has no name 'Käse am Dach, ganz oben': 'K_se am Dach_ ga'"));
  CHECK(move.told("stock has three decimals: 0.417"));
  CHECK(move.told(
      "[[report]] http://127.0.0.1:8086/write?db=home&precision=s: stock reports to one Flukso server"));
}

TEST_CASE("nothing that is there is overwritten, and what fails leaves nothing") {
  Move move;
  SECTION("the configuration") {
    move.folder.file("house.toml", "mine");
    CHECK_THROWS_WITH(move.come(),
                      Catch::EndsWith("house.toml: is there, and is not overwritten; allowed: a file that "
                                      "is not there yet"));
    CHECK(text_of(move.import.configuration) == "mine");
  }
  SECTION("the state") {
    fs::create_directories(move.import.state_dir / "history");
    CHECK_THROWS_WITH(move.come(),
                      Catch::EndsWith("state: is there; allowed: a folder that is empty or not there yet"));
  }
  SECTION("a history that is none") {
    move.import.history = move.folder.path() / "nowhere";
    CHECK_THROWS_WITH(move.come(), Catch::Contains("has no folder 'sensor'"));
    CHECK_FALSE(fs::exists(move.import.state_dir));
  }
  SECTION("stock's files on the way back") {
    move.come();
    fs::create_directories(move.back());
    std::ofstream(move.back() / "kube") << "mine";
    CHECK_THROWS_WITH(
        stock::export_stock(move.import.configuration, move.back()),
        Catch::EndsWith("kube: is there, and is not overwritten; allowed: a folder without flukso, system "
                        "and kube"));
    CHECK_FALSE(fs::exists(move.back() / "flukso"));
    return;
  }
  CHECK(fs::exists(move.import.configuration) == (text_of(move.import.configuration) == "mine"));
  for (const auto& entry : fs::directory_iterator(move.folder.path()))
    CHECK(entry.path().string().find("state.") == std::string::npos);
}

TEST_CASE("an empty state folder gives its permissions to what takes its place") {
  Move move;
  fs::create_directory(move.import.state_dir);
  fs::permissions(move.import.state_dir, fs::perms::owner_all);
  move.come();
  CHECK(fs::status(move.import.state_dir).permissions() == fs::perms::owner_all);
}

TEST_CASE("the history comes along, and says what the counters were") {
  Move move;
  move.import.history = move.folder.path() / "tmpo";
  const std::vector<history::Point> points = {{1404225540, 1'700'000'000}};
  const fs::path block = "sensor/" + id(1) + "/0/8/1404225536";
  fs::create_directories((move.import.history / block).parent_path());
  std::ofstream(move.import.history / block, std::ios::binary)
      << history::encode(R"({"id":")" + id(1) + R"("})", points);
  move.come();
  CHECK(text_of(move.import.state_dir / "history" / block) == text_of(move.import.history / block));
  CHECK(move.told(
      "sensor 1: its counter was 1700000 at 1404225540: once the board runs OpenFLM, flmctl counter set 1 "
      "1700000"));
}

TEST_CASE("no series goes on with what is not its own") {
  SECTION("a sensor whose gauges were kept begins the next recycle id") {
    Move move(without(flukso_text(), "option function 'main'",
                      "option function 'main'\n\toption data_type 'gauge'"));
    move.come();
    CHECK(move.ids().rids.at(id(1)) == 1);
    CHECK(move.told(
        "sensor 1: data_type gauge: flmd keeps its counter, under the next recycle id, 1; the gauges stay "
        "under 0"));
  }
  SECTION("a number that flmd cannot measure is given to nobody") {
    Move move(without(flukso_text(), "option derive '0'", "option derive '1'"));
    move.come();
    CHECK(move.told("sensor 8: class 'cosem', type 'gas': flmd measures none such; id and history are kept"));
    State state(move.import.state_dir);
    Sensors sensors(move.site(), state, [](const std::string&) {});
    bool added = false;
    CHECK(sensors.of_register("gas", state, added)->number == 7);
    CHECK(sensors.of_register("import", state, added)->number == 12);
    CHECK(state.ids().sensors.at(8) == id(8));
  }
  SECTION("a value of a kube that is not there any more") {
    Move move(flukso_text(), without(kube_text, kube_text.substr(kube_text.find("config node"))));
    move.come();
    CHECK(read_kube_state(kube_state_file(move.import.state_dir)).slots.at(10) == KubeSlot{0, "movement", 3});
    CHECK(move.told("sensor 10: movement of kube 1: there is no such kube"));
  }
}

TEST_CASE("a disabled sensor that the board cannot have keeps id and name") {
  // Ports that another one has, as after "3 phases" in stock's UI.
  Move move(
      without(without(flukso_text(), "list port '1'", "list port '1'\n\tlist port '2'\n\tlist port '3'"),
              "option phase '1'", "option phase '3'"));
  move.come();
  CHECK(move.site().board.phases == 3);
  CHECK_FALSE(move.site().board.sensor(2)->has_class);
  CHECK(move.told("sensor 2, which is disabled, keeps its id and name only: "));
  CHECK(move.ids().sensors.at(2) == id(2));
}

TEST_CASE("stock's configuration is checked: file, line, what is wrong, what is allowed") {
  const auto [part, instead, complaint] = GENERATE(table<std::string, std::string, std::string>({
      {"option constant '10'", "option constant '1,5'",
       "flukso:50: section '4': option 'constant' is '1,5'; allowed: 0.001 to 65535.999"},
      {"option constant '10'", "option constant '0'",
       "option 'constant' is '0'; allowed: 0.001 to 65535.999"},
      {"option constant '10'", "option constant '0.0625'", "option 'constant' is '0.0625'; allowed: "},
      {"option enable '1'", "option enable 'yes'", "option 'enable' is 'yes'; allowed: 0, 1"},
      {"option voltage '240'", "option voltage '2e9'",
       "option 'voltage' is '2e9'; allowed: a whole number, 1 to 999"},
      {"option current '100'", "option current '60'", "sensor 1: "},
      {"list port '4'", "list port '1'", "sensor 4: "},
      {"list port '4'", "list port '7'", "option 'port' is '7'; allowed: a whole number, 1 to 6"},
      {"option hw_minor '2'", "option hw_minor '0'",
       "makes it hardware 2.0; allowed: 2.1 (FLM02A), 2.2 (FLM02B)"},
      {"option dsmr '2.2'", "option dsmr '5'", "option 'dsmr' is '5'; allowed: 2.2, 4.0"},
      {"option led_mode '4'", "option led_mode '7'",
       "option 'led_mode' is '7'; allowed: 1 to 6, 256 for a heartbeat"},
      {"option kid '1'", "option kid '31'", "option 'kid' is '31'; allowed: a whole number, 1 to 30"},
      {"'ttyS0'", "'../mem'", "option 'port' is '../mem'; allowed: a serial device's name, such as ttyS0"},
      {"https://api.flukso.net/", "ftp://api", "option 'wan_base_url': "},
      {"config sensor '13'", "config sensor '65'", "'65' is no sensor's number; allowed: 1 to 64"},
      {"config sensor '13'", "config sensor '013'", "'013' is no sensor's number; allowed: 1 to 64"},
      {"'" + id(13) + "'", "'" + id(12) + "'", "option 'id' is that of sensor 12; allowed: an id of its own"},
      {"'" + id(13) + "'", "'FFFF'", "option 'id' is 'FFFF'; allowed: 32 lower-case hex digits"},
  }));
  Move move(without(flukso_text(), part, instead));
  INFO(instead);
  CHECK_THROWS_WITH(move.come(), Catch::Contains("etc/flukso:") && Catch::Contains(complaint));
  CHECK_FALSE(fs::exists(move.import.configuration));
  CHECK_FALSE(fs::exists(move.import.state_dir));
}

TEST_CASE("each of stock's files once, by its name") {
  Move move(flukso_text(), "");
  CHECK_THROWS_WITH(move.come(),
                    Catch::Contains("sensor 9 is a kube's, and there is no network of kubes; allowed: the "
                                    "file /etc/config/kube too"));
  move.import.files = {move.import.files[0]};
  CHECK_THROWS_WITH(move.come(),
                    Catch::StartsWith("the file system is missing; allowed: flukso, system and"));
  move.import.files = {move.folder.file("etc/network", "config a\n")};
  CHECK_THROWS_WITH(move.come(),
                    Catch::EndsWith("network: is none of stock's files; allowed: flukso, system, kube"));
}
