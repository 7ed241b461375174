// The ATmega168P's analog-to-digital converter (data sheet, chapter 24), started by software, by timer 0, by
// itself or by sleep.
#pragma once
#include <cstdint>
#include <functional>

#include <avr_timer.h>

#include "sim/image/chip/chip.hpp"

namespace flm::sim {

/// Replaces the emulator's converter. Of the auto-trigger sources (table 24-6) it has free running and timer
/// 0 compare match A. The selector is latched when a conversion starts; the result is there when it ends.
/// Going to sleep, in idle mode as in ADC noise reduction mode, starts a conversion when the converter is
/// enabled and none is running (10.3, 24.6); the data sheet does not say that auto triggering changes that.
class Adc {
 public:
  /// Code 0..1023 of a conversion of an input (MUX3:0) that starts at a time.
  using CodeSource = std::function<std::uint16_t(int input, CrystalTime start)>;

  Adc(Chip&, CodeSource);

  /// Conversions since power-up.
  [[nodiscard]] std::uint64_t conversions() const { return conversions_; }
  /// When the last conversion began; 0 before the first.
  [[nodiscard]] CrystalTime last_start() const { return last_start_; }

 private:
  enum : std::uint8_t {
    aden = 0x80,
    adsc = 0x40,
    adate = 0x20,
    adif = 0x10,
    adie = 0x08,
    prescaler_bits = 0x07
  };
  enum : std::uint8_t { free_running = 0, timer0_compare_a = 3 };

  void write_control(std::uint16_t address, std::uint8_t value);
  void write_trigger(std::uint16_t address, std::uint8_t value);
  std::uint8_t read_low(std::uint16_t address);
  std::uint8_t read_high(std::uint16_t address);
  void compare_flag(std::uint32_t raised);
  void trigger(std::uint64_t cycle);
  void sleep();
  void start(std::uint64_t cycle, unsigned half_clocks);
  void finish();
  void reset();
  [[nodiscard]] unsigned divisor() const;
  [[nodiscard]] bool triggered_by_timer() const;
  [[nodiscard]] std::uint64_t compare_match_cycle() const;

  Chip& chip_;
  CodeSource source_;
  const avr_timer_t* timer_ = nullptr;
  Event end_;
  bool compare_flag_ = false;  ///< OCF0A: the trigger is its rising edge
  bool first_ = true;          ///< the first conversion after ADEN takes 25 clocks
  bool locked_ = false;        ///< ADCL has been read, ADCH has not: no new result is stored (24.9.3)
  int input_ = 0;
  std::uint16_t code_ = 0;
  std::uint16_t result_ = 0;
  std::uint64_t conversions_ = 0;
  CrystalTime last_start_ = 0;
};

}  // namespace flm::sim
