#include "sim/image/pins/voltage.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "sim/image/image_engine.hpp"
#include "sim/world/environment.hpp"
#include "tests/sim/image/probe_board.hpp"

using namespace flm::sim;
using namespace flm::sim::test;
using Catch::Matchers::Contains;

namespace {

constexpr CrystalTime ms = 16'000;
constexpr double at_once = std::numeric_limits<double>::infinity();

/// Divided by 8 from reset on: 2 MHz. probes/clock.cpp undoes that in its first instructions (mode 0), or
/// fails to (mode 2).
struct SuppliedBoard {
  explicit SuppliedBoard(std::uint8_t mode)
      : board("clock", mode, true), voltage(board.chip, [this] { ++harm; }) {}
  ProbeBoard board;
  int harm = 0;
  Voltage voltage;
};

std::vector<CellWrite> torn(const Engine& engine) {
  std::vector<CellWrite> result;
  for (const CellWrite& write : engine.eeprom_log())
    if (write.torn) result.push_back(write);
  return result;
}

Scenario ten_seconds(const std::string& board) {
  Scenario scenario;
  scenario.board = board;
  scenario.duration = 10.0;
  return scenario;
}

}  // namespace

TEST_CASE("the lowest voltage for a clock is that of figure 29-1") {
  CHECK(lowest_voltage(2e6) == Approx(1.8));
  CHECK(lowest_voltage(3.6864e6) == Approx(1.8));
  CHECK(lowest_voltage(4e6) == Approx(1.8));
  CHECK(lowest_voltage(7e6) == Approx(2.25));
  CHECK(lowest_voltage(10e6) == Approx(2.7));
  CHECK(lowest_voltage(16e6) == Approx(3.78));
  CHECK(lowest_voltage(20e6) == Approx(4.5));
}

TEST_CASE(
    "a program that undoes CKDIV8 while the supply still rises runs too fast: that is reported, and does "
    "harm once") {
  SuppliedBoard board(0);
  board.voltage.rise(100.0);
  board.board.run(4 * ms);
  CHECK(board.harm == 1);
  REQUIRE(board.board.chip.warnings().size() == 1);
  CHECK(board.board.chip.warnings()[0] == "runs at 16 MHz at 1.80 V: 16 MHz needs 3.78 V (data sheet 29.3)");
}

TEST_CASE("a program that stays at 2 MHz, or whose supply is there at once, does not run too fast") {
  SuppliedBoard divided(2), supplied(0);
  divided.voltage.rise(1000.0);
  supplied.voltage.rise(at_once);
  divided.board.run(4 * ms);
  supplied.board.run(4 * ms);
  CHECK(divided.harm == 0);
  CHECK(supplied.harm == 0);
}

