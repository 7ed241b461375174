// An engine runs a board: the firmware's own C++ (native) or its AVR image (image). Driven from outside, in
// simulated time.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sim/scenario/board_model.hpp"
#include "sim/scenario/time.hpp"

namespace flm::sim {

class Environment;

/// A byte that was written to a board's EEPROM, or was being written when the power went.
struct CellWrite {
  Nanoseconds
      begin = 0,
      end = 0;  ///< times of the board's clock; `end`: the byte had its new value, or the CPU lost its power
  std::uint16_t address = 0;
  std::uint8_t before = 0, after = 0;
  bool torn = false;  ///< the power went before the write was over: `after` is anything
};

class Engine {
 public:
  virtual ~Engine() = default;
  /// Runs the board up to time t. Calls come with t that does not decrease. Its supply fails as the
  /// environment says.
  virtual void run_until(Nanoseconds t) = 0;
  /// The main board clocks one byte: runs the board to `start`, shifts 8 bits in spi_byte_time, delivers
  /// `mosi` at the end of the byte and returns what the board had in its shift register when the byte began;
  /// 0 while the CPU has no power.
  virtual std::uint8_t transfer(Nanoseconds start, std::uint8_t mosi) = 0;
  /// True while the heartbeat LED is lit; never while the CPU has no power.
  [[nodiscard]] virtual bool led() const = 0;
  /// False while the CPU has no power.
  [[nodiscard]] virtual bool powered() const = 0;
  /// True while ports 2 and 3 are switched to the analog front end.
  [[nodiscard]] virtual bool analog_front_end() const = 0;
  /// True while the line of port 6 is inverted on its way to the main board; a board that reads the line
  /// itself never does.
  [[nodiscard]] virtual bool inverts_rx() const = 0;
  /// Bytes that the board has sent on the serial line of port 6; none of a board without one.
  [[nodiscard]] virtual std::vector<std::uint8_t> serial_sent() const = 0;
  /// mA that the board's radio draws now; 0 of a board without one.
  [[nodiscard]] virtual double radio_milliamperes() const { return 0.0; }
  /// Doings of the program so far that a real chip punishes without a sign, each once.
  [[nodiscard]] virtual std::vector<std::string> warnings() const { return {}; }

  // For experiments with power failures, beyond what a scenario asks for.

  /// The supply falls below the threshold at the first converter trigger from t on, and the CPU loses its
  /// power `hold_up` after t (0: without notice), unless the supply is back by then. It comes back at
  /// `restore`, if ever.
  virtual void cut_power_at(Nanoseconds t, Nanoseconds restore = kNever, Nanoseconds hold_up = 0) = 0;
  /// Sets the EEPROM with which the board starts (512 bytes), instead of the image's. Before anything has
  /// run.
  virtual void set_eeprom(const std::vector<std::uint8_t>& contents) = 0;
  [[nodiscard]] virtual std::vector<std::uint8_t> eeprom() const = 0;
  /// All writes that are over, in time order.
  [[nodiscard]] virtual const std::vector<CellWrite>& eeprom_log() const = 0;
};

/// A board that runs the portable firmware compiled for the PC.
std::unique_ptr<Engine> make_native_engine(const BoardModel&, Environment&);

/// A board that runs an AVR image in the emulator. Throws InputError when the file is not an image for this
/// board.
std::unique_ptr<Engine> make_image_engine(const BoardModel&, Environment&, const std::filesystem::path& elf);

}  // namespace flm::sim
