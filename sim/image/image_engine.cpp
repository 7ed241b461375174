#include "sim/image/image_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "sim/image/chip/chip.hpp"
#include "sim/image/chip/clock_prescaler.hpp"
#include "sim/image/chip/eeprom.hpp"
#include "sim/image/chip/interrupts.hpp"
#include "sim/image/chip/timers.hpp"
#include "sim/image/chip/watchdog.hpp"
#include "sim/image/pins/adc.hpp"
#include "sim/image/pins/ports.hpp"
#include "sim/image/pins/radio_port.hpp"
#include "sim/image/pins/spi_slave.hpp"
#include "sim/image/pins/supply.hpp"
#include "sim/image/pins/uart.hpp"
#include "sim/image/pins/voltage.hpp"
#include "sim/image/recorder.hpp"
#include "sim/scenario/random.hpp"
#include "sim/world/air.hpp"
#include "sim/world/environment.hpp"
#include "tools/common/input_error.hpp"

namespace flm::sim {
namespace {

constexpr double full_supply = 5.0;  ///< V
constexpr Nanoseconds hang_time =
    1'000'000'000;  ///< a program that samples never goes this long without a conversion

ElfFile image_for(const BoardModel& board, const std::filesystem::path& elf) {
  ElfFile image(elf);
  const std::string name = image.board();
  if (name.empty())
    throw InputError(fmt::format("{}: is not an OpenFLM image: it names no board; the scenario's board is {}",
                                 elf.string(), board.name));
  if (name != board.name)
    throw InputError(
        fmt::format("{}: is an image for {}, the scenario's board is {}", elf.string(), name, board.name));
  return image;
}

}  // namespace

/// The board: its chip, and what is around it.
struct ImageEngine::Parts {
  const BoardModel& board;
  Environment& environment;
  const BoardParts& parts;
  ElfFile image;
  Chip chip;
  Interrupts interrupts;
  ClockPrescaler prescaler;
  Adc adc;
  SpiSlave spi;
  Eeprom eeprom;
  Voltage voltage;
  Timers timers;
  Supply supply;
  Watchdog watchdog;
  Ports ports;
  RadioChip radio;
  std::optional<RadioPort> radio_port;  ///< present on a board with a radio
  std::optional<Uart> uart;             ///< present on a board without one
  Event watch;
  CrystalTime started = 0;  ///< when the CPU got its power
  static constexpr CrystalTime never = std::numeric_limits<CrystalTime>::max();
  CrystalTime low_since = never;  ///< the supply is below the threshold
  std::unique_ptr<Recorder> recorder;

  Parts(const BoardModel& b, Environment& e, const std::filesystem::path& elf)
      : board(b),
        environment(e),
        parts(e.parts()),
        image(image_for(b, elf)),
        chip(b.cpu_hz, b.clock_starts_divided_by_8),
        interrupts(chip),
        prescaler(chip),
        adc(chip, [this](int input, CrystalTime start) { return convert(input, start); }),
        spi(chip, b.spi_mode, b.spi_byte_time),
        eeprom(chip, parts),
        voltage(chip, [this] { eeprom.spoil(mixed(environment.seed() ^ chip.cycle())); }),
        timers(chip),
        supply(chip),
        watchdog(chip, parts),
        ports(chip, b,
              {[&e](int port, Nanoseconds t) { return e.level(port, t); },
               [&e](Nanoseconds t) { return e.next_edge(t); }}),
        radio(e.air(), e.seed()),
        watch(chip, [this] { look_for_hang(); }) {
    if (b.has_radio())
      radio_port.emplace(chip, radio);
    else
      uart.emplace(chip, e.serial(), b.driver_enable);
    chip.load(image);
    eeprom.load(image);
    watch.at(chip.clock().crystal(hang_time));
    voltage.rise(full_supply / parts.rise);
  }

  /// Both engines take the input at the nominal instants of the conversions, so that they get the same codes.
  std::uint16_t convert(int input, CrystalTime start) const {
    const std::int64_t tick = chip.clock().nearest_grid_point(start, kFirstSample, board.tick_cycles);
    for (std::size_t clamp = 0; clamp < board.clamp_inputs.size(); ++clamp)
      if (board.clamp_inputs.at(clamp) == input)
        return environment.convert(static_cast<int>(clamp) + 1, tick);
    return 0;
  }

