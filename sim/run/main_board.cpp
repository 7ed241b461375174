#include "sim/run/main_board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "firmware/metering/settings.hpp"
#include "protocol/commands.hpp"  // state::clipped
#include "tools/mainboard/config/meter_constant.hpp"
#include "tools/mainboard/link/link_text.hpp"

namespace flm::sim {
namespace {

constexpr Nanoseconds kSecond = 1'000'000'000;
/// A smart meter's bytes are forwarded so often, and so many in a message: nothing else waits for long.
constexpr Nanoseconds kForwardPeriod = 10'000'000;
constexpr std::size_t kForwardMost = 32;

}  // namespace

std::deque<std::string> configuration(const Scenario& scenario, const BoardModel& board) {
  std::deque<std::string> lines;
  if (scenario.sensors.empty()) return lines;
  for (int i = 0; i < 6; ++i) lines.push_back(fmt::format("se {} 0", i));
  const Sensor* meter = nullptr;
  for (const Sensor& s : scenario.sensors)
    if (s.sensor_class == SensorClass::p1) meter = &s;
  if (board.has_port_configuration) {
    bool analog = true;
    for (const Sensor& s : scenario.sensors)
      for (const int port : s.ports)
        if (s.sensor_class == SensorClass::pulse && (port == 2 || port == 3)) analog = false;
    // A smart meter's line is inverted: P1 companion standard, 5.7.
    lines.push_back(fmt::format("sk {} {} 0", analog ? 1 : 0, meter ? 1 : 0));
  }
  if (meter != nullptr) {
    const bool slow = std::any_of(scenario.serial.begin(), scenario.serial.end(),
                                  [](const SerialTraffic& t) { return t.baud == 9600; });
    lines.push_back(fmt::format("sq {}", metering::port_6::p1 | (slow ? metering::port_6::slow : 0) |
                                             (meter->without_crc ? metering::port_6::without_crc : 0)));
  }
  int map[6] = {255, 255, 255, 255, 255, 255};
  for (const Sensor& s : scenario.sensors)
    for (const int port : s.ports) map[port - 1] = s.id - 1;
  lines.push_back(fmt::format("sp {}", fmt::join(map, " ")));
  for (const Sensor& s : scenario.sensors) {
    if (s.sensor_class == SensorClass::analog) {
      lines.push_back(
          fmt::format("sm {} {}", s.id - 1, static_cast<int>(clamp_meter_constant(s.voltage, s.current))));
    } else if (s.sensor_class == SensorClass::pulse) {
      const PulseConstant pulse = pulse_constant(s.constant).value();
      lines.push_back(fmt::format("sm {} {}", s.id - 1, pulse.constant));
      lines.push_back(fmt::format("sf {} {}", s.id - 1, pulse.fraction));
    }
  }
  for (const PortConfig& port : scenario.ports)
    for (const auto& [letter, value] : port.settings())
      lines.push_back(fmt::format("s{} {} {}", letter, port.port - 1, value));
  for (const Sensor& s : scenario.sensors) lines.push_back(fmt::format("se {} 1", s.id - 1));
  lines.push_back("ct");
  return lines;
}

MainBoard::MainBoard(const Scenario& scenario, const BoardModel& board, Engine& engine, LinkObserver observer,
                     bool configures)
    : scenario_(scenario),
      board_(board),
      engine_(engine),
      observer_(std::move(observer)),
      link_(board, engine, observer_.byte),
      meter_(scenario, board, engine) {
  if (configures) configuration_ = configuration(scenario, board);
  if (!observer_.record) return;
  link_.on_channel = [this](Nanoseconds start, const std::vector<std::uint8_t>& bytes) {
    if (board_.has_radio)
      observer_.record(RadioPacket{seconds(start), bytes});
    else
      observer_.record(SerialBytes{seconds(start), bytes});
  };
}

namespace {

/// The first field of `gz` that is a count of what was refused, and those of the energy from the grid and to
/// it.
constexpr std::size_t kRefused = 7, kImport = 3, kExport = 4;

/// A smart meter's counter with its sign. The board counts modulo 2^32 Wh: where its counter is the meter's
/// own, the meter's registers tell the sign; elsewhere it is in two's complement.
std::int64_t meter_counter(std::uint32_t counter, const std::optional<MeterReport>& report) {
  if (report) {
    const std::int64_t net = std::int64_t{report->fields[kImport]} - std::int64_t{report->fields[kExport]};
    // A telegram may have come between the two.
    const std::int64_t apart = static_cast<std::int32_t>(counter - static_cast<std::uint32_t>(net));
    if (std::abs(apart) < 1'000'000) return net + apart;
  }
  return static_cast<std::int32_t>(counter);
}

}  // namespace

void MainBoard::get_data(Nanoseconds scheduled) {
  const auto reply = link_.exchange("gd");
  if (!reply || !reply->starts_with("gd")) return;
  const std::uint32_t clipped = observer_.clips && observer_.clips() ? get_clipped() : 0;
  std::string_view rest = std::string_view(*reply).substr(2);
  std::vector<Reading> readings;
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
      if (s.id == reading.sensor) {
        reading.is_pulse = s.sensor_class == SensorClass::pulse;
        reading.is_meter = s.sensor_class == SensorClass::p1;
        if (s.sensor_class == SensorClass::analog)
          for (const int port : s.ports)
            reading.clipped |= port <= 3 && (clipped >> (port - 1) & protocol::state::clipped) != 0;
      }
    readings.push_back(reading);
  }
  // What is refused is told before anything is read.
  const bool listens = std::any_of(scenario_.sensors.begin(), scenario_.sensors.end(),
                                   [](const Sensor& s) { return s.sensor_class == SensorClass::p1; });
  const auto report = listens ? get_meter(scheduled) : std::nullopt;
  if (!observer_.record) return;
  bool has_meter = false;
  for (Reading& reading : readings) {
    if (reading.is_meter) {
      has_meter = true;
      reading.meter_wh = meter_counter(reading.counter, report);
    }
    observer_.record(reading);
  }
  if (!report) return;
  const std::vector<std::uint32_t> refused(report->fields.begin() + kRefused, report->fields.end());
  const bool more = refused != refused_;
  refused_ = refused;
  if (has_meter || more) observer_.record(*report);
}

