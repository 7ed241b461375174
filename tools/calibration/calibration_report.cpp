#include "tools/calibration/calibration_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tools/calibration/fit/reading.hpp"
#include "tools/common/plot/svg.hpp"

namespace flm::calibration {
namespace {

using svg::escape;

constexpr std::string_view style =
    R"css(:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1b2430; --soft: #5c6775;
  --line: #dfe3e8; --grid: #e8ebef; --blue: #0072b2; --orange: #d55e00; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1b2129; --ink: #e6eaef; --soft: #9aa6b4; --line: #303944;
  --grid: #2a323c; --blue: #56b4e9; --orange: #f0944d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 16px 40px; max-width: 720px; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 24px; line-height: 1.3; margin: 0 0 14px; } h2 { font-size: 18px; line-height: 1.35; margin: 0 0 6px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px; margin: 0 0 16px; }
table { border-collapse: collapse; margin: 8px 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; font-size: 14px; color: var(--soft); } tr:last-child td { border-bottom: 0; } td:first-child, .n { white-space: nowrap; } .n { text-align: right; }
p { margin: 4px 0; } .soft, footer, summary { color: var(--soft); font-size: 14px; } details { margin: 6px 0 0; }
svg { display: block; width: 100%; max-width: 520px; height: auto; margin: 10px 0 2px; } svg text { font-size: 13px; fill: var(--ink); }
svg .tick { fill: var(--soft); font-size: 12px; } svg .mid { text-anchor: middle; } svg .end { text-anchor: end; }
.grid { stroke: var(--grid); } .reference { stroke: var(--soft); stroke-dasharray: 4 3; }
.before { color: var(--orange); } .after { color: var(--blue); } .before, .after { stroke: currentColor; stroke-width: 2; fill: currentColor; }
@media print { body { padding: 0; } section { break-inside: avoid; } }
)css";

/// "2 104", "38.25".
std::string grouped(double number, int decimals) {
  std::string digits = fmt::format("{:.{}f}", number, decimals);
  const std::size_t point = std::min(digits.find('.'), digits.size()),
                    first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t i = point; i > first + 3; i -= 3) digits.insert(i - 3, 1, ' ');
  return digits;
}

/// "2 104 W", "38.2 W".
std::string watts(double watt) { return grouped(watt, std::abs(watt) < 100 ? 1 : 0) + " W"; }

std::string plus_minus(double error, double uncertainty) {
  return uncertainty > 0 ? fmt::format("{} ± {}", signed_percent(error), bounds(uncertainty))
                         : signed_percent(error);
}

/// A reading, as found before or after.
struct Row {
  const char* name;
  double watt, bound_w;  ///< bound of its error, 95 %
  std::string error;     ///< or empty
};

/// Nothing was set, and so nothing was verified.
bool left_alone(const Record& record) {
  return !record.verified && std::none_of(record.changes.begin(), record.changes.end(),
                                          [](const Change& c) { return c.before != c.after; });
}

/// Before and after; after is the expected reading where the next readings do not verify it.
std::vector<Row> rows(const Record& r) {
  if (left_alone(r))
    return {{"found", r.before_w, r.uncertainty * r.reference_w, plus_minus(r.error_before, r.uncertainty)}};
  if (r.kind == "zero") return {{"before", r.before_w, 0, ""}, {"after", r.verified_w, 0, ""}};
  const bool measured = r.verified;
  const double error = measured ? r.verified_error : r.error_after,
               bound = measured ? r.verified_uncertainty : r.uncertainty;
  return {{"before", r.before_w, r.uncertainty * r.reference_w, plus_minus(r.error_before, r.uncertainty)},
          {measured ? "after" : "expected", r.reference_w * (1.0 + error), bound * r.reference_w,
           plus_minus(error, bound)}};
}

std::string who(const Record& record, const SensorNames& names) {
  const auto name = names.find(record.sensor);
  return name == names.end() ? fmt::format("Sensor {}", record.sensor)
                             : fmt::format("{} (sensor {})", name->second, record.sensor);
}

/// The change of a setting, by its command.
std::string setting(const Change& change) {
  return fmt::format("{}: {} -> {}", change.setting, change.before, change.after);
}

/// The readings before and after with their bounds, on a scale of watts, and what they should be.
std::string picture(const Record& record) {
  if (!record.has_watts) return {};
  constexpr double left = 62, right = 318, width = 348, first = 34, pitch = 34, bottom = 88;
  double low = record.reference_w, high = record.reference_w;
  const std::vector<Row> readings = rows(record);
  for (const Row& row : readings)
    low = std::min(low, row.watt - row.bound_w), high = std::max(high, row.watt + row.bound_w);
  if (high - low < 1.0) high = low + 1.0;
  const svg::Axis axis = svg::rounded_axis(low, high, 4, "W");
  const auto x = [&](double watt) {
    return left + (watt - axis.low) / (axis.high - axis.low) * (right - left);
  };
  std::string drawing =
      fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} {}, {} {}, should be {}\">\n",
                  width, bottom + 24, readings.front().name, watts(readings.front().watt),
                  readings.back().name, watts(readings.back().watt), watts(record.reference_w));
  for (const double tick : axis.ticks)
    drawing += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"18\" y2=\"{1}\"/><text class=\"tick mid\" "
        "x=\"{0:.1f}\" y=\"{2}\">{3}{4}</text>\n",
        x(tick), bottom, bottom + 16, grouped(tick, axis.decimals), tick == axis.ticks.back() ? " W" : "");
  const double at = x(record.reference_w);
  drawing += fmt::format(
      "<line class=\"reference\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"18\" y2=\"{1}\"/><text class=\"tick "
      "{2}\" x=\"{0:.1f}\" y=\"12\">should be {3}</text>\n",
      at, bottom,
      at > right - 60  ? "end"
      : at < left + 60 ? ""
                       : "mid",
      watts(record.reference_w));
  double y = first;
  for (const Row& row : readings) {
    const char* css = &row == &readings[0] ? "before" : "after";
    drawing += fmt::format(
        "<text x=\"0\" y=\"{:.1f}\">{}</text><circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"/>\n",
        y + 5, row.name, css, x(row.watt), y);
    const double from = x(row.watt - row.bound_w), to = x(row.watt + row.bound_w);
    if (row.bound_w > 0)
      drawing += fmt::format(
          "<path class=\"{0}\" d=\"M{1:.1f} {3:.1f}H{2:.1f}M{1:.1f} {4:.1f}v12M{2:.1f} {4:.1f}v12\"/>\n", css,
          from, to, y, y - 6);
    // Beside the bounds where there is room, else above.
    if (to < right - 70)
      drawing += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", to + 10, y + 5, watts(row.watt));
    else if (from > left + 70)
      drawing += fmt::format("<text class=\"end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", from - 10, y + 5,
                             watts(row.watt));
    else
      drawing += fmt::format("<text class=\"mid\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x(row.watt), y - 7,
                             watts(row.watt));
    y += pitch;
  }
  return drawing + "</svg>\n";
}

}  // namespace

