// Reports to a Flukso server by its API 1.0: measurements, heartbeat and sensors' settings, each signed with
// the device's key.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "tools/flmd/report/reporter.hpp"  // Reporter

namespace flm::flmd {

struct FluksoSettings {
  std::string url;              ///< "https://api.flukso.net/"
  std::string ca_file;          ///< PEM; empty: the system's authorities
  std::string device;           ///< 32 lower-case hex digits
  std::string key;              ///< the same; signs, is never sent
  int version = 250;            ///< as stock counts: its last release, whose interfaces flmd has
  std::uint16_t http_port = 0;  ///< of the local REST interface; 0: not said
  std::chrono::milliseconds first_wait{
      5'000};  ///< from the start to the first try: heartbeat and settings go before
  std::chrono::milliseconds interval{300'000};  ///< between tries, as stock's
  Backoff backoff{};                            ///< 5 to 15 minutes
  std::chrono::milliseconds heartbeat_interval{3'600'000};
  std::chrono::milliseconds answer_limit{60'000};  ///< for a request and its answer
  std::filesystem::path cursor_file;
  std::function<std::string()> recent_log;  ///< lines for the heartbeat, the newest last; may be empty
  std::filesystem::path proc = "/proc";
  Log log;
  std::function<void(bool)> globe;  ///< as ReporterSettings has it
};

/// Measurements: `POST /sensor/<sid>`, of clamps, pulse inputs and smart meters whose counter is what the
/// history keeps. Stock thins what it could not send; here all of it is sent, in batches of 5 000 points (100
/// kB) one after another. A count is rounded down to whole Wh or litres, for which the API is made.
///
/// Heartbeat: `POST /device/<device>` at the start and each hour. `reset` stays 1 until a server has heard
/// it. An upgrade that the server wants to be run is never run; upgrade_offered() is for the page.
///
/// Settings: `POST /sensor/<sid>` for each sensor at the start and when they have changed.
class ReportFlukso final : public Reporter {
 public:
  /// Throws InputError for an address, device or key that is none.
  ReportFlukso(boost::asio::io_context&, const Source&, FluksoSettings);

  void on_sensors(std::span<const SiteSensor>) override;
  void stop() override;

  /// Version above ours that the server last wanted to have run.
  [[nodiscard]] std::optional<std::int64_t> upgrade_offered() const { return upgrade_offered_; }

 private:
  struct Checked {};
  ReportFlukso(boost::asio::io_context&, const Source&, FluksoSettings, Checked);

  // Requests beside the measurements, one at a time: a heartbeat that is due, then settings.
  void next_errand();
  void send_heartbeat();
  void send_settings(const std::string& sid);
  void on_heartbeat(const HttpAnswer&);
  void try_errand_again();
  void beat_each_hour();

  FluksoSettings settings_;
  boost::asio::steady_timer hour_, again_;
  bool started_ = false, busy_ = false, heartbeat_due_ = false, reset_ = true;
  unsigned failures_ = 0;
  std::optional<std::int64_t> upgrade_offered_;
  std::map<std::string, std::string> pending_, sent_;  // settings, by sid
};

/// Settings of a sensor as the API has them: {"config":{...}}.
std::string flukso_config(const SiteSensor&);
/// {"measurements":[[<Unix s>,<whole units>],...]}
std::string flukso_measurements(std::span<const history::Point>);

}  // namespace flm::flmd
