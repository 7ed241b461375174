// Text of /metrics: OpenMetrics 1.0, or Prometheus' text format 0.0.4 for who does not ask for it.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flm::web {

enum class MetricsFormat : std::uint8_t { prometheus, openmetrics };

/// OpenMetrics when an Accept header names it, in version 1.0.0 or in none, and holds it as welcome as plain
/// text.
MetricsFormat metrics_format_of(std::string_view accept);
/// "application/openmetrics-text; version=1.0.0; charset=utf-8" or "text/plain; version=0.0.4;
/// charset=utf-8".
std::string_view content_type(MetricsFormat);

/// Writes families, one after the other, each with its samples. Its caller knows which there are.
///
///     MetricsText text(format);
///     text.family("flm_power_watts", MetricsText::Kind::gauge, "watts", "Power of a sensor.");
///     text.sample({{"sensor", sid}}, 157);
///     return text.finish();
///
/// Samples have no time: a reading that is old is left out by the caller.
class MetricsText {
 public:
  enum class Kind : std::uint8_t {
    gauge,    // what may fall: a smart meter's net counter too
    counter,  // what never falls but at a restart; its samples are called NAME_total
    info,     // labels that say what something is, with the value 1; its samples are called NAME_info
  };
  /// Name and value; any UTF-8 text is a value.
  using Label = std::pair<std::string_view, std::string_view>;

  explicit MetricsText(MetricsFormat format) : format_(format) {}

  /// Begins a family: its name without _total and _info, its unit ("joules", which its name must end in;
  /// empty: none), a sentence of help. Throws std::logic_error for a name that the format does not allow or
  /// that was there before.
  void family(std::string_view name, Kind kind, std::string_view unit, std::string_view help);
  /// Adds a sample to the family. Throws std::logic_error for a label's name that the format does not allow,
  /// without a family, and for a counter below zero.
  void sample(std::initializer_list<Label> labels, double value) {
    sample(std::vector<Label>(labels), value);
  }
  void sample(const std::vector<Label>& labels, double value);
  /// Families of this process: its CPU time and memory.
  void process();
  /// Whole text.
  std::string finish();

 private:
  MetricsFormat format_;
  Kind kind_ = Kind::gauge;
  std::string sample_name_;  // of the family
  std::vector<std::string> names_;
  std::string text_;
};

}  // namespace flm::web
