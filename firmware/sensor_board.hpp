// The board application: what the interrupts call, and what the main loop does with what they leave.
//
// Conversion -> on_sample: one ADC code into the sums; after three, a scan: pulse levels and time.
// SPI byte -> on_spi: one byte in, one out.
// Main loop -> step: pulses into counters, a finished second into watts (a clamp a step), a message into a reply, a byte into EEPROM.
// Supply low -> on_supply_low: counters stand still, pulses and samples wait in the interrupts' hands, and what has been counted is
// saved. When the supply comes back, it all goes on, and nothing is missing or counted twice.
#pragma once
#include <stdint.h>

#include "firmware/control.hpp"
#include "firmware/meter/smart_meter.hpp"
#include "firmware/metering/clock.hpp"
#include "firmware/metering/estimator.hpp"
#include "firmware/metering/integer.hpp"
#include "firmware/metering/pulses.hpp"
#include "firmware/metering/sampler.hpp"
#include "firmware/metering/sensors.hpp"
#include "firmware/radio/radio.hpp"
#include "firmware/serial/serial_port.hpp"
#include "firmware/store/store.hpp"
#include "protocol/attributes.hpp"
#include "protocol/link.hpp"

namespace flm {

/// What speaks on the link's `u` channel.
template <class Hal, bool has_radio>
struct ChannelOf {
  using type = serial::SerialPort<Hal>;
};
template <class Hal>
struct ChannelOf<Hal, true> {
  struct type : radio::Radio<Hal>, serial::ForwardedLine {
    using serial::ForwardedLine::from_meter;
    using serial::ForwardedLine::has_meter_line;
  };
};

/// A sensor board. `Hal` is the hardware as a type: hal/hal.hpp says what it offers.
template <class Hal>
class SensorBoard : private Hal {
 public:
  using Board = typename Hal::Board;
  using Sampling = typename Board::Sampling;
  using Clock = metering::ScanClock<Sampling>;
  using Pulses = typename Board::template WithPulseInputs<metering::PulseInputs>;
  using Critical = typename Hal::Critical;
  using Channel = typename ChannelOf<Hal, Board::has_radio>::type;
  using Link = protocol::LinkPort<Channel>;
  static constexpr bool has_port_configuration = Board::has_port_configuration;
  /// This firmware's version, as `gv` answers it.
  static constexpr uint8_t version_major = 0, version_minor = 1, version_patch = 0;
  static constexpr uint8_t hardware_letter = Board::letter;
  static constexpr uint16_t features = protocol::feature::true_rms | protocol::feature::journal |
                                       (has_port_configuration ? protocol::feature::port_configuration : 0) |
                                       (Board::has_radio ? protocol::feature::radio : protocol::feature::rs485) | protocol::feature::p1;

  constexpr SensorBoard() = default;
  SensorBoard(const SensorBoard&) = delete;
  SensorBoard& operator=(const SensorBoard&) = delete;

  FLM_NODISCARD Hal& hal() { return *this; }
  FLM_NODISCARD const Hal& hal() const { return *this; }

  /// Before the first interrupt: sets up the hardware, waits for it to settle, and takes up where the last run has stopped.
  FLM_OUTLINE void start() {
    Hal::start();
    clock_.start();
    Hal::by_pointer(sampler_).start();
    if (!Hal::by_pointer(store_).load(*this)) set_defaults();
    sensors_.classify(pulse_ports(), true);
    if ((Hal::reset_cause() & hal::reset_cause::watchdog) != 0) {
      Hal::by_pointer(events_).counter += 0x10000;
      store_.save(store::board_counter);
    }
    pulses_.start();
    apply_settings();
    sensors_.settle();  // Nothing changes until the first second begins.
    start_channel(Tag<Board::has_radio>());
    start_meter();
    Hal::led(true);
    Hal::select_clamp(0);
    Hal::start_sampling();
  }

  /// Interrupt, first thing when a conversion has ended: the clamp of the conversion after it, 0..2.
  FLM_NODISCARD uint8_t next_clamp() const {
    const uint8_t clamp = sampler_.clamp();
    return clamp >= metering::clamps - 1 ? 0 : static_cast<uint8_t>(clamp + 1);
  }

