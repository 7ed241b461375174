#include "sim/report/report_sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include "tools/mainboard/readings/packet_view.hpp"
#include "tools/mainboard/readings/reports.hpp"

namespace flm::sim::report {
namespace {

using svg::escape;

/// Size of a page that plots are drawn for. A plot made smaller would be too small to read: a phone gets its
/// own.
struct Paper {
  int wide, half;  // px
  bool phone;
  /// Number of ticks that there is room for, of those of a wide plot.
  [[nodiscard]] int ticks(int wanted) const { return phone ? (wanted + 2) / 3 : wanted; }
  [[nodiscard]] std::string legend(const std::string& text, const std::string& on_a_phone) const {
    return phone ? on_a_phone : text;
  }
};
constexpr Paper kScreen = {1080, 530, false}, kPhone = {352, 352, true};

/// Draws once for each; the page shows the one that fits.
template <class Draw>
std::string on_both(Draw draw) {
  return "<div class=\"screen\">\n" + draw(kScreen) + "</div>\n<div class=\"phone\">\n" + draw(kPhone) +
         "</div>\n";
}

constexpr std::string_view kStyle = R"css(:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --ink: #1b2430; --soft: #5c6775; --line: #dfe3e8; --grid: #e8ebef;
  --blue: #0072b2; --orange: #d55e00; --green: #00805f; --purple: #b0568f; --good: #00704f;
    --good-back: #dff3ec; --bad: #b03a00; --bad-back: #fde7dc;
}
@media (prefers-color-scheme: dark) { :root {
  --page: #12161c; --card: #1b2129; --ink: #e6eaef; --soft: #9aa6b4; --line: #303944; --grid: #2a323c;
  --blue: #56b4e9; --orange: #f0944d; --green: #2fc59b; --purple: #d68fbb; --good: #4fd1ab;
    --good-back: #12392f; --bad: #ff9b66; --bad-back: #45240f;
} }
@media print { :root {
  color-scheme: light;
  --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --grid: #ddd;
  --blue: #0072b2; --orange: #d55e00; --green: #00805f; --purple: #b0568f; --good: #00704f;
    --good-back: #fff; --bad: #b03a00; --bad-back: #fff;
} }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 28px 20px 40px; max-width: 1160px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 6px 18px; align-items: center; margin-bottom: 6px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0; }
h2 { font-size: 18px; margin: 0 0 2px; }
.verdict { font-weight: 650; padding: 5px 14px; border-radius: 999px; border: 1.5px solid; }
.good { color: var(--good); } .bad { color: var(--bad); }
.verdict.good { background: var(--good-back); } .verdict.bad { background: var(--bad-back); }
.verdict.none { color: var(--soft); }
dl { display: flex; flex-wrap: wrap; gap: 4px 34px; margin: 8px 0 20px; }
dl div { display: flex; flex-direction: column; }
dt { color: var(--soft); font-size: 13px; } dd { margin: 0; font-weight: 600; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
    padding: 18px 20px 14px; margin: 0 0 18px; }