std::uint32_t MainBoard::get_clipped() {
  constexpr std::size_t state_at = 12, digits = 2;  // behind "gr", causes of resets (2) and up-time (8)
  const auto reply = link_.exchange("gr");
  if (!reply || !reply->starts_with("gr") || reply->size() < state_at + digits) return 0;
  std::uint32_t state = 0;
  std::from_chars(reply->data() + state_at, reply->data() + state_at + digits, state, 16);
  return state;
}

std::optional<MeterReport> MainBoard::get_meter(Nanoseconds scheduled) {
  const auto reply = link_.exchange("gz");
  if (!reply || reply->size() <= 2) return std::nullopt;
  MeterReport report{seconds(scheduled), {}};
  const std::string text = decode_reply(*reply);
  for (const char* at = text.data() + 3; at < text.data() + text.size(); ++at) {
    std::uint32_t value = 0;
    at = std::from_chars(at, text.data() + text.size(), value).ptr;
    report.fields.push_back(value);
  }
  if (report.fields.size() <= kRefused) return std::nullopt;
  return report;
}

Nanoseconds MainBoard::forward_at() const {
  if (meter_.next() == kNever) return kNever;
  return (meter_.next() / kForwardPeriod + 1) * kForwardPeriod;
}

void MainBoard::forward() {
  const std::vector<std::uint8_t> bytes = meter_.take(link_.now(), kForwardMost);
  if (!bytes.empty()) link_.forward(bytes);
}

void MainBoard::scripted(const HostCommand& command) {
  if (command.send.starts_with("u ")) {
    link_.send(encode_message(command.send));  // What comes back comes as packets or bytes.
    if (observer_.record) observer_.record(Reply{command.at, command.send, ""});
    return;
  }
  const auto reply = link_.exchange(command.send);
  if (observer_.record)
    observer_.record(Reply{command.at, command.send, reply ? decode_reply(*reply) : "no answer"});
}

/// When the supply comes back that is away at time t; 0 when it is there.
Nanoseconds MainBoard::power_back(Nanoseconds t) const {
  for (const PowerFailure& failure : scenario_.power)
    if (const auto back = failure.back_from(seconds(t)); back && nanoseconds(*back) > t)
      return nanoseconds(*back);
  return 0;
}

void MainBoard::run(Nanoseconds end) {
  auto commands = scenario_.host;
  std::stable_sort(commands.begin(), commands.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  auto command = commands.begin();
  Nanoseconds data_at = kSecond, poll_at = board_.poll_period;

  while (true) {
    const Nanoseconds next_line_at = configuration_.empty() ? kNever : std::max(configure_at, link_.now());
    const Nanoseconds command_at = command == commands.end() ? kNever : nanoseconds(command->at);
    const Nanoseconds bytes_at = std::max(forward_at(), link_.now());
    const Nanoseconds next = std::min({next_line_at, command_at, data_at, poll_at, bytes_at});
    if (std::max(next, link_.now()) >= end && data_at > end)
      break;  // The readings of the last second are asked for at its end.
    link_.wait_until(next);
    if (const Nanoseconds back = power_back(link_.now()); back != 0) {  // The main board has no power either.
      link_.wait_until(std::min(back, end));
      meter_.lose(link_.now());
      data_at = (link_.now() + kSecond - 1) / kSecond * kSecond;
      while (poll_at <= link_.now()) poll_at += board_.poll_period;
      if (back >= end) break;
      continue;
    }
    if (data_at <= link_.now()) {
      get_data(data_at);
      data_at = std::max(data_at + kSecond,
                         link_.now() / kSecond * kSecond + (link_.now() % kSecond == 0 ? 0 : kSecond));
    } else if (next_line_at <= link_.now()) {
      // The commit's reply is fetched by one of the polls that follow: the first readings do not wait for it.
      if (configuration_.front() == "ct")
        link_.send(encode_message("ct"));
      else
        link_.exchange(configuration_.front());
      configuration_.pop_front();
    } else if (command_at <= link_.now()) {
      scripted(*command++);
    } else if (poll_at <= link_.now()) {
      link_.send("");  // turns the line around
      link_.read();
    } else {
      forward();
    }
    while (poll_at <= link_.now()) poll_at += board_.poll_period;
    if (observer_.progress) observer_.progress(link_.now());
  }
  engine_.run_until(end);
}

}  // namespace flm::sim
