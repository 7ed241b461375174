// The board application: what the interrupts call, and what the main loop does with what they leave.
//
// Conversion -> on_sample: one ADC code into the sums; after three, a scan: pulse levels and time. SPI byte
// -> on_spi: one byte in, one out. Main loop -> step: pulses into counters, a glance at the clamps every 10
// ms, a finished second into watts (a clamp a step), a message into a reply, a byte into EEPROM. Scan ->
// supply_.look: a supply that stays low is a failure. Main loop: takes in the pulses and the part of a second
// that are there, and saves what has been counted; meanwhile counters stand still, pulses and samples wait in
// the interrupts' hands. When the supply is back it all goes on, and nothing is missing or counted twice;
// when it ends instead, what came after the failure was noticed is lost. Failures beyond the store's budget
// are counted, and metering goes on through them.
#pragma once
#include <stdint.h>

#include "boards/facts.hpp"
#include "firmware/control.hpp"
#include "firmware/metering/clamp_second.hpp"
#include "firmware/metering/clock.hpp"
#include "firmware/metering/estimator.hpp"
#include "firmware/metering/integer.hpp"
#include "firmware/metering/pulses.hpp"
#include "firmware/metering/sampler.hpp"
#include "firmware/metering/sensors.hpp"
#include "firmware/radio/radio.hpp"
#include "firmware/serial/serial_port.hpp"
#include "firmware/smart_meter/smart_meter.hpp"
#include "firmware/store/store.hpp"
#include "firmware/supply_watch.hpp"
#include "protocol/commands.hpp"
#include "protocol/link.hpp"
#include "toolchain/attributes.hpp"

namespace flm {

// A clock's lowest byte is read alone, and properties are read and set byte by byte, where they lie.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the firmware is for processors with the least significant byte first");

/// Device on the link's `u` channel: a radio, or a serial port.
template <class Hal, boards::Channel>
struct ChannelOf {
  using type = serial::SerialPort<Hal>;
};
template <class Hal>
struct ChannelOf<Hal, boards::Channel::radio> {
  struct type : radio::Radio<Hal>, serial::ForwardedLine {
    using serial::ForwardedLine::from_meter;
    using serial::ForwardedLine::has_meter_line;
  };
};

/// Fields of a smart meter's telegram that a board keeps.
template <boards::MeterValues>
struct MeterFieldsOf {
  using type = protocol::p1::BoardFields;
};
template <>
struct MeterFieldsOf<boards::MeterValues::few> {
  using type = protocol::p1::SmallFields;
};

/// A sensor board. `Hal` is the hardware as a type: hal/README.md lists its members.
template <class Hal>
class SensorBoard : private Hal {
 public:
  using Board = typename Hal::Board;
  using Sampling = typename Board::Sampling;
  using Clock = metering::ScanClock<Sampling>;
  using Pulses = typename Board::template WithPulseInputs<metering::PulseInputs>;
  using Critical = typename Hal::Critical;
  using Channel = typename ChannelOf<Hal, Board::channel>::type;
  using Link = protocol::LinkPort<Channel>;
  using SmartMeter = smart_meter::SmartMeter<typename MeterFieldsOf<Board::meter_values>::type>;
  static_assert(
      (Board::channel == boards::Channel::rs485) == (Board::meter_line == boards::MeterLine::board),
      "a smart meter's line ends at the board where USART 0 has no radio to talk to, and only there");
  static_assert(Board::switched_ports == 0 || (Board::switched_ports | 1) == (1u << metering::clamps) - 1,
                "port 1 is always a clamp; the others are switched together");
  /// This firmware's version, as `gv` answers it.
  static constexpr uint8_t version_major = 0, version_minor = 1, version_patch = 0;
  static constexpr uint8_t hardware_letter = Board::letter;
  static constexpr uint16_t features = protocol::features_of<Board>();

  constexpr SensorBoard() = default;
  SensorBoard(const SensorBoard&) = delete;
  SensorBoard& operator=(const SensorBoard&) = delete;

  FLM_NODISCARD Hal& hal() { return *this; }
  FLM_NODISCARD const Hal& hal() const { return *this; }