section > p { margin: 0 0 8px; color: var(--soft); } section > p.bad { color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin-top: 6px; }
th, td { text-align: left; padding: 6px 10px 6px 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th { font-weight: 600; font-size: 13px; color: var(--soft); white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
.n { text-align: right; white-space: nowrap; } td.n + td:not(.n), th.n + th:not(.n) { padding-left: 22px; }
th.group { text-align: center; border-bottom: 2px solid var(--line); }
.first { padding-left: 22px; }
td.good, td.bad { white-space: nowrap; } .input { min-width: 12em; }
code { font: 13.5px/1.4 ui-monospace, "Liberation Mono", "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; margin: 10px 0 2px; }
.halves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 0 20px; }
svg text { font-size: 12px; fill: var(--soft); font-variant-numeric: tabular-nums; } svg .label { fill: var(--ink); }
svg .end { text-anchor: end; } svg .mid { text-anchor: middle; }
svg path { fill: none; stroke-width: 1; }
.grid { stroke: var(--grid); } .zero, .axis, .tick { stroke: var(--soft); }
.read { color: var(--orange); } .true { color: var(--blue); } .error { color: var(--purple); }
.a { color: var(--blue); } .b { color: var(--orange); } .c { color: var(--green); }
svg .trace { stroke: currentColor; stroke-width: 1.6; stroke-linejoin: round;
    } svg .true.trace { stroke-width: 3.4; opacity: .55; }
svg .area { fill: currentColor; opacity: .1; } svg .band { fill: currentColor; opacity: .25; }
svg .dots { stroke: currentColor; stroke-width: 3.6; stroke-linecap: round; }
.phone { display: none; }
@media screen and (max-width: 640px) {
  .screen { display: none; } .phone { display: block; } table.phone { display: table; }
  body { padding: 16px 8px 24px; } section { padding: 14px 10px 10px; } h1 { font-size: 21px; overflow-wrap: anywhere; } dl { gap: 6px 24px; }
}
footer { color: var(--soft); font-size: 13px; }
@media print { body { padding: 0; font-size: 11pt; } section { break-inside: avoid; border-radius: 0; } }
)css";

/// A number with a typographic minus; an en dash when there is none.
std::string number(double value, int decimals, bool sign = false) {
  if (std::isnan(value)) return "\u2013";
  std::string text =
      sign ? fmt::format("{:+.{}f}", value, decimals) : fmt::format("{:.{}f}", value, decimals);
  if (text.find_first_not_of("+-0.") == std::string::npos && (text.front() == '-' || text.front() == '+'))
    text.erase(0, 1);
  return svg::grouped(text);
}

std::string percent(double read, double truth) {
  if (std::isnan(read) || std::isnan(truth) || std::abs(truth) < 1e-9) return "\u2013";
  return number((read - truth) / truth * 100, 2, true) + "\u2009%";
}

std::string unit_of(const Sensor& sensor) { return sensor.type == SensorType::electricity ? "Wh" : "l"; }

std::string ports_of(const Sensor& sensor) {
  std::string out = sensor.ports.size() == 1 ? "port " : "ports ";
  for (std::size_t i = 0; i < sensor.ports.size(); ++i)
    out += fmt::format("{}{}", i == 0 ? "" : i + 1 == sensor.ports.size() ? " and " : ", ", sensor.ports[i]);
  return out;
}

std::string what_of(const Sensor& sensor) {
  switch (sensor.sensor_class) {
    case SensorClass::analog:
      return fmt::format("{} A clamp{} on {}, {} V", sensor.current, sensor.ports.size() > 1 ? "s" : "",
                         ports_of(sensor),
                         number(sensor.voltage, sensor.voltage == std::floor(sensor.voltage) ? 0 : 1));
    case SensorClass::pulse:
      return fmt::format("{} meter on {}, {} {} per pulse",
                         sensor.type == SensorType::electricity ? "electricity"
                         : sensor.type == SensorType::gas       ? "gas"
                                                                : "water",
                         ports_of(sensor), fmt::format("{}", sensor.constant), unit_of(sensor));
    case SensorClass::p1: return fmt::format("smart meter on {}", ports_of(sensor));
  }
  return {};
}

/// The unit in which a plot counts time, and how many seconds it has.
struct TimeUnit {
  const char* name;
  double seconds;
};

TimeUnit time_unit(double duration) {
  if (duration <= 300) return {"s", 1};
  if (duration <= 3 * 3600) return {"min", 60};
  return {"h", 3600};
}

std::string duration_text(double duration) {
  const TimeUnit unit = time_unit(duration);
  return fmt::format("{:g} {}", duration / unit.seconds, unit.name);
}

svg::Axis time_axis(const Run& run, const Paper& paper) {
  const double duration = std::max(run.scenario.duration, 1e-3);
  const TimeUnit unit = time_unit(duration);
  return svg::exact_axis(0, duration / unit.seconds, paper.ticks(12),
                         fmt::format("time since power-up / {}", unit.name));
}

svg::Series in_unit(svg::Series series, double seconds) {
  series.start /= seconds;
  series.pitch /= seconds;
  return series;
}

double largest(const svg::Series& series, double at_least) {
  for (const double v : series.values)
    if (v > at_least) at_least = v;
  return at_least;
}

std::string clamp_plots(const Run& run, const Environment& environment, const SensorView& view,
                        const Paper& paper) {
  const Sensor& sensor = *view.sensor;
  const double unit = time_unit(run.scenario.duration).seconds;
  const double top = largest(view.read, largest(view.truth, 1));

  svg::Plot power(paper.wide, 250, time_axis(run, paper), svg::rounded_axis(0, top * 1.02, 5, "power / W"));
  power.steps(in_unit(view.truth, unit), "true", paper.legend("true, of the input", "true"), true);
  power.steps(in_unit(view.read, unit), "read", paper.legend("read by the board", "read"));
  std::string out =
      power.str(fmt::format("Sensor {}: power read by the board and true power of its input", sensor.id));

  svg::Series error = view.read;
  double low = -1, high = 1;
  for (std::size_t i = 0; i < error.values.size(); ++i) {
    error.values[i] -= view.truth.values[i];
    if (error.values[i] < low) low = error.values[i];
    if (error.values[i] > high) high = error.values[i];
  }
  svg::Plot errors(paper.wide, 150, time_axis(run, paper),
                   svg::rounded_axis(low, high, 4, "read \u2212 true / W"));
  errors.steps(in_unit(error, unit), "error", "", true);
  out += errors.str(fmt::format("Sensor {}: error of the power read", sensor.id));

  // Two mains periods as they enter the clamp, and what the converter makes of them.
  static constexpr const char* kPhase[] = {"a", "b", "c"};
  const Nanoseconds from = typical_moment(view);
  double period = 0.020;
  for (const Waveform& waveform : run.scenario.waveforms)
    if (waveform.file.empty() && waveform.hz > 0 &&
        std::find(sensor.ports.begin(), sensor.ports.end(), waveform.port) != sensor.ports.end())
      period = 1 / waveform.hz;
  constexpr int kSteps = 480;
  const Nanoseconds length = nanoseconds(2 * period);
  std::vector<svg::Series> currents, codes;
  double peak = 0.01, most = 10;
  for (const int port : sensor.ports) {
    svg::Series current{0, 2000 * period / kSteps, {}};
    for (int i = 0; i <= kSteps; ++i) {
      current.values.push_back(environment.current(port, from + length * i / kSteps));
      peak = std::max(peak, std::abs(current.values.back()));
    }
    currents.push_back(std::move(current));
    if (port > 3) continue;
    std::int64_t tick = port - 1;
    const double ticks_per_ns = run.board->cpu_hz / (run.board->tick_cycles * 1e9);
    tick +=
        3 * static_cast<std::int64_t>(std::ceil(
                (static_cast<double>(from - kFirstSample) * ticks_per_ns - static_cast<double>(tick)) / 3));
    svg::Series code{(seconds(run.board->tick_time(tick) - from)) * 1e3, 3e-6 / ticks_per_ns, {}};
    for (; run.board->tick_time(tick) < from + length; tick += 3) {
      code.values.push_back(environment.convert(port, tick));
      most = std::max(most, code.values.back());
    }
    codes.push_back(std::move(code));
  }
  const auto name = [&](std::size_t i) {
    return sensor.ports.size() > 1 ? fmt::format("port {}", sensor.ports[i]) : std::string();
  };
  const std::string when = fmt::format("time from {:.3f} s / ms", seconds(from));
  svg::Plot zoom(paper.half, 200, svg::exact_axis(0, 2000 * period, paper.ticks(8), when),
                 svg::rounded_axis(-peak, peak, 5, "input current / A"));
  for (std::size_t i = 0; i < currents.size(); ++i) zoom.line(currents[i], kPhase[i % 3], name(i));
  svg::Plot samples(paper.half, 200, svg::exact_axis(0, 2000 * period, paper.ticks(8), when),
                    svg::rounded_axis(0, most * 1.03, 5, "converter code, of 1023"));
  for (std::size_t i = 0; i < codes.size(); ++i) samples.dots(codes[i], kPhase[i % 3], name(i));
  return out + "<div class=\"halves\">\n" + zoom.str("Two mains periods of the input current") +
         samples.str("What the converter sees of them: rectified and smoothed") + "</div>\n";
}

std::string pulse_plots(const Run& run, const Environment& environment, const SensorView& view,
                        const Paper& paper) {
  const Sensor& sensor = *view.sensor;
  const double unit = time_unit(run.scenario.duration).seconds;
  const double top = largest(view.read, largest(view.truth, sensor.constant));
  svg::Plot counter(paper.wide, 220, time_axis(run, paper),
                    svg::rounded_axis(0, top, 5, "counter / " + unit_of(sensor)));
  counter.steps(in_unit(view.truth, unit), "true", paper.legend("true pulses", "true"), true);
  counter.steps(in_unit(view.read, unit), "read", paper.legend("counted by the board", "read"));
  std::string out = counter.str(fmt::format("Sensor {}: counter of the board and true counter", sensor.id));
  for (const int port : sensor.ports) {
    const auto edges = first_pulse(environment, port, 1'000'000'000, nanoseconds(run.scenario.duration));
    if (edges.size() < 2) continue;
    // The pulse in the middle of the strip, with a fifth of its length at rest on either side.
    const double begin = edges[1].first, length = std::max(edges.back().first - begin, 1e-3);
    auto changes = edges;
    const double left = begin - 0.2 * length;
    for (auto& [t, level] : changes) t = (t - left) * 1e3;
    changes.front().first = 0;
    svg::Axis level = svg::exact_axis(-0.15, 1.15, 1, fmt::format("contact on port {}", port));
    level.ticks = {0, 1};
    level.decimals = 0;
    svg::Plot strip(
        paper.wide, 120,
        svg::exact_axis(0, 1400 * length, paper.ticks(10), fmt::format("time from {:.4f} s / ms", left)),
        level);
    strip.levels(changes, "b", "1 = open");
    out += strip.str(fmt::format("The first pulse on port {} with its bounces", port));
  }
  return out;
}

/// The latest value, second by second; NaN before the first.
svg::Series held(const Run& run, const std::vector<std::pair<double, double>>& told) {
  svg::Series series{0, 1, {}};
  double value = std::nan("");
  auto next = told.begin();
  for (double t = 1; t <= run.scenario.duration; ++t) {
    while (next != told.end() && next->first <= t) value = (next++)->second;
    series.values.push_back(value);
  }
  return series;
}

std::pair<double, double> range_of(const std::vector<std::pair<double, double>>& told,
                                   std::pair<double, double> range) {
  for (const auto& [t, value] : told) range = {std::min(range.first, value), std::max(range.second, value)};
  return range;
}

/// A kube's value with a unit, which its name ends with; the others are flags.
bool is_quantity(std::string_view name) {
  for (const std::string_view unit : {"_c", "_pct", "_pa", "_lx", "_v"})
    if (name.ends_with(unit)) return true;
  return false;
}

std::string meter_plot(const Run& run, const Sensor& sensor, const Paper& paper) {
  std::vector<std::pair<double, double>> told;
  for (const Record& record : run.records)
    if (const Reading* r = std::get_if<Reading>(&record);
        r != nullptr && r->sensor == sensor.id && r->has_power())
      told.emplace_back(r->t, static_cast<double>(r->power()));
  const auto [low, high] = range_of(told, {0, 1});
  svg::Plot plot(paper.wide, 220, time_axis(run, paper),
                 svg::rounded_axis(low, high, 5, "power from the grid / W"));
  plot.steps(in_unit(held(run, told), time_unit(run.scenario.duration).seconds), "read",
             paper.legend("reported by the smart meter", ""), true);
  return plot.str(fmt::format("Sensor {}: power that the smart meter reported", sensor.id));
}

}  // namespace

std::string style_sheet() { return std::string(kStyle); }

std::string headline(const Run& run) {
  const auto count = run.expectations.size();
  const auto met =
      std::count_if(run.expectations.begin(), run.expectations.end(), [](const auto& e) { return e.ok; });
  std::string out = fmt::format("<header><h1>{}</h1>", escape(run.scenario.path.filename().string()));
  if (count == 0)
    out += "<span class=\"verdict none\">nothing expected, nothing checked</span>";
  else if (run.ok())
    out += fmt::format("<span class=\"verdict good\">\u2713 {} of {} expectations met</span>", met, count);
  else
    out += fmt::format("<span class=\"verdict bad\">\u2717 {} of {} expectations failed</span>",
                       count - static_cast<std::size_t>(met), count);
  out += "</header>\n<dl>";
  const auto fact = [&out](std::string_view name, const std::string& value) {
    out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, value);
  };
  std::string board = run.scenario.board;
  std::transform(board.begin(), board.end(), board.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  fact("board", escape(board));
  if (run.board != nullptr) {
    fact("clock", fmt::format("{:g} MHz", run.board->cpu_hz / 1e6));
    fact("samples a second and clamp", number(run.board->samples_per_second, 0));
  }
  fact("engine", run.engine == "image"    ? "AVR image, cycle by cycle"
                 : run.engine == "native" ? "native"
                                          : escape(run.engine));
  fact("simulated", duration_text(run.scenario.duration));
  if (run.wall_seconds > 0) {
    const double speed = run.scenario.duration / run.wall_seconds;
    fact("speed", number(speed, speed < 10 ? 1 : 0) + " \u00d7 real time");
  }
  fact("EEPROM writes",
       run.eeprom.writes.empty()
           ? std::string("none")
           : fmt::format("{}, {} of them to cell {}", svg::grouped(std::to_string(run.eeprom.total())),
                         svg::grouped(std::to_string(run.eeprom.worst())), run.eeprom.worst_address()));
  return out + "</dl>\n";
}

std::string summary(const std::vector<SensorView>& views) {
  if (views.empty()) return "<section><p>The scenario configures no sensor.</p></section>\n";
  std::string out =
      "<section><h2>Readings against the truth</h2><div class=\"scroll screen\"><table>\n"
      "<tr><th colspan=\"2\"></th><th class=\"group\" colspan=\"4\">mean power / W</th><th class=\"group\" "
      "colspan=\"5\">counter at the end</th></tr>\n"
      "<tr><th>sensor</th><th>input</th><th class=\"n\">true</th><th class=\"n\">read</th><th "
      "class=\"n\">error</th><th "
      "class=\"n\"></th>"
      "<th class=\"n first\">true</th><th class=\"n\">read</th><th class=\"n\">error</th><th "
      "class=\"n\"></th><th>unit</th></tr>\n";
  for (const SensorView& view : views) {
    const Sensor& sensor = *view.sensor;
    const int decimals =
        sensor.sensor_class == SensorClass::pulse && sensor.constant == std::floor(sensor.constant) ? 0 : 3;
    const int truth_decimals = sensor.sensor_class == SensorClass::analog ? 2 : decimals;
    const int read_decimals = sensor.sensor_class == SensorClass::analog ? 0 : decimals;
    // A clamp's counter shows whole watt-hours: a percentage of what it cannot show would mislead.
    const double resolution = sensor.sensor_class == SensorClass::analog ? 1.0 : 0.0;
    const double counter_error = view.counter_read - view.counter_true;
    out += fmt::format("<tr><td>{}</td><td class=\"input\">{}{}</td>", sensor.id, escape(what_of(sensor)),
                       view.clipped > 0 ? ", <strong class=\"bad\">clipped</strong>" : "");
    out += fmt::format(
        "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>",
        number(view.mean_true, 1), number(view.mean_read, 1),
        number(view.mean_read - view.mean_true, 1, true), percent(view.mean_read, view.mean_true));
    out += fmt::format(
        "<td class=\"n first\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td><td>{}</td></tr>\n",
        number(view.counter_true, truth_decimals), number(view.counter_read, read_decimals),
        number(counter_error, truth_decimals, true),
        std::abs(counter_error) < resolution ? "&lt; 1 " + unit_of(sensor)
                                             : percent(view.counter_read, view.counter_true),
        unit_of(sensor));
  }
  // On a phone: a clamp's power, the counter of any other sensor.
  out +=
      "</table></div>\n<table class=\"phone\">\n<tr><th></th><th class=\"n\">true</th><th "
      "class=\"n\">read</th><th class=\"n\">error</th></tr>\n";
  for (const SensorView& view : views) {
    const bool clamp = view.sensor->sensor_class == SensorClass::analog;
    const double truth = clamp ? view.mean_true : view.counter_true,
                 read = clamp ? view.mean_read : view.counter_read;
    out += fmt::format(
        "<tr><td>{} / {}{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
        view.sensor->id, clamp ? "W" : unit_of(*view.sensor),
        view.clipped > 0 ? " <strong class=\"bad\">clipped</strong>" : "", number(truth, 1), number(read, 1),
        percent(read, truth));
  }
  return out + "</table></section>\n";
}

std::string sensor_section(const Run& run, const Environment& environment, const SensorView& view) {
  const Sensor& sensor = *view.sensor;
  std::string out = fmt::format("<section><h2>Sensor {}: {}</h2>\n", sensor.id, escape(what_of(sensor)));
  if (view.readings == 0) out += "<p>The board sent no reading.</p>\n";
  if (sensor.sensor_class == SensorClass::analog) {
    if (!std::isnan(view.mean_read))
      out += fmt::format(
          "<p>Mean power {} W, true {} W: error {} W ({}). Largest error of a second: {} W.</p>\n",
          number(view.mean_read, 1), number(view.mean_true, 1),
          number(view.mean_read - view.mean_true, 1, true), percent(view.mean_read, view.mean_true),
          number(view.worst_error, 1, true));
    if (view.clipped > 0) {
      out += fmt::format(
          "<p class=\"bad\">Clipped in {} of {} readings: the current was over what the converter can show, "
          "and they are low.",
          number(static_cast<double>(view.clipped), 0), number(static_cast<double>(view.readings), 0));
      if (view.samples > 0)
        out += fmt::format(
            " {} of the {} samples of those seconds were at full scale ({}\u2009%).",
            number(static_cast<double>(view.clipped_samples), 0),
            number(static_cast<double>(view.samples), 0),
            number(100.0 * static_cast<double>(view.clipped_samples) / static_cast<double>(view.samples), 1));
      out += "</p>\n";
    }
    out += on_both([&](const Paper& paper) { return clamp_plots(run, environment, view, paper); });
  } else if (sensor.sensor_class == SensorClass::pulse) {
    const double missing = (view.counter_true - view.counter_read) / sensor.constant;
    if (view.readings > 0)
      out += std::abs(missing) < 0.5 ? "<p>Every pulse counted once.</p>\n"
                                     : fmt::format("<p>{} pulses {}.</p>\n", number(std::abs(missing), 0),
                                                   missing > 0 ? "missing" : "too many");
    out += on_both([&](const Paper& paper) { return pulse_plots(run, environment, view, paper); });
  } else if (!std::isnan(view.mean_read)) {
    out += fmt::format("<p>Mean power {} W, counter {} Wh.</p>\n", number(view.mean_read, 1),
                       number(view.counter_read, 0));
    out += on_both([&](const Paper& paper) { return meter_plot(run, sensor, paper); });
  }
  if (sensor.sensor_class == SensorClass::p1) {
    const MeterReport* last = nullptr;
    for (const Record& record : run.records)
      if (const MeterReport* report = std::get_if<MeterReport>(&record)) last = report;
    const std::string refused = last == nullptr ? "" : meter_refusal_text(*last);
    out += refused.empty() ? "<p>Nothing of the smart meter was refused.</p>\n"
                           : fmt::format("<p>Sensor {}: {}.</p>\n", sensor.id, escape(refused));
  }
  return out + "</section>\n";
}

std::string radio(const Run& run) {
  // By quantity, and by the node that reports it.
  std::map<std::string, std::map<std::pair<int, int>, std::vector<std::pair<double, double>>>> told;
  std::map<std::pair<int, int>, std::pair<std::size_t, std::string>> nodes;
  for (const Record& record : run.records) {
    const RadioPacket* packet = std::get_if<RadioPacket>(&record);
    if (packet == nullptr) continue;
    const PacketView view(packet->frame);
    auto& [packets, last] = nodes[{view.group, view.node}];
    ++packets;
    last.clear();
    for (const auto& [name, value] : view.values()) {
      if (is_quantity(name)) told[name][{view.group, view.node}].emplace_back(packet->t, value);
      if (!is_quantity(name) && value == 0) continue;
      last += fmt::format("{}{} {}", last.empty() ? "" : ", ", name, svg::grouped(value_text(value)));
    }
  }
  if (nodes.empty()) return {};
  std::string out =
      "<section><h2>Radio</h2><div class=\"scroll\"><table>\n<tr><th>group</th><th>node</th><th "
      "class=\"n\">packets</th><th>last "
      "values</th></tr>\n";
  for (const auto& [node, heard] : nodes)
    out += fmt::format("<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n", node.first,
                       node.second, heard.first, heard.second.empty() ? "no kube" : escape(heard.second));
  out += "</table></div>\n";
  static constexpr const char* kColours[] = {"a", "b", "c", "error"};
  for (const auto& [name, by_node] : told) {
    // 0 degrees is a temperature like any; no light, no volt and no per cent are where their axes begin.
    std::pair<double, double> range =
        name.ends_with("_c") || name.ends_with("_pa") ? std::pair{1e99, -1e99} : std::pair{0.0, 0.0};
    for (const auto& [node, values] : by_node) range = range_of(values, range);
    if (range.second - range.first < 1)
      range = {range.first == 0 ? 0 : range.first - 0.5, range.second + 0.5};
    out += on_both([&, &name = name, &by_node = by_node](const Paper& paper) {
      svg::Plot plot(paper.wide, 200, time_axis(run, paper),
                     svg::rounded_axis(range.first, range.second, 4, escape(name)));
      std::size_t colour = 0;
      for (const auto& [node, values] : by_node)
        plot.steps(in_unit(held(run, values), time_unit(run.scenario.duration).seconds),
                   kColours[colour++ % std::size(kColours)],
                   paper.legend(fmt::format("group {}, node {}", node.first, node.second),
                                fmt::format("{}/{}", node.first, node.second)));
      return plot.str(fmt::format("{} that the kubes reported", name));
    });
  }
  return out + "</section>\n";
}

std::string expectations(const Run& run) {
  if (run.expectations.empty()) return {};
  std::string out =
      "<section><h2>Expectations</h2><div "
      "class=\"scroll\"><table>\n<tr><th></th><th>sensor</th><th>quantity</th><th "
      "class=\"n\">from / s</th>"
      "<th class=\"n\">to / s</th><th class=\"n\">expected</th><th class=\"n\">allowed \u00b1</th><th "
      "class=\"n\">actual</th><th>unit</th></tr>\n";
  for (const ExpectationResult& e : run.expectations) {
    if (e.quantity == "reply") {
      out += fmt::format("<tr><td class=\"{}\">{}</td><td colspan=\"8\">{}</td></tr>\n",
                         e.ok ? "good" : "bad", e.ok ? "\u2713 met" : "\u2717 failed", escape(e.message));
      continue;
    }
    std::string unit = e.quantity == "power" ? "W" : e.quantity == "gas" || e.quantity == "water" ? "l" : "";
    if (e.quantity == "counter") {
      unit = "Wh";
      for (const Sensor& sensor : run.scenario.sensors)
        if (sensor.id == e.expectation.sensor) unit = unit_of(sensor);
    }
    const int decimals = e.quantity == "counter" ? 3 : 1;
    out += fmt::format("<tr><td class=\"{}\">{}</td><td>{}</td><td>{}</td>", e.ok ? "good" : "bad",
                       e.ok ? "\u2713 met" : "\u2717 failed", e.expectation.sensor, escape(e.quantity));
    out += fmt::format("<td class=\"n\">{}</td><td class=\"n\">{}</td>",
                       svg::grouped(fmt::format("{}", e.expectation.from)),
                       svg::grouped(fmt::format("{}", e.expectation.to.value_or(run.scenario.duration))));
    out += fmt::format(
        "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
        number(e.expected, decimals), number(e.allowed, decimals), number(e.actual, decimals), unit);
    if (!e.ok && !e.message.empty())
      out += fmt::format("<tr><td></td><td colspan=\"8\">{}</td></tr>\n", escape(e.message));
  }
  return out + "</table></div></section>\n";
}

std::string replies(const Run& run) {
  std::string rows;
  std::size_t count = 0;
  constexpr std::size_t kMost = 1000;  // a report is for people
  for (const Record& record : run.records) {
    const auto* reply = std::get_if<Reply>(&record);
    if (reply == nullptr || ++count > kMost) continue;
    rows +=
        fmt::format("<tr><td class=\"n\">{:.3f}</td><td><code>{}</code></td><td><code>{}</code></td></tr>\n",
                    reply->t, escape(reply->host), escape(reply->reply));
  }
  if (count == 0) return {};
  std::string out = "<section><h2>Commands and replies</h2>\n";
  if (count > kMost) out += fmt::format("<p>The first {} of {}.</p>\n", kMost, count);
  return out +
         "<div class=\"scroll\"><table>\n<tr><th class=\"n\">time / "
         "s</th><th>host</th><th>reply</th></tr>\n" +
         rows + "</table></div></section>\n";
}

}  // namespace flm::sim::report