TEST_CASE("each time that the voltage falls below what the clock needs does harm once") {
  SuppliedBoard board(0);
  board.voltage.rise(at_once);
  board.board.run(1'000);  // 16 MHz now
  board.voltage.limit(3.78);
  CHECK(board.harm == 0);
  board.voltage.limit(3.7);
  board.voltage.limit(3.0);
  CHECK(board.harm == 1);
  board.voltage.limit(5.0);
  board.voltage.limit(3.7);
  CHECK(board.harm == 2);

  SuppliedBoard rising(0);
  rising.voltage.rise(10'000.0);  // past 3.78 V after 0.2 ms
  rising.board.run(1'000);
  CHECK(rising.harm == 1);
  rising.board.run(4'000);
  rising.voltage.limit(3.0);
  CHECK(rising.harm == 2);
}

TEST_CASE("a supply that collapses harms what runs faster than 4 MHz") {
  SuppliedBoard fast(0), slow(2);
  for (SuppliedBoard* board : {&fast, &slow}) {
    board->voltage.rise(at_once);
    board->board.run(1'000);
    board->voltage.collapse();
  }
  CHECK(fast.harm == 1);
  CHECK(slow.harm == 0);
}

TEST_CASE("the cell under EEAR becomes anything when the CPU runs too fast, but for bits that are worn") {
  BoardParts parts;
  parts.worn = {{300, 0xF0}};
  ProbeBoard board("eeprom", 0, false, parts);
  board.eeprom.contents()[300] = 0xA5;
  board.run(200);  // It has read cell 300, and writes it.
  board.eeprom.spoil(7);
  CHECK((board.eeprom.contents()[300] & 0xF0) == 0xA0);
  REQUIRE(board.eeprom.log().size() == 1);
  CHECK(board.eeprom.log()[0].address == 300);
  CHECK(board.eeprom.log()[0].torn);
}

TEST_CASE("after a power-up EEAR is sometimes 0, sometimes anything") {
  ProbeBoard board("hang");
  int zeros = 0, powered = 0;
  for (; powered < 20; ++powered) {
    board.chip.power_on(board.chip.now() + ms, 5);
    zeros += board.chip.data(reg::eearl) == 0 && board.chip.data(reg::eearh) == 0 ? 1 : 0;
  }
  CHECK(zeros > 0);
  CHECK(zeros < powered);
}

TEST_CASE("the supply rises to 5 V from the 1.8 V at which the CPU starts, at each power-up") {
  const BoardModel& model = board_model("flm02a");
  Environment environment(ten_seconds("flm02a"), model);
  ImageEngine engine(model, environment, std::string(FLM_IMAGE_DIR) + "/flm02a.elf");
  engine.cut_power_at(1'000'000'000, 2'000'000'000, 160'000'000);
  CHECK(engine.supply_voltage(0) == Approx(1.8));
  engine.run_until(1'000'000);
  CHECK(engine.supply_voltage(1'000'000) == Approx(2.8).epsilon(0.001));  // 5 V in 5 ms
  engine.run_until(500'000'000);
  CHECK(engine.supply_voltage(500'000'000) == Approx(5.0));
  engine.run_until(1'150'000'000);
  CHECK(engine.supply_voltage(1'150'000'000) == Approx(1.8));  // as far as a clock of 3.7 MHz can use it
  engine.run_until(1'500'000'000);
  CHECK(engine.supply_voltage(1'500'000'000) == 0.0);
  engine.run_until(2'100'000'000);
  CHECK(engine.supply_voltage(2'100'000'000) == Approx(5.0));
}

TEST_CASE(
    "a power cut without notice harms the EEPROM cell under EEAR on FLM02B at 16 MHz, and no cell on "
    "FLM02A") {
  for (const std::string name : {"flm02a", "flm02b"}) {
    CAPTURE(name);
    const BoardModel& model = board_model(name);
    Environment environment(ten_seconds(name), model);
    ImageEngine engine(model, environment, std::string(FLM_IMAGE_DIR) + "/" + name + ".elf");
    engine.run_until(3'000'000'000);
    const std::size_t before = torn(engine).size();
    engine.cut_power_at(4'000'000'000, kNever, 0);
    engine.run_until(5'000'000'000);
    CHECK(torn(engine).size() - before == (name == "flm02b" ? 1u : 0u));
  }
}

TEST_CASE("a power failure with hold-up harms no cell on either board") {
  for (const std::string name : {"flm02a", "flm02b"}) {
    CAPTURE(name);
    const BoardModel& model = board_model(name);
    Environment environment(ten_seconds(name), model);
    ImageEngine engine(model, environment, std::string(FLM_IMAGE_DIR) + "/" + name + ".elf");
    engine.run_until(3'000'000'000);
    const std::size_t before = torn(engine).size();
    engine.cut_power_at(4'000'000'000, kNever, 160'000'000);
    engine.run_until(5'000'000'000);
    CHECK(torn(engine).size() == before);
  }
}

TEST_CASE("the FLM02A image never runs faster than its supply allows") {
  const BoardModel& model = board_model("flm02a");
  Environment environment(ten_seconds("flm02a"), model);
  ImageEngine engine(model, environment, std::string(FLM_IMAGE_DIR) + "/flm02a.elf");
  engine.cut_power_at(1'000'000'000, 2'000'000'000, 160'000'000);
  engine.run_until(3'000'000'000);
  CHECK(engine.warnings().empty());
}

// Until the firmware waits for the supply before it undoes CKDIV8.
TEST_CASE("the FLM02B image never runs faster than its supply allows", "") {
  const BoardModel& model = board_model("flm02b");
  Environment environment(ten_seconds("flm02b"), model);
  ImageEngine engine(model, environment, std::string(FLM_IMAGE_DIR) + "/flm02b.elf");
  engine.cut_power_at(1'000'000'000, 2'000'000'000, 160'000'000);
  engine.run_until(3'000'000'000);
  for (const std::string& warning : engine.warnings()) CHECK_THAT(warning, !Contains("needs 3.78 V"));
  CHECK(torn(engine).empty());
}