  /// Before the first interrupt: sets up the hardware, waits for it to settle, and takes up where the last
  /// run has stopped.
  void start() {
    Hal::start();
    clock_.start();
    Hal::by_pointer(sampler_).start();
    if (!Hal::by_pointer(store_).load(*this)) set_defaults();
    sensors_.classify(pulse_ports(), true);
    sensors_.check_remainders();
    count_reset();
    pulses_.start();
    apply_settings();
    sensors_.settle();  // Nothing changes until the first second begins.
    until_glance_ms_ = metering::ClampSecond::period_ms / 2;  // not when a second ends
    start_channel(Tag<Board::channel>());
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

  /// Interrupt: a conversion gave `code`. True when it was the last of a scan: on_scan() comes next,
  /// interruptible.
  FLM_NODISCARD FLM_INLINE bool on_sample(uint16_t code) { return sampler_.add(code); }

  /// Interrupt: a scan has ended. No conversion's interrupt may come in between, others may.
  FLM_INLINE void on_scan() {
    Hal::by_pointer(sampler_).end_scan(Hal::by_pointer(clock_).scan());
    const bool fell = Hal::supply_fell();  // before the level: what falls in between is seen by the next scan
    supply_.look(Hal::supply_low(), fell);
  }
  /// Interrupt, after on_scan(): looks at the pulse ports. Any interrupt may come in between.
  FLM_INLINE void on_scan_pulses() { pulses_.sample(Hal::pulse_levels(), clock_.milliseconds()); }

  /// Interrupt, first thing when the host has clocked a byte: what goes out with the next.
  FLM_NODISCARD FLM_INLINE uint8_t answer(uint8_t received) const { return link_.answer(received); }
  /// Interrupt, after answer(): deals with the byte.
  void on_spi(uint8_t received) { Hal::by_pointer(link_).exchange(received); }

  /// Interrupt, the last before a watchdog reset: the main loop or the sampling hangs. Saves what has been
  /// counted, and takes as long as that takes; not again and again, when it hangs soon after such a reset.
  void on_hang() {
    odd_windows_ = 0;
    if (follows_hang() && uptime_s_ < trusted_seconds) return;
    if (!store_.save_for_failure()) return;
    while (!store_.failure_is_saved(*this)) store_.step(*this);
  }

  /// Interrupt of the radio, its own source masked: nIRQ has fallen.
  void on_radio() { Hal::by_pointer(channel()).on_interrupt(hal()); }
  /// Interrupts of the serial port: a byte can be put; the last bit has gone out. What comes waits in
  /// Hal::uart_received().
  void on_serial_empty() { Hal::by_pointer(channel()).on_empty(hal()); }
  void on_serial_sent() { Hal::by_pointer(channel()).on_sent(hal()); }

  /// Main loop: deals with what waits, one piece of each kind, and never waits itself.
  void step() {
    feed_watchdog();
    if (failing_ || supply_.failed()) watch_supply();
    if (!failing_ && pulses_.any()) count_pulses();
    if (window_waits()) measure();
    Hal::by_pointer(store_).step(*this);
    step_channel(Tag<Board::channel>());
    if (link_.meter_waits()) read_meter();
    // Before the look at deliveries: a delivery is older than the message after it. A failure is saved first.
    const bool message = !failing_ && link_.message_ready();
    if (link_.take_delivered()) sensors_.delivered();
    if (message) answer();
    if (apply_due_ != 0) apply_changes();
    if (committing_ && store_.settled(*this)) answer_commit();
    show();
  }

  /// True when step() has something to do; asked with interrupts off before the CPU sleeps.
  FLM_NODISCARD bool pending() const {
    return failing_ || supply_.failed() || store_.works() || link_.message_ready() || link_.meter_waits() ||
           pulses_.any() || window_waits();
  }

  // --- For Control ---

  FLM_NODISCARD metering::Sensors& sensors() { return sensors_; }
  FLM_NODISCARD Link& link() { return link_; }
  /// The board's own counters, in one: store::BoardRecord.
  FLM_NODISCARD uint32_t& events() { return own_.events; }
  /// Bits of the board's present state, as `gr` reports them: protocol::state.
  FLM_NODISCARD uint8_t state() const {
    return static_cast<uint8_t>((supply_.low() ? protocol::state::supply_low : 0) |
                                (store_.is_worn() ? protocol::state::worn : 0) |
                                clipped_ * protocol::state::clipped);
  }
  FLM_NODISCARD uint16_t eeprom_writes() const { return store_.writes(); }
  FLM_NODISCARD uint8_t reset_cause() const { return Hal::reset_cause(); }
  FLM_NODISCARD const uint32_t& uptime_s() const { return uptime_s_; }
  FLM_NODISCARD const uint16_t& malformed() const { return malformed_; }
  void count_malformed() { ++malformed_; }
  FLM_NODISCARD static bool is_pulse_port(uint8_t port) {
    return static_cast<uint8_t>(port - Pulses::first_terminal_port) < Pulses::count;
  }

  /// A setting is about to change.
  void settings_changing() { store_.settings_changed(); }
  /// The map, the lines or a debounce time have changed. Ports 2 and 3 are clamps with the analog front end
  /// on, pulse inputs with it off; sensors start a new second.
  void apply_settings() {
    const metering::Settings& settings = sensors_.settings();
    pulses_.template set_debounce<Clock>(settings.debounce_tenths_ms +
                                         (Pulses::first_terminal_port - metering::first_pulse_port));
    Hal::set_lines(analog(), settings.lines[1] != 0, settings.lines[0] != 0);
    sensors_.classify(pulse_ports());
    sensors_.unsettle_all();
    const Critical critical;
    pulses_.watch(Pulses::mask(!analog()), Hal::pulse_levels());
  }

  /// Like apply_settings(), but after the message that changed them has been dealt with; `meter`: the setting
  /// of port 6 has changed as well.
  void settings_have_changed(bool meter) {
    if (apply_due_ == 0) apply_due_ = 1;
    if (!meter) return;
    forget_meter();
    apply_due_ = 2;
  }
  FLM_NODISCARD const SmartMeter& smart_meter() const { return meter_; }
  /// Link of a counter to the smart meter. forget_meter() ends it: its sensor may be fed by something else
  /// now.
  FLM_NODISCARD metering::MeterLink& meter_link() { return own_.meter; }
  void forget_meter() { own_.meter.number = metering::MeterLink::none; }

  /// The radio's group or data rate has changed.
  void apply_channel_settings() { set_channel(Tag<Board::channel>()); }

  /// Starts saving settings and counters; the reply follows. False when the EEPROM belongs to a newer
  /// firmware.
  FLM_NODISCARD bool commit() {
    if (store_.foreign()) return false;
    store_.commit();
    committing_ = true;
    return true;
  }

  /// Sampler with the sums of the clamps' last second, to be read between hold_statistics() and
  /// release_statistics().
  FLM_NODISCARD const metering::Sampler<typename Hal::Arithmetic>& sampler() const { return sampler_; }
  FLM_NODISCARD FLM_OUTLINE bool hold_statistics() {
    const Critical critical;
    return sampler_.hold_window();
  }
  void release_statistics(bool released) {
    if (released) sampler_.release_window();
  }

  /// A host has set a sensor's counter.
  void counter_was_set(uint8_t sensor) {
    if (sensor == sensors_.meter_sensor()) {
      own_.meter.number = metering::MeterLink::was_set;
      meter_is_saved_ = false;  // The next telegram says from where the counter goes on.
      store_.save(store::board_record);
    }
    store_.save(sensor);
  }

  // --- For Store ---

  /// The bytes of one of the store's records.
  FLM_NODISCARD FLM_OUTLINE uint8_t* record(uint8_t number) {
    if (number == store::settings_record) return reinterpret_cast<uint8_t*>(&sensors_.settings());
    if (number == store::board_record) return reinterpret_cast<uint8_t*>(&own_);
    return reinterpret_cast<uint8_t*>(&sensors_.total(number));
  }
  /// Whether stored settings are within the ranges that the link accepts.
  FLM_NODISCARD bool settings_are_possible() const {
    return Control<SensorBoard>::possible(sensors_.settings());
  }
  /// Whether a sensor's counter stands still while a failure is saved. A clamp's does once its part of a
  /// second has been added.
  FLM_NODISCARD bool counted(uint8_t sensor) const {
    if (!cut_short_waits()) return true;
    for (uint8_t clamp = 0; clamp < metering::clamps; ++clamp)
      if (sensors_.sensor_of(clamp) == sensor && is_clamp(clamp)) return false;
    return true;
  }

 private:
  /// Most smart-meter bytes parsed in one pass of the main loop: about 5 ms of work at 3.7 MHz.
  static constexpr uint8_t bytes_at_once = 64;
  /// A clamp's measurement takes several times as long as a byte of EEPROM, 1.8 ms: the next byte is not to
  /// wait for its end.
  static constexpr bool is_slow = Board::cpu_hz < 8000000, writes_meanwhile = is_slow;
  /// A smart meter's bytes come before a glance at the clamps, until the window has so many samples: 100 ms
  /// at the most.
  static constexpr uint8_t longest_window = 200;
  /// Time for which the heartbeat LED goes dark at a poll.
  static constexpr uint8_t blink_ms = 33;

  /// Seconds after a watchdog reset until nothing is held back any more: what hangs again and again must not
  /// wear the EEPROM out.
  static constexpr uint8_t trusted_seconds = 60;
  /// Length of a scan, in 2^-24 s.
  static constexpr uint16_t scan_q24 = static_cast<uint16_t>(
      (static_cast<uint64_t>(Clock::scan_cycles) * 16777216u + Sampling::cpu_hz / 2) / Sampling::cpu_hz);

  // The channel: a radio, or a serial port.
  template <boards::Channel>
  struct Tag {};
  using Rs485 = Tag<boards::Channel::rs485>;
  using RadioChip = Tag<boards::Channel::radio>;
  FLM_NODISCARD Channel& channel() { return link_; }
  void configure_line(Rs485) {
    const uint8_t port_6 = sensors_.settings().port_6;
    channel().configure(hal(), (port_6 & metering::port_6::p1) != 0, (port_6 & metering::port_6::slow) != 0);
  }
  void configure_line(RadioChip) {}
  FLM_OUTLINE void start_meter() {
    configure_line(Tag<Board::channel>());
    meter_.configure(sensors_.settings().port_6);
  }
  /// A smart meter's bytes, some at a time: a telegram has thousands.
  void read_meter() {
    uint8_t sensor = sensors_.meter_sensor();
    if (sensor != metering::no_sensor && !sensors_.enabled(sensor)) sensor = metering::no_sensor;
    if (!Hal::by_pointer(meter_).read(channel(), bytes_at_once, sensors_, sensor, own_.meter) ||
        meter_is_saved_)
      return;
    meter_is_saved_ = true;  // Meters that take turns are saved with the counters.
    store_.save(store::board_record);
  }
  void start_channel(Rs485) {}
  void step_channel(Rs485) { channel().step(hal()); }
  void set_channel(Rs485) {}
  void start_channel(RadioChip) {
    Hal::by_pointer(channel()).start(hal(), sensors_.settings().radio_group, rate());
  }
  void step_channel(RadioChip) { Hal::by_pointer(channel()).step(hal(), clock_.milliseconds_low()); }
  void set_channel(RadioChip) {
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
    until_glance_ms_ = static_cast<uint8_t>(until_glance_ms_ + fed_ms_ - now);
    fed_ms_ = now;
    Hal::feed_watchdog();
    if (static_cast<int8_t>(until_glance_ms_) > 0) return;
    const bool late =
        is_slow && static_cast<int8_t>(until_glance_ms_) < -2;  // It would put off the end of a second.
    until_glance_ms_ = static_cast<uint8_t>(until_glance_ms_ + metering::ClampSecond::period_ms);
    if (!late) glance();
  }
  /// At the clamps' sums, while they grow.
  FLM_OUTLINE void glance() {
    if (!hold_statistics()) return;
    uint16_t samples = 0;
    {
      const Critical critical;
      samples = sampler_.growing_samples();
    }
    const uint16_t added = static_cast<uint16_t>(samples - glanced_samples_);
    if (!is_slow || !link_.meter_waits() || added >= longest_window) glance(samples, added);
    sampler_.release_window();
  }
  void glance(uint16_t samples, uint16_t added) {
    const uint16_t per_sample = metering::ClampSecond::per_sample(added);
    glanced_samples_ = samples;
    const metering::ClampSums* sums = sampler_.growing();
    for (metering::ClampSecond& second : seconds_) {
      uint16_t sum = 0, last = 0;
      {
        const Critical critical;
        sum = static_cast<uint16_t>(sums->sum);
        last = sums->last;
      }
      ++sums;
      second.glance(sum, last, per_sample);
    }
    ++glances_;
  }

  /// After a reset by the watchdog?
  FLM_NODISCARD bool follows_hang() const { return (Hal::reset_cause() & hal::reset_cause::watchdog) != 0; }

  /// A life that the watchdog has ended is counted as such, one that ended without power as a power failure.
  void count_reset() {
    if (follows_hang()) {
      own_.events += 0x10000;
      tidy_in_s_ = trusted_seconds;
      return;
    }
    if (!store_.is_empty() &&
        (Hal::reset_cause() & (hal::reset_cause::power_on | hal::reset_cause::brown_out)) != 0) {
      metering::increment(own_.events);
      store_.save(store::board_record);
    }
    store_.tidy();
  }

  void watch_supply() {
    if (failing_ && !store_.failure_is_saved(*this)) return;
    // A second one, when the supply has come back and failed again during the save.
    const bool failed = supply_.take_failure();
    if (failed) metering::increment(own_.events);
    if (failed && supply_.low() && store_.save_for_failure()) {
      failing_ = true;
      save_power(true);
      count_pulses();
      const Critical critical;
      odd_windows_ = sampler_.window_ready() ? 3 : 2;
      sampler_.end_window_early();
      return;
    }
    if (!failing_ || (supply_.low() && !Hal::ride_out())) return;
    supply_.forget_failure();  // One of the time ridden out is part of this one.
    failing_ = false;
    tidy_in_s_ = 1;
    save_power(false);
  }
  /// The LED and what hangs on the channel; the converter's 0.3 mA goes on metering.
  void save_power(bool on) {
    if (on) Hal::led(false);
    channel().save_power(hal(), on);
  }

  /// The second that a failure has cut short waits to be measured.
  FLM_NODISCARD bool cut_short_waits() const { return odd_windows_ > 1; }
  FLM_NODISCARD bool window_waits() const {
    return sampler_.window_ready() && (!failing_ || cut_short_waits());
  }

  /// Once a second.
  void keep_time() {
    metering::increment(uptime_s_);
    if (tidy_in_s_ != 0 && --tidy_in_s_ == 0) {
      store_.checkpoint();
      store_.tidy();
    }
    ++since_checkpoint_s_;
    if (since_checkpoint_s_ == store::unannounced_seconds && supply_.low()) store_.checkpoint();
    if (since_checkpoint_s_ < store::checkpoint_seconds) return;
    since_checkpoint_s_ = 0;
    meter_is_saved_ = false;
    store_.checkpoint();
    store_.earn_budget();
  }

  FLM_NODISCARD bool analog() const {
    return Board::switched_ports == 0 || sensors_.settings().lines[2] != 0;
  }
  FLM_NODISCARD uint8_t pulse_ports() const { return Pulses::terminal_ports(!analog()); }

  FLM_NODISCARD FLM_OUTLINE uint32_t now_ms() const {
    const Critical critical;
    return clock_.milliseconds();
  }

  void count_pulses() {
    pulses_.template take<Critical>([this](uint8_t port, uint8_t pulses, uint16_t accepted_ms,
                                           uint16_t debounce) {
      const uint32_t now = now_ms();
      const uint16_t ago_ms =
          static_cast<uint16_t>(static_cast<uint16_t>(now) - accepted_ms + Clock::milliseconds_of(debounce));
      sensors_.add_pulses(port, pulses, now - ago_ms);
    });
  }

  /// One clamp a step, so that a message never waits for three.
  FLM_OUTLINE void measure() {
    Hal::barrier();
    const uint8_t clamp = measured_;
    const uint8_t first = first_clamp(clamp);
    const metering::ClampSums& sums = Hal::by_pointer(sampler_.window(clamp));
    clipped_ = static_cast<uint8_t>(sums.clipped != 0 ? clipped_ | metering::bit(clamp)
                                                      : clipped_ & ~metering::bit(clamp));
    metering::ClampSecond& second = Hal::by_pointer(seconds_[clamp]);
    second.result() = second.share_q16(sums, sampler_.window_samples(), glances_);
    write_meanwhile();
    if (first != metering::no_sensor) {
      const metering::ClampCalibration& calibration = Hal::by_pointer(sensors_.settings().calibration[clamp]);
      const uint32_t square = metering::mean_square_q10(
          sums, sampler_.window_samples(), calibration.offset_q8,
          metering::StepWeight<Sampling>::q14(calibration.tau_us), second.noise_q10(calibration.noise_q10));
      write_meanwhile();
      const uint32_t power_q8 = metering::multiply_q16(
          metering::power_q8(square, sensors_.constant(sensors_.sensor_of(clamp))), second.result());
      second.result() = 0;
      seconds_[first].result() += power_q8;
    }
    if (++measured_ == metering::clamps) finish_second();
  }

  /// Between two parts of a measurement: a byte of EEPROM, while a failure is saved.
  FLM_INLINE void write_meanwhile() {
    if (writes_meanwhile && failing_) Hal::by_pointer(store_).step(*this);
  }

  /// Lowest clamp of the sensor that `clamp` feeds: the sensor's power is summed there. metering::no_sensor
  /// when it feeds none.
  FLM_NODISCARD FLM_OUTLINE uint8_t first_clamp(uint8_t clamp) const {
    const uint8_t sensor = sensors_.sensor_of(clamp);
    if (!is_clamp(clamp)) return metering::no_sensor;
    if (sensor == metering::no_sensor) return metering::no_sensor;
    uint8_t first = 0;
    while (sensors_.sensor_of(first) != sensor || !is_clamp(first)) ++first;
    return first;
  }

  /// Hands each sensor its power, and ends the second. A sensor that is settled has had the same clamps all
  /// the time.
  void finish_second() {
    measured_ = 0;
    const uint32_t seconds_q16 = odd_windows_ == 0
                                     ? metering::Sensors::whole_second_q16
                                     : metering::multiply_16(sampler_.window_samples(), scan_q24) >> 8;
    metering::ClampSecond* second = &Hal::by_pointer(seconds_[0]);
    for (uint8_t clamp = 0; clamp < metering::clamps; ++clamp) {
      const uint8_t sensor = sensors_.sensor_of(clamp);
      if (first_clamp(clamp) == clamp && sensors_.settled(sensor))
        sensors_.add_power(sensor, second->result(), seconds_q16);
      (second++)->result() = 0;
    }
    glanced_samples_ = static_cast<uint16_t>(glanced_samples_ - sampler_.window_samples());
    glances_ = 0;
    sampler_.release_window();
    sensors_.settle();
    const bool cut_short = odd_windows_ == 2;
    if (odd_windows_ != 0) --odd_windows_;
    if (!cut_short) keep_time();
  }

  /// Whether a port is a clamp port, with the analog front end switched as it is now.
  FLM_NODISCARD bool is_clamp(uint8_t port) const { return port == 0 || analog(); }

  /// Not in answer(): the stack is deep enough there.
  FLM_OUTLINE void apply_changes() {
    if (apply_due_ == 2) start_meter();
    apply_due_ = 0;
    apply_settings();
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
    dark_since_ms_ =
        static_cast<uint8_t>((now_ms() - 1) | 1);  // now or 1 ms ago, never 0 and never in the future
  }

  /// Everything is on the medium.
  void answer_commit() {
    committing_ = false;
    const Critical publish;
    link_.take_back_reply();
    if (store_.has_failed())
      link_.reply().begin('z', 'z');
    else
      link_.reply().begin('c', 't');
    link_.offer_reply();
  }

  /// The LED: on while the firmware runs, with a blink for each message; or a port's level, on while its
  /// contact is closed.
  void show() {
    if (failing_) return;
    if (sensors_.settings().led_port != metering::heartbeat) {
      Hal::led(pulses_.closed(sensors_.settings().led_port));
      return;
    }
    if (dark_since_ms_ != 0 && static_cast<uint8_t>(clock_.milliseconds_low() - dark_since_ms_) < blink_ms)
      return;
    dark_since_ms_ = 0;
    Hal::led(true);
  }

  metering::Sampler<typename Hal::Arithmetic> sampler_;
  Clock clock_;
  Pulses pulses_;
  metering::Sensors sensors_;
  Link link_;
  SmartMeter meter_;
  store::Store<SensorBoard> store_;
  store::BoardRecord own_ = {};
  SupplyWatch supply_;
  metering::ClampSecond seconds_[metering::clamps];
  uint32_t uptime_s_ = 0;
  uint16_t since_checkpoint_s_ = 0;
  uint16_t malformed_ = 0;
  uint16_t glanced_samples_ = 0;  ///< samples of the second in progress up to the newest glance
  uint8_t glances_ = 0;
  uint8_t until_glance_ms_ = 0;
  uint8_t measured_ = 0;
  uint8_t dark_since_ms_ = 0;  ///< odd; 0 while the LED is lit
  uint8_t fed_ms_ = 0;
  uint8_t tidy_in_s_ = 0;    ///< seconds until failure records are tidied up
  uint8_t odd_windows_ = 0;  ///< windows that are no second: after a failure the one that it has cut short,
                             ///< and the rest of that second
  uint8_t clipped_ = 0;      ///< clamps with samples at full scale in their last second, a bit each
  bool failing_ = false;
  uint8_t apply_due_ = 0;  ///< 1: apply_settings(); 2: start_meter() as well
  bool committing_ = false;
  bool meter_is_saved_ = false;  ///< since the last checkpoint
};

}  // namespace flm
