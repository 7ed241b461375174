// A server that keeps readings and answers queries of them, whichever it is.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tests/bench/open_loop.hpp"
#include "tests/bench/server_store.hpp"
#include "tools/fleet/devices.hpp"
#include "tools/history/point.hpp"

namespace flm::bench {

/// One of a fleet's sensors.
struct Sensor {
  std::string sid;
  std::string token;     ///< of the account that may ask for it
  bool is_power = true;  ///< it counts Wh; otherwise L
  [[nodiscard]] std::int64_t unit_s() const { return is_power ? 3'600 : 86'400; }  ///< W, L a day
};
Sensor sensor_of(const fleet::Devices&, int index);

/// A sensor's mean rate in each of some bins of time: what `interval=` of the server's API asks for.
struct Question {
  std::string_view interval;
  std::int64_t begin, end, bin_s;  ///< aligned to bins of UTC
};

class Contender {
 public:
  virtual ~Contender() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  /// A way to bring readings, for a thread of its own.
  class Way {
   public:
    virtual ~Way() = default;
    /// A sensor's readings, in the order of their times.
    virtual void add(const Sensor&, std::span<const history::Point>) = 0;
    virtual void finish() = 0;
  };
  /// `is_dense`: sensors that are read each second. Throws what the server complains of.
  virtual std::unique_ptr<Way> way(bool is_dense) = 0;
  /// Writes all to disk, and has done what it does later to make it small and fast to read.
  virtual void settle() = 0;
  /// On disk, all that it needs to answer.
  virtual double bytes() = 0;

  /// It is ready to be asked from now on.
  virtual fleet::Address address() = 0;
  [[nodiscard]] virtual Request request(const Sensor&, const Question&) const = 0;
  /// Rates of an answer, by the ends of their bins; bins of which nothing is known are left out. Throws
  /// nlohmann::json::exception for what is no such answer.
  [[nodiscard]] virtual std::map<std::int64_t, double> rates(const std::string& body,
                                                             const Question&) const = 0;
  /// s, of all its processes.
  [[nodiscard]] virtual double processor_s() const = 0;
};

/// flmserver. Readings of each second go the way of POSTs into its store, day by day, upkeep after each;
/// others as devices' blocks of their history.
std::unique_ptr<Contender> flmserver(std::filesystem::path program, ServerStore&, std::int64_t now);
/// Each a process of its own with files in `folder`; null: it is not installed.
std::unique_ptr<Contender> influxdb(const std::filesystem::path& folder);
std::unique_ptr<Contender> victoria_metrics(const std::filesystem::path& folder);

}  // namespace flm::bench
