#include "sim/image/pins/uart.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "sim/image/image_engine.hpp"
#include "sim/world/environment.hpp"
#include "tests/sim/image/probe_board.hpp"
#include "tests/sim/stock_host.hpp"

using namespace flm::sim;
using namespace flm::sim::test;
using Catch::Matchers::Contains;

namespace {

// As in probes/uart.cpp.
enum : std::uint8_t { drives = 1, sends = 2, drives_late = 4, lets_go_early = 8, lets_go_at_1_ms = 16 };
constexpr CrystalTime ms = 16'000;
constexpr OutputPin pd5 = {'D', 5};

/// "xyz" at 115200 baud: a byte takes 86.8 us.
SerialTraffic xyz_at(double time) {
  const auto file = std::filesystem::temp_directory_path() / "flm-uart-test.txt";
  std::ofstream(file) << "xyz";
  SerialTraffic traffic;
  traffic.file = file;
  traffic.at = time;
  return traffic;
}

struct UartBoard {
  explicit UartBoard(std::uint8_t mode, std::vector<SerialTraffic> traffic = {})
      : line(traffic, 1), board("uart", mode), uart(board.chip, line, pd5) {
    board.run(5 * ms);
  }
  [[nodiscard]] std::string heard() const {
    std::string text;
    for (const int value : board.reports()) text += static_cast<char>(value);
    return text;
  }
  [[nodiscard]] std::string sent() const { return {uart.sent().begin(), uart.sent().end()}; }
  SerialLine line;
  ProbeBoard board;
  Uart uart;
};

}  // namespace

TEST_CASE(
    "with its driver off the board hears the RS-485 line; while it is on it hears nothing, and two drivers "
    "are reported") {
  const UartBoard listens(0, {xyz_at(0.001)});
  CHECK(listens.heard() == "xyz");
  CHECK(listens.board.chip.warnings().empty());

  const UartBoard deaf(drives, {xyz_at(0.001)});
  CHECK(deaf.heard().empty());
  REQUIRE(deaf.board.chip.warnings().size() == 1);
  CHECK_THAT(deaf.board.chip.warnings()[0], Contains("two drivers on the RS-485 line"));
}

TEST_CASE("a byte is lost during whose start the driver was still on") {
  // The driver goes off about 1.00 ms after the start, in the middle of the first byte, which begins at 0.96
  // ms.
  const UartBoard board(drives | lets_go_at_1_ms, {xyz_at(0.00096)});
  CHECK(board.heard() == "yz");
  CHECK(board.board.chip.warnings().size() == 1);
}

TEST_CASE("a byte is on the RS-485 line when the driver was on from its start to its end") {
  CHECK(UartBoard(sends | drives).sent() == "AB");
  CHECK(UartBoard(sends).sent().empty());
  CHECK(UartBoard(sends | drives_late).sent() == "B");
  CHECK(UartBoard(sends | drives | lets_go_early).sent().empty());
}

TEST_CASE(
    "on both engines FLM02A hears its RS-485 line only when it listens, and says that two drivers collide") {
  Scenario scenario;
  scenario.board = "flm02a";
  scenario.duration = 5.0;
  scenario.serial = {xyz_at(0.5), xyz_at(1.5)};
  const BoardModel& model = board_model("flm02a");
  for (const bool image : {false, true}) {
    CAPTURE(image);
    Environment environment(scenario, model);
    const std::unique_ptr<Engine> engine =
        image ? make_image_engine(model, environment, std::string(FLM_IMAGE_DIR) + "/flm02a.elf")
              : make_native_engine(model, environment);
    flm::test::StockHost host(model, *engine);
    std::string heard;
    host.link.on_channel = [&heard](flm::mainboard::Time, const std::vector<std::uint8_t>& bytes) {
      heard.append(bytes.begin(), bytes.end());
    };
    host.wait_until(1'000'000'000);
    (void)host.link.read();
    CHECK(heard.empty());
    host.link.send("u41.");  // It sends "A", and listens.
    host.wait_until(2'000'000'000);
    (void)host.link.read();
    CHECK(engine->serial_sent() == std::vector<std::uint8_t>{'A'});
    CHECK(heard == "xyz");
    CHECK(engine->warnings().size() == (image ? 1u : 0u));
  }
}
