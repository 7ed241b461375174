// Runs a scenario on an engine.
#pragma once
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/engine/engine.hpp"
#include "sim/results/run.hpp"
#include "sim/world/environment.hpp"

namespace flm::sim {

enum class EngineKind { native, image };

/// A board on the engine that was chosen; `image`: the ELF file for EngineKind::image. Throws InputError when
/// it is none for this board.
std::unique_ptr<Engine> make_engine(EngineKind, const BoardModel&, Environment&,
                                    const std::filesystem::path& image);

/// What a file keeps of a board's EEPROM. Throws InputError when it is of another size.
std::vector<std::uint8_t> read_eeprom(const std::filesystem::path&);

struct RunOptions {
  EngineKind engine = EngineKind::native;
  std::filesystem::path image;   ///< the ELF file for EngineKind::image
  std::filesystem::path eeprom;  ///< what the board's EEPROM holds: it is configured already; or empty
  std::filesystem::path vcd;     ///< value change dump, or empty
  std::filesystem::path report;  ///< HTML report, or empty
  std::function<void(const Record&)> record;  ///< each record as it comes
  bool progress = false;                      ///< a line on stderr, redrawn, for runs of over a second
  std::function<bool()> stopped =
      {};  ///< asked after each exchange with the board: whether the run ends here
};

/// A run that RunOptions::stopped has ended: neither expectations nor files are there.
class Interrupted : public std::exception {
 public:
  explicit Interrupted(double at) : at_(at) {}
  [[nodiscard]] const char* what() const noexcept override { return "interrupted"; }
  /// Seconds that were simulated.
  [[nodiscard]] double at() const { return at_; }

 private:
  double at_;
};

/// Runs to the scenario's end and checks its expectations. Throws InputError for what a person handed in,
/// EngineError for an image that crashes or hangs, Interrupted; then neither report nor dump is written.
Run run_scenario(const Scenario&, const RunOptions&);

/// Why two runs of one scenario differ: the first pair of records that are not the same. A pulse's time stamp
/// may differ by 1 ms. Empty when they agree.
std::string difference(const Run& a, const Run& b);

}  // namespace flm::sim