  /// Interrupt: a conversion gave `code`. True when it was the last of a scan: on_scan() comes next, interruptible.
  FLM_NODISCARD FLM_INLINE bool on_sample(uint16_t code) { return sampler_.add(code); }

  /// Interrupt: a scan has ended. No conversion's interrupt may come in between, others may.
  FLM_INLINE void on_scan() { Hal::by_pointer(sampler_).end_scan(Hal::by_pointer(clock_).scan()); }
  /// Interrupt, after on_scan(): looks at the pulse ports. Any interrupt may come in between.
  FLM_INLINE void on_scan_pulses() { pulses_.sample(Hal::pulse_levels(), clock_.milliseconds()); }

  /// Interrupt, first thing when the host has clocked a byte: what goes out with the next.
  FLM_NODISCARD FLM_INLINE uint8_t answer(uint8_t received) const { return link_.answer(received); }
  /// Interrupt, after answer(): deals with the byte.
  void on_spi(uint8_t received) { Hal::by_pointer(link_).exchange(received); }

  /// Interrupt: the supply has fallen below the threshold, or something looked like it.
  FLM_INLINE void on_supply_low() { supply_fell_ = 1; }

  /// Interrupt, the last before a watchdog reset: the main loop or the sampling hangs. Saves what has been counted, and takes as
  /// long as that takes.
  void on_hang() {
    store_.supply_failed();
    while (!store_.settled(*this)) store_.step(*this);
  }

  /// Interrupt of the radio, its own source masked: nIRQ has fallen.
  void on_radio() { Hal::by_pointer(channel()).on_interrupt(hal()); }
  /// Interrupts of the serial port: a byte can be put; the last bit has gone out. What comes waits in Hal::uart_received().
  void on_serial_empty() { Hal::by_pointer(channel()).on_empty(hal()); }
  void on_serial_sent() { Hal::by_pointer(channel()).on_sent(hal()); }

  /// Main loop: deals with what waits, one piece of each kind, and never waits itself.
  void step() {
    feed_watchdog();
    if (supply_fell_ != 0 || failing_) watch_supply();
    if (!failing_) {
      if (pulses_.any()) count_pulses();
      if (sampler_.window_ready()) measure();
    }
    Hal::by_pointer(store_).step(*this);
    step_channel(Tag<Board::has_radio>());
    if (link_.meter_waits()) read_meter();
    const bool message = link_.message_ready();  // before the look at deliveries: a delivery is older than the message after it
    if (link_.take_delivered()) sensors_.delivered();
    if (message) answer();
    if (committing_ && store_.settled(*this)) answer_commit();
    show();
  }

  /// True when step() has something to do; asked with interrupts off before the CPU sleeps.
  FLM_NODISCARD bool pending() const {
    return supply_fell_ != 0 || link_.message_ready() || link_.meter_waits() || (!failing_ && (pulses_.any() || sampler_.window_ready()));
  }

  // --- For Control ---

  FLM_NODISCARD metering::Sensors& sensors() { return sensors_; }
  FLM_NODISCARD Link& link() { return link_; }
  /// The board's own counters, in one: power failures in the low 16 bits, watchdog resets in the high ones.
  FLM_NODISCARD metering::Total& events() { return events_; }
  FLM_NODISCARD uint8_t reset_cause() const { return Hal::reset_cause(); }
  FLM_NODISCARD const uint32_t& uptime_s() const { return uptime_s_; }
  FLM_NODISCARD const uint16_t& malformed() const { return malformed_; }
  void count_malformed() { ++malformed_; }
  FLM_NODISCARD static bool is_pulse_port(uint8_t port) {
    return static_cast<uint8_t>(port - Pulses::first_terminal_port) < Pulses::count;
  }

