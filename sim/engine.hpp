// What runs a board: the firmware's own C++ (native) or its AVR image (image). Driven from outside, in simulated time.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sim/board_model.hpp"
#include "sim/time.hpp"

namespace flm::sim {

class Environment;

class Engine {
 public:
  virtual ~Engine() = default;
  /// Runs the board up to time t. Calls come with t that does not decrease.
  virtual void run_until(Nanoseconds t) = 0;
  /// The main board clocks one byte: runs the board to `start`, shifts 8 bits in spi_byte_time, delivers `mosi` at the end of
  /// the byte and returns what the board had in its shift register when the byte began.
  virtual std::uint8_t transfer(Nanoseconds start, std::uint8_t mosi) = 0;
  /// True while the heartbeat LED is lit.
  [[nodiscard]] virtual bool led() const = 0;
  /// True while ports 2 and 3 are switched to the analog front end.
  [[nodiscard]] virtual bool analog_front_end() const = 0;
  /// What the program did so far that a real chip punishes without a sign, each once.
  [[nodiscard]] virtual std::vector<std::string> warnings() const { return {}; }
};

/// A board that runs the portable firmware compiled for this machine.
std::unique_ptr<Engine> make_native_engine(const BoardModel&, Environment&);

/// A board that runs an AVR image in the emulator. Throws InputError when the file is no image for this board.
std::unique_ptr<Engine> make_image_engine(const BoardModel&, Environment&, const std::filesystem::path& elf);

}  // namespace flm::sim
