#include "tools/flmctl/console/selftest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/flmctl/console/session.hpp"  // time_text
#include "tools/mainboard/bus/clock.hpp"
#include "tools/mainboard/link/meanings.hpp"

namespace flm::ctl {
namespace {

/// Between two looks: a little more than a second of the board's, so that each sees a new one.
constexpr Time kPeriod = 1050ms;
constexpr Time kLongestSecond = 1500ms;  ///< in which a board's second must end
constexpr int kMostQuestions = 500;      ///< in that time, for a machine whose clock stands still
constexpr int kMostSilences = 5;         ///< one after the other, until a board is lost

/// The end of a second of the board's, by this machine's clock.
struct Edge {
  Time at, half_width;   ///< it was then, this much earlier or later
  std::uint32_t uptime;  ///< that began with it
};

/// Waits for the end of a second by asking again and again: it lies between the question before and the
/// answer that knows of it.
std::optional<Edge> find_edge(Board& board) {
  const Time begun = board.now();
  Time asked_before = begun;
  const auto before = board.health();
  for (int i = 0; before && i < kMostQuestions && board.now() - begun < kLongestSecond; ++i) {
    const Time asked = board.now();
    const auto health = board.health();
    const Time answered = board.now();
    if (!health) break;
    if (health->uptime_s == before->uptime_s + 1)
      return Edge{(asked_before + answered) / 2, (answered - asked_before) / 2, health->uptime_s};
    if (health->uptime_s != before->uptime_s) break;  // It has been reset.
    asked_before = asked;
  }
  return std::nullopt;
}

/// Counters that the board keeps, and what they have gone up by.
struct Counted {
  std::uint32_t power_failures = 0, watchdog_resets = 0;
  ErrorCounters errors;

  static Counted read(Board& board) {
    const auto failures = board.get('b').at(0), resets = board.get('w').at(0);
    if (const auto errors = board.errors()) return {failures, resets, *errors};
    throw BoardRefused(fmt::format("{}: the board does not know 'gx'", board.name()));
  }
};

class Measurement {
 public:
  explicit Measurement(Board& board) : board_(board) {}

  SelfTest run(double seconds, const std::function<void(double)>& progress) {
    const Time begun = board_.now();
    const LinkCounters before = board_.counters();
    board_.link().on_channel = [this](Time, const std::vector<std::uint8_t>&) { ++test_.packets; };
    test_.first = board_.health();
    const Counted counted = Counted::read(board_);
    look(test_.first);
    const std::optional<Edge> first = find_edge(board_);
    int silent = 0;
    while (board_.now() - begun + kPeriod < time_of(seconds) && wait_unless_stopped(board_.bus(), kPeriod) &&
           !test_.lost) {
      try {
        look(board_.health());
        take_samples();
        silent = 0;
      } catch (const NoAnswer&) {
        ++test_.silences;
        test_.lost = ++silent == kMostSilences;
      }
      progress(in_seconds(board_.now() - begun));
    }
    if (!test_.lost) {
      try {
        finish(counted, first);
      } catch (const NoAnswer&) {
        ++test_.silences;
        test_.lost = true;
      }
    }
    test_.seconds = in_seconds(board_.now() - begun);
    const LinkCounters& after = board_.counters();
    test_.link = {after.messages - before.messages, after.retries - before.retries,
                  after.garbled - before.garbled, after.rejected - before.rejected};
    board_.link().on_channel = nullptr;
    return test_;
  }

 private:
  void look(const std::optional<Health>& health) {
    if (!health) return;
    if (test_.last && health->uptime_s < test_.last->uptime_s) test_.restarted = true;
    test_.last = health;
    if (!health->now) return;
    test_.supply_was_low = test_.supply_was_low || health->now->supply_low;
    test_.worn = test_.worn || health->now->worn;
  }

  /// A clamp's last second; then it is the next one's turn, whose first answer has no samples.
  void take_samples() {
    const auto numbers = board_.try_get('a', clamp_);
    const std::uint32_t count = numbers ? numbers->at(0) : 0;
    if (numbers && count == 0) return;
    if (numbers) {
      auto& samples = test_.samples[clamp_];
      if (!samples) samples = SelfTest::Samples{count, count};
      samples->least = std::min(samples->least, count);
      samples->most = std::max(samples->most, count);
    }
    clamp_ = (clamp_ + 1) % 3;
    static_cast<void>(board_.try_get('a', clamp_));
  }