  /// A setting is about to change.
  void settings_changing() { store_.settings_changed(); }
  /// The map, the lines or a debounce time have changed. Ports 2 and 3 are clamps with the analog front end on, pulse inputs with it
  /// off; sensors start a new second.
  void apply_settings() {
    const metering::Settings& settings = sensors_.settings();
    pulses_.template set_debounce<Clock>(settings.debounce_tenths_ms + (Pulses::first_terminal_port - metering::first_pulse_port));
    Hal::set_lines(analog(), settings.lines[1] != 0, settings.lines[0] != 0);
    sensors_.classify(pulse_ports());
    sensors_.unsettle_all();
    const Critical critical;
    pulses_.watch(Pulses::mask(!analog()), Hal::pulse_levels());
  }

  /// What port 6 listens to has changed.
  void apply_meter_settings() {
    start_meter();
    apply_settings();
  }
  FLM_NODISCARD const meter::SmartMeter& smart_meter() const { return meter_; }

  /// The radio's group or data rate has changed.
  void apply_channel_settings() { set_channel(Tag<Board::has_radio>()); }

  /// Starts saving settings and counters; the reply follows. False when the EEPROM belongs to a newer firmware.
  FLM_NODISCARD bool commit() {
    if (store_.foreign()) return false;
    store_.commit();
    committing_ = true;
    return true;
  }

  /// A clamp's last second: its sums, and how many samples they are of; none when another clamp's was kept, from now on it is this one's.
  struct Statistics {
    metering::ClampSums sums;
    uint16_t samples;
  };
  FLM_NODISCARD const Statistics& statistics(uint8_t clamp) {
    if (clamp != kept_clamp_) {
      kept_clamp_ = clamp;
      kept_ = Statistics{};
    }
    return kept_;
  }

  /// A host has set a sensor's counter.
  void counter_was_set(uint8_t sensor) {
    sensors_.counter_was_set(sensor);
    store_.save(sensor);
  }

  // --- For Store ---

  /// Whether a sensor follows the smart meter on port 6.
  FLM_NODISCARD bool follows_meter(uint8_t sensor) const {
    return sensor == meter_sensor() && (sensors_.settings().port_6 & metering::port_6::p1) != 0;
  }

  /// The bytes of one of the store's records.
  FLM_NODISCARD FLM_OUTLINE uint8_t* record(uint8_t number) {
    if (number == store::settings_record) return reinterpret_cast<uint8_t*>(&sensors_.settings());
    return reinterpret_cast<uint8_t*>(number == store::board_counter ? &events_ : &sensors_.total(number));
  }
  /// The last run has ended with a save for a power failure, or for a hang.
  void count_power_failure() {
    if ((Hal::reset_cause() & hal::reset_cause::watchdog) == 0) metering::increment(events_.counter);
  }

 private:
  /// Of a smart meter, before the main loop looks at the rest: 5 ms at 3.7 MHz, when they come without a pause.
  static constexpr uint8_t bytes_at_once = 64;
  /// Time for which the heartbeat LED goes dark at a poll.
  static constexpr uint8_t blink_ms = 33;

  /// Time after which a supply that stays low, but carries the board, is lived with; less than a second, which the sampler keeps.
  static constexpr uint16_t longest_failure_ms = 800;
  /// Whole seconds after a failure until there is room for the next one, so that a flickering supply does not wear out the EEPROM.
  static constexpr uint8_t quiet_seconds = 2;

  // The channel: a radio, or a serial port.
  template <bool has_radio>
  struct Tag {};
  FLM_NODISCARD Channel& channel() { return link_; }
  void configure_line(Tag<false>) {
    const uint8_t port_6 = sensors_.settings().port_6;
    channel().configure(hal(), (port_6 & metering::port_6::p1) != 0, (port_6 & metering::port_6::slow) != 0);
  }
  void configure_line(Tag<true>) {}
  void start_meter() {
    configure_line(Tag<Board::has_radio>());
    meter_.configure(sensors_.settings().port_6);
  }
  /// A smart meter's bytes, some at a time: a telegram has thousands.
  void read_meter() {
    const uint8_t sensor = meter_sensor();
    if (Hal::by_pointer(meter_).read(channel(), bytes_at_once, sensors_, sensor)) store_.save(sensor);
  }
  void start_channel(Tag<false>) {}
  void step_channel(Tag<false>) { channel().step(hal()); }
  void set_channel(Tag<false>) {}
  void start_channel(Tag<true>) {
    Hal::by_pointer(channel()).start(hal(), sensors_.settings().radio_group, rate());
  }
  void step_channel(Tag<true>) { Hal::by_pointer(channel()).step(hal(), clock_.milliseconds_low()); }
  void set_channel(Tag<true>) {
    channel().set_group(hal(), sensors_.settings().radio_group);
    channel().set_rate(hal(), rate());
  }
  FLM_NODISCARD radio::Rate rate() { return static_cast<radio::Rate>(sensors_.settings().radio_rate); }

