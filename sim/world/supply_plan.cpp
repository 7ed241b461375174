#include "sim/world/supply_plan.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace flm::sim {
namespace {

/// A moment `after` another; kNever when one of the two is.
Nanoseconds later(Nanoseconds t, Nanoseconds after) {
  return t == kNever || after == kNever ? kNever : t + after;
}

}  // namespace

SupplyPlan::SupplyPlan(const BoardModel& board, const Scenario& scenario) : tick_period_(board.tick_period) {
  const BoardClock clock(scenario.parts.clock_ppm);
  const auto own = [&](double s) { return clock.board(nanoseconds(s)); };
  const double volts = scenario.supply.volts, ripple = scenario.supply.ripple,
               threshold = scenario.parts.threshold;
  rise_ = own(scenario.parts.rise * threshold / 5.0);
  steady_low_ = volts < threshold;
  if (const double sine = ripple > 0.0 ? (threshold - volts) / ripple : 2.0; std::abs(sine) < 1.0) {
    period_ = static_cast<double>(clock.board(1'000'000'000)) / scenario.supply.hz;
    const double part = std::asin(sine) / (2.0 * std::numbers::pi);  // -1/4 .. 1/4
    rises_ = part < 0.0 ? part + 1.0 : part;
    falls_ = 0.5 - part;
    steady_low_ = sine > 0.0;  // at the sine's first upward zero
  }
  for (const PowerFailure& f : scenario.power) {
    const Nanoseconds at = own(f.at), away = own(f.restore) - at;
    const bool lives = f.hold_up >= f.restore - f.at;  // A hold-up time of years must not overflow.
    failures_.push_back({at, lives ? away : own(f.at + f.hold_up) - at, away, own(f.every),
                         static_cast<std::int64_t>(f.last())});
  }
}

void SupplyPlan::add(Nanoseconds at, Nanoseconds hold_up, Nanoseconds restore) {
  failures_.push_back({at, hold_up, restore == kNever ? kNever : restore - at, 0, 0});
}

/// The first converter trigger at or after t.
Nanoseconds SupplyPlan::at_trigger(Nanoseconds t) const {
  if (t == kNever) return kNever;
  const Nanoseconds first = kFirstSample % tick_period_;
  return t <= first ? first : first + (t - first + tick_period_ - 1) / tick_period_ * tick_period_;
}

SupplyPlan::Moments SupplyPlan::moments(const Failure& f, std::int64_t repetition) const {
  const Nanoseconds at = f.at + repetition * f.every, back = later(at, f.away), low = at_trigger(at);
  if (f.hold_up >= f.away) return {low, std::max(at_trigger(back), low + tick_period_), kNever, kNever};
  const Nanoseconds on = back == kNever ? kNever : (back + tick_period_ - 1) / tick_period_ * tick_period_;
  return {low, at_trigger(later(on, rise_)), at + f.hold_up, on};
}

template <class Use>
void SupplyPlan::around(Nanoseconds t, Use use) const {
  for (const Failure& f : failures_) {
    const std::int64_t now = f.every == 0 ? 0 : std::clamp<std::int64_t>((t - f.at) / f.every, 0, f.last);
    for (std::int64_t number = std::max<std::int64_t>(0, now - 1); number <= std::min(f.last, now + 1);
         ++number)
      use(moments(f, number));
  }
}

bool SupplyPlan::fails(Nanoseconds t) const {
  bool result = t < at_trigger(rise_) && rise_ > 0;
  around(t, [&](const Moments& m) { result |= m.low <= t && t < m.good; });
  return result;
}

bool SupplyPlan::powered(Nanoseconds t) const {
  bool result = true;
  around(t, [&](const Moments& m) { result &= t < m.off || t >= m.on; });
  return result;
}

Nanoseconds SupplyPlan::crossing(double part, std::int64_t period) const {
  return static_cast<Nanoseconds>(std::ceil((static_cast<double>(period) + part) * period_));
}

/// How many of the crossings at a part of the period lie at or before t.
std::int64_t SupplyPlan::crossings_by(double part, Nanoseconds t) const {
  auto count = std::max<std::int64_t>(0, static_cast<std::int64_t>(static_cast<double>(t) / period_ - part));
  while (count > 0 && crossing(part, count - 1) > t) --count;
  while (crossing(part, count) <= t) ++count;
  return count;
}

bool SupplyPlan::low(Nanoseconds t) const {
  if (fails(t)) return true;
  if (period_ == 0.0) return steady_low_;
  const std::int64_t fell = crossings_by(falls_, t), rose = crossings_by(rises_, t);
  if (fell == 0 && rose == 0) return steady_low_;
  return rose == 0 || (fell > 0 && crossing(falls_, fell - 1) > crossing(rises_, rose - 1));
}

Nanoseconds SupplyPlan::next_change(Nanoseconds t) const {
  Nanoseconds next = kNever;
  const auto consider = [&](Nanoseconds moment) {
    if (moment > t) next = std::min(next, moment);
  };
  consider(at_trigger(rise_));
  around(t, [&](const Moments& m) {
    for (const Nanoseconds moment : {m.low, m.good, m.off, m.on}) consider(moment);
  });
  if (period_ == 0.0 || fails(t)) return next;
  for (const double part : {falls_, rises_}) consider(crossing(part, crossings_by(part, t)));
  return next;
}

}  // namespace flm::sim
