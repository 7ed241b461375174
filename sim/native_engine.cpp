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
    board_.start();
    conversion_time_ = Nanoseconds{model.conversion_cycles} * 1'000'000'000 / model.cpu_hz;
    see_contacts();
  }

  void run_until(Nanoseconds t) override {
    const std::int64_t end = conversions_by(t);
    while (tick_ < end) {
      if (tick_ >= next_edge_tick_ || board_.hal().analog_front_end_on != analog_) see_contacts();
      const std::uint16_t code = environment_.convert(board_.hal().selected_clamp + 1, tick_);
      hal::raise_conversion_complete(board_, code);
      board_.step();
      ++tick_;
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

  [[nodiscard]] Nanoseconds conversion_end(std::int64_t tick) const { return model_.tick_time(tick) + conversion_time_; }

  /// How many conversions have ended by time t.
  [[nodiscard]] std::int64_t conversions_by(Nanoseconds t) const {
    const Nanoseconds since_first = t - conversion_end(0);
    return since_first < 0 ? 0 : since_first / model_.tick_period + 1;
  }

  /// The interrupt at the end of the conversion in progress sees the contacts as they are then; remembers until when.
  void see_contacts() {
    const Nanoseconds now = conversion_end(tick_);
    analog_ = board_.hal().analog_front_end_on;
    board_.hal().levels = levels(now);
    const Nanoseconds edge = environment_.next_edge(now);
    next_edge_tick_ = edge == kNever ? kNever : conversions_by(edge - 1);
  }

  const BoardModel& model_;
  Environment& environment_;
  Board board_;
  std::int64_t tick_ = 0;
  Nanoseconds conversion_time_ = 0;
  std::int64_t next_edge_tick_ = 0;
  std::uint8_t shift_register_ = 0;
  bool analog_ = true;
};

}  // namespace

std::unique_ptr<Engine> make_native_engine(const BoardModel& model, Environment& environment) {
  if (model.name == boards::Flm02a::name()) return std::make_unique<NativeEngine<boards::Flm02a>>(model, environment);
  return std::make_unique<NativeEngine<boards::Flm02b>>(model, environment);
}

}  // namespace flm::sim
