// The native engine: the firmware's own C++ on this machine, its interrupts raised in simulated time.
#include <algorithm>

#include "firmware/sensor_board.hpp"
#include "hal/host/hal.hpp"
#include "hal/host/vectors.hpp"
#include "sim/engine.hpp"
#include "sim/environment.hpp"

namespace flm::sim {
namespace {

template <class BoardFacts>
class NativeEngine final : public Engine {
 public:
  NativeEngine(const BoardModel& model, Environment& environment) : model_(model), environment_(environment) {
    board_.hal().levels = levels(0);
    next_edge_ = environment_.next_edge(0);
    board_.start();
    conversion_time_ = Nanoseconds{model.conversion_cycles} * 1'000'000'000 / model.cpu_hz;
  }

  void run_until(Nanoseconds t) override {
    while (next_conversion_end_ == 0 || next_conversion_end_ <= t) {
      if (next_conversion_end_ != 0) end_conversion();
      next_conversion_end_ = model_.tick_time(tick_) + conversion_time_;
    }
  }

  std::uint8_t transfer(Nanoseconds start, std::uint8_t mosi) override {
    const Nanoseconds end = start + model_.spi_byte_time;
    run_until(start);
    const std::uint8_t miso = shift_register_;
    run_until(end);
    shift_register_ = hal::raise_spi_transfer_complete(board_, mosi);
    board_.step();
    return miso;
  }

  [[nodiscard]] bool led() const override { return board_.hal().led_lit; }
  [[nodiscard]] bool analog_front_end() const override { return board_.hal().analog_front_end_on; }

 private:
  using Board = SensorBoard<hal::HostHal<BoardFacts>>;

  /// Pins of the pulse ports at a time, as the I/O port has them. A pulse port that is a clamp now reads low, as an analog
  /// pin whose digital input is switched off does.
  [[nodiscard]] std::uint8_t levels(Nanoseconds t) {
    unsigned pins = 0;
    for (const PulsePort& port : model_.pulse_ports)
      if ((!port.when_analog_off || !board_.hal().analog_front_end_on) && environment_.level(port.port, t))
        pins |= 1u << static_cast<unsigned>(port.bit);
    return static_cast<std::uint8_t>(pins);
  }

  /// The conversion in progress ends: pulse contacts move on to its end, the firmware gets its code.
  void end_conversion() {
    const Nanoseconds now = next_conversion_end_;
    if (now >= next_edge_ || board_.hal().analog_front_end_on != analog_) {
      analog_ = board_.hal().analog_front_end_on;
      board_.hal().levels = levels(now);
      next_edge_ = environment_.next_edge(now);
    }
    const std::uint16_t code = environment_.convert(board_.hal().selected_clamp + 1, tick_);
    hal::raise_conversion_complete(board_, code);
    board_.step();
    ++tick_;
  }

  const BoardModel& model_;
  Environment& environment_;
  Board board_;
  std::int64_t tick_ = 0;
  Nanoseconds conversion_time_ = 0;
  Nanoseconds next_conversion_end_ = 0;
  Nanoseconds next_edge_ = 0;
  std::uint8_t shift_register_ = 0;
  bool analog_ = true;
};

}  // namespace

std::unique_ptr<Engine> make_native_engine(const BoardModel& model, Environment& environment) {
  if (model.name == boards::Flm02a::name()) return std::make_unique<NativeEngine<boards::Flm02a>>(model, environment);
  return std::make_unique<NativeEngine<boards::Flm02b>>(model, environment);
}

}  // namespace flm::sim
