// The native engine's EEPROM: how long a write takes, and what a worn cell makes of it.
#include "sim/native/native_eeprom.hpp"

#include <catch2/catch.hpp>

using namespace flm;
using namespace flm::sim;

namespace {

constexpr Nanoseconds us = 1'000;

void start(NativeEeprom& eeprom, std::uint16_t address, std::uint8_t value, hal::EepromWrite mode) {
  hal::HostEeprom& cells = eeprom.cells();
  cells.busy = true;
  cells.address = address;
  cells.value = value;
  cells.mode = mode;
}

/// The byte after a write of it.
std::uint8_t after(NativeEeprom& eeprom, std::uint16_t address, std::uint8_t value, hal::EepromWrite mode) {
  start(eeprom, address, value, mode);
  eeprom.look(0);
  eeprom.look(10'000 * us);
  return eeprom.contents()[address];
}

}  // namespace

TEST_CASE(
    "the internal oscillator times a write: 3.4 ms for erase and write, 1.8 ms for one of them, and 10 % "
    "more when it is 10 % slow") {
  // Data sheet 8271, table 8-1.
  const double rc_percent = GENERATE(-15.0, 0.0, 10.0);
  BoardParts parts;
  parts.rc_percent = rc_percent;
  NativeEeprom eeprom(parts);
  const auto [mode, nominal] =
      GENERATE(table<hal::EepromWrite, Nanoseconds>({{hal::EepromWrite::erase_and_write, 3'400 * us},
                                                     {hal::EepromWrite::erase, 1'800 * us},
                                                     {hal::EepromWrite::write, 1'800 * us}}));
  const Nanoseconds expected = nominal * (100 + static_cast<int>(rc_percent)) / 100;
  start(eeprom, 7, 0x55, mode);
  eeprom.look(0);
  eeprom.look(expected - 1);
  CHECK(eeprom.cells().busy);
  eeprom.look(expected);
  CHECK_FALSE(eeprom.cells().busy);
  CHECK(eeprom.log().at(0).end == expected);
}

TEST_CASE("a worn cell keeps its worn bits as they are, in every way to write it, and the others change") {
  BoardParts parts;
  parts.worn = {{12, 0x04}, {13, 0xFF}};
  NativeEeprom eeprom(parts);
  std::vector<std::uint8_t> contents(512, 0xFF);
  contents[13] = 0x00;
  eeprom.fill(contents);
  CHECK(after(eeprom, 12, 0x00, hal::EepromWrite::erase_and_write) == 0x04);
  CHECK(after(eeprom, 12, 0xF0, hal::EepromWrite::erase_and_write) == 0xF4);
  CHECK(after(eeprom, 12, 0x0F, hal::EepromWrite::write) == 0x04);
  CHECK(after(eeprom, 12, 0xFF, hal::EepromWrite::erase) == 0xFF);
  CHECK(after(eeprom, 13, 0xFF, hal::EepromWrite::erase) == 0x00);
  CHECK(after(eeprom, 14, 0x00, hal::EepromWrite::erase_and_write) == 0x00);
  CHECK(eeprom.log().at(0).after == 0x04);  // what is there, not what was asked for
}

TEST_CASE("a loss of power tears the byte that is being written, but not the worn bits of it") {
  BoardParts parts;
  parts.worn = {{12, 0xF0}};
  bool differed = false;
  for (std::uint64_t chance = 0; chance < 20; ++chance) {
    NativeEeprom eeprom(parts);
    start(eeprom, 12, 0x00, hal::EepromWrite::erase_and_write);
    eeprom.look(0);
    eeprom.lose_power(us, chance);
    CHECK((eeprom.contents()[12] & 0xF0) == 0xF0);
    differed |= eeprom.contents()[12] != 0xFF && eeprom.contents()[12] != 0xF0;
    CHECK(eeprom.log().at(0).torn);
  }
  CHECK(differed);
}
