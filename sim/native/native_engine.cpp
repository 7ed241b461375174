// The native engine: the firmware's own C++ on this machine, its interrupts raised in simulated time.
#include <algorithm>
#include <bit>
#include <optional>

#include "firmware/sensor_board.hpp"
#include "hal/pc/hal.hpp"
#include "hal/pc/vectors.hpp"
#include "sim/engine/supplied_engine.hpp"
#include "sim/native/native_eeprom.hpp"
#include "sim/native/pc_radio.hpp"
#include "sim/world/air.hpp"
#include "sim/world/environment.hpp"
#include "sim/world/serial_line.hpp"

namespace flm::sim {
namespace {

template <class BoardFacts>
class NativeEngine final : public SuppliedEngine {
  static constexpr bool has_radio = BoardFacts::channel == boards::Channel::radio;

 public:
  NativeEngine(const BoardModel& model, Environment& environment)
      : SuppliedEngine(model, environment),
        environment_(environment),
        eeprom_(environment.parts()),
        radio_chip_(environment.air(), environment.seed()),
        radio_(radio_chip_),
        line_(environment.serial()) {
    conversion_time_ = Nanoseconds{model.conversion_cycles} * 1'000'000'000 / model.cpu_hz;
    look_delay_ = Nanoseconds{look_cycles} * 1'000'000'000 / model.cpu_hz;
    start(0);
  }

  [[nodiscard]] bool analog_front_end() const override { return board_->hal().analog_front_end_on; }
  [[nodiscard]] bool inverts_rx() const override { return board_->hal().invert_rx; }
  [[nodiscard]] std::vector<std::uint8_t> serial_sent() const override { return line_sent_; }
  [[nodiscard]] double radio_milliamperes() const override {
    return has_radio ? radio_chip_.milliamperes() : 0.0;
  }
  [[nodiscard]] std::vector<std::uint8_t> eeprom() const override { return eeprom_.contents(); }
  [[nodiscard]] const std::vector<CellWrite>& eeprom_log() const override { return eeprom_.log(); }

 protected:
  void run_board(Nanoseconds t) override {
    const std::int64_t end = conversions_by(t);
    while (tick_ < end) {
      if (board_->hal().riding_out) {
        ride_out();
        ++tick_;
        continue;
      }
      follow(conversion_end(tick_));
      if (tick_ >= next_edge_tick_ || board_->hal().analog_front_end_on != analog_) see_contacts();
      const std::uint16_t code = environment_.convert(board_->hal().selected_clamp + 1, tick_);
      hal::raise_conversion_complete(*board_, code);
      step(conversion_end(tick_));
      ++tick_;
    }
    follow(t);
    eeprom_.look(t);
    now_ = t;
  }

  std::uint8_t byte_begins() override { return board_->hal().riding_out ? std::uint8_t{0} : shift_register_; }
  void byte_ends(std::uint8_t mosi) override {
    if (board_->hal().riding_out) return;
    radio_.advance(now_);
    shift_register_ = hal::raise_spi_transfer_complete(*board_, mosi);
    step(now_);
  }
  [[nodiscard]] bool board_led() const override { return board_->hal().led_lit; }

  void set_supply_low(bool low) override {
    const bool falls = low && !board_->hal().supply_is_low;
    board_->hal().supply_is_low = low;
    if (falls) board_->hal().supply_has_fallen = true;
  }
  void power_off(Nanoseconds now) override { eeprom_.lose_power(now, chance()); }
  void power_on(Nanoseconds now) override { start(now); }
  void fill_eeprom(const std::vector<std::uint8_t>& contents) override {
    eeprom_.fill(contents);
    start(0);
  }

 private:
  using Board = SensorBoard<hal::PcHal<BoardFacts>>;

  /// CPU cycles from the end of a scan's last conversion to the image's look at the pulse ports, when nothing
  /// delays it.
  static constexpr int look_cycles = 190;

  /// Power-on reset at a multiple of the tick period. RAM that a program does not initialise cannot be had
  /// here: the image engine has it.
  void start(Nanoseconds now) {
    board_.emplace();
    now_ = now;
    tick_ = now / model().tick_period;
    shift_register_ = 0;
    sending_ = false;
    while (line_.next() < now) line_.take();
    if (now != 0) radio_chip_.lose_configuration();
    radio_.advance(now);
    auto& hal = board_->hal();
    hal.eeprom = &eeprom_.cells();
    hal.supply_is_low = supply_low();
    if (has_radio) hal.radio = &radio_;
    hal.levels = levels(now);
    board_->start();
    eeprom_.look(now);
    see_contacts();
  }

  /// A tick of hal/avr's ride_out(): it ends when the supply has been good for 10 ms, or low for 0.8 s.
  void ride_out() {
    constexpr Nanoseconds enough = 10'000'000, longest = 800'000'000;
    ridden_ += model().tick_period;
    good_ = board_->hal().supply_is_low ? 0 : good_ + model().tick_period;
    if (good_ < enough && ridden_ < longest) return;
    ridden_ = good_ = 0;
    board_->hal().riding_out = false;
    step(conversion_end(tick_));
  }