  void finish(const Counted& before, const std::optional<Edge>& first) {
    const std::optional<Edge> last = find_edge(board_);
    look(board_.health());
    const Counted after = Counted::read(board_);
    test_.power_failures = (after.power_failures - before.power_failures) & 0xFFFF;
    test_.watchdog_resets = (after.watchdog_resets - before.watchdog_resets) & 0xFFFF;
    if (!test_.restarted) {  // They begin anew at a reset.
      const auto risen = [&](std::uint32_t ErrorCounters::*counter, std::uint32_t mask) {
        return (after.errors.*counter - before.errors.*counter) & mask;
      };
      test_.malformed = risen(&ErrorCounters::malformed, 0xFFFF);
      test_.dropped = risen(&ErrorCounters::dropped, 0xFF);
      test_.channel_wrong = risen(&ErrorCounters::channel_wrong, 0xFFFF);
      test_.radio_restarts = risen(&ErrorCounters::radio_restarts, 0xFF);
    }
    if (!first || !last || test_.restarted || last->uptime <= first->uptime) return;
    const double passed = in_seconds(last->at - first->at);
    test_.clock = SelfTest::Clock{((last->uptime - first->uptime) / passed - 1.0) * 1e6,
                                  in_seconds(first->half_width + last->half_width) / passed * 1e6};
  }

