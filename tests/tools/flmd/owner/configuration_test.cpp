#include "tools/flmd/owner/configuration.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/flmd/owner/visitor.hpp"

namespace {

using namespace flm;
using Catch::Matchers::Contains;
using nlohmann::json;

constexpr const char* sid_1 = "0123456789abcdef0123456789abcde1";

/// A house of an FLM02B whose owner has written comments everywhere.
const std::string house = R"(# My house.
board = "flm02b"  # the board
led = "heartbeat" # it beats

[link]
port = "sim:scenario.toml"
[state]
dir = "state" # not on the card
[http]
listen = ["127.0.0.1:8080"]

# The clamp in the cellar.
[[sensor]]
id = 1
name = "main"
sid = "0123456789abcdef0123456789abcde1"
class = "analog"
ports = [1]
meter_constant = 5200

# Gas: 10 L a pulse.
[[sensor]]
id = 4
name = "gas"
class = "pulse"
type = "gas"
ports = [4]
constant = 10.0

# Smoothing, measured.
[[port]]
port = 1
tau = 0.001

# To the cloud.
[[report]]
kind = "influx"
url = "http://127.0.0.1:8086/write?db=home" # mine
)";

std::string content(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

struct House {
  explicit House(const std::string& text = house) {
    folder.file("scenario.toml", "# a scenario\n");
    file = folder.file("house.toml", text);
    site.emplace(flmd::read_site(file));
    state.emplace(folder.path() / "state");
    sensors.emplace(*site, *state, [](const std::string&) {});
    configuration.emplace(
        file, *sensors, [this](flmd::Site next) { taken.push_back(std::move(next)); },
        [](const std::string&) {});
    configuration->add_routes(router, [](web::Handler handler) { return handler; });
  }

  json form() { return json::parse(visitor.ask(web::Method::get, "/api/config").body); }
  web::Response put(const json& form) { return visitor.put("/api/config", form); }
  /// The form with a field of a sensor set, and the answer.
  web::Response set(int number, const char* field, const json& value) {
    json changed = form();
    changed["sensors"][static_cast<std::size_t>(number - 1)][field] = value;
    return put(changed);
  }

  TemporaryFolder folder;
  std::filesystem::path file;
  std::optional<flmd::Site> site;
  std::optional<flmd::State> state;
  std::optional<flmd::Sensors> sensors;
  std::vector<flmd::Site> taken;
  std::optional<flmd::Configuration> configuration;
  web::Router router;
  test::Visitor visitor{router};
};

/// Lines of `after` that `before` has not, and those that it has lost.
std::pair<std::string, std::string> difference(const std::string& before, const std::string& after) {
  const auto lines = [](const std::string& text) {
    std::multiset<std::string> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) all.insert(line);
    return all;
  };
  std::string added, lost;
  auto old_lines = lines(before), new_lines = lines(after);
  for (const auto& line : new_lines)
    if (const auto found = old_lines.find(line); found != old_lines.end())
      old_lines.erase(found);
    else
      added += line + "\n";
  for (const auto& line : old_lines) lost += line + "\n";
  return {added, lost};
}

}  // namespace

TEST_CASE("the form has all six sensors, as the configuration has them or as they usually are") {
  House h;
  const json form = h.form();
  CHECK(form["board"] == "flm02b");
  CHECK(form["phases"] == 1);
  CHECK(form["clamp_ports"] == 3);
  CHECK(form["led"] == "heartbeat");
  CHECK(form["dsmr"] == "4.0");
  REQUIRE(form["sensors"].size() == 6);
  CHECK(form["sensors"][0] == json{{"number", 1},
                                   {"sid", sid_1},
                                   {"enabled", true},
                                   {"name", "main"},
                                   {"class", "analog"},
                                   {"type", "electricity"},
                                   {"ports", {1}},
                                   {"voltage", 230.0},
                                   {"current", 50},
                                   {"meter_constant", 5200}});
  CHECK(form["sensors"][3]["constant"] == "10");
  CHECK(form["sensors"][4]["class"] == "pulse");
  CHECK(form["sensors"][4]["enabled"] == false);
  CHECK(form["sensors"][5]["class"] == "uart");
  CHECK(form["sensors"][5]["sid"] == h.sensors->by_number(6)->sid);
}

TEST_CASE("a form that says nothing new writes nothing") {
  House h;
  CHECK(h.put(h.form()).status == 204);
  CHECK(content(h.file) == house);
  CHECK(h.taken.empty());
}

