#include "tools/mainboard/board/poller.hpp"

#include <algorithm>
#include <utility>

namespace flm::mainboard {

Poller::Poller(Board& board, PollPlan plan, Sink sink, Time start)
    : board_(board),
      plan_(std::move(plan)),
      sink_(std::move(sink)),
      start_(start),
      readings_at_(start + plan_.period),
      channel_at_(plan_.channel_period == 0ns ? Time::max() : start + plan_.channel_period),
      refused_(MeterReport::count - MeterReport::first_refusal) {
  board_.link().on_channel = [this](Time begin, const std::vector<std::uint8_t>& bytes) {
    const BoardFacts* facts = board_.identity().facts;
    if (!sink_) return;
    if (facts == nullptr || facts->has_radio())
      sink_(RadioPacket{seconds_at(begin), bytes});
    else
      sink_(SerialBytes{seconds_at(begin), bytes});
  };
}

/// The first time for readings that is not over.
Time Poller::after(Time now) const {
  const Time over = now - start_;
  return start_ + (over + plan_.period - 1ns) / plan_.period * plan_.period;
}

void Poller::skip_looks() {
  if (channel_at_ == Time::max()) return;
  if (const Time late = board_.now() - channel_at_; late >= 0ns)
    channel_at_ += (late / plan_.channel_period + 1) * plan_.channel_period;
}

void Poller::skip_all() {
  readings_at_ = after(board_.now());
  skip_looks();
}

void Poller::step() {
  const Time now = board_.now();
  if (readings_at_ <= now) {
    const Time due = std::exchange(readings_at_, readings_at_ + plan_.period);
    try {
      get_readings(due);
    } catch (...) {
      readings_at_ = std::max(readings_at_, after(board_.now()));
      throw;
    }
    readings_at_ = std::max(readings_at_, after(board_.now()));
  } else if (channel_at_ <= now) {
    board_.link().send("");  // turns the line around
    (void)board_.link().read();
  }
  skip_looks();
}

/// The reply to a question beside the readings; nothing of a board that does not answer: they come first.
std::optional<Message> Poller::ask_also(char letter) {
  try {
    return board_.ask(get_message(letter));
  } catch (const NoAnswer&) {
    return std::nullopt;
  } catch (const BoardRefused&) {
    return std::nullopt;
  }
}

void Poller::get_readings(Time due) {
  const auto reply = board_.ask(get_message('d'));
  if (!reply || !reply->is('g', 'd')) return;
  std::vector<Reading> readings = readings_of(*reply, seconds_at(due), plan_.kind_of);
  if (plan_.asks_health && plan_.asks_health())
    if (const auto state = ask_also('r'))
      if (const auto health = health_of(*state)) {
        if (plan_.sees_health) plan_.sees_health(*health);
        for (Reading& reading : readings) reading.clipped = plan_.is_clipped(*health, reading.sensor);
      }
  std::optional<MeterReport> report;
  if (plan_.asks_meter && plan_.asks_meter())
    if (const auto state = ask_also('z')) report = meter_report_of(*state, seconds_at(due));
  if (!sink_) return;
  bool has_meter = false;
  for (Reading& reading : readings) {
    if (reading.kind == SensorKind::meter) {
      has_meter = true;
      if (report) sign_by(*report, reading);
    }
    sink_(reading);
  }
  if (!report) return;
  const bool more = report->refused() != refused_;
  refused_ = report->refused();
  if (has_meter || more) sink_(*report);
}

}  // namespace flm::mainboard