std::string headline(const Record& r, const SensorNames& names) {
  const std::string sensor = who(r, names);
  if (r.kind == "zero") {
    if (!r.has_watts) return sensor + ": its input's offset and noise were set.";
    if (r.verified)
      return fmt::format("{} reads {} without load; it read {}.", sensor, watts(r.verified_w),
                         watts(r.before_w));
    return fmt::format("{} still reads {} without load; it read {}.", sensor, watts(r.verified_w),
                       watts(r.before_w));
  }
  const std::string by = r.kind == "shape" ? "of a sine" : "by the reference (" + r.reference + ")";
  if (left_alone(r))
    return fmt::format("{} agrees with the reference ({}): {}; nothing was changed.", sensor, r.reference,
                       plus_minus(r.error_before, r.uncertainty));
  const bool agreed = std::abs(r.error_before) <= std::max(r.uncertainty, 5e-5);
  const std::string before =
      agreed ? fmt::format("{} read right {}, as far as that is known", sensor, by)
             : fmt::format("{} read {:.2f} % too {} {}", sensor, std::abs(percent(r.error_before)),
                           r.error_before > 0 ? "much" : "little", by);
  if (!r.verified)
    return before + (agreed ? "; what was set is not verified yet."
                            : ", and was corrected; that is not verified yet.");
  return fmt::format("{}, and is right within {} now.", before,
                     bounds(std::max(std::abs(r.verified_error) + r.verified_uncertainty, 1e-5)));
}

std::string text_report(std::span<const Record> records, const SensorNames& names) {
  if (records.empty()) return "no calibration has been done yet\n";
  std::string text;
  for (const Record& record : records) {
    text += fmt::format("{}\n  {}  calibrate {} --sensor {}, {} on {}\n  reference      {}\n",
                        headline(record, names), record.time, record.kind, record.sensor, record.board,
                        record.port, record.reference);
    for (const Row& row : rows(record)) {
      const std::string watt = record.has_watts ? watts(row.watt) : "";
      if (!watt.empty() || !row.error.empty())
        text += fmt::format("  {:<13}  {}{}{}\n", row.name, watt,
                            watt.empty() || row.error.empty() ? "" : ", error ", row.error);
    }
    for (const Change& change : record.changes) text += fmt::format("  set            {}\n", setting(change));
    for (const std::string& remark : record.remarks) text += fmt::format("  note: {}\n", remark);
    text += '\n';
  }
  text.pop_back();
  return text;
}

std::string html_report(std::span<const Record> records, const SensorNames& names) {
  const std::string title =
      records.empty() ? "No calibration has been done yet." : escape(headline(records.back(), names));
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, "
      "initial-scale=1\">\n<title>Calibration: "
      "{0}</title>\n<style>\n{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
      title, style);
  for (std::size_t i = records.size(); i-- > 0;) {
    const Record& record = records[i];
    page += "<section>\n";
    if (i + 1 != records.size()) page += fmt::format("<h2>{}</h2>\n", escape(headline(record, names)));
    page += fmt::format("<p>{}; reference: {}</p>\n<p class=\"soft\">calibrate {}, {}, {} on {}</p>\n",
                        escape(who(record, names)), escape(record.reference), escape(record.kind),
                        escape(record.time), escape(record.board), escape(record.port));
    page += picture(record);
    const std::vector<Row> readings = rows(record);
    if (record.has_watts || !readings[0].error.empty()) {
      page += fmt::format("<table>\n<tr><th></th><th class=\"n\">reading</th><th class=\"n\">{}</th></tr>\n",
                          readings[0].error.empty() ? "" : "error");
      for (const Row& row : readings)
        page += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n", row.name,
                            record.has_watts ? watts(row.watt) : "", row.error);
      page += "</table>\n";
    }
    for (const std::string& remark : record.remarks) page += fmt::format("<p>Note: {}</p>\n", escape(remark));
    page += "<details><summary>What was set on the board</summary>\n";
    for (const Change& change : record.changes) page += fmt::format("<p>{}</p>\n", escape(setting(change)));
    page += "</details>\n</section>\n";
  }
  page +=
      "<footer>Made by flmctl. The bars and ± are bounds of 95 %, relative to the reference: what the "
      "reference itself is wrong by "
      "comes on top.</footer>\n"
      "</body>\n</html>\n";
  return page;
}

}  // namespace flm::calibration
