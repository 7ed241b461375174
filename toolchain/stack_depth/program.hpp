// An image's code and symbols, and the interrupts of its controller.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace flm::stack_depth {

using Address = uint32_t;  ///< address of code, in bytes

/// Throws std::runtime_error.
[[noreturn]] void fail(const std::string& what);
std::string hex(Address address);

/// An interrupt: its vector's number, the register and bit that let it come (data sheet 8271, chapters of the
/// peripherals).
struct Source {
  int vector;
  const char* name;
  uint16_t mask;
  uint8_t bit;
  /// Once its handler has begun, it comes again only after a write to this address; 0: whenever its mask lets
  /// it.
  uint16_t cause = 0;
};
inline constexpr Source sources[] = {
    {1, "INT0", 0x3D, 0},
    {2, "INT1", 0x3D, 1},
    {3, "PCINT0", 0x68, 0},
    {4, "PCINT1", 0x68, 1},
    {5, "PCINT2", 0x68, 2},
    {6, "WDT", 0x60, 6},
    {7, "TIMER2_COMPA", 0x70, 1},
    {8, "TIMER2_COMPB", 0x70, 2},
    {9, "TIMER2_OVF", 0x70, 0},
    {10, "TIMER1_CAPT", 0x6F, 5},
    {11, "TIMER1_COMPA", 0x6F, 1},
    {12, "TIMER1_COMPB", 0x6F, 2},
    {13, "TIMER1_OVF", 0x6F, 0},
    {14, "TIMER0_COMPA", 0x6E, 1},
    {15, "TIMER0_COMPB", 0x6E, 2},
    {16, "TIMER0_OVF", 0x6E, 0},
    {17, "SPI_STC", 0x4C, 7},
    {18, "USART_RX", 0xC1, 7},
    {19, "USART_UDRE", 0xC1, 5},
    // 20.11.2: entering its handler clears TXC0, and a frame that has been sent, a write to UDR0 before that,
    // sets it.
    {20, "USART_TX", 0xC1, 6, 0xC6},
    {21, "ADC", 0x7A, 3},
    {22, "EE_READY", 0x3F, 3},
    {23, "ANALOG_COMP", 0x50, 3},
    {24, "TWI", 0xBC, 0},
    {25, "SPM_READY", 0x57, 7},
};

struct Symbol {
  Address end;
  std::string name;
  bool function;
};

struct Program {
  std::vector<uint16_t> words;        ///< words of flash, from 0
  std::map<Address, Symbol> symbols;  ///< symbols of code
  Address ram_start = 0, ram_size = 0, ram_used = 0;

  uint16_t word(Address address) const {
    if (address / 2 >= words.size() || address % 2 != 0)
      fail("the program leaves its code at " + hex(address));
    return words[address / 2];
  }
  const Symbol* symbol_of(Address address) const {
    auto after = symbols.upper_bound(address);
    return after == symbols.begin() ? nullptr : &std::prev(after)->second;
  }
  std::string name_of(Address address) const {
    const Symbol* symbol = symbol_of(address);
    return symbol == nullptr ? hex(address) : symbol->name;
  }
};

/// flm::metering::Sensors::at(unsigned char) as Sensors::at; a handler by its source's name.
std::string readable(const std::string& name);

/// An image of an ATmega168P. Throws std::runtime_error if it is not one.
Program read_elf(const char* path);

}  // namespace flm::stack_depth