  void set_defaults() {
    Hal::by_pointer(sensors_).start();
    metering::Settings& settings = Hal::by_pointer(sensors_.settings());
    for (metering::ClampCalibration& calibration : settings.calibration) {
      calibration.tau_us = metering::uncalibrated.tau_us;
      calibration.noise_q10 = metering::uncalibrated.noise_q10;
    }
    for (uint16_t& debounce : settings.debounce_tenths_ms) debounce = metering::default_debounce_tenths_ms;
    settings.hardware[0] = Board::hardware_minor;
    settings.hardware[1] = Board::hardware_major;
    settings.software = 0x0100;
    settings.lines[2] = 1;
    settings.led_port = metering::heartbeat;
    settings.radio_group = protocol::jeenode::default_group;
  }

  /// The sampling interrupt moves the clock: without it the watchdog starves.
  void feed_watchdog() {
    const uint8_t now = clock_.milliseconds_low();
    if (now == fed_ms_) return;
    fed_ms_ = now;
    Hal::feed_watchdog();
  }

  void watch_supply() {
    if (!failing_) {
      supply_fell_ = 0;
      if (!Hal::supply_low()) return;  // A spike on the comparator's pin: nothing has happened.
      failing_ = true;
      failing_since_ms_ = static_cast<uint16_t>(now_ms());
      Hal::save_power(true);
      store_.supply_failed();
    } else if (!Hal::supply_low() || static_cast<uint16_t>(static_cast<uint16_t>(now_ms()) - failing_since_ms_) > longest_failure_ms) {
      failing_ = false;
      supply_fell_ = 0;
      Hal::save_power(false);
      metering::increment(events_.counter);
      store_.supply_recovered();
      quiet_ = quiet_seconds;
    }
  }

  /// Once a second.
  void keep_time() {
    metering::increment(uptime_s_);
    if (quiet_ != 0 && --quiet_ == 0) {
      store_.save(store::board_counter);
      store_.clean();
    }
    if (++since_checkpoint_s_ < store::checkpoint_seconds) return;
    since_checkpoint_s_ = 0;
    store_.checkpoint();
  }

  FLM_NODISCARD uint8_t meter_sensor() const { return sensors_.sensor_of(metering::port_count - 1); }
  FLM_NODISCARD bool analog() const { return !has_port_configuration || sensors_.settings().lines[2] != 0; }
  FLM_NODISCARD uint8_t pulse_ports() const { return Pulses::terminal_ports(!analog()); }

  FLM_NODISCARD FLM_OUTLINE uint32_t now_ms() const {
    const Critical critical;
    return clock_.milliseconds();
  }

  void count_pulses() {
    pulses_.template take<Critical>([this](uint8_t port, uint8_t pulses, uint32_t accepted_ms, uint8_t debounce) {
      sensors_.add_pulses(port, pulses, accepted_ms - Clock::milliseconds_of(debounce));
    });
  }

  /// One clamp a step, so that a message never waits for three.
  FLM_OUTLINE void measure() {
    Hal::barrier();
    const uint8_t clamp = measured_;
    const uint8_t first = first_clamp(clamp);
    metering::ClampSums& sums = sampler_.window(clamp);
    if (clamp == kept_clamp_) {
      kept_.sums = sums;
      kept_.samples = sampler_.window_samples();
    }
    if (first != metering::no_sensor) {
      const metering::ClampCalibration& calibration = sensors_.settings().calibration[clamp];
      const uint32_t square = metering::mean_square_q10(sums, sampler_.window_samples(), calibration,
                                                        metering::StepWeight<Sampling>::q14(calibration.tau_us));
      window_power_q8(clamp) = 0;
      window_power_q8(first) += metering::power_q8(square, sensors_.constant(sensors_.sensor_of(clamp)));
    }
    if (++measured_ == metering::clamps) finish_second();
  }

