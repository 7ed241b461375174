#include "tools/flmd/metrics.hpp"

#include <fmt/format.h>

#include <limits>

namespace flm::flmd {
namespace {

using Kind = web::MetricsText::Kind;

constexpr std::int64_t kStale = 300;  ///< s after which a gauge is left out

/// Base units, as Prometheus wants them: family and factor of a gauge or counter in a unit of ours.
struct Family {
  std::string_view unit;  ///< ours
  Quantity quantity;
  const char *name, *base, *help;
  double factor;
};
constexpr Family families[] = {
    {"W", Quantity::gauge, "flm_power_watts", "watts", "Power of a sensor.", 1.0},
    {"L/day", Quantity::gauge, "flm_flow_liters_per_day", "", "Flow of gas or water.", 1.0},
    {"V", Quantity::gauge, "flm_voltage_volts", "volts", "Voltage that a smart meter reports.", 1.0},
    {"A", Quantity::gauge, "flm_current_amperes", "amperes", "Current that a smart meter reports.", 1.0},
    {"°C", Quantity::gauge, "flm_temperature_celsius", "celsius", "Temperature of a kube.", 1.0},
    {"%", Quantity::gauge, "flm_humidity_ratio", "ratio", "Relative humidity of a kube.", 0.01},
    {"Wh", Quantity::counter, "flm_energy_joules", "joules", "Energy that a sensor has counted.", 3600.0},
    {"L", Quantity::counter, "flm_volume_liters", "liters", "Gas or water that a sensor has counted.", 1.0},
};

}  // namespace

std::string metrics(const MetricsSources& s, web::MetricsFormat format) {
  web::MetricsText text(format);
  text.family("flm_build", Kind::info, "", "Version of flmd.");
  text.sample({{"version", FLM_VERSION}}, 1);
  text.family("flm_sensor", Kind::info, "", "What a sensor is; names change here only.");
  for (const SiteSensor& sensor : s.sensors.all())
    if (sensor.enabled)
      text.sample({{"sensor", sensor.sid},
                   {"name", sensor.name},
                   {"type", sensor.type},
                   {"class", sensor.sensor_class}},
                  1);
  for (const Family& family : families) {
    // What may fall is no counter for Prometheus: a smart meter's net energy.
    for (const bool falls : {false, true}) {
      if (falls && family.quantity == Quantity::gauge) continue;
      bool begun = false;
      for (const SiteSensor& sensor : s.sensors.all()) {
        const auto latest = s.api.latest().find(sensor.number);
        if (latest == s.api.latest().end() || (family.quantity == Quantity::counter && sensor.falls != falls))
          continue;
        const bool gauge = family.quantity == Quantity::gauge;
        const auto& point = gauge ? latest->second.gauge : latest->second.counter;
        if (!point || (gauge ? latest->second.gauge_unit : latest->second.counter_unit) != family.unit ||
            (gauge && point->time + kStale < s.now))
          continue;
        if (!begun) {
          const std::string net = "flm_net_energy_joules";
          text.family(falls ? net : family.name, gauge || falls ? Kind::gauge : Kind::counter, family.base,
                      falls ? "Energy from the grid less energy to it." : family.help);
          begun = true;
        }
        text.sample({{"sensor", sensor.sid}}, static_cast<double>(point->value) / 1000.0 * family.factor);
      }
    }
  }
  text.family("flm_board_up", Kind::gauge, "", "1: the sensor board answers.");
  text.sample({}, s.board.answers ? 1 : 0);
  text.family("flm_board_late_polls", Kind::counter, "", "Polls that began more than 5 ms after their time.");
  text.sample({}, static_cast<double>(s.late_polls));
  text.family("flm_board_link_messages", Kind::counter, "", "Messages to the board, retries among them.");
  text.sample({}, s.board.link.messages);
  text.family("flm_board_link_errors", Kind::counter, "", "Messages whose answer was missing or wrong.");
  text.sample({{"kind", "retried"}}, s.board.link.retries);
  text.sample({{"kind", "garbled"}}, s.board.link.garbled);
  text.sample({{"kind", "rejected"}}, s.board.link.rejected);
  text.family("flm_history_bytes", Kind::gauge, "bytes", "Blocks on disk.");
  text.sample({}, static_cast<double>(s.history.bytes_on_disk()));
  text.family("flm_history_open_points", Kind::gauge, "", "Points that are in no block yet.");
  text.sample({}, static_cast<double>(s.history.points_in_memory()));
  text.family("flm_history_late_points", Kind::counter, "",
              "Points dropped: their time was on disk already.");
  text.sample({}, static_cast<double>(s.history.late_points()));
  if (s.mqtt != nullptr) {
    text.family("flm_mqtt_connected", Kind::gauge, "", "1: the broker has taken us.");
    text.sample({}, s.mqtt->state() == flm::mqtt::Client::State::connected ? 1 : 0);
    text.family("flm_mqtt_published", Kind::counter, "", "Messages handed to the connection.");
    text.sample({}, static_cast<double>(s.mqtt->counters().published));
    text.family("flm_mqtt_dropped", Kind::counter, "", "Messages that found no connection or no room.");
    text.sample({}, static_cast<double>(s.mqtt->counters().dropped));
  }
  if (!s.reports.empty()) {
    text.family("flm_report_points", Kind::counter, "", "Points that a server has taken.");
    for (const Progress& report : s.reports)
      text.sample({{"report", report.name}}, static_cast<double>(report.points));
    text.family("flm_report_behind_seconds", Kind::gauge, "seconds",
                "From a server's last point to ours; +Inf: it has none.");
    for (const Progress& report : s.reports)
      for (const SeriesProgress& series : report.series)
        text.sample({{"report", report.name}, {"sensor", series.series.sid}},
                    series.behind() ? static_cast<double>(*series.behind())
                                    : std::numeric_limits<double>::infinity());
  }
  text.process();
  return text.finish();
}

}  // namespace flm::flmd
