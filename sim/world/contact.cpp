#include "sim/world/contact.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/scenario/random.hpp"
#include "sim/world/recording.hpp"

namespace flm::sim {

Contact::Contact(const Pulses& pulses, std::uint64_t seed, Nanoseconds charging)
    : pulses_(pulses),
      seed_(seed),
      every_(nanoseconds(pulses.every)),
      width_(nanoseconds(pulses.width)),
      bounce_(nanoseconds(pulses.bounce)),
      charging_(charging) {
  if (pulses_.file.empty()) return;
  bool level = true;
  for (const Edge& edge : read_edges(pulses_.file)) {
    if (edge.level != level) changes_.push_back({nanoseconds(edge.time), edge.level});
    level = edge.level;
  }
  find_lasting_pulses();
  charge(kNever);
}

Nanoseconds Contact::charging_time(double pull_up_ohm, double capacitance_nf) {
  constexpr double read_high = 0.6;  // of the supply
  return static_cast<Nanoseconds>(pull_up_ohm * capacitance_nf * std::log(1.0 / (1.0 - read_high)));
}

void Contact::charge(Nanoseconds next_fall) const {
  if (charging_ == 0) return;
  std::vector<Change> pin;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const Nanoseconds until = i + 1 < changes_.size() ? changes_[i + 1].time : next_fall;
    if (!changes_[i].level) {
      if (pin.empty() || pin.back().level) pin.push_back(changes_[i]);
    } else if (until == kNever || until - changes_[i].time > charging_) {
      pin.push_back({changes_[i].time + charging_, true});
    }
  }
  changes_ = std::move(pin);
}

void Contact::find_lasting_pulses() {
  const Nanoseconds lasting = nanoseconds(pulses_.lasting);
  bool accepted = true;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const Nanoseconds until = i + 1 < changes_.size() ? changes_[i + 1].time : kNever;
    if (changes_[i].level == accepted || until - changes_[i].time < lasting) continue;
    accepted = changes_[i].level;
    if (!accepted) lasting_.push_back(changes_[i].time);
  }
}

void Contact::chatter(Nanoseconds start, bool new_level, std::uint64_t key) const {
  changes_.push_back({start, new_level});
  bool level = new_level;
  for (int i = 0; i < 2 * pulses_.bounces; ++i) {  // in its share of the time, well apart from the next
    key = mixed(key);
    level = !level;
    changes_.push_back(
        {start + static_cast<Nanoseconds>(static_cast<double>(bounce_) * (i + 0.1 + 0.8 * unit(key)) /
                                          (2.0 * pulses_.bounces)),
         level});
  }
  if (pulses_.bounces != 0) return;
  for (Nanoseconds t = start;;) {
    key = mixed(key);
    t += 20'000 + static_cast<Nanoseconds>(unit(key) * 980'000.0);
    if (t >= start + bounce_) break;
    level = !level;
    changes_.push_back({t, level});
  }
  if (level != new_level) changes_.push_back({start + bounce_, new_level});
}

void Contact::draw_pulse(std::int64_t number) const {
  changes_.clear();
  number_ = number;
  const Nanoseconds start = number * every_;
  const std::uint64_t key = mixed(seed_ ^ mixed(static_cast<std::uint64_t>(number)));
  chatter(start, false, key);
  chatter(start + width_, true, ~key);
  charge(start + every_);
}

void Contact::seek(Nanoseconds t) const {
  if (pulses_.file.empty()) {
    const std::int64_t number = std::max<std::int64_t>(1, t / every_);
    if (number != number_) {
      draw_pulse(number);
      at_ = -1;
    }
  }
  if (at_ >= 0 && changes_[static_cast<std::size_t>(at_)].time > t) at_ = -1;
  while (at_ + 1 < std::ssize(changes_) && changes_[static_cast<std::size_t>(at_ + 1)].time <= t) ++at_;
}

bool Contact::level(Nanoseconds t) const {
  seek(t);
  return at_ < 0 || changes_[static_cast<std::size_t>(at_)].level;
}

Nanoseconds Contact::next_edge(Nanoseconds t) const {
  seek(t);
  if (at_ + 1 < std::ssize(changes_)) return changes_[static_cast<std::size_t>(at_ + 1)].time;
  return pulses_.file.empty() ? (number_ + 1) * every_ : kNever;
}

std::int64_t Contact::pulses(Nanoseconds from, Nanoseconds to) const {
  if (!pulses_.file.empty())
    return std::lower_bound(lasting_.begin(), lasting_.end(), to) -
           std::lower_bound(lasting_.begin(), lasting_.end(), from);
  const auto before = [this](Nanoseconds t) {
    return t <= every_ ? 0 : (t - 1) / every_;
  };  // pulses that start before t
  return std::max<std::int64_t>(0, before(to) - before(from));
}

}  // namespace flm::sim
