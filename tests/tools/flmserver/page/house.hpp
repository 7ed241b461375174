// What the pages are tried on: flmserver with a store of its own, and a meter that nobody has claimed yet.
#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/tools/web/browser/program.hpp"

namespace flm::test {
class RunningServer;
}

namespace flm::browser {

/// Name of a sensor that a device tells: shown as text, it looks like this.
inline constexpr const char* hostile_name = "<script>alert(1)</script>";

class House {
 public:
  static constexpr const char* serial = "FL02B00042";
  static constexpr const char* main_sid = "1a11111111111111111111111111111a";
  static constexpr const char* solar_sid = "2b22222222222222222222222222222b";
  static constexpr const char* water_sid = "3c33333333333333333333333333333c";
  static constexpr const char* hostile_sid = "4d44444444444444444444444444444d";

  /// `program`: flmserver. Starts it, and adds the device.
  House(std::string program, const std::filesystem::path& folder);
  ~House();

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] static std::string claim_code();

  /// The meter sends its heartbeat, its sensors, and what they counted in the last 40 days up to now: a
  /// household's electricity, its solar panels, its water, and 60 W all the time. Throws std::runtime_error
  /// for an answer that is no 200.
  void meter_reports();
  /// Their first reading: six o'clock of a day of UTC.
  static std::int64_t first_time(std::int64_t now);
  /// The meter's local interface, at 127.0.0.1: from now on it answers, or has gone.
  void meter_is_near(bool near);

 private:
  void send(const std::string& path, const std::string& body);

  std::filesystem::path folder_;
  std::string address_;
  int port_, local_port_;
  std::unique_ptr<Program> server_;
  std::unique_ptr<test::RunningServer> local_;
};

/// W of the household at a time: a base, a fridge that comes and goes, meals, evenings.
double household_w(std::int64_t time);
/// W of its panels.
double solar_w(std::int64_t time);

}  // namespace flm::browser
