#include "tools/flmd/site/sensors.hpp"

#include <catch2/catch.hpp>

#include <set>

#include "tests/sim/temporary_folder.hpp"

using namespace flm;
using namespace flm::flmd;

namespace {

const std::string sid_a(32, 'a'), sid_b(32, 'b');

/// A site of one pulse sensor for each number and sid; "" has none in the configuration.
Site site_of(const TemporaryFolder& folder, const std::vector<std::pair<int, std::string>>& sensors) {
  std::string text = "board = \"flm02a\"\n[link]\nport = \"spi:/dev/spidev1.0\"\n[state]\ndir = \"state\"\n";
  for (const auto& [number, sid] : sensors) {
    text += "[[sensor]]\nid = " + std::to_string(number) + "\nclass = \"pulse\"\nports = [" +
            std::to_string(number) + "]\n";
    if (!sid.empty()) text += "sid = \"" + sid + "\"\n";
  }
  return read_site(folder.file("site.toml", text));
}

std::vector<std::string> notes;
const auto note = [](const std::string& line) { notes.push_back(line); };

}  // namespace

TEST_CASE("a sensor keeps its id: the configuration's, else the one that was drawn") {
  const TemporaryFolder folder;
  State state(folder.path() / "state");
  const Sensors first(site_of(folder, {{4, sid_a}, {5, ""}}), state, note);
  CHECK(first.by_number(4)->sid == sid_a);
  const std::string drawn = first.by_number(5)->sid;
  CHECK(drawn.size() == 32);
  const Sensors second(site_of(folder, {{4, ""}, {5, ""}}), state, note);
  CHECK(second.by_number(4)->sid == sid_a);
  CHECK(second.by_number(5)->sid == drawn);
}

TEST_CASE("an id that the configuration moves to another sensor is never that of two") {
  const TemporaryFolder folder;
  State state(folder.path() / "state");
  notes.clear();
  { const Sensors before(site_of(folder, {{4, sid_a}, {5, sid_b}}), state, note); }
  CHECK(notes.empty());
  bool added = false;

  SECTION("to a sensor that had another") {
    const Sensors after(site_of(folder, {{4, ""}, {5, sid_a}}), state, note);
    CHECK(after.by_number(5)->sid == sid_a);
    CHECK(after.by_number(4)->sid != sid_a);
    REQUIRE(notes.size() == 1);
    CHECK(notes.front() ==
          "sensor 4 gets a new id and begins a new history: " + sid_a + " is sensor 5's now");
  }
  SECTION("exchanged") {
    const Sensors after(site_of(folder, {{4, sid_b}, {5, sid_a}}), state, note);
    CHECK(after.by_number(4)->sid == sid_b);
    CHECK(after.by_number(5)->sid == sid_a);
  }
  SECTION("from a register of the smart meter") {
    std::string gas;
    {
      Sensors meter(site_of(folder, {{4, ""}}), state, note);
      gas = meter.of_register("gas", state, added)->sid;
    }
    Sensors after(site_of(folder, {{4, gas}}), state, note);
    CHECK(after.by_number(4)->sid == gas);
    CHECK(after.of_register("gas", state, added)->sid != gas);
  }
  SECTION("from a register of the smart meter, while flmd runs") {
    Sensors running(site_of(folder, {{4, ""}}), state, note);
    const SiteSensor* gas = running.of_register("gas", state, added);
    const std::string was = gas->sid;
    state.ids().rids[was] = 2;
    running.configure(site_of(folder, {{4, was}}), state, note);
    CHECK(running.by_number(4)->sid == was);
    CHECK(gas->sid != was);
    CHECK(gas->rid == 0);
    CHECK(running.by_number(4)->rid == 2);
    CHECK(gas->sid == state.ids().sensors.at(gas->number));
    CHECK(running.by_sid(was) == running.by_number(4));
  }
  const Sensors all(site_of(folder, {{4, ""}, {5, ""}}), state, note);
  std::set<std::string> sids;
  for (const SiteSensor& sensor : all.all()) CHECK(sids.insert(sensor.sid).second);
}

TEST_CASE("another configuration changes the board's sensors in place, and their ids stay") {
  const TemporaryFolder folder;
  State state(folder.path() / "state");
  Sensors sensors(site_of(folder, {{4, ""}, {5, sid_b}}), state, note);
  bool added = false;
  const SiteSensor* import = sensors.of_register("import", state, added);
  const SiteSensor* fourth = sensors.by_number(4);
  const std::string drawn = fourth->sid;
  Site next = site_of(folder, {{4, ""}});
  next.board.sensors.front().name = "solar";
  next.board.sensors.front().constant = 0.25;
  sensors.configure(next, state, note);
  CHECK(sensors.by_number(4) == fourth);
  CHECK(fourth->sid == drawn);
  CHECK(fourth->name == "solar");
  CHECK(sensors.constant(4) == 250);
  CHECK_FALSE(sensors.by_number(5)->enabled);
  CHECK(sensors.by_number(5)->sid == sid_b);
  CHECK(sensors.of_register("import", state, added) == import);
  CHECK_FALSE(added);
}

TEST_CASE(
    "a register of the smart meter takes no number that has an id, and the id that is spare for its own") {
  const TemporaryFolder folder;
  State state(folder.path() / "state");
  const std::string old(32, 'c'), spare(32, 'd');
  state.ids().sensors[7] = old;  // of a sensor that nothing measures any more
  state.ids().rids = {{old, 3}, {spare, 2}};
  state.ids().spare[8] = spare;
  Sensors sensors(site_of(folder, {{4, ""}}), state, note);
  CHECK(sensors.by_number(7)->sid == old);
  CHECK(sensors.by_number(7)->rid == 3);
  bool added = false;
  const SiteSensor* gas = sensors.of_register("gas", state, added);
  CHECK(added);
  CHECK(gas->number == 8);
  CHECK(gas->sid == spare);
  CHECK(gas->rid == 2);
  CHECK(state.ids().sensors.at(7) == old);
  CHECK(state.ids().spare.empty());
  CHECK(sensors.of_register("import", state, added)->number == 9);
}

TEST_CASE("a spare id that the configuration gives to a sensor is not given a second time") {
  const TemporaryFolder folder;
  State state(folder.path() / "state");
  state.ids().spare[7] = sid_a;
  Sensors sensors(site_of(folder, {{4, sid_a}}), state, note);
  bool added = false;
  CHECK(sensors.of_register("gas", state, added)->sid != sid_a);
}