  /// Power of a clamp that has been measured: it takes the place of one of the window's sums, which nobody needs any more.
  FLM_NODISCARD uint32_t& window_power_q8(uint8_t clamp) { return sampler_.window(clamp).squares; }

  /// Of the clamps of a clamp's sensor, the one that the others' power is added to; metering::no_sensor for a clamp without one.
  FLM_NODISCARD FLM_OUTLINE uint8_t first_clamp(uint8_t clamp) const {
    const uint8_t sensor = sensors_.sensor_of(clamp);
    if (!is_clamp(clamp)) return metering::no_sensor;
    if (sensor == metering::no_sensor) return metering::no_sensor;
    uint8_t first = 0;
    while (sensors_.sensor_of(first) != sensor || !is_clamp(first)) ++first;
    return first;
  }

  /// Hands each sensor its power, and ends the second. A sensor that is settled has had the same clamps all the time.
  void finish_second() {
    measured_ = 0;
    for (uint8_t clamp = 0; clamp < metering::clamps; ++clamp) {
      const uint8_t sensor = sensors_.sensor_of(clamp);
      if (first_clamp(clamp) == clamp && sensors_.settled(sensor)) sensors_.add_power(sensor, window_power_q8(clamp));
    }
    sampler_.template release_window<Critical>();
    sensors_.settle();
    keep_time();
  }

  /// Whether a port is a clamp port as the board is switched now.
  FLM_NODISCARD bool is_clamp(uint8_t port) const {
    return port == 0 || analog();
  }

  FLM_OUTLINE void answer() {
    Hal::barrier();
    sensors_.in_delivery(0);
    {
      const Critical critical;
      link_.take_back_reply();
    }
    committing_ = false;  // A host that speaks again no longer waits for the last reply.
    const bool answered = Control<SensorBoard>(*this).execute();
    {
      const Critical publish;
      if (answered) link_.offer_reply();
      link_.release();
    }
    if (sensors_.settings().led_port != metering::heartbeat) return;
    Hal::led(false);
    dark_since_ms_ = static_cast<uint8_t>((now_ms() - 1) | 1);  // now or 1 ms ago, never 0 and never in the future
  }

  /// Everything is on the medium.
  void answer_commit() {
    committing_ = false;
    const Critical publish;
    link_.take_back_reply();
    link_.reply().begin('c', 't');
    link_.offer_reply();
  }

  /// The LED: on while the firmware runs, with a blink for each message; or a port's level, on while its contact is closed.
  void show() {
    if (failing_) return;
    if (sensors_.settings().led_port != metering::heartbeat) {
      Hal::led(pulses_.closed(sensors_.settings().led_port));
      return;
    }
    if (dark_since_ms_ != 0 && static_cast<uint8_t>(clock_.milliseconds_low() - dark_since_ms_) < blink_ms) return;
    dark_since_ms_ = 0;
    Hal::led(true);
  }

  metering::Sampler<typename Hal::Arithmetic> sampler_;
  Clock clock_;
  Pulses pulses_;
  metering::Sensors sensors_;
  Link link_;
  meter::SmartMeter meter_;
  store::Store<SensorBoard> store_;
  metering::Total events_ = {};
  Statistics kept_ = {};  ///< of kept_clamp_, for `ga`
  uint32_t uptime_s_ = 0;
  uint16_t since_checkpoint_s_ = 0;
  uint16_t failing_since_ms_ = 0;
  uint16_t malformed_ = 0;
  uint8_t kept_clamp_ = 0;
  uint8_t measured_ = 0;
  uint8_t dark_since_ms_ = 0;  ///< odd; 0 while the LED is lit
  uint8_t fed_ms_ = 0;
  uint8_t quiet_ = 0;
  volatile uint8_t supply_fell_ = 0;
  bool failing_ = false;
  bool committing_ = false;
};

}  // namespace flm
