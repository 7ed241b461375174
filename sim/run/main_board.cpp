#include "sim/run/main_board.hpp"

#include <algorithm>

#include "tools/mainboard/bus/forwarding.hpp"
#include "tools/mainboard/config/plan.hpp"
#include "tools/mainboard/link/link_text.hpp"

namespace flm::sim {
namespace {

constexpr Nanoseconds kForwardPeriod = mainboard::forward_period.count();

const Sensor* sensor_of(const Scenario& scenario, int id) {
  const auto found = std::find_if(scenario.sensors.begin(), scenario.sensors.end(),
                                  [id](const Sensor& s) { return s.id == id; });
  return found == scenario.sensors.end() ? nullptr : &*found;
}

SensorKind kind_of(const Sensor* sensor) {
  if (sensor == nullptr) return SensorKind::clamp;
  return sensor->sensor_class == SensorClass::pulse ? SensorKind::pulse
         : sensor->sensor_class == SensorClass::p1  ? SensorKind::meter
                                                    : SensorKind::clamp;
}

}  // namespace

std::vector<Message> setup(const Scenario& scenario, const BoardModel& board) {
  mainboard::Config config;
  config.board = &board;
  config.ports = scenario.ports;
  const bool slow = std::any_of(scenario.serial.begin(), scenario.serial.end(),
                                [](const SerialTraffic& t) { return t.baud == 9600; });
  for (const Sensor& sensor : scenario.sensors) {
    // A smart meter's line is inverted: P1 companion standard, 5.7.
    mainboard::SensorConfig& s = config.sensors.emplace_back();
    static_cast<Sensor&>(s) = sensor;
    s.slow = slow;
  }
  return mainboard::setup(config);
}

MainBoard::MainBoard(const Scenario& scenario, const BoardModel& board, Engine& engine, LinkObserver observer,
                     bool configures)
    : scenario_(scenario),
      model_(board),
      engine_(engine),
      observer_(std::move(observer)),
      bus_(board, engine, observer_.byte),
      board_(bus_, board.name, mainboard::stock_policy),
      poller_(board_, plan(), observer_.record),
      meter_(scenario, board, engine) {
  board_.assume(board);
  if (!configures) return;
  const std::vector<Message> messages = sim::setup(scenario, board);
  setup_.assign(messages.begin(), messages.end());
}

mainboard::PollPlan MainBoard::plan() const {
  mainboard::PollPlan plan;
  plan.channel_period = model_.poll_period;
  plan.kind_of = [this](int sensor) { return kind_of(sensor_of(scenario_, sensor)); };
  plan.is_clipped = [this](const Health& health, int sensor) {
    const Sensor* s = sensor_of(scenario_, sensor);
    return s != nullptr && s->sensor_class == SensorClass::analog &&
           std::any_of(s->ports.begin(), s->ports.end(), [&](int port) { return health.clipped(port); });
  };
  plan.asks_health = observer_.clips;
  plan.asks_meter = [this] {
    return std::any_of(scenario_.sensors.begin(), scenario_.sensors.end(),
                       [](const Sensor& s) { return s.sensor_class == SensorClass::p1; });
  };
  return plan;
}

Nanoseconds MainBoard::forward_at() const {
  if (meter_.next() == kNever) return kNever;
  return (meter_.next() / kForwardPeriod + 1) * kForwardPeriod;
}

void MainBoard::forward() {
  const std::vector<std::uint8_t> bytes = meter_.take(bus_.time(), mainboard::forward_most);
  if (!bytes.empty())
    (void)bus_.clock(mainboard::forwarded({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
}

void MainBoard::scripted(const HostCommand& command) {
  std::string reply;
  if (command.send.starts_with("u ")) {
    board_.link().send(encode_message(command.send));  // What comes back comes as packets or bytes.
  } else {
    const auto result = board_.link().exchange(message_of(command.send));
    reply = result.reply ? text_of(*result.reply) : "no answer";
  }
  if (observer_.record) observer_.record(Reply{command.at, command.send, reply});
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

  while (true) {
    const Nanoseconds setup_at = setup_.empty() ? kNever : std::max(configure_at, bus_.time());
    const Nanoseconds command_at = command == commands.end() ? kNever : nanoseconds(command->at);
    const Nanoseconds bytes_at = std::max(forward_at(), bus_.time());
    const Nanoseconds next = std::min({setup_at, command_at, poller_.next().count(), bytes_at});
    if (std::max(next, bus_.time()) >= end && poller_.readings_at().count() > end)
      break;  // The readings of the last second are asked for at its end.
    bus_.wait_until(next);
    if (const Nanoseconds back = power_back(bus_.time()); back != 0) {  // The main board has no power either.
      bus_.wait_until(std::min(back, end));
      meter_.lose(bus_.time());
      poller_.skip_all();
      if (back >= end) break;
      continue;
    }
    if (poller_.readings_at() <= bus_.now()) {
      ask();
    } else if (setup_at <= bus_.time()) {
      // The commit's reply is fetched by one of the looks that follow: the first readings do not wait for it.
      if (setup_.front() == commit_message())
        board_.link().send(encode(setup_.front()));
      else
        (void)board_.link().exchange(setup_.front());
      setup_.pop_front();
    } else if (command_at <= bus_.time()) {
      scripted(*command++);
    } else if (poller_.channel_at() <= bus_.now()) {
      poller_.step();
    } else {
      forward();
    }
    poller_.skip_looks();
    if (observer_.progress) observer_.progress(bus_.time());
  }
  engine_.run_until(end);
}

/// Readings, unless the board does not answer: it has them in its next second.
void MainBoard::ask() {
  try {
    poller_.step();
  } catch (const mainboard::NoAnswer&) {
  }
}

}  // namespace flm::sim
