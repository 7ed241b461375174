#include "tools/fleet/play.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <queue>
#include <thread>

#include "tools/api/digest.hpp"
#include "tools/fleet/curves.hpp"
#include "tools/flmd/subscribers/report_flukso.hpp"  // flukso_measurements
#include "tools/history/query/answer.hpp"

namespace flm::fleet {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t most_in_batch = 5'000;
constexpr double patience_s = 120;

/// A device between two of its turns.
struct Device {
  std::string id, key;
  std::vector<Curve> curves;
  std::int64_t first = 0, turns = 0;
  std::int64_t target = 0;  ///< its turn is over when all sensors are sent until here
  std::size_t sensor = 0;   ///< whose batch is next
  std::string waits;        ///< body that was not acknowledged yet
  std::size_t waits_points = 0;
};

class Player {
 public:
  explicit Player(const PlayOptions& options) : options_(options), begin_(Clock::now()) {
    for (int i = 0; i < options.devices.count; ++i) {
      Device device;
      device.id = options.devices.id(i);
      device.key = options.devices.key(i);
      device.first = device.target = phase(i) - options.backlog + options.start;
      for (int k = 0; k < options.devices.sensors; ++k)
        device.curves.emplace_back(options.devices.house(i), k, device.first);
      devices_.push_back(std::move(device));
    }
    begin_ = Clock::now();
    for (int i = 0; i < options.devices.count; ++i) next_turn(i);
  }

  Played run() {
    std::vector<std::thread> threads;
    for (int i = 0; i < options_.connections; ++i) threads.emplace_back([this] { work(); });
    for (std::thread& thread : threads) thread.join();
    played_.seconds = now();
    std::sort(played_.milliseconds.begin(), played_.milliseconds.end());
    for (const Device& device : devices_) {
      played_.first.push_back(device.first);
      played_.until.push_back(device.sensor == 0 && device.waits.empty() ? device.target : -1);
    }
    return std::move(played_);
  }

 private:
  [[nodiscard]] double now() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }
  [[nodiscard]] std::int64_t phase(int device) const {
    return device * options_.spread / options_.devices.count;
  }

  /// The device's next turn that is not in the outage, in the queue; none after the end.
  void next_turn(int index) {
    Device& device = devices_[static_cast<std::size_t>(index)];
    for (;; ++device.turns) {
      const double due =
          static_cast<double>(phase(index) + device.turns * options_.interval) / options_.speed;
      if (due >= options_.seconds || (options_.enough != nullptr && *options_.enough)) return;
      if (due >= options_.outage_from && due < options_.outage_to) continue;
      ++pending_;
      due_.emplace(due, index);
      return;
    }
  }

  void work() {
    Connection connection(options_.server);
    for (;;) {
      std::unique_lock lock(mutex_);
      for (;;) {
        if (pending_ == 0 || now() > options_.seconds + patience_s) {
          came_.notify_all();
          return;
        }
        if (due_.empty()) {
          came_.wait_for(lock, std::chrono::milliseconds(200));
          continue;
        }
        const double wait = due_.top().first - now();
        if (wait <= 0) break;
        came_.wait_for(lock, std::chrono::duration<double>(std::min(wait, 0.2)));
      }
      const auto [due, index] = due_.top();
      due_.pop();
      lock.unlock();
      turn(connection, devices_[static_cast<std::size_t>(index)], index, due);
    }
  }

  void turn(Connection& connection, Device& device, int index, double ready) {
    if (device.sensor == 0 && device.waits.empty()) {
      device.target = options_.start + phase(index) + device.turns * options_.interval;
      ++device.turns;
    }
    while (device.sensor < device.curves.size()) {
      Curve& curve = device.curves[device.sensor];
      if (device.waits.empty()) {
        if (curve.time() >= device.target) {
          ++device.sensor;
          continue;
        }
        std::vector<history::Point> points;
        while (curve.time() < device.target && points.size() < most_in_batch) points.push_back(curve.next());
        device.waits = flmd::flukso_measurements(points);
        device.waits_points = points.size();
      }
      const std::string fault = post(connection, device, index);
      const double answered = now();
      const std::lock_guard lock(mutex_);
      if (!fault.empty()) {
        ++played_.refusals[fault];
        due_.emplace(answered + options_.retry_s, index);
        return;
      }
      ++played_.posts;
      if (options_.taken != nullptr) ++*options_.taken;
      played_.readings += device.waits_points;
      played_.milliseconds.push_back(1e3 * (answered - ready));
      device.waits.clear();
      ready = answered;
    }
    const std::lock_guard lock(mutex_);
    device.sensor = 0;
    next_turn(index);
    --pending_;
    came_.notify_one();
  }

