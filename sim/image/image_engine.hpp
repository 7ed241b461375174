// The engine that runs a board's AVR image, cycle by cycle.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sim/engine.hpp"
#include "sim/image/engine_error.hpp"
#include "sim/image/measure.hpp"

namespace flm::sim {

class ImageEngine : public Engine {
 public:
  /// Throws InputError when the file is no image for this board.
  ImageEngine(const BoardModel&, Environment&, const std::filesystem::path& elf);
  ~ImageEngine() override;

  /// Throws EngineError when the program crashes, or has started no conversion for a second.
  void run_until(Nanoseconds t) override;
  std::uint8_t transfer(Nanoseconds start, std::uint8_t mosi) override;
  [[nodiscard]] bool led() const override;
  [[nodiscard]] bool analog_front_end() const override;
  [[nodiscard]] std::vector<std::string> warnings() const override;

  /// Measures from here on; the run is several times slower.
  void enable_measurements();
  /// Figures up to now. Throws std::logic_error before enable_measurements().
  [[nodiscard]] const Measurements& measurements() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace flm::sim
