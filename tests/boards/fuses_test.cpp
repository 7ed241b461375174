// Fuse bytes: what they mean, and that the commands in the documents write those of board.hpp.
#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include "boards/flm02a/board.hpp"
#include "boards/flm02b/board.hpp"

using namespace flm::boards;

// The stock firmware's makefiles write 0xEC 0xDE 0x01 (FLM02A) and 0x6E 0xDE 0x01 (FLM02B: CKDIV8
// programmed); unused bits read as 1.
static_assert(Flm02a::FuseBytes::extended == 0xF9 && Flm02b::FuseBytes::extended == 0xF9);
static_assert(!Flm02a::FuseBytes::clock_divided_by_8, "FLM02A starts at 3.6864 MHz");
static_assert(Flm02b::FuseBytes::clock_divided_by_8, "FLM02B starts at 2 MHz");
static_assert(!Flm02a::FuseBytes::erase_keeps_eeprom && !Flm02b::FuseBytes::erase_keeps_eeprom,
              "tools/flash/README.md says to save the EEPROM, because writing flash erases it");

// Data sheet 28.2 and figure 28-1: 4 MHz at 1.8 V, 10 MHz at 2.7 V, 20 MHz at 4.5 V; 16 MHz on the line
// between the last two.
static_assert(fastest_hz(1800) == 4000000 && fastest_hz(2700) == 10000000 && fastest_hz(4500) == 20000000 &&
              fastest_hz(1799) == 0);
static_assert(fastest_hz(3779) < 16000000 && fastest_hz(3780) >= 16000000);
static_assert(Flm02b::FuseBytes::guard == ClockGuard::by_firmware &&
              Flm02a::FuseBytes::guard == ClockGuard::none);

namespace {

std::string readme() {
  std::ifstream in(std::string(FLM_SOURCE_DIR) + "/tools/flash/README.md");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

template <class Board>
void check_commands() {
  const std::string name = Board::name();
  CAPTURE(name);
  const std::regex command("avrdude [^\n]* -c " + name +
                           R"( [^\n]*-U lfuse:w:(\w+):m -U hfuse:w:(\w+):m -U efuse:w:(\w+):m)");
  const std::string text = readme();
  std::smatch bytes;
  REQUIRE(std::regex_search(text, bytes, command));
  CHECK(std::stoul(bytes[1], nullptr, 0) == Board::FuseBytes::low);
  CHECK(std::stoul(bytes[2], nullptr, 0) == Board::FuseBytes::high);
  CHECK(std::stoul(bytes[3], nullptr, 0) == Board::FuseBytes::extended);
}

}  // namespace

TEST_CASE("the commands of tools/flash/README.md write the fuse bytes of board.hpp") {
  check_commands<Flm02a>();
  check_commands<Flm02b>();
}
