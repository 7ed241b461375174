#include "tools/calibration/readings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "protocol/commands.hpp"  // state

namespace flm::calibration {
namespace {

/// Between two looks at a board: a clamp has something new once a second.
constexpr double poll_s = 0.4;
/// The board's first second has 900 ms (metering::first_second_ms).
constexpr double second_ends_before_s = 0.1;
constexpr double stamps_wrap_s = 4294967.296;  ///< 2^32 ms

}  // namespace

std::map<int, SensorReading> get_data(BoardLink& board) {
  const auto numbers = board.ask("gd");
  std::map<int, SensorReading> readings;
  for (std::size_t i = 0; i + 3 < numbers.size(); i += 4)
    readings[static_cast<int>(numbers[i])] = {
        static_cast<double>(numbers[i + 1]) + static_cast<double>(numbers[i + 2]) * 1e-3,
        static_cast<std::uint32_t>(numbers[i + 3])};
  return readings;
}

bool is_clipped(const std::vector<std::int64_t>& gr, const std::vector<int>& clamps) {
  constexpr std::size_t state = 2;
  if (gr.size() <= state) return false;
  return std::any_of(clamps.begin(), clamps.end(),
                     [&](int clamp) { return (gr[state] & protocol::state::clipped << clamp) != 0; });
}

std::vector<double> clamp_powers(BoardLink& board, Dialogue& person, const ClampSensor& clamp, int count) {
  const int sensor = clamp.sensor;
  std::vector<double> watts;
  static_cast<void>(get_data(board));  // what happened before
  bool first = true;                   // the second in progress may have begun before the last setting
  double waited = 0;
  while (watts.size() < static_cast<std::size_t>(count)) {
    board.wait(poll_s);
    waited += poll_s;
    if (waited > 10.0)
      throw CalibrationError(fmt::format("sensor {} gives no readings: is it enabled?", sensor + 1));
    const auto state = board.get("gr", 2);
    const auto readings = get_data(board);
    const auto found = readings.find(sensor);
    if (found == readings.end()) continue;
    waited = 0;
    if (is_clipped(state, clamp.clamps))
      throw CalibrationError(
          fmt::format("too much current: the clamp is clipped at {} W, its samples are at the converter's "
                      "full scale; {}. "
                      "Use a smaller load, or a clamp for more",
                      found->second.extra, range_sentence));
    if (!first) watts.push_back(found->second.extra);
    first = false;
    person.progress(fmt::format("{} of {} s: {} W", watts.size(), count, found->second.extra));
  }
  person.progress("");
  return watts;
}

std::vector<RawWindow> raw_windows(BoardLink& board, Dialogue& person, int clamp, int count) {
  std::vector<RawWindow> windows;
  const std::string line = fmt::format("ga {}", clamp);
  static_cast<void>(board.get(line, 9));  // this clamp's seconds are kept from now on
  for (int i = 0; i <= count; ++i) {
    board.wait(1.1);
    const auto n = board.get(line, 9);
    // The first may have begun before.
    if (i > 0)
      windows.push_back({static_cast<double>(n[1]), static_cast<double>(n[3]), static_cast<double>(n[2]),
                         static_cast<double>(n[4]), static_cast<double>(n[5]), static_cast<double>(n[6]),
                         static_cast<double>(n[7]), static_cast<double>(n[8])});
    person.progress(fmt::format("clamp {}: {} of {} s", clamp + 1, i, count));
  }
  person.progress("");
  return windows;
}

ComparisonFeed::ComparisonFeed(BoardLink& board, ClampSensor clamp, int reference, bool stamped)
    : board_(board),
      clamp_(std::move(clamp)),
      reference_(reference),
      stamped_(stamped),
      last_count_(board.now()) {
  static_cast<void>(get_data(board_));
}

void ComparisonFeed::poll(Comparison& comparison) {
  board_.wait(poll_s);
  const auto state = board_.get("gr", 2);
  const auto uptime = static_cast<double>(state[1]);
  const auto readings = get_data(board_);
  if (const auto clamp = readings.find(clamp_.sensor); clamp != readings.end()) {
    double second = uptime - second_ends_before_s;
    if (second <= last_second_) second = last_second_ + 1.0;  // it ended between the two commands
    last_second_ = second;
    if (is_clipped(state, clamp_.clamps)) ++clipped_seconds_;
    board_ahead_ = std::max(board_ahead_, second - board_.now());
    comparison.add_clamp(second, clamp->second.extra);
  }
  const auto reference = readings.find(reference_);
  if (reference == readings.end()) return;
  // A smart meter's register goes below zero where more is produced than used.
  const double counter =
      stamped_ ? reference->second.counter
               : static_cast<std::int32_t>(static_cast<std::uint32_t>(reference->second.counter));
  const bool first = !last_counter_;
  if (!first && counter == *last_counter_) return;
  last_counter_ = counter;
  last_count_ = board_.now();
  double at = board_.now() + board_ahead_;
  if (stamped_) {
    at = reference->second.extra * 1e-3;
    at += stamps_wrap_s * std::round((uptime - at) / stamps_wrap_s);
  } else if (first || board_ahead_ < -1e17) {
    return;  // a register that has just been read for the first time has not just moved
  }
  comparison.add_reference(at, counter);
}

}  // namespace flm::calibration
