#include "sim/image/pins/voltage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flm::sim {

double lowest_voltage(double cpu_hz) {
  if (cpu_hz <= 4e6) return 1.8;
  if (cpu_hz <= 10e6) return 1.8 + (cpu_hz - 4e6) * (2.7 - 1.8) / 6e6;
  return 2.7 + (cpu_hz - 10e6) * (4.5 - 2.7) / 10e6;
}

Voltage::Voltage(Chip& chip, std::function<void()> harm)
    : chip_(chip), harm_(std::move(harm)), crossing_(chip, [this] { look(); }) {
  chip.on_clock([this] { look(); });
}

double Voltage::at(CrystalTime time) const {
  if (!ramp_) return limit_;
  const double since = static_cast<double>(time - released_) / chip_.clock().crystal_hz();
  return std::min(limit_, reset_release + since * volts_per_second_);
}

void Voltage::rise(double volts_per_second) {
  ramp_ = std::isfinite(volts_per_second);
  volts_per_second_ = volts_per_second;
  released_ = chip_.now();
  limit_ = full;
  too_fast_ = false;
  look();
}

void Voltage::limit(double volts) {
  limit_ = volts;
  look();
}

void Voltage::collapse() {
  if (lowest_voltage(chip_.clock().cpu_hz()) > reset_release && !too_fast_) too_fast(reset_release);
}

void Voltage::look() {
  const double lowest = lowest_voltage(chip_.clock().cpu_hz()), volts = at(chip_.now());
  crossing_.cancel();
  const bool before = too_fast_;
  too_fast_ = volts < lowest - 1e-6;
  if (too_fast_ && !before) too_fast(volts);
  if (too_fast_ && ramp_ && lowest <= limit_)
    crossing_.at(
        released_ +
        static_cast<CrystalTime>((lowest - reset_release) / volts_per_second_ * chip_.clock().crystal_hz()) +
        1);
}

void Voltage::too_fast(double volts) {
  const double mhz = chip_.clock().cpu_hz() / 1e6;
  chip_.warn(fmt::format("runs at {:g} MHz at {:.2f} V: {:g} MHz needs {:.2f} V (data sheet 29.3)", mhz,
                         volts, mhz, lowest_voltage(mhz * 1e6)));
  harm_();
}

}  // namespace flm::sim
