// The files that are flashed: what .hex and .eep hold, against the ELF file that they were made from, and
// what a board does with them.
#include <catch2/catch.hpp>
#include <string>

#include "sim/image/elf/elf.hpp"
#include "sim/image/image_engine.hpp"
#include "sim/world/environment.hpp"
#include "tests/boards/intel_hex.hpp"
#include "tests/sim/stock_host.hpp"
#include "tools/mainboard/link/link_text.hpp"

using namespace flm::sim;
using flm::test::read_intel_hex;

namespace {

std::string file(const std::string& board, const std::string& suffix) {
  return std::string(FLM_IMAGE_DIR) + "/" + board + suffix;
}

/// Bytes that the ELF file loads at addresses from `begin` to `end`, with nothing between its parts.
std::vector<std::uint8_t> loaded(const ElfFile& elf, std::uint32_t begin, std::uint32_t end) {
  std::vector<std::uint8_t> bytes;
  for (const ElfPart& part : elf.segments()) {
    if (part.address < begin || part.address >= end || part.contents.empty()) continue;
    REQUIRE(part.address - begin == bytes.size());
    bytes.insert(bytes.end(), part.contents.begin(), part.contents.end());
  }
  return bytes;
}

}  // namespace

TEST_CASE(".hex and .eep hold what the ELF file loads into flash and EEPROM") {
  const std::string board = GENERATE("flm02a", "flm02b");
  CAPTURE(board);
  const ElfFile elf(file(board, ".elf"));
  const std::vector<std::uint8_t> flash = read_intel_hex(file(board, ".hex"));
  CHECK(flash == loaded(elf, 0, ElfFile::ram_base));
  CHECK(flash.size() == elf.sizes().flash);
  const std::vector<std::uint8_t> eeprom = read_intel_hex(file(board, ".eep"));
  CHECK(eeprom == loaded(elf, ElfFile::eeprom_base, ElfFile::eeprom_end));
  CHECK(eeprom.size() == 512);  // all of it: nothing of an older firmware is left
}

TEST_CASE("a board that starts with the .eep has no sensor enabled, no port in use and nothing counted") {
  const std::string name = GENERATE("flm02a", "flm02b");
  CAPTURE(name);
  Scenario scenario;
  scenario.board = name;
  scenario.duration = 60.0;
  const BoardModel& board = board_model(name);
  Environment environment(scenario, board);
  ImageEngine engine(board, environment, file(name, ".elf"));
  engine.set_eeprom(read_intel_hex(file(name, ".eep")));
  flm::test::StockHost host(board, engine);
  host.wait_until(200'000'000);
  const auto ask = [&](const std::string& line) { return host.exchange(line).value_or(""); };
  CHECK(ask("gp") == "gp 255 255 255 255 255 255");
  for (int sensor = 0; sensor < 6; ++sensor) {
    const std::string index = std::to_string(sensor);
    CHECK(ask("ge " + index) == "ge " + index + " 0");
    CHECK(ask("gc " + index) == "gc " + index + " 0");
  }
}
