#include "tools/calibration/readings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/mainboard/readings/reports.hpp"

namespace flm::calibration {

using namespace std::chrono_literals;
namespace {

/// Between two looks at a board: a clamp has something new once a second.
constexpr mainboard::Time poll_period = 400ms;
/// The board's first second has 900 ms (metering::first_second_ms).
constexpr double second_ends_before_s = 0.1;
constexpr double stamps_wrap_s = 4294967.296;  ///< 2^32 ms

}  // namespace

namespace {

/// What changed since the last time.
std::vector<Reading> get_data(Board& board, const mainboard::KindOf& kind_of) {
  return mainboard::readings_of(board.request(get_message('d')), in_seconds(board.now()), kind_of);
}

const Reading* find(const std::vector<Reading>& readings, int sensor) {
  for (const Reading& reading : readings)
    if (reading.sensor == sensor + 1) return &reading;
  return nullptr;
}

Health get_health(Board& board) {
  if (const auto health = board.health()) return *health;
  throw BoardRefused(
      fmt::format("{}: the board does not know 'gr'; needed: OpenFLM's firmware", board.name()));
}

/// Whether one of these clamps (0..2) was clipped in its last second; false where the firmware does not
/// report it.
bool is_clipped(const Health& health, const std::vector<int>& clamps) {
  return std::any_of(clamps.begin(), clamps.end(), [&](int clamp) { return health.clipped(clamp + 1); });
}

}  // namespace

std::vector<double> clamp_powers(Board& board, Dialogue& person, const ClampSensor& clamp, int count) {
  const int sensor = clamp.sensor;
  std::vector<double> watts;
  const auto all_clamps = [](int) { return SensorKind::clamp; };
  static_cast<void>(get_data(board, all_clamps));  // what happened before
  bool first = true;  // the second in progress may have begun before the last setting
  mainboard::Time waited{};
  while (watts.size() < static_cast<std::size_t>(count)) {
    board.wait(poll_period);
    waited += poll_period;
    if (waited > 10s)
      throw CalibrationError(fmt::format("sensor {} gives no readings: is it enabled?", sensor + 1));
    const Health health = get_health(board);
    const std::vector<Reading> readings = get_data(board, all_clamps);
    const Reading* found = find(readings, sensor);
    if (found == nullptr) continue;
    waited = {};
    if (is_clipped(health, clamp.clamps))
      throw CalibrationError(
          fmt::format("too much current: the clamp is clipped at {} W, its samples are at the converter's "
                      "full scale; {}. "
                      "Use a smaller load, or a clamp for more",
                      found->extra, range_sentence));
    if (!first) watts.push_back(found->extra);
    first = false;
    person.progress(fmt::format("{} of {} s: {} W", watts.size(), count, found->extra));
  }
  person.progress("");
  return watts;
}

std::vector<RawWindow> raw_windows(Board& board, Dialogue& person, int clamp, int count) {
  std::vector<RawWindow> windows;
  const auto get = [&] {
    if (const auto reply = board.ask(get_message('a', clamp)))
      if (const auto statistics = mainboard::statistics_of(*reply)) return *statistics;
    throw BoardRefused(
        fmt::format("{}: the board does not know 'ga {}'; needed: OpenFLM's firmware", board.name(), clamp));
  };
  static_cast<void>(get());  // this clamp's seconds are kept from now on
  for (int i = 0; i <= count; ++i) {
    board.wait(1100ms);
    const mainboard::ClampStatistics s = get();
    // The first may have begun before.
    if (i > 0)
      windows.push_back({static_cast<double>(s.samples), static_cast<double>(s.smallest),
                         static_cast<double>(s.largest), static_cast<double>(s.last),
                         static_cast<double>(s.clipped), static_cast<double>(s.sum),
                         static_cast<double>(s.step_squares), static_cast<double>(s.squares)});
    person.progress(fmt::format("clamp {}: {} of {} s", clamp + 1, i, count));
  }
  person.progress("");
  return windows;
}

ComparisonFeed::ComparisonFeed(Board& board, ClampSensor clamp, int reference, bool stamped)
    : board_(board),
      clamp_(std::move(clamp)),
      reference_(reference),
      stamped_(stamped),
      last_count_(in_seconds(board.now())) {
  static_cast<void>(get());
}

/// What changed since the last time, the reference as what it is.
std::vector<Reading> ComparisonFeed::get() {
  return get_data(board_, [this](int sensor) {
    return sensor != reference_ + 1 ? SensorKind::clamp : stamped_ ? SensorKind::pulse : SensorKind::meter;
  });
}

void ComparisonFeed::poll(Comparison& comparison) {
  board_.wait(poll_period);
  const Health health = get_health(board_);
  const auto uptime = static_cast<double>(health.uptime_s);
  const std::vector<Reading> readings = get();
  if (const Reading* clamp = find(readings, clamp_.sensor)) {
    double second = uptime - second_ends_before_s;
    if (second <= last_second_) second = last_second_ + 1.0;  // it ended between the two commands
    last_second_ = second;
    if (is_clipped(health, clamp_.clamps)) ++clipped_seconds_;
    board_ahead_ = std::max(board_ahead_, second - in_seconds(board_.now()));
    comparison.add_clamp(second, clamp->extra);
  }
  const Reading* reference = find(readings, reference_);
  if (reference == nullptr) return;
  // A smart meter's register goes below zero where more is produced than used.
  const double counter = reference->count();
  const bool first = !last_counter_;
  if (!first && counter == *last_counter_) return;
  last_counter_ = counter;
  last_count_ = in_seconds(board_.now());
  double at = in_seconds(board_.now()) + board_ahead_;
  if (stamped_) {
    at = reference->extra * 1e-3;
    at += stamps_wrap_s * std::round((uptime - at) / stamps_wrap_s);
  } else if (first || board_ahead_ < -1e17) {
    return;  // a register that has just been read for the first time has not just moved
  }
  comparison.add_reference(at, counter);
}

}  // namespace flm::calibration