  /// Hands the board what comes from air and serial line up to time t, in its order.
  void follow(Nanoseconds t) {
    if constexpr (has_radio) {
      if (radio_.next_event() > t) return radio_.advance(t);
      run_radio(radio_, t, [this] {
        hal::raise_radio(*board_);
        board_->step();
      });
    } else {
      while (std::min(line_.next(), sending_ ? sent_at_ : kNever) <= t)
        if (sending_ && sent_at_ <= line_.next())
          byte_sent();
        else
          byte_received(line_.take());
    }
  }

  void byte_received(const SerialLine::Byte& byte) {
    // Half duplex: deaf while the driver was on, be it for a part of the byte.
    if (!board_->hal().uart_receives || board_->hal().uart_drives || drove_until_ > byte.end - 10 * byte.bit)
      return;
    const bool heard = byte.bit == 1'000'000'000 / board_->hal().uart_baud;
    const bool parity = board_->hal().uart_baud != 9600 || std::popcount(byte.data) % 2 == 0;
    const int data = board_->hal().uart_baud == 9600 ? byte.data & 0x7F : byte.data;
    hal::raise_serial_received(*board_, static_cast<std::uint8_t>(heard ? data : 0),
                               heard && parity && !byte.framing_error);
    step(byte.end);
  }

  /// The transmitter asks for bytes, or has sent its last one.
  void send(Nanoseconds now) {
    auto& hal = board_->hal();
    if (hal.uart_drives) drove_until_ = now;
    if (sending_ || !hal.uart_asks) return;
    hal::raise_serial_empty(*board_);
    if (!hal.uart_full) {
      if (hal.uart_finishes) hal::raise_serial_sent(*board_);
      return;
    }
    hal.uart_full = false;
    if (hal.uart_drives) line_sent_.push_back(hal.uart_byte);
    sending_ = true;
    sent_at_ = now + Nanoseconds{10} * 1'000'000'000 / hal.uart_baud;
  }
  void byte_sent() {
    const Nanoseconds now = sent_at_;
    sending_ = false;
    send(now);
    step(now);
  }

  /// The main loop, awake after an interrupt.
  void step(Nanoseconds now) {
    eeprom_.look(now);
    radio_.advance(now);
    board_->step();
    if constexpr (!has_radio) send(now);
    eeprom_.look(now);
  }

  /// Pins of the pulse ports at a time, as the I/O port has them. A pulse port that is a clamp now reads low,
  /// as an analog pin whose digital input is switched off does.
  [[nodiscard]] std::uint8_t levels(Nanoseconds t) {
    unsigned pins = 0;
    for (const PulsePort& port : model().pulse_inputs)
      if ((!port.when_analog_off || !board_->hal().analog_front_end_on) && environment_.level(port.port, t))
        pins |= 1u << static_cast<unsigned>(port.bit);
    return static_cast<std::uint8_t>(pins);
  }

  [[nodiscard]] Nanoseconds conversion_end(std::int64_t tick) const {
    return model().tick_time(tick) + conversion_time_;
  }

  /// How many conversions have ended by time t, those that an unpowered board leaves out counted as well.
  [[nodiscard]] std::int64_t conversions_by(Nanoseconds t) const {
    const Nanoseconds since_first = t - conversion_end(0);
    return since_first < 0 ? 0 : since_first / model().tick_period + 1;
  }

  /// The interrupt of the conversion in progress sees the contacts as they are when it looks; remembers until
  /// when.
  void see_contacts() {
    const Nanoseconds now = conversion_end(tick_) + look_delay_;
    analog_ = board_->hal().analog_front_end_on;
    board_->hal().levels = levels(now);
    const Nanoseconds edge = environment_.next_edge(now);
    next_edge_tick_ = edge == kNever ? kNever : conversions_by(edge - look_delay_ - 1);
  }

  Environment& environment_;
  std::optional<Board> board_;
  NativeEeprom eeprom_;
  RadioChip radio_chip_;
  PcRadio radio_;
  SerialLine::Reader line_;
  std::vector<std::uint8_t> line_sent_;
  bool sending_ = false;         ///< the UART shifts a byte out
  Nanoseconds drove_until_ = 0;  ///< the last that was seen of an RS-485 driver that is on
  Nanoseconds sent_at_ = 0;
  Nanoseconds now_ = 0;
  std::int64_t tick_ = 0;
  Nanoseconds conversion_time_ = 0;
  Nanoseconds look_delay_ = 0;
  std::int64_t next_edge_tick_ = 0;
  std::uint8_t shift_register_ = 0;
  bool analog_ = true;
  Nanoseconds ridden_ = 0, good_ = 0;  ///< times of a ride_out()
};

/// The engine of the board that has the model's name.
template <class... Boards>
struct Engines {
  static std::unique_ptr<Engine> make(const BoardModel& model, Environment& environment) {
    std::unique_ptr<Engine> engine;
    ((model.name == Boards::name()
          ? static_cast<void>(engine = std::make_unique<NativeEngine<Boards>>(model, environment))
          : void()),
     ...);
    return engine;
  }
};

}  // namespace

std::unique_ptr<Engine> make_native_engine(const BoardModel& model, Environment& environment) {
  return boards::WithAllBoards<Engines>::make(model, environment);
}

}  // namespace flm::sim
