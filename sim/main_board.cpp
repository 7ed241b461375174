#include "sim/main_board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sim/link_text.hpp"

namespace flm::sim {
namespace {

constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr Nanoseconds kConfigureAt = kSecond / 5;
constexpr Nanoseconds kCommitWait = kSecond / 2;
constexpr int kTries = 3;
constexpr int kLongestReply = 400;  ///< bytes; a board that never ends its reply is not waited for longer

}  // namespace

std::deque<std::string> configuration(const Scenario& scenario, const BoardModel& board) {
  std::deque<std::string> lines;
  if (scenario.sensors.empty()) return lines;
  for (int i = 0; i < 6; ++i) lines.push_back(fmt::format("se {} 0", i));
  if (board.has_port_configuration) {
    bool analog = true;
    for (const Sensor& s : scenario.sensors)
      for (const int port : s.ports)
        if (s.sensor_class == SensorClass::pulse && (port == 2 || port == 3)) analog = false;
    lines.push_back(fmt::format("sk {} 0 0", analog ? 1 : 0));
  }
  int map[6] = {255, 255, 255, 255, 255, 255};
  for (const Sensor& s : scenario.sensors)
    for (const int port : s.ports) map[port - 1] = s.id - 1;
  lines.push_back(fmt::format("sp {}", fmt::join(map, " ")));
  for (const Sensor& s : scenario.sensors) {
    if (s.sensor_class == SensorClass::analog) {
      lines.push_back(fmt::format("sm {} {}", s.id - 1, static_cast<int>(std::floor(0.449 * s.voltage * s.current))));
    } else if (s.sensor_class == SensorClass::pulse) {
      const auto thousandths = std::llround(s.constant * 1000.0);
      lines.push_back(fmt::format("sm {} {}", s.id - 1, thousandths / 1000));
      lines.push_back(fmt::format("sf {} {}", s.id - 1, thousandths % 1000));
    }
  }
  for (const Sensor& s : scenario.sensors) lines.push_back(fmt::format("se {} 1", s.id - 1));
  lines.push_back("ct");
  return lines;
}

MainBoard::MainBoard(const Scenario& scenario, const BoardModel& board, Engine& engine, LinkObserver observer)
    : scenario_(scenario), board_(board), engine_(engine), observer_(std::move(observer)),
      configuration_(configuration(scenario, board)) {}

std::uint8_t MainBoard::clock_byte(std::uint8_t mosi) {
  const std::uint8_t miso = engine_.transfer(now_, mosi);
  if (observer_.byte) observer_.byte(now_, mosi, miso);
  now_ += board_.spi_byte_time + board_.spi_byte_gap;
  return miso;
}

void MainBoard::send(const std::string& message) {
  for (const char c : message) clock_byte(static_cast<std::uint8_t>(c));
  clock_byte(0);
  clock_byte(0);
}

/// Clocks zeros until one comes back, and one more; what came before it.
std::string MainBoard::read() {
  std::string text;
  for (int i = 0; i < kLongestReply; ++i) {
    const std::uint8_t byte = clock_byte(0);
    if (byte == 0) break;
    text += static_cast<char>(byte);
  }
  clock_byte(0);
  return text;
}

std::optional<std::string> MainBoard::exchange(const std::string& line) {
  const std::string message = encode_message(line);
  for (int i = 0; i < kTries; ++i) {
    if (i > 0) ++retries_;
    send(message);
    now_ += line == "ct" ? kCommitWait : board_.reply_wait;
    if (auto reply = control_reply(read())) return reply;
  }
  return std::nullopt;
}

void MainBoard::get_data(Nanoseconds scheduled) {
  const auto reply = exchange("gd");
  if (!reply || !reply->starts_with("gd")) return;
  std::string_view rest = std::string_view(*reply).substr(2);
  const auto take = [&rest](std::size_t digits) {
    std::uint32_t value = 0;
    std::from_chars(rest.data(), rest.data() + digits, value, 16);
    rest.remove_prefix(digits);
    return value;
  };
  while (rest.size() >= 22) {
    Reading reading;
    reading.t = seconds(scheduled);
    reading.sensor = static_cast<int>(take(2)) + 1;
    reading.counter = take(8);
    reading.milli = static_cast<std::uint16_t>(take(4));
    reading.extra = take(8);
    for (const Sensor& s : scenario_.sensors)
      if (s.id == reading.sensor) reading.is_pulse = s.sensor_class == SensorClass::pulse;
    if (observer_.record) observer_.record(reading);
  }
}

void MainBoard::scripted(const HostCommand& command) {
  const auto reply = exchange(command.send);
  if (observer_.record) observer_.record(Reply{command.at, command.send, reply ? decode_reply(*reply) : "no answer"});
}

/// When the supply comes back that is away at time t; 0 when it is there.
Nanoseconds MainBoard::power_back(Nanoseconds t) const {
  for (const PowerFailure& failure : scenario_.power)
    if (nanoseconds(failure.at) <= t && t < nanoseconds(failure.restore)) return nanoseconds(failure.restore);
  return 0;
}

void MainBoard::run(Nanoseconds end) {
  auto commands = scenario_.host;
  std::stable_sort(commands.begin(), commands.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  auto command = commands.begin();
  Nanoseconds data_at = kSecond, poll_at = board_.poll_period;

  while (true) {
    const Nanoseconds configure_at = configuration_.empty() ? kNever : std::max(kConfigureAt, now_);
    const Nanoseconds command_at = command == commands.end() ? kNever : nanoseconds(command->at);
    const Nanoseconds next = std::min({configure_at, command_at, data_at, poll_at});
    if (std::max(next, now_) >= end && data_at > end) break;  // The readings of the last second are asked for at its end.
    now_ = std::max(next, now_);
    if (const Nanoseconds back = power_back(now_); back != 0) {  // The main board has no power either.
      now_ = std::min(back, end);
      data_at = (now_ + kSecond - 1) / kSecond * kSecond;
      while (poll_at <= now_) poll_at += board_.poll_period;
      if (back >= end) break;
      continue;
    }
    if (data_at <= now_) {
      get_data(data_at);
      data_at = std::max(data_at + kSecond, now_ / kSecond * kSecond + (now_ % kSecond == 0 ? 0 : kSecond));
    } else if (configure_at <= now_) {
      // The commit's reply is fetched by one of the polls that follow: the first readings do not wait for it.
      if (configuration_.front() == "ct")
        send(encode_message("ct"));
      else
        exchange(configuration_.front());
      configuration_.pop_front();
    } else if (command_at <= now_) {
      scripted(*command++);
    } else {
      read();
    }
    while (poll_at <= now_) poll_at += board_.poll_period;
    if (observer_.progress) observer_.progress(now_);
  }
  engine_.run_until(end);
}

}  // namespace flm::sim
