// The text of an answer: a row a bin, written while the sensor's points pass by.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "tools/history/query/bins.hpp"
#include "tools/history/query/query.hpp"

namespace flm::history {

enum class Format : std::uint8_t { json, csv };

/// Format that an Accept header asks for; JSON where both would do, nothing when neither does, which is a
/// 406.
std::optional<Format> format_of(std::string_view accept);
/// "application/json" or "text/csv".
std::string_view content_type(Format);

/// Appends a row: `[1309564800,125]`, and a comma between two; or `1309564800,125` and a line end. No value
/// is "nan". `known`: seconds, the row's third element, if it has one.
void append_row(std::string& text, Format, std::int64_t time, std::optional<std::int64_t> value,
                std::optional<std::int64_t> known = {});

/// What is known of a sensor, the answer to `param=all`; nothing is null.
struct SensorParameters {
  std::optional<std::int64_t> access;  // Unix s of the last measurement that came in
  std::string type, function, sensor_class;
  std::optional<std::int64_t> voltage, current, phase;
  std::optional<Milli> constant;  // Wh or L a pulse
  bool enabled = true;
  std::optional<Point> last_update;  // time and counter, which is cut to whole units
};
/// JSON object of them, members in the order of the manual.
std::string parameters_text(const SensorParameters&);

/// Answers a query from whatever is added to it: points, bins made before, or bins first and then points. Its
/// memory is the text.
///
///     Answer answer(*query.series, Format::json, sensor.falls);
///     Bins& bins = answer.bins();
///     // the last point before bins.from(), all from there to bins.to(), and the first after it:
///     for (const Point& point : ...) bins.add(point);
///     return with_callback(query.callback, answer.text());
///
/// A row's value is its rate over the seconds that are known, "nan" when fewer than half are.
class Answer {
 public:
  Answer(const SeriesQuery&, Format, bool falls);
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  /// What its points and bins are added to.
  Bins& bins() { return bins_; }
  /// Whole text, once; nothing may be added afterwards.
  std::string text();

 private:
  void take(const Bin&, const Cell&);
  void write_row();

  SeriesQuery query_;
  Format format_;
  std::string text_;
  std::int64_t row_;  // time stamp of the row that is being filled
  std::int64_t nano_ = 0, known_ = 0, length_ = 0;
  Bins bins_;
};

}  // namespace flm::history