TEST_CASE("a name that changes is written with its table, and nothing else is touched") {
  House h;
  CHECK(h.set(4, "name", "<script>alert(1)</script>").status == 204);
  const auto [added, lost] = difference(house, content(h.file));
  CHECK(added ==
        "class    = \"pulse\"\nconstant = 10.0             # litre per pulse\nid       = 4\n"
        "name     = \"<script>alert(1)</script>\"\nports    = [4]\n"
        "type     = \"gas\"            # electricity, gas, water\n");
  CHECK(lost == "class = \"pulse\"\nconstant = 10.0\nid = 4\nname = \"gas\"\nports = [4]\ntype = \"gas\"\n");
  REQUIRE(h.taken.size() == 1);
  CHECK(h.taken[0].board.sensor(4)->name == "<script>alert(1)</script>");
  CHECK(h.taken[0].reports.size() == 1);
  CHECK(h.form()["sensors"][3]["name"] == "<script>alert(1)</script>");
}

TEST_CASE("a sensor keeps its id, its calibration and its text in quotes") {
  House h;
  CHECK(h.set(1, "name", R"(a "quoted\ name)").status == 204);
  const auto* main = h.taken.at(0).board.sensor(1);
  CHECK(main->name == R"(a "quoted\ name)");
  CHECK(main->sid == sid_1);
  CHECK(main->meter_constant == 5200);
}

TEST_CASE("a new sensor stands behind the others, before what follows them") {
  House h;
  json form = h.form();
  form["sensors"][4].update({{"enabled", true}, {"name", "solar"}, {"pulses_per_kwh", 1000}});
  CHECK(h.put(form).status == 204);
  const std::string text = content(h.file);
  CHECK_THAT(text, Contains("constant = 10.0\n\n[[sensor]]\nid       = 5\nname     = \"solar\"\n"));
  CHECK(text.find("solar") < text.find("# Smoothing, measured."));
  CHECK(difference(house, text).second.empty());
  CHECK(h.taken.at(0).board.sensor(5)->pulses_per_kwh == 1000.0);
}

TEST_CASE("ports 2 and 3 become pulse inputs, and come back as clamps") {
  House h;
  json form = h.form();
  form["clamp_ports"] = 1;
  for (const std::size_t i : {1u, 2u})
    form["sensors"][i].update(
        {{"class", "pulse"}, {"type", "water"}, {"constant", "1"}, {"enabled", i == 1}});
  CHECK(h.put(form).status == 204);
  form = h.form();
  CHECK(form["clamp_ports"] == 1);
  CHECK(form["sensors"][1]["class"] == "pulse");
  CHECK(form["sensors"][1]["type"] == "water");
  CHECK(form["sensors"][2]["enabled"] == false);
  form["clamp_ports"] = 3;
  for (const std::size_t i : {1u, 2u})
    form["sensors"][i].update({{"class", "analog"},
                               {"type", "electricity"},
                               {"voltage", 230},
                               {"current", 50},
                               {"enabled", false}});
  CHECK(h.put(form).status == 204);
  CHECK(h.form()["clamp_ports"] == 3);
}

TEST_CASE("three phases are one sensor of three clamps, and one phase again") {
  House h;
  json form = h.form();
  form["phases"] = 3;
  form["sensors"][0]["ports"] = {1, 2, 3};
  for (const std::size_t i : {1u, 2u})
    form["sensors"][i].update({{"ports", json::array()}, {"enabled", false}});
  CHECK(h.put(form).status == 204);
  CHECK_THAT(content(h.file),
             Contains("board = \"flm02b\"  # the board\nphases   = 3\n"));  // no key of a table
  CHECK(h.taken.back().board.phases == 3);
  form = h.form();
  CHECK(form["phases"] == 3);
  CHECK(form["sensors"][1]["ports"] == json::array());
  const std::string text = content(h.file);
  CHECK(h.put(form).status == 204);
  CHECK(content(h.file) == text);
  form["phases"] = 1;
  for (const std::size_t i : {0u, 1u, 2u}) form["sensors"][i]["ports"] = {i + 1};
  CHECK(h.put(form).status == 204);
  CHECK(h.taken.back().board.phases == 1);
}

TEST_CASE("LED and smart meter are set") {
  House h;
  json form = h.form();
  form["led"] = 4;
  form["dsmr"] = "2.2";
  form["sensors"][5].update({{"enabled", true}, {"name", "meter"}});
  CHECK(h.put(form).status == 204);
  CHECK_THAT(content(h.file), Contains("led      = 4\n"));
  CHECK(h.taken.at(0).board.led == 3u);  // as on the link: from 0
  CHECK(h.taken.at(0).board.sensor(6)->without_crc);
  CHECK(h.form()["dsmr"] == "2.2");
}

TEST_CASE("what a configuration may not say is refused with the sensor, the field and what is allowed") {
  House h;
  struct Wrong {
    int number;
    const char* field;
    json value;
    const char* complaint;
  };
  const Wrong all[] = {
      {1, "name", std::string(33, 'x'), "sensor 1: name has 33 characters; allowed: 1 to 32 characters"},
      {1, "name", "gas", "sensor 4: name is 'gas', as sensor 1 is called; allowed: a name of its own"},
      {1, "name", "two\nlines", "name"},
      {1, "voltage", 0, "sensor 1.voltage: is 0; allowed: a number from 1 to 1000"},
      {1, "current", 60, "sensor 1: current is 60; allowed: 50, 100, 250, 500"},
      {1, "current", "much", "current"},
      {1, "ports", {4}, "sensor 1: ports has port 4; allowed: clamp ports 1, 2, 3 of flm02b"},
      {1, "ports", json::array(), "sensor 1: is enabled and has no port"},
      {1, "ports", {7}, "sensor 1: ports has 7; allowed: 1 to 6"},
      {4, "constant", "ten", "sensor 4: constant is 'ten'; allowed: 0.001 to 65535.999"},
      {4, "constant", "0", "sensor 4: constant is 0; allowed: a number from 0.001 to 65535.999"},
      {4, "constant", "nan", "sensor 4: constant is 'nan'"},
      {4, "type", "heat", "allowed: electricity, gas, water"},
      {4, "class", "p1", "allowed: analog, pulse, uart"},
      {4, "number", 9, "number"},
      {4, "number", 5, "sensor 5 stands twice"},
  };
  for (const Wrong& wrong : all) {
    CAPTURE(wrong.number, wrong.field, wrong.value.dump());
    const auto answer = h.set(wrong.number, wrong.field, wrong.value);
    CHECK(answer.status == 400);
    CHECK_THAT(answer.body, Contains(wrong.complaint));
  }
  json form = h.form();
  form["board"] = "flm02a";
  CHECK_THAT(h.put(form).body, Contains("board is 'flm02a'; allowed: flm02b"));
  form = h.form();
  form["led"] = 9;
  CHECK_THAT(h.put(form).body, Contains("led is 9"));
  form = h.form();
  form["colour"] = "red";
  CHECK_THAT(h.put(form).body, Contains("'colour' is not known"));
  for (const json& none : {json(), json("text"), json::array(), json::object(), json{{"sensors", 1}}})
    CHECK(h.put(none).status == 400);
  CHECK(content(h.file) == house);
  CHECK(h.taken.empty());
}

TEST_CASE("a form of a configuration that has changed since is refused") {
  House h;
  const json form = h.form();
  h.folder.file("house.toml", house + "# by hand\n");
  json late = form;
  late["sensors"][0]["name"] = "late";
  const auto answer = h.put(late);
  CHECK(answer.status == 409);
  CHECK_THAT(answer.body, Contains("load it anew"));
  CHECK(content(h.file) == house + "# by hand\n");
}

TEST_CASE("a file that was changed by hand and is not right is left alone, and the page says so") {
  House h;
  const json form = h.form();
  h.folder.file("house.toml", house + "nonsense = 1\n");
  const auto answer = h.visitor.ask(web::Method::get, "/api/config");
  CHECK(answer.status == 409);
  CHECK_THAT(answer.body, Contains("nonsense"));
  CHECK(h.put(form).status == 409);
}

TEST_CASE("a file that cannot be written is said so, and nothing is taken over") {
  House h;
  // Root may write everywhere but where no file can be made.
  const json form = h.form();
  json changed = form;
  changed["sensors"][0]["name"] = "new";
  const auto moved = h.folder.path() / "elsewhere";
  std::filesystem::create_directory(moved);
  // A folder whose longest name leaves no room for the temporary file's.
  const std::string name(255, 'c');
  std::ofstream(moved / name) << house;
  std::ofstream(moved / "scenario.toml") << "# a scenario\n";
  std::vector<flmd::Site> taken;
  flmd::Configuration configuration(
      moved / name, *h.sensors, [&](flmd::Site next) { taken.push_back(std::move(next)); },
      [](const std::string&) {});
  web::Router router;
  configuration.add_routes(router, [](web::Handler handler) { return handler; });
  test::Visitor visitor{router};
  const auto answer = visitor.put("/api/config", changed);
  CHECK(answer.status == 403);
  CHECK_THAT(answer.body,
             Contains("cannot write") && Contains("allowed: a file in a folder that flmd's user may write"));
  CHECK(taken.empty());
  CHECK(content(moved / name) == house);
}

TEST_CASE("who could read the configuration can read it afterwards, and nobody else") {
  House h;
  REQUIRE(chmod(h.file.c_str(), 0640) == 0);
  CHECK(h.set(1, "name", "new").status == 204);
  struct stat info {};
  REQUIRE(stat(h.file.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0640);
}
