// The board application: what the interrupts call, and what the main loop does with what they leave.
//
// Conversion -> on_sample: one ADC code into the sums; after three, a scan: pulse levels and time.
// SPI byte -> on_spi: one byte in, one out.
// Main loop -> step: pulses into counters, a finished second into watts (a clamp a step), a message into a reply.
#pragma once
#include <stdint.h>

#include "firmware/control.hpp"
#include "firmware/metering/clock.hpp"
#include "firmware/metering/estimator.hpp"
#include "firmware/metering/pulses.hpp"
#include "firmware/metering/sampler.hpp"
#include "firmware/metering/sensors.hpp"
#include "firmware/versions.hpp"
#include "protocol/attributes.hpp"
#include "protocol/link.hpp"

namespace flm {

/// A sensor board. `Hal` is the hardware as a type: hal/hal.hpp says what it offers.
template <class Hal>
class SensorBoard : private Hal {
 public:
  using Board = typename Hal::Board;
  using Sampling = typename Board::Sampling;
  using Clock = metering::ScanClock<Sampling>;
  using Pulses = typename Board::template WithPulseInputs<metering::PulseInputs>;
  using Critical = typename Hal::Critical;
  using Link = protocol::LinkPort<>;
  static constexpr bool has_port_configuration = Board::has_port_configuration;
  /// lines(): bit 0 analog front end on, bit 1 invert RX, bit 2 invert TX, as `sk` orders them.
  static constexpr uint8_t analog_front_end = 1;

  constexpr SensorBoard() = default;
  SensorBoard(const SensorBoard&) = delete;
  SensorBoard& operator=(const SensorBoard&) = delete;

  FLM_NODISCARD Hal& hal() { return *this; }
  FLM_NODISCARD const Hal& hal() const { return *this; }

  /// Before the first interrupt: sets up the hardware and waits for it to settle.
  void start() {
    Hal::start();
    clock_.start();
    sampler_.start();
    sensors_.start();
    pulses_.start(Clock::scans_of_tenths(metering::default_debounce_tenths_ms));
    for (metering::ClampCalibration& calibration : calibration_) {
      calibration.tau_us = metering::uncalibrated.tau_us;
      calibration.noise_q10 = metering::uncalibrated.noise_q10;
    }
    versions_.hardware_major = Board::hardware_major;
    versions_.hardware_minor = Board::hardware_minor;
    versions_.software = 0x0100;
    set_lines(analog_front_end);
    Hal::led(true);
    Hal::select_clamp(0);
    Hal::start_sampling();
  }

  /// Interrupt, first thing when a conversion has ended: the clamp of the conversion after it, 0..2.
  FLM_NODISCARD uint8_t next_clamp() const {
    const uint8_t clamp = sampler_.clamp();
    return clamp == metering::clamps - 1 ? 0 : static_cast<uint8_t>(clamp + 1);
  }

  /// Interrupt: a conversion gave `code`. True when it was the last of a scan: on_scan() comes next, interruptible.
  FLM_NODISCARD FLM_INLINE bool on_sample(uint16_t code) { return sampler_.add(code); }

  /// Interrupt: a scan has ended. No conversion's interrupt may come in between, others may.
  FLM_INLINE void on_scan() { sampler_.end_scan(clock_.scan()); }
  /// Interrupt, after on_scan(): looks at the pulse ports. Any interrupt may come in between.
  FLM_INLINE void on_scan_pulses() { pulses_.sample(Hal::pulse_levels(), clock_.milliseconds()); }

  /// Interrupt, first thing when the host has clocked a byte: what goes out with the next.
  FLM_NODISCARD FLM_INLINE uint8_t answer(uint8_t received) const { return link_.answer(received); }
  /// Interrupt, after answer(): deals with the byte.
  void on_spi(uint8_t received) { link_.exchange(received); }

  /// Main loop: deals with what waits, one piece of each kind, and never waits itself.
  void step() {
    if (pulses_.any()) count_pulses();
    if (sampler_.window_ready()) measure();
    const bool message = link_.message_ready();  // before the look at deliveries: a delivery is older than the message after it
    if (link_.take_delivered()) sensors_.delivered();
    if (message) answer();
    if (dark_since_ms_ != 0) blink();
  }

  /// True when step() has something to do; asked with interrupts off before the CPU sleeps.
  FLM_NODISCARD bool pending() const { return pulses_.any() || sampler_.window_ready() || link_.message_ready(); }

