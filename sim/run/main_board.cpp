#include "sim/run/main_board.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/metering/settings.hpp"
#include "protocol/commands.hpp"
#include "tools/mainboard/bus/forwarding.hpp"
#include "tools/mainboard/config/meter_constant.hpp"
#include "tools/mainboard/link/link_text.hpp"
#include "tools/mainboard/readings/reports.hpp"

namespace flm::sim {
namespace {

constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr Nanoseconds kForwardPeriod = mainboard::forward_period_ms * Nanoseconds{1'000'000};

}  // namespace

std::deque<std::string> configuration(const Scenario& scenario, const BoardModel& board) {
  std::deque<std::string> lines;
  if (scenario.sensors.empty()) return lines;
  for (int i = 0; i < 6; ++i) lines.push_back(fmt::format("se {} 0", i));
  const Sensor* meter = nullptr;
  for (const Sensor& s : scenario.sensors)
    if (s.sensor_class == SensorClass::p1) meter = &s;
  if (protocol::PropertyOf<'k'>::row.known_with(board.features)) {
    bool analog = true;
    for (const Sensor& s : scenario.sensors)
      for (const int port : s.ports)
        if (s.sensor_class == SensorClass::pulse && board.is_switched(port)) analog = false;
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
    if (board_.has_radio())
      observer_.record(RadioPacket{seconds(start), bytes});
    else
      observer_.record(SerialBytes{seconds(start), bytes});
  };
}

SensorKind MainBoard::kind_of(int sensor) const {
  for (const Sensor& s : scenario_.sensors)
    if (s.id == sensor)
      return s.sensor_class == SensorClass::pulse ? SensorKind::pulse
             : s.sensor_class == SensorClass::p1  ? SensorKind::meter
                                                  : SensorKind::clamp;
  return SensorKind::clamp;
}

/// Whether a clamp of a sensor was clipped in its last second.
bool MainBoard::is_clipped(const Health& health, int sensor) const {
  for (const Sensor& s : scenario_.sensors)
    if (s.id == sensor && s.sensor_class == SensorClass::analog)
      return std::any_of(s.ports.begin(), s.ports.end(), [&](int port) { return health.clipped(port); });
  return false;
}

std::optional<Message> MainBoard::ask(const Message& message) {
  const auto reply = link_.exchange(text_of(message));
  return reply ? std::optional(decode(*reply)) : std::nullopt;
}

void MainBoard::get_data(Nanoseconds scheduled) {
  const auto reply = ask(get_message('d'));
  if (!reply || !reply->is('g', 'd')) return;
  std::vector<Reading> readings =
      readings_of(*reply, seconds(scheduled), [this](int sensor) { return kind_of(sensor); });
  if (observer_.clips && observer_.clips())
    if (const auto state = ask(get_message('r')))
      if (const auto health = health_of(*state))
        for (Reading& reading : readings) reading.clipped = is_clipped(*health, reading.sensor);
  // What is refused is told before anything is read.
  const bool listens = std::any_of(scenario_.sensors.begin(), scenario_.sensors.end(),
                                   [](const Sensor& s) { return s.sensor_class == SensorClass::p1; });
  std::optional<MeterReport> report;
  if (listens)
    if (const auto told = ask(get_message('z'))) report = meter_report_of(*told, seconds(scheduled));
  if (!observer_.record) return;
  bool has_meter = false;
  for (Reading& reading : readings) {
    if (reading.kind == SensorKind::meter) {
      has_meter = true;
      if (report) sign_by(*report, reading);
    }
    observer_.record(reading);
  }
  if (!report) return;
  const bool more = report->refused() != refused_;
  refused_ = report->refused();
  if (has_meter || more) observer_.record(*report);
}

Nanoseconds MainBoard::forward_at() const {
  if (meter_.next() == kNever) return kNever;
  return (meter_.next() / kForwardPeriod + 1) * kForwardPeriod;
}

void MainBoard::forward() {
  const std::vector<std::uint8_t> bytes = meter_.take(link_.now(), mainboard::forward_most);
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