  /// Empty, or why it was not acknowledged.
  std::string post(Connection& connection, const Device& device, int index) {
    try {
      const HttpAnswer answer = connection.ask(
          "POST", "/sensor/" + options_.devices.sid(index, static_cast<int>(device.sensor)),
          fmt::format("Content-Type: application/json\r\nX-Version: 1.0\r\nUser-Agent: Fluksometer v250\r\n"
                      "X-Device: {}\r\nX-Digest: {}\r\n",
                      device.id, api::digest(device.key, device.waits)),
          device.waits);
      if (answer.status == 200 && answer.body == R"({"response":"ok"})") return {};
      return fmt::format("{} {}", answer.status,
                         answer.body.substr(0, std::min<std::size_t>(100, answer.body.find('\n'))));
    } catch (const ConnectionLost& lost) {
      return lost.what();
    }
  }

  const PlayOptions& options_;
  Clock::time_point begin_;
  std::vector<Device> devices_;
  std::mutex mutex_;  // of all below
  std::condition_variable came_;
  std::priority_queue<std::pair<double, int>, std::vector<std::pair<double, int>>, std::greater<>> due_;
  int pending_ = 0;
  Played played_;

 public:
  [[nodiscard]] int pending() const { return pending_; }
};

}  // namespace

double Played::percentile(double percent) const {
  if (milliseconds.empty()) return std::nan("");
  return milliseconds[std::min(
      milliseconds.size() - 1,
      static_cast<std::size_t>(percent / 100 * static_cast<double>(milliseconds.size())))];
}

Played play(const PlayOptions& options) {
  Player player(options);
  Played played = player.run();
  played.unsent = player.pending();
  return played;
}

std::vector<history::Point> sent(const PlayOptions& options, const Played& played, int device, int sensor) {
  const auto index = static_cast<std::size_t>(device);
  Curve curve(options.devices.house(device), sensor, played.first[index]);
  std::vector<history::Point> points;
  while (curve.time() < played.until[index]) points.push_back(curve.next());
  return points;
}

Checked check(const PlayOptions& options, const Played& played, int devices) {
  std::vector<int> there;
  for (int i = 0; i < options.devices.count; ++i)
    if (played.until[static_cast<std::size_t>(i)] > played.first[static_cast<std::size_t>(i)])
      there.push_back(i);
  Checked checked;
  Connection connection(options.server);
  const history::Zone utc;
  const std::size_t step =
      std::max<std::size_t>(1, there.size() / static_cast<std::size_t>(std::max(1, devices)));
  for (std::size_t n = 0; n < there.size(); n += step) {
    const int device = there[n];
    for (int sensor = 0; sensor < options.devices.sensors; ++sensor) {
      const std::vector<history::Point> points = sent(options, played, device, sensor);
      const Kind& kind = kinds[static_cast<std::size_t>(sensor) % kinds.size()];
      const std::string start = std::to_string(points.front().time), end = std::to_string(points.back().time);
      const std::string unit = kind.type == "electricity" ? "watt" : "lperday";
      const std::vector<history::Parameter> parameters{
          {"version", "1.0"}, {"start", start}, {"end", end}, {"resolution", "minute"}, {"unit", unit}};
      const history::Query query =
          history::query_of(parameters, {points.back().time + 60, kind.type, utc, {}});
      history::Answer expected(*query.series, history::Format::json, false);
      for (const history::Point& point : points) expected.bins().add(point);
      const std::string rows = expected.text();
      const std::string target =
          fmt::format("/sensor/{}?version=1.0&start={}&end={}&resolution=minute&unit={}",
                      options.devices.sid(device, sensor), start, end, unit);
      std::string answered;
      try {
        const HttpAnswer answer =
            connection.ask("GET", target, fmt::format("X-Token: {}\r\n", options.devices.token(device)));
        answered = answer.status == 200 ? answer.body : fmt::format("{} {}", answer.status, answer.body);
      } catch (const ConnectionLost& lost) {
        answered = lost.what();
      }
      ++checked.sensors;
      if (answered == rows) continue;
      if (checked.wrong++ == 0)
        checked.first_wrong = fmt::format("{}\n  expected {}\n  answered {}", target, rows.substr(0, 500),
                                          answered.substr(0, 500));
    }
  }
  return checked;
}

}  // namespace flm::fleet