  void look_for_hang() {
    const Clock& clock = chip.clock();
    const CrystalTime limit = std::max(adc.last_start(), started) + clock.crystal(hang_time);
    if (chip.now() < limit) {
      watch.at(limit);
      return;
    }
    chip.fail(adc.conversions() == 0 ? std::string("the program starts no conversion: it hangs")
                                     : fmt::format("no conversion since t={:.6f} s: the program hangs",
                                                   seconds(clock.nanoseconds(adc.last_start()))));
  }

  void run_until(Nanoseconds t) {
    try {
      chip.run_until(chip.clock().crystal(t));
    } catch (const EngineError& error) {
      throw EngineError(fmt::format("{}: {}", image.path().string(), error.what()));
    }
  }
};

ImageEngine::ImageEngine(const BoardModel& board, Environment& environment, const std::filesystem::path& elf)
    : SuppliedEngine(board, environment), parts_(std::make_unique<Parts>(board, environment, elf)) {}

ImageEngine::~ImageEngine() = default;

void ImageEngine::run_board(Nanoseconds t) { parts_->run_until(t); }
std::uint8_t ImageEngine::byte_begins() { return parts_->spi.begin(); }
void ImageEngine::byte_ends(std::uint8_t mosi) { parts_->spi.end(mosi); }
bool ImageEngine::board_led() const { return parts_->ports.led(); }

/// While the supply is below the threshold, but for its rise, its voltage is taken for the lowest at which
/// the undivided clock may run: the hold-up time ends there.
void ImageEngine::set_supply_low(bool low) {
  parts_->low_since = low ? parts_->chip.now() : parts_->never;
  parts_->supply.set_low(low);
  if (!low)
    parts_->voltage.limit(full_supply);
  else if (!parts_->voltage.rises())
    parts_->voltage.limit(lowest_voltage(model().cpu_hz));
}
void ImageEngine::power_off(Nanoseconds) {
  const bool writes = parts_->eeprom.busy();
  parts_->eeprom.lose_power(chance());
  const bool held_up = parts_->chip.now() > parts_->low_since;
  if (!held_up && !writes) parts_->voltage.collapse();
}
void ImageEngine::power_on(Nanoseconds now) {
  parts_->radio.lose_configuration();
  parts_->started = parts_->chip.clock().crystal(now);
  parts_->chip.power_on(parts_->started, chance());
  parts_->voltage.rise(full_supply / parts_->parts.rise);
}
double ImageEngine::supply_voltage(Nanoseconds t) const {
  return powered() ? parts_->voltage.at(parts_->chip.clock().crystal(t)) : 0.0;
}

void ImageEngine::fill_eeprom(const std::vector<std::uint8_t>& contents) {
  std::copy(contents.begin(), contents.end(), parts_->eeprom.contents().begin());
}
std::vector<std::uint8_t> ImageEngine::eeprom() const {
  const auto& contents = std::as_const(parts_->eeprom).contents();
  return {contents.begin(), contents.end()};
}
const std::vector<CellWrite>& ImageEngine::eeprom_log() const { return parts_->eeprom.log(); }

bool ImageEngine::analog_front_end() const { return parts_->ports.analog_front_end(); }

bool ImageEngine::inverts_rx() const { return parts_->ports.inverts_rx(); }

std::vector<std::uint8_t> ImageEngine::serial_sent() const {
  return parts_->uart ? parts_->uart->sent() : std::vector<std::uint8_t>();
}

double ImageEngine::radio_milliamperes() const {
  return parts_->radio_port ? parts_->radio.milliamperes() : 0.0;
}

std::uint8_t& ImageEngine::ram(std::uint16_t address) {
  if (address < 0x100 || address > 0x4FF) throw std::logic_error("no address of the RAM");
  return parts_->chip.data(address);
}

void ImageEngine::enable_measurements() {
  if (parts_->recorder) return;
  parts_->recorder = std::make_unique<Recorder>(parts_->chip, parts_->board.tick_cycles);
  parts_->chip.observe(parts_->recorder.get());
}

const Measurements& ImageEngine::measurements() const {
  if (!parts_->recorder) throw std::logic_error("measurements() without enable_measurements()");
  return parts_->recorder->figures();
}

std::vector<std::string> ImageEngine::warnings() const { return parts_->chip.warnings(); }

std::unique_ptr<Engine> make_image_engine(const BoardModel& board, Environment& environment,
                                          const std::filesystem::path& elf) {
  return std::make_unique<ImageEngine>(board, environment, elf);
}

}  // namespace flm::sim
