#include "tools/calibration/fit/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/calibration/fit/constant.hpp"

namespace flm::calibration {
namespace {

/// Parts that the time is divided into, and Student's factor for 95 % of their mean.
struct Parts {
  std::size_t count;
  double student;
};
constexpr Parts divisions[] = {{4, 3.182}, {8, 2.365}, {16, 2.131}};

constexpr double seconds_an_hour = 3600.0;

double square(double x) { return x * x; }

}  // namespace

void Comparison::add_clamp(double end_s, double watt) {
  if (seconds_.empty()) {
    seconds_.push_back({end_s - 1.0, watt, 0.0});
  } else {
    const Second last = seconds_.back();
    const auto missing = static_cast<int>(std::lround(end_s - last.end)) - 1;
    if (missing < 0) return;  // twice the same
    for (int i = 1; i <= missing; ++i)
      seconds_.push_back({last.end + i, 0.5 * (last.watt + watt),
                          seconds_.back().energy + 0.5 * (last.watt + watt) / seconds_an_hour});
    guessed_wh_ += missing * std::abs(watt - last.watt) / seconds_an_hour;
  }
  seconds_.push_back({end_s, watt, seconds_.back().energy + watt / seconds_an_hour});
}

void Comparison::add_reference(double at_s, double energy_wh) {
  if (!reference_.empty() && energy_wh < reference_.back().energy) backwards_ = true;
  if (!reference_.empty() && at_s <= reference_.back().at) return;
  reference_.push_back({at_s, energy_wh, 0.0});
}

/// Energy at an instant, the power of a second being the same in all of it.
std::optional<double> Comparison::clamp_energy(double at) const {
  if (seconds_.size() < 2 || at < seconds_.front().end || at > seconds_.back().end) return std::nullopt;
  const auto after = std::lower_bound(seconds_.begin() + 1, seconds_.end(), at,
                                      [](const Second& s, double t) { return s.end < t; });
  return after->energy - (after->end - at) * after->watt / seconds_an_hour;
}

/// How much the power of the second at an instant differs from that of its neighbours.
double Comparison::power_step(double at) const {
  const auto here = std::lower_bound(seconds_.begin() + 1, seconds_.end(), at,
                                     [](const Second& s, double t) { return s.end < t; });
  if (here == seconds_.end()) return 0;
  double step = here != seconds_.begin() + 1 ? std::abs(here->watt - (here - 1)->watt) : 0.0;
  if (here + 1 != seconds_.end()) step = std::max(step, std::abs(here->watt - (here + 1)->watt));
  return step;
}

/// Standard deviation of the energy at an instant, Wh: it may be off by a whole step, and the meter reaches
/// that no faster than the load lets it.
double Comparison::coarse(double wh_a_second) const {
  const double by_stamp = wh_a_second * resolution_.stamp_s;
  return (resolution_.energy_wh > 0 ? std::min(by_stamp, resolution_.energy_wh) : by_stamp) / std::sqrt(12.0);
}

std::vector<Comparison::Point> Comparison::points() const {
  std::vector<Point> covered;
  for (const Point& point : reference_)
    if (const auto energy = clamp_energy(point.at)) covered.push_back({point.at, point.energy, *energy});
  return covered;
}

void Comparison::complain(const std::vector<Point>& covered) const {
  if (backwards_)
    throw CalibrationError(
        "the reference counts backwards: power flows into the grid, and a clamp sees no direction. Calibrate "
        "when nothing is "
        "produced");
  const double seen = seconds_.size() < 2 ? 0.0 : seconds_.back().end - seconds_.front().end;
  if (seen < 30.0) return;
  const double mean = seconds_.back().energy * seconds_an_hour / seen;
  if (mean < 1.0)
    throw CalibrationError(fmt::format(
        "the clamp reads {:.1f} W for {:.0f} s: no load, or the clamp is not plugged in", mean, seen));
  if (covered.size() < 24) return;
  const double time = covered.back().at - covered.front().at;
  const double reference_wh = covered.back().energy - covered.front().energy,
               clamp_wh = covered.back().clamp - covered.front().clamp;
  if (time <= 0 || clamp_wh <= 0) return;

  // The powers of eight parts, as each sees them.
  double both = 0, of_reference = 0, of_clamp = 0;
  const double reference_mean = reference_wh / time, clamp_mean = clamp_wh / time;
  for (std::size_t part = 0; part < 8; ++part) {
    const Point& from = covered[part * (covered.size() - 1) / 8];
    const Point& to = covered[(part + 1) * (covered.size() - 1) / 8];
    if (to.at <= from.at) return;
    const double r = (to.energy - from.energy) / (to.at - from.at) / reference_mean - 1.0;
    const double c = (to.clamp - from.clamp) / (to.at - from.at) / clamp_mean - 1.0;
    both += r * c, of_reference += r * r, of_clamp += c * c;
  }
  // A standard deviation of 8 %, that coarse stamps do not make.
  const double clear = 8 * (square(0.08) + 4.0 * 2.0 * square(coarse(reference_mean) / (reference_wh / 8)));
  const bool varies = of_reference > clear || of_clamp > clear;
  if (varies && both < 0.5 * std::sqrt(of_reference * of_clamp) + 0.1 * clear)
    throw CalibrationError(
        "the load changes, and clamp and reference do not change together: the clamp is on a different phase "
        "or  "
        "circuit than the "
        "reference");
  check_ratio(clamp_mean * seconds_an_hour, reference_mean * seconds_an_hour);
}

std::optional<ComparisonResult> Comparison::result() const {
  const std::vector<Point> covered = points();
  complain(covered);
  if (covered.size() < fewest_points) return std::nullopt;
  const Point &first = covered.front(), &last = covered.back();
  ComparisonResult result;
  result.points = covered.size();
  result.seconds = last.at - first.at;
  result.energy_wh = last.energy - first.energy;
  const double clamp_wh = last.clamp - first.clamp;
  if (result.seconds <= 0 || clamp_wh <= 0 || result.energy_wh <= 0) return std::nullopt;
  result.ratio = result.energy_wh / clamp_wh;
  result.mean_w = clamp_wh * seconds_an_hour / result.seconds;

  double variance = 0;
  std::size_t count = 0;
  for (const Second& second : seconds_)
    if (second.end > first.at && second.end <= last.at)
      variance += square(second.watt - result.mean_w), ++count;
  if (count > 1) result.variation = std::sqrt(variance / static_cast<double>(count - 1)) / result.mean_w;

  const double deviation = coarse(result.energy_wh / result.seconds);

  double scatter = 0;
  for (const Parts& parts : divisions) {
    if (covered.size() < 2 * parts.count) continue;
    double sum = 0, squares = 0;
    for (std::size_t part = 0; part < parts.count; ++part) {
      const Point& from = covered[part * (covered.size() - 1) / parts.count];
      const Point& to = covered[(part + 1) * (covered.size() - 1) / parts.count];
      const double ratio =
          to.clamp > from.clamp ? (to.energy - from.energy) / (to.clamp - from.clamp) / result.ratio : 0.0;
      sum += ratio, squares += ratio * ratio;
    }
    const auto n = static_cast<double>(parts.count);
    // Coarse stamps make the parts differ, but add nothing to the whole: what one part has too much its
    // neighbour lacks.
    const double expected = 2.0 * square(deviation / (result.energy_wh / n));
    const double spread = std::max((squares - sum * sum / n) / (n - 1.0) - expected, 0.0);
    scatter = std::max(scatter, parts.student * std::sqrt(spread / n));
  }
  const double ends = 2.0 * std::sqrt(2.0) * deviation / result.energy_wh;
  // Within a second the power is not known better than its step; the energy up to an instant in it, than a
  // quarter of that.
  const double within = 2.0 / std::sqrt(3.0) * std::hypot(power_step(first.at), power_step(last.at)) / 4.0 /
                        seconds_an_hour / clamp_wh;
  const double guessed = guessed_wh_ / clamp_wh;
  result.uncertainty = std::sqrt(square(scatter) + square(ends) + square(within) + square(guessed));
  return result;
}

std::optional<double> Comparison::seconds_to(double target) const {
  const std::vector<Point> covered = points();
  if (covered.size() < 2) return std::nullopt;
  const double time = covered.back().at - covered.front().at;
  const double interval = time / static_cast<double>(covered.size() - 1);
  double wanted = std::max(interval * (fewest_points - 1), shortest_s);
  if (const auto now = result()) {
    // Scatter shrinks with the root of the time.
    if (now->uncertainty > target) wanted = std::max(wanted, time * square(now->uncertainty / target));
  } else {
    const double wh_a_second = (covered.back().energy - covered.front().energy) / time;
    if (wh_a_second > 0)
      wanted = std::max(wanted, 2.0 * std::sqrt(2.0) * coarse(wh_a_second) / target / wh_a_second);
  }
  return std::max(wanted - time, 0.0);
}

std::string load_remark(const ComparisonResult& result) {
  if (result.variation < 0.1) return {};
  return fmt::format(
      "the load varies by {:.0f} %: the result holds for this mixture of loads; a steady heater gives one "
      "for all, sooner",
      percent(result.variation));
}

}  // namespace flm::calibration
