#include "sim/world/environment.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>

#include "sim/scenario/random.hpp"
#include "sim/world/air.hpp"
#include "sim/world/clamp_current.hpp"
#include "sim/world/contact.hpp"
#include "sim/world/serial_line.hpp"

namespace flm::sim {
namespace {

/// Standard normal deviates, drawn once (Box and Muller 1958); a hash picks one.
class Gaussian {
 public:
  static constexpr std::uint64_t count = 1u << 14;
  Gaussian() {
    for (std::uint64_t i = 0; i < count; i += 2) {
      const double radius = std::sqrt(-2.0 * std::log(1.0 - unit(2 * i))),
                   angle = 2.0 * std::numbers::pi * unit(2 * i + 1);
      values_[i] = static_cast<float>(radius * std::cos(angle));
      values_[i + 1] = static_cast<float>(radius * std::sin(angle));
    }
    double sum = 0.0, squares = 0.0;
    for (const float v : values_) sum += static_cast<double>(v);
    for (float& v : values_) {
      v -= static_cast<float>(sum / count);
      squares += static_cast<double>(v) * static_cast<double>(v);
    }
    for (float& v : values_) v = static_cast<float>(static_cast<double>(v) / std::sqrt(squares / count));
  }
  [[nodiscard]] double operator()(std::uint64_t key) const {
    return static_cast<double>(values_[mixed(key) % count]);
  }

 private:
  std::array<float, count> values_{};
};

std::vector<SerialTraffic> in_board_time(std::vector<SerialTraffic> traffic, double ppm) {
  for (SerialTraffic& t : traffic)
    for (double* time : {&t.at, &t.every, &t.each}) *time *= 1.0 + ppm * 1e-6;
  return traffic;
}

}  // namespace

struct Environment::Impl {
  const BoardModel& board;
  FrontEnd front_end;
  std::array<std::optional<ClampCurrent>, 3> currents;  // by port - 1
  std::array<double, 3> counts_per_ampere{};
  std::array<std::optional<Contact>, 6> contacts;
  BoardParts parts;
  BoardClock clock;
  SupplyPlan supply;
  Air air;
  SerialLine serial;
  Gaussian gaussian;
  bool reached_full_scale = false;  // by a code

  Impl(const Scenario& scenario, const BoardModel& model)
      : board(model),
        front_end(scenario.front_end),
        parts(scenario.parts),
        clock(parts.clock_ppm),
        supply(model, scenario),
        serial(in_board_time(scenario.serial, parts.clock_ppm), scenario.front_end.seed) {
    for (const RadioTraffic& radio : scenario.radio)
      for (const AirFrame& frame : read_air(radio.file))
        air.add_frame(clock.board(nanoseconds(frame.seconds)), frame.bytes,
                      radio.kbit > 20.0 ? kBit49_2 : kBit19_2);

    // A full-scale RMS sine has a mean of 928 counts; the mean of a rectified sine is 2 sqrt(2) / pi of its
    // RMS.
    std::array<double, 3> full_scale{50.0, 50.0, 50.0};
    for (const Sensor& sensor : scenario.sensors)
      if (sensor.sensor_class == SensorClass::analog)
        for (const int port : sensor.ports) full_scale[static_cast<std::size_t>(port - 1)] = sensor.current;
    for (std::size_t i = 0; i < 3; ++i)
      counts_per_ampere[i] =
          front_end.gain * 928.0 / full_scale[i] * std::numbers::pi / (2.0 * std::numbers::sqrt2);
    for (const Waveform& w : scenario.waveforms) {
      const auto place = static_cast<std::size_t>(w.port - 1);
      currents[place].emplace(
          w, front_end.tau,
          ClampCore{front_end.clamp_corner, front_end.clamp_saturation * full_scale[place]});
    }
    for (const Pulses& p : scenario.pulses)
      contacts[static_cast<std::size_t>(p.port - 1)].emplace(
          p, mixed(front_end.seed * 8 + static_cast<std::uint64_t>(p.port)),
          Contact::charging_time(parts.pull_up, model.input_capacitance_nf));
  }

