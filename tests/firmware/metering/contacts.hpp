// Contacts on a board's pulse inputs in simulated time, and what the inputs make of them.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "firmware/metering/clock.hpp"
#include "firmware/metering/pulses.hpp"

namespace flm::test {

using Nanoseconds = std::int64_t;
constexpr Nanoseconds us = 1000, ms = 1000 * us, s = 1000 * ms;

/// Times at which a contact's level changes, ascending; it starts high (open).
using Edges = std::vector<Nanoseconds>;

/// `count` pulses, one every `period`, low for `width`; the first at `start`.
inline Edges pulses(Nanoseconds start, Nanoseconds period, Nanoseconds width, int count) {
  Edges edges;
  for (int i = 0; i < count; ++i) {
    edges.push_back(start + i * period);
    edges.push_back(edges.back() + width);
  }
  return edges;
}

/// Bounce after every edge: an even number of further changes, the last of them at most `longest` after it.
inline Edges bouncing(const Edges& clean, Nanoseconds longest, std::mt19937& random) {
  std::uniform_int_distribution<Nanoseconds> when(1, longest);
  std::uniform_int_distribution<int> half(0, 8);
  Edges edges;
  for (const Nanoseconds edge : clean) {
    Edges more(static_cast<std::size_t>(2 * half(random)));
    for (Nanoseconds& each : more) each = edge + when(random);
    // The longest bounce that is allowed, too.
    if (more.size() > 8) more.back() = edge + longest;
    edges.push_back(edge);
    std::sort(more.begin(), more.end());
    edges.insert(edges.end(), more.begin(), more.end());
  }
  return edges;
}

/// The pulse inputs of a board, looked at with every scan; time 0 is the first look.
template <class Facts>
class PulseBench {
 public:
  using Inputs = typename Facts::template WithPulseInputs<metering::PulseInputs>;
  using Clock = metering::ScanClock<typename Facts::Sampling>;
  static constexpr Nanoseconds scan = Nanoseconds{3 * Facts::Sampling::tick_cycles} * s / Facts::cpu_hz;
  static_assert(scan * Facts::cpu_hz == Nanoseconds{3 * Facts::Sampling::tick_cycles} * s,
                "a scan is whole nanoseconds");

  struct Counted {
    unsigned pulses = 0;
    std::vector<std::uint32_t> stamps;
  };

  explicit PulseBench(std::uint16_t debounce_tenths = metering::default_debounce_tenths_ms,
                      std::uint8_t levels = 0xFF)
      : levels_(levels) {
    inputs.start();
    longest_debounce_ = debounce_tenths * (100 * us);
    const std::uint16_t all[] = {debounce_tenths, debounce_tenths, debounce_tenths, debounce_tenths};
    inputs.template set_debounce<Clock>(all);
    inputs.watch(Inputs::mask(true), levels_);
  }

  /// Attaches a contact to a terminal port (0..5).
  void attach(std::uint8_t terminal_port, Edges edges) {
    contacts_.push_back({mask_of(terminal_port), std::move(edges), 0});
  }
  /// Every terminal port that has a pulse input.
  static std::vector<std::uint8_t> ports() {
    std::vector<std::uint8_t> all;
    for (std::uint8_t port = 0; port < 6; ++port)
      if (mask_of(port) != 0) all.push_back(port);
    return all;
  }

  void run_until(Nanoseconds end) {
    for (; now_ < end; now_ += scan) {
      for (Contact& contact : contacts_)
        while (contact.next < contact.edges.size() && contact.edges[contact.next] <= now_) {
          levels_ = static_cast<std::uint8_t>(levels_ ^ contact.mask);
          ++contact.next;
        }
      [[maybe_unused]] const bool second = clock_.scan();
      inputs.sample(levels_, clock_.milliseconds());
      if (inputs.any()) take();
    }
  }
  /// Runs until everything attached has happened and settled.
  void run() {
    Nanoseconds end = 0;
    for (const Contact& contact : contacts_)
      if (!contact.edges.empty()) end = std::max(end, contact.edges.back());
    run_until(end + 200 * ms + longest_debounce_);
  }

  void set_levels(std::uint8_t levels) { levels_ = levels; }
  [[nodiscard]] const Counted& counted(std::uint8_t terminal_port) const { return counted_[terminal_port]; }

  static std::uint8_t mask_of(std::uint8_t terminal_port) {
    return Facts::template WithPulseInputs<MaskOf>::of(terminal_port);
  }

  Inputs inputs;

 private:
  struct NothingInterrupts {
    NothingInterrupts() {}
  };
  template <class... Pins>
  struct MaskOf {
    static std::uint8_t of(std::uint8_t port) {
      unsigned mask = 0;
      ((mask |= Pins::terminal_port == port ? Pins::mask : 0u), ...);
      return static_cast<std::uint8_t>(mask);
    }
  };
  struct Contact {
    std::uint8_t mask;
    Edges edges;
    std::size_t next;
  };

  void take() {
    inputs.template take<NothingInterrupts>(
        [this](std::uint8_t port, std::uint8_t pulses, std::uint16_t accepted_ms, std::uint16_t debounce) {
          const std::uint32_t now_ms = clock_.milliseconds();
          counted_[port].pulses += pulses;
          counted_[port].stamps.push_back(now_ms - static_cast<std::uint16_t>(now_ms - accepted_ms) -
                                          Clock::milliseconds_of(debounce));
        });
  }

  std::vector<Contact> contacts_;
  std::array<Counted, 6> counted_;
  Clock clock_;
  Nanoseconds now_ = 0, longest_debounce_ = 0;
  std::uint8_t levels_;
};

}  // namespace flm::test