  FLM_NODISCARD metering::Sensors& sensors() { return sensors_; }
  FLM_NODISCARD Versions& versions() { return versions_; }
  FLM_NODISCARD uint8_t lines() const { return lines_; }

  /// Switches the port lines. Ports 2 and 3 are clamps with the analog front end on, pulse inputs with it off; sensors
  /// that they feed start a new second.
  void set_lines(uint8_t lines) {
    const bool analog = (lines & analog_front_end) != 0;
    Hal::set_lines(analog, (lines & 2) != 0, (lines & 4) != 0);
    lines_ = lines;
    for (uint8_t clamp = 0; clamp < metering::clamps; ++clamp) {
      const uint8_t sensor = sensors_.sensor_of(clamp);
      if (sensor != metering::no_sensor) sensors_.unsettle(sensor);
    }
    const Critical critical;
    pulses_.watch(Pulses::mask(!analog), Hal::pulse_levels());
  }

 private:
  /// Time for which the heartbeat LED goes dark at a poll.
  static constexpr uint8_t blink_ms = 33;

  FLM_NODISCARD uint32_t now_ms() const {
    const Critical critical;
    return clock_.milliseconds();
  }

  void count_pulses() {
    pulses_.template take<Critical>([this](uint8_t port, uint8_t pulses, uint32_t accepted_ms, uint8_t debounce) {
      sensors_.add_pulses(port, pulses, accepted_ms - Clock::milliseconds_of(debounce));
    });
  }

  /// One clamp a step, so that a message never waits for three.
  void measure() {
    Hal::barrier();
    const uint8_t clamp = measured_;
    const uint8_t sensor = sensors_.sensor_of(clamp);
    if (sensor != metering::no_sensor && is_clamp(clamp)) {
      const uint32_t square = metering::mean_square_q10(sampler_.window(clamp), sampler_.window_samples(), calibration_[clamp],
                                                        metering::StepWeight<Sampling>::q14(calibration_[clamp].tau_us));
      power_q8_[clamp] = metering::power_q8(square, sensors_[sensor].constant);
    }
    if (++measured_ == metering::clamps) finish_second();
  }

  /// Adds each sensor's clamps together and ends the second.
  void finish_second() {
    measured_ = 0;
    sampler_.template release_window<Critical>();
    for (uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor) {
      if (!sensors_.settled(sensor)) continue;
      bool metered = false;
      uint32_t power_q8 = 0;
      for (uint8_t clamp = 0; clamp < metering::clamps; ++clamp) {
        if (sensors_.sensor_of(clamp) != sensor || !is_clamp(clamp)) continue;
        metered = true;
        power_q8 += power_q8_[clamp];
      }
      if (metered) sensors_.add_power(sensor, power_q8);
    }
    sensors_.settle();
  }

  /// Whether a port is a clamp port as the board is switched now.
  FLM_NODISCARD bool is_clamp(uint8_t port) const {
    return port == 0 || !has_port_configuration || (lines_ & analog_front_end) != 0;
  }

  void answer() {
    Hal::barrier();
    sensors_.in_delivery(0);
    protocol::LinkReply* reply;
    {
      const Critical take_back;
      reply = &link_.new_reply();
    }
    Control<SensorBoard>(*this, link_, *reply).execute();
    {
      const Critical publish;
      link_.offer_reply();
      link_.release();
    }
    Hal::led(false);
    dark_since_ms_ = static_cast<uint8_t>((now_ms() - 1) | 1);  // now or 1 ms ago, never 0 and never in the future
  }

  void blink() {
    if (static_cast<uint8_t>(static_cast<uint8_t>(now_ms()) - dark_since_ms_) < blink_ms) return;
    dark_since_ms_ = 0;
    Hal::led(true);
  }

  metering::Sampler<typename Hal::Arithmetic> sampler_;
  Clock clock_;
  Pulses pulses_;
  metering::Sensors sensors_;
  Link link_;
  metering::ClampCalibration calibration_[metering::clamps] = {};
  uint32_t power_q8_[metering::clamps] = {};
  Versions versions_ = {};
  uint8_t lines_ = 0;
  uint8_t measured_ = 0;
  uint8_t dark_since_ms_ = 0;  ///< odd; 0 while the LED is lit
};

}  // namespace flm