  /// The last converter trigger at or before t.
  [[nodiscard]] Nanoseconds trigger_before(Nanoseconds t) const {
    const Nanoseconds since = t - kFirstSample, period = board.tick_period;
    return kFirstSample + (since >= 0 ? since / period : -((period - 1 - since) / period)) * period;
  }

  [[nodiscard]] const ClampCurrent* clamp(int port) const {
    const auto& c = currents.at(static_cast<std::size_t>(port - 1));
    return c ? &*c : nullptr;
  }
  [[nodiscard]] const Contact* contact(int port) const {
    const auto& c = contacts.at(static_cast<std::size_t>(port - 1));
    return c ? &*c : nullptr;
  }
};

Environment::Environment(const Scenario& scenario, const BoardModel& board)
    : impl_(std::make_unique<Impl>(scenario, board)) {}
Environment::~Environment() = default;

std::uint16_t Environment::convert(int port, std::int64_t tick) const {
  const auto place = static_cast<std::size_t>(port - 1);
  const Impl& in = *impl_;
  double counts = in.front_end.offset_lsb;
  if (in.currents[place])
    counts += in.counts_per_ampere[place] *
              in.currents[place]->smoothed(seconds(in.clock.world(in.board.tick_time(tick))));
  counts +=
      in.front_end.noise_lsb * in.gaussian(in.front_end.seed * 0x10001 + static_cast<std::uint64_t>(tick));
  // The ideal converter's first transition is at 0.5 LSB (ATmega168P data sheet, 24.7.4), so codes are
  // rounded, not cut.
  const auto code =
      static_cast<std::uint16_t>(std::clamp(static_cast<int>(std::min(counts + 0.5, 2000.0)), 0, 1023));
  if (code == 1023) impl_->reached_full_scale = true;
  return code;
}

bool Environment::reached_full_scale() const { return impl_->reached_full_scale; }

bool Environment::level(int port, Nanoseconds t) const {
  const Contact* contact = impl_->contact(port);
  return contact == nullptr || contact->level(impl_->clock.world(impl_->trigger_before(t)));
}

Nanoseconds Environment::next_edge(Nanoseconds t) const {
  const Nanoseconds seen = impl_->trigger_before(t);
  Nanoseconds next = kNever;
  for (const auto& contact : impl_->contacts)
    if (contact) next = std::min(next, contact->next_edge(impl_->clock.world(seen)));
  return next == kNever ? kNever
                        : impl_->trigger_before(impl_->clock.board(next) + impl_->board.tick_period - 1);
}

const SupplyPlan& Environment::supply() const { return impl_->supply; }
const BoardParts& Environment::parts() const { return impl_->parts; }
const BoardClock& Environment::clock() const { return impl_->clock; }
const Air& Environment::air() const { return impl_->air; }
const SerialLine& Environment::serial() const { return impl_->serial; }
std::uint64_t Environment::seed() const { return impl_->front_end.seed; }

double Environment::true_rms(int port, Nanoseconds from, Nanoseconds to) const {
  const ClampCurrent* clamp = impl_->clamp(port);
  if (clamp == nullptr || to <= from) return 0.0;
  constexpr double cycle = 0.02;
  const double begin = seconds(from), end = seconds(to);
  double sum = 0.0, before = clamp->square_integral(begin), at = begin;
  for (std::int64_t n = static_cast<std::int64_t>(std::floor(begin / cycle + 1e-6)) + 1; at < end; ++n) {
    const double next = std::min(cycle * static_cast<double>(n), end), squares = clamp->square_integral(next);
    sum += std::sqrt(std::max(0.0, squares - before) * (next - at));
    before = squares;
    at = next;
  }
  return sum / (end - begin);
}

double Environment::current(int port, Nanoseconds t) const {
  const ClampCurrent* clamp = impl_->clamp(port);
  return clamp == nullptr ? 0.0 : clamp->at(seconds(t));
}

std::int64_t Environment::true_pulses(int port, Nanoseconds from, Nanoseconds to) const {
  const Contact* contact = impl_->contact(port);
  return contact == nullptr ? 0 : contact->pulses(from, to);
}

}  // namespace flm::sim