  Board& board_;
  SelfTest test_;
  int clamp_ = 0;
};

SelfTestRow clock_row(const SelfTest& test, const BoardFacts& facts) {
  if (!test.clock)
    return {"clock", "not measured", Verdict::unknown,
            test.restarted ? "The board was reset meanwhile."
                           : "The test was too short, or the board fell silent."};
  const double ppm = test.clock->ppm, uncertainty = test.clock->uncertainty,
               allowed = facts.clock_tolerance_ppm;
  const std::string value =
      fmt::format("{:+.0f} ppm +- {:.0f} ppm, allowed {:.0f} ppm", ppm, uncertainty, allowed);
  if (std::abs(ppm) - uncertainty > allowed)
    return {"clock", value, Verdict::bad,
            "The board's seconds are too long or too short: its crystal or resonator, or this machine's "
            "clock, is wrong; time and energy are wrong by as "
            "much."};
  if (std::abs(ppm) + uncertainty > allowed)
    return {"clock", value, Verdict::unknown,
            "The test was too short to tell; a longer one (--for) sees it better."};
  return {"clock", value, Verdict::good,
          "The board's seconds are those of this machine's clock, as near as its part allows."};
}

SelfTestRow samples_row(const SelfTest& test, const BoardFacts& facts) {
  std::string value;
  bool right = true;
  for (int clamp = 0; clamp < 3; ++clamp) {
    const auto& samples = test.samples[clamp];
    if (!samples) continue;
    value +=
        fmt::format("{}clamp {}: {}", value.empty() ? "" : ", ", clamp + 1,
                    samples->least == samples->most ? fmt::format("{}", samples->least)
                                                    : fmt::format("{} to {}", samples->least, samples->most));
    if (std::abs(samples->least - facts.samples_per_second) > 1.0 ||
        std::abs(samples->most - facts.samples_per_second) > 1.0)
      right = false;
  }
  if (value.empty())
    return {"samples", "not measured", Verdict::unknown,
            "No whole second of a clamp was seen: the test was too short."};
  value += fmt::format(" a second, expected {:.1f}", facts.samples_per_second);
  if (!right) return {"samples", value, Verdict::bad, "Samples are lost or come twice: powers are wrong."};
  return {"samples", value, Verdict::good, "The converter takes each clamp in turn and loses nothing."};
}

SelfTestRow stack_row(const std::optional<Health::Now>& now) {
  constexpr std::uint32_t few = 8;
  if (!now || !now->unused_stack)
    return {"stack", "not known", Verdict::unknown,
            "The firmware, or a simulated board, does not report it."};
  const std::string value = fmt::format("{} bytes never used", *now->unused_stack);
  if (*now->unused_stack == 0)
    return {"stack", value, Verdict::bad,
            "The stack has reached the variables and may have overwritten some: please report it."};
  if (*now->unused_stack < few)
    return {"stack", value, Verdict::look,
            "The stack has come near the variables since the reset: please report it."};
  return {"stack", value, Verdict::good, "The stack has kept away from the variables since the reset."};
}

SelfTestRow eeprom_row(const SelfTest& test) {
  constexpr std::uint32_t a_save =
      150;  ///< bytes: six counters and the board's own, 20 each at most, and some
  if (!test.first || !test.first->now || !test.last || !test.last->now)
    return {"eeprom", "not known", Verdict::unknown, "The firmware does not report it."};
  const std::uint16_t last = test.last->now->eeprom_writes;
  const std::uint32_t writes =
      test.restarted ? last : static_cast<std::uint16_t>(last - test.first->now->eeprom_writes);
  const std::uint32_t expected = a_save * (1 + static_cast<std::uint32_t>(test.seconds / 1800.0));
  const std::string value = fmt::format("{} bytes written during the test, {} since reset{}", writes, last,
                                        test.worn ? ", a cell is worn" : "");
  if (test.worn) return {"eeprom", value, Verdict::bad, fmt::format("Worn: {}.", meaning_of_worn)};
  if (writes > 10 * expected)
    return {"eeprom", value, Verdict::bad,
            "Something is saved again and again: a cell lasts for 100 000 writes. Look at the supply and the "
            "power failures."};
  if (writes > expected)
    return {"eeprom", value, Verdict::look,
            "More than a save of every counter each half hour: look at the power failures."};
  return {"eeprom", value, Verdict::good,
          "Not more than a save of every counter each half hour, which its cells bear for decades."};
}

SelfTestRow supply_row(const SelfTest& test) {
  if (!test.last || !test.last->now)
    return {"supply", "not known", Verdict::unknown, "The firmware does not report it."};
  if (test.supply_was_low) {
    const bool still = test.last->now->supply_low;
    return {"supply", still ? "low" : "low for a time", Verdict::bad,
            still ? fmt::format("Low: {}.", meaning_of_supply_low)
                  : "It dips below the power-fail threshold: look at the power supply and its cable."};
  }
  return {"supply", "good", Verdict::good,
          "It was above the power-fail threshold whenever it was looked at."};
}

SelfTestRow resets_row(const SelfTest& test) {
  if (!test.last) return {"resets", "not known", Verdict::unknown, "The firmware does not report it."};
  constexpr std::uint32_t brown_out = 4, watchdog = 8;
  std::string value = fmt::format("last by {}, {} ago", meaning_of_reset(test.last->reset_cause),
                                  time_text(test.last->uptime_s));
  if (test.power_failures != 0)
    value += fmt::format("; {} power failures during the test", test.power_failures);
  if (test.watchdog_resets != 0)
    value += fmt::format("; {} watchdog resets during the test", test.watchdog_resets);
  if (test.restarted) value += "; reset during the test";
  if (test.watchdog_resets != 0)
    return {"resets", value, Verdict::bad, "The firmware hung and was restarted: please report it."};
  if (test.restarted || test.power_failures != 0)
    return {"resets", value, Verdict::bad, "The supply failed during the test: look at it and at its cable."};
  if ((test.last->reset_cause & watchdog) != 0)
    return {"resets", value, Verdict::look,
            "The firmware hung before that and was restarted: please report it."};
  if ((test.last->reset_cause & brown_out) != 0)
    return {"resets", value, Verdict::look,
            "The supply dipped then without going away: look at it and at its cable."};
  return {"resets", value, Verdict::good, "Nothing has restarted the board during the test."};
}

SelfTestRow link_row(const SelfTest& test) {
  const LinkCounters& link = test.link;
  const std::string value =
      fmt::format("{} messages, {} again, {} garbled, {} refused; the board saw {} malformed, dropped {}{}",
                  link.messages, link.retries, link.garbled, link.rejected, test.malformed, test.dropped,
                  test.silences != 0 ? fmt::format("; {} times no answer", test.silences) : "");
  if (test.lost) return {"link", value, Verdict::bad, "The board does not answer any more."};
  const std::uint32_t errors =
      link.retries + link.garbled + link.rejected + test.malformed + test.dropped + test.silences;
  if (errors == 0) return {"link", value, Verdict::good, "Every message was understood at once."};
  if (errors * 100 <= link.messages && test.silences == 0)
    return {"link", value, Verdict::look,
            "Some messages were damaged and sent again: nothing is lost, but look at the cable."};
  return {"link", value, Verdict::bad,
          "Many messages are damaged or not answered: look at the cable, its length and the clock (hz=)."};
}

SelfTestRow radio_row(const SelfTest& test) {
  const std::string value = fmt::format("{} packets, {} that were noise, {} restarts", test.packets,
                                        test.channel_wrong, test.radio_restarts);
  if (test.radio_restarts != 0)
    return {"radio", value, Verdict::bad, "The radio had to be started anew: its supply dips, or it hangs."};
  if (test.restarted) return {"radio", value, Verdict::unknown, "The board was reset meanwhile."};
  if (test.packets + test.channel_wrong == 0)
    return {"radio", value, Verdict::look,
            "It runs, but nothing was heard, not even noise: is the antenna there? A longer test (--for) "
            "hears more."};
  return {"radio", value, Verdict::good, "It runs, and hears."};
}

}  // namespace

SelfTest run_self_test(Board& board, double seconds, const std::function<void(double)>& progress) {
  if (!board.identity().extended)
    throw BoardRefused(
        fmt::format("{}: a board with stock firmware reports nothing that could be tested", board.name()));
  return Measurement(board).run(seconds, progress);
}

const char* name_of(Verdict verdict) {
  constexpr const char* names[] = {"ok", "look", "FAILED", "unknown"};
  return names[static_cast<int>(verdict)];
}

std::vector<SelfTestRow> judge(const SelfTest& test, const BoardFacts& facts) {
  std::vector<SelfTestRow> rows = {
      clock_row(test, facts), samples_row(test, facts), stack_row(test.last ? test.last->now : std::nullopt),
      eeprom_row(test),       supply_row(test),         resets_row(test),
      link_row(test)};
  if (facts.has_radio()) rows.push_back(radio_row(test));
  return rows;
}

}  // namespace flm::ctl
