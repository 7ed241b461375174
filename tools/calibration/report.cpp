#include "tools/calibration/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/calibration/reading.hpp"
#include "tools/common/svg.hpp"

namespace flm::calibration {
namespace {

using svg::escape;

constexpr std::string_view style =
    R"css(:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1b2430; --soft: #5c6775;
  --line: #dfe3e8; --grid: #e8ebef; --blue: #0072b2; --orange: #d55e00; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1b2129; --ink: #e6eaef; --soft: #9aa6b4; --line: #303944;
  --grid: #2a323c; --blue: #56b4e9; --orange: #f0944d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 28px 20px 40px; max-width: 860px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; }
h1 { font-size: 26px; margin: 0 0 14px; } h2 { font-size: 18px; margin: 0 0 4px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px 14px; margin: 0 0 18px; }
table { border-collapse: collapse; margin: 8px 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 22px 5px 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; font-size: 13px; color: var(--soft); } tr:last-child td { border-bottom: 0; } .n { text-align: right; }
p { margin: 4px 0; } .soft, footer { color: var(--soft); font-size: 13px; }
svg { display: block; width: 100%; height: auto; margin: 10px 0 2px; } svg text { font-size: 12px; fill: var(--soft); }
svg .label { fill: var(--ink); } svg .end { text-anchor: end; } svg .mid { text-anchor: middle; }
svg path { fill: none; stroke-width: 1; } .grid { stroke: var(--grid); } .zero, .axis, .tick { stroke: var(--soft); }
.error { color: var(--blue); } .bound { color: var(--orange); }
svg .trace { stroke: currentColor; stroke-width: 1.6; stroke-linejoin: round; }
@media print { body { padding: 0; } section { break-inside: avoid; } }
)css";

std::string plus_minus(double error, double uncertainty) {
  return fmt::format("{} ± {}", signed_percent(error), bounds(uncertainty));
}

struct Line {
  std::string name, before, after, verified;
};

/// What a kind of calibration has to say about errors.
Line errors(const Record& record) {
  if (record.kind == "zero") return {};
  if (record.kind == "shape")
    return {"reading of a sine", signed_percent(record.error_before), signed_percent(0.0),
            signed_percent(record.verified_error)};
  return {"error of the power", plus_minus(record.error_before, record.uncertainty),
          plus_minus(record.error_after, record.uncertainty), plus_minus(record.verified_error, record.verified_uncertainty)};
}

/// The error as it was known from second to second, between its bounds.
std::string convergence(const Record& record) {
  if (record.trace.size() < 2) return {};
  const double end = record.trace.back().seconds;
  constexpr std::size_t values = 200;
  svg::Series error, low, high;
  const double start = record.trace.front().seconds;
  error.start = low.start = high.start = start;
  error.pitch = low.pitch = high.pitch = (end - start) / (values - 1);
  double least = 1e9, most = -1e9;
  std::size_t at = 0;
  for (std::size_t i = 0; i < values; ++i) {
    const double t = start + error.pitch * static_cast<double>(i);
    while (at + 1 < record.trace.size() && record.trace[at + 1].seconds <= t + 1e-9) ++at;
    const TracePoint& point = record.trace[at];
    const double value = percent(1.0 / point.ratio - 1.0), bound = percent(point.uncertainty);
    error.values.push_back(value);
    low.values.push_back(value - bound);
    high.values.push_back(value + bound);
    least = std::min(least, value - bound);
    most = std::max(most, value + bound);
  }
  svg::Plot plot(820, 240, svg::exact_axis(start, end, 8, "compared, s"),
                 svg::rounded_axis(least, std::max(most, least + 0.01), 5, "error, %"));
  plot.line(low, "bound", "95 % bounds");
  plot.line(high, "bound", "");
  plot.line(error, "error", "error found");
  return plot.str(fmt::format("Error of sensor {} against {} over {:.0f} s", record.sensor, record.reference, end));
}

}  // namespace

std::string text_report(std::span<const Record> records) {
  if (records.empty()) return "no calibration has been done yet\n";
  std::string text;
  for (const Record& record : records) {
    text += fmt::format("{}  {} on {}, sensor {}: calibrate {}\n  reference      {}\n", record.time, record.board, record.port,
                        record.sensor, record.kind, record.reference);
    for (const Change& change : record.changes)
      text += fmt::format("  {}: {} -> {}\n", change.setting, change.before, change.after);
    if (const Line line = errors(record); !line.name.empty())
      text += fmt::format("  {}\n    before       {}\n    expected     {}\n    verified     {}\n", line.name, line.before,
                          line.after, line.verified);
    for (const std::string& remark : record.remarks) text += fmt::format("  note: {}\n", remark);
    text += '\n';
  }
  text.pop_back();
  return text;
}

std::string html_report(std::span<const Record> records) {
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, "
      "initial-scale=1\">\n<title>Calibrations</title>\n<style>\n{}</style>\n</head>\n<body>\n<h1>Calibrations</h1>\n",
      style);
  if (records.empty()) page += "<p>No calibration has been done yet.</p>\n";
  for (std::size_t i = records.size(); i-- > 0;) {
    const Record& record = records[i];
    page +=
        fmt::format("<section>\n<h2>Sensor {}: calibrate {}</h2>\n<p class=\"soft\">{}, {} on {}</p>\n<p>Reference: {}</p>\n",
                    record.sensor, escape(record.kind), escape(record.time), escape(record.board), escape(record.port),
                    escape(record.reference));
    page += "<table>\n<tr><th>setting</th><th class=\"n\">before</th><th class=\"n\">after</th></tr>\n";
    for (const Change& change : record.changes)
      page += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n", escape(change.setting),
                          change.before, change.after);
    page += "</table>\n";
    if (const Line line = errors(record); !line.name.empty())
      page += fmt::format(
          "<table>\n<tr><th></th><th class=\"n\">before</th><th class=\"n\">expected after</th><th "
          "class=\"n\">verified</th></tr>\n"
          "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n</table>\n",
          line.name, line.before, line.after, line.verified);
    for (const std::string& remark : record.remarks) page += fmt::format("<p>Note: {}</p>\n", escape(remark));
    page += convergence(record) + "</section>\n";
  }
  page +=
      "<footer>Made by flmctl. Uncertainties are of 95 %, relative to the reference: what the reference itself is wrong by "
      "comes on top.</footer>\n"
      "</body>\n</html>\n";
  return page;
}

}  // namespace flm::calibration
