#include "sim/results/expectations.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "protocol/p1.hpp"
#include "tools/mainboard/readings/p1_text.hpp"

namespace flm::sim {
namespace {

double allowed_deviation(const Expectation& e, double expected) {
  if (!e.tolerance) return 0.0;
  std::string_view digits = *e.tolerance;
  const bool percent = digits.ends_with('%');
  if (percent) digits.remove_suffix(1);
  double value = 0.0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return percent ? std::abs(expected) * value / 100.0 : value;
}

ExpectationResult judge(const Scenario& scenario, const Expectation& e, const char* quantity, double expected,
                        std::optional<double> actual) {
  ExpectationResult result{e,     quantity, expected, actual.value_or(0.0), allowed_deviation(e, expected),
                           false, {}};
  const std::string place =
      fmt::format("{}:{}: sensor {} {}", scenario.path.string(), e.line, e.sensor, quantity);
  if (!actual) {
    result.message = fmt::format("{}: no reading from {} s to {} s; expected {}", place, e.from,
                                 e.to.value_or(scenario.duration), expected);
    return result;
  }
  // A millionth for what decimal fractions lose on the way through binary ones.
  result.ok = std::abs(*actual - expected) <= result.allowed + 1e-6;
  result.message =
      fmt::format("{}: {:.3f}, expected {:.3f} within {:.3f}", place, *actual, expected, result.allowed);
  return result;
}

/// Whether there are readings.
ExpectationResult judge_readings(const Scenario& scenario, const Expectation& e, int readings) {
  ExpectationResult result;
  result.expectation = e;
  result.quantity = "readings";
  result.expected = *e.reading ? 1.0 : 0.0;
  result.actual = readings;
  result.ok = (readings != 0) == *e.reading;
  result.message = fmt::format("{}:{}: sensor {}: {} readings from {} s to {} s, expected {}",
                               scenario.path.string(), e.line, e.sensor, readings, e.from,
                               e.to.value_or(scenario.duration), *e.reading ? "some" : "none");
  return result;
}

/// Latest report of a smart meter (`gz`), beside its sensor's readings.
struct MeterSays {
  std::optional<double> gas, water;  ///< litre
  std::optional<double> refused;     ///< telegrams since reset, each fault up to 255

  void take(const MeterReport& report) {
    const std::string device = p1_device_name(report.device_type());
    if (device == "gas") gas = report.device_value();
    if (device == "water") water = report.device_value();
    const std::vector<std::uint32_t> by_error = report.refused();
    using protocol::p1::Error;
    double sum = 0.0;  // Noise is between telegrams, and a value that is refused leaves its telegram whole.
    for (const Error error : {Error::cut, Error::crc, Error::crc_form, Error::no_crc, Error::not_whole})
      sum += by_error.at(static_cast<std::size_t>(error));
    refused = sum;
  }
};

/// The reply to a scripted command.
ExpectationResult judge(const Scenario& scenario, const HostCommand& command,
                        const std::vector<Record>& records) {
  ExpectationResult result;
  result.expectation.line = command.line;
  result.quantity = "reply";
  std::string actual = "not sent before the end";
  for (const Record& record : records)
    if (const Reply* r = std::get_if<Reply>(&record); r && r->t == command.at && r->host == command.send)
      actual = r->reply;
  result.ok = actual == *command.reply;
  result.message = fmt::format("{}:{}: reply to \"{}\": \"{}\", expected \"{}\"", scenario.path.string(),
                               command.line, command.send, actual, *command.reply);
  return result;
}

}  // namespace

std::vector<ExpectationResult> check(const Scenario& scenario, const std::vector<Record>& records) {
  std::vector<ExpectationResult> results;
  for (const Expectation& e : scenario.expectations) {
    const double to = e.to.value_or(scenario.duration);
    double sum = 0.0;
    int seconds = 0, readings = 0;
    std::optional<double> counter;
    MeterSays meter;
    for (const Record& record : records) {
      if (const MeterReport* report = std::get_if<MeterReport>(&record); report && report->t <= to)
        meter.take(*report);
      const Reading* r = std::get_if<Reading>(&record);
      if (!r || r->sensor != e.sensor || r->t > to) continue;
      counter = r->count();
      if (r->t > e.from) ++readings;
      if (!r->has_power() || r->t <= e.from) continue;
      sum += static_cast<double>(r->power());
      ++seconds;
    }
    if (e.power)
      results.push_back(
          judge(scenario, e, "power", *e.power, seconds ? std::optional(sum / seconds) : std::nullopt));
    if (e.counter) results.push_back(judge(scenario, e, "counter", *e.counter, counter));
    if (e.gas) results.push_back(judge(scenario, e, "gas", *e.gas, meter.gas));
    if (e.water) results.push_back(judge(scenario, e, "water", *e.water, meter.water));
    if (e.refused) results.push_back(judge(scenario, e, "refused", *e.refused, meter.refused));
    if (e.reading) results.push_back(judge_readings(scenario, e, readings));
  }
  for (const HostCommand& command : scenario.host)
    if (command.reply) results.push_back(judge(scenario, command, records));
  return results;
}

}  // namespace flm::sim
