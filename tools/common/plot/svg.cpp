#include "tools/common/plot/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace flm::svg {
namespace {

constexpr double kLeft = 58, kRight = 14, kTop = 28, kBottom = 36;  // room around the plot area, in px
constexpr double kCharacter = 6.8;        // mean width of a character of the legend, in px
constexpr std::size_t kMostTreads = 700;  // a tread narrower than this makes is decimated
constexpr std::size_t kBins = 480;

double round_step(double range, int intervals) {
  const double raw = range / std::max(intervals, 1);
  const double decade = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * decade >= raw * (1 - 1e-9)) return factor * decade;
  return 10 * decade;
}

void fill_ticks(Axis& axis, double step) {
  axis.decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  for (double n = std::ceil(axis.low / step - 1e-6); n * step <= axis.high + 1e-6 * step; n += 1)
    axis.ticks.push_back(n == 0 ? 0.0 : n * step);
}

/// Where a value is on its axis: 0 at its begin, 1 at its end.
double share(const Axis& axis, double value) {
  if (axis.logarithmic) return std::log(value / axis.low) / std::log(axis.high / axis.low);
  return (value - axis.low) / (axis.high - axis.low);
}

std::string tick_label(const Axis& axis, double value) {
  return grouped(axis.logarithmic ? fmt::format("{:g}", value)
                                  : fmt::format("{:.{}f}", value, axis.decimals));
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default:
        // HTML allows no other control characters, not even as references.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t')
          out += c;
        else
          out += "\ufffd";
    }
  }
  return out;
}

std::string grouped(std::string number) {
  const std::size_t first = std::min(number.find_first_of("0123456789"), number.size());
  const std::size_t end = std::min(number.find_first_not_of("0123456789", first), number.size());
  for (std::size_t place = end; place > first + 3;) number.insert(place -= 3, "\u202f");
  if (!number.empty() && number.front() == '-') number.replace(0, 1, "\u2212");
  return number;
}

Axis rounded_axis(double low, double high, int intervals, std::string label) {
  if (!(high > low)) high = low + 1;
  const double step = round_step(high - low, intervals);
  Axis axis;
  axis.label = std::move(label);
  axis.low = std::floor(low / step + 1e-9) * step;
  axis.high = std::ceil(high / step - 1e-9) * step;
  fill_ticks(axis, step);
  return axis;
}

Axis exact_axis(double low, double high, int intervals, std::string label) {
  if (!(high > low)) high = low + 1;
  Axis axis;
  axis.label = std::move(label);
  axis.low = low;
  axis.high = high;
  fill_ticks(axis, round_step(high - low, intervals));
  return axis;
}

Axis logarithmic_axis(double low, double high, std::vector<double> ticks, std::string label) {
  Axis axis;
  axis.label = std::move(label);
  axis.low = low;
  axis.high = high;
  axis.ticks = std::move(ticks);
  axis.logarithmic = true;
  return axis;
}

std::vector<Bin> decimate(const std::vector<double>& values, std::size_t count) {
  std::vector<Bin> bins;
  if (values.empty() || count == 0) return bins;
  const std::size_t per_bin = (values.size() + count - 1) / count;
  for (std::size_t first = 0; first < values.size(); first += per_bin) {
    double sum = 0, low = std::numeric_limits<double>::infinity(), high = -low;
    int n = 0;
    for (std::size_t i = first; i < std::min(first + per_bin, values.size()); ++i) {
      if (std::isnan(values[i])) continue;
      sum += values[i];
      low = std::min(low, values[i]);
      high = std::max(high, values[i]);
      ++n;
    }
    const double nan = std::numeric_limits<double>::quiet_NaN();
    bins.push_back(n > 0 ? Bin{low, sum / n, high} : Bin{nan, nan, nan});
  }
  return bins;
}

Plot::Plot(int width, int height, Axis x, Axis y)
    : width_(width), height_(height), x_(std::move(x)), y_(std::move(y)) {}

double Plot::px(double x) const { return kLeft + share(x_, x) * (width_ - kLeft - kRight); }
double Plot::py(double y) const { return height_ - kBottom - share(y_, y) * (height_ - kTop - kBottom); }

void Plot::add_legend(std::string_view css, std::string_view legend) {
  if (!legend.empty()) legend_.emplace_back(css, legend);
}

void Plot::steps(const Series& series, std::string_view css, std::string_view legend, bool filled) {
  add_legend(css, legend);
  std::vector<Bin> bins;
  double pitch = series.pitch;
  const bool decimated = series.values.size() > kMostTreads;
  if (decimated) {
    bins = decimate(series.values, kBins);
    const std::size_t values_a_bin = (series.values.size() + kBins - 1) / kBins;
    pitch *= static_cast<double>(values_a_bin);
  } else {
    for (const double v : series.values) bins.push_back({v, v, v});
  }
  const double end =
      std::min(x_.high, series.start + series.pitch * static_cast<double>(series.values.size()));
  const auto left = [&](std::size_t i) {
    return px(std::min(end, series.start + pitch * static_cast<double>(i)));
  };

  std::string outline, area, band;
  for (std::size_t i = 0; i < bins.size();) {
    if (std::isnan(bins[i].mean)) {
      ++i;
      continue;
    }
    const std::size_t first = i;
    fmt::format_to(std::back_inserter(outline), "M{:.1f} {:.1f}", left(i), py(bins[i].mean));
    fmt::format_to(std::back_inserter(area), "M{:.1f} {:.1f}", left(i), py(0));
    std::string there, back;
    while (i < bins.size() && !std::isnan(bins[i].mean)) {
      // One tread for as long as the value stays the same.
      std::size_t next = i + 1;
      while (!decimated && next < bins.size() && bins[next].mean == bins[i].mean) ++next;
      const auto tread = fmt::format("V{:.1f}H{:.1f}", py(bins[i].mean), left(next));
      outline += tread;
      area += tread;
      if (decimated) {
        fmt::format_to(std::back_inserter(there), "{}{:.1f} {:.1f}H{:.1f}", i == first ? 'M' : 'L', left(i),
                       py(bins[i].high), left(next));
        back.insert(0, fmt::format("L{:.1f} {:.1f}H{:.1f}", left(next), py(bins[i].low), left(i)));
      }
      i = next;
    }
    fmt::format_to(std::back_inserter(area), "V{:.1f}Z", py(0));
    if (decimated) band += there + back + "Z";
  }
  if (filled) body_ += fmt::format("<path class=\"{} area\" d=\"{}\"/>", css, area);
  if (decimated) body_ += fmt::format("<path class=\"{} band\" d=\"{}\"/>", css, band);
  body_ += fmt::format("<path class=\"{} trace\" d=\"{}\"/>\n", css, outline);
}

void Plot::line(const Series& series, std::string_view css, std::string_view legend) {
  add_legend(css, legend);
  std::string path;
  bool gap = true;
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    if (std::isnan(series.values[i])) {
      gap = true;
      continue;
    }
    fmt::format_to(std::back_inserter(path), "{}{:.1f} {:.1f}", gap ? 'M' : 'L',
                   px(series.start + series.pitch * static_cast<double>(i)), py(series.values[i]));
    gap = false;
  }
  body_ += fmt::format("<path class=\"{} trace\" d=\"{}\"/>\n", css, path);
}

void Plot::curve(const std::vector<double>& x, const std::vector<double>& y, std::string_view css,
                 std::string_view legend) {
  add_legend(css, legend);
  std::string path, dots;
  bool gap = true;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    const bool inside =
        x[i] >= x_.low && x[i] <= x_.high && y[i] >= y_.low && y[i] <= y_.high;  // not when it is NaN
    if (inside) {
      fmt::format_to(std::back_inserter(path), "{}{:.1f} {:.1f}", gap ? 'M' : 'L', px(x[i]), py(y[i]));
      fmt::format_to(std::back_inserter(dots), "M{:.1f} {:.1f}h0", px(x[i]), py(y[i]));
    }
    gap = !inside;
  }
  body_ += fmt::format("<path class=\"{} trace\" d=\"{}\"/><path class=\"{} dots\" d=\"{}\"/>\n", css, path,
                       css, dots);
}

void Plot::region(double from, double to, double low, double high, std::string_view css,
                  std::string_view legend) {
  add_legend(css, legend);
  body_ += fmt::format("<path class=\"{} area\" d=\"M{:.1f} {:.1f}H{:.1f}V{:.1f}H{:.1f}Z\"/>\n", css,
                       px(from), py(low), px(to), py(high), px(from));
}

void Plot::dots(const Series& series, std::string_view css, std::string_view legend) {
  add_legend(css, legend);
  // A zero-length stroke with round caps is a dot.
  std::string path;
  for (std::size_t i = 0; i < series.values.size(); ++i)
    if (!std::isnan(series.values[i]))
      fmt::format_to(std::back_inserter(path), "M{:.1f} {:.1f}h0",
                     px(series.start + series.pitch * static_cast<double>(i)), py(series.values[i]));
  body_ += fmt::format("<path class=\"{} dots\" d=\"{}\"/>\n", css, path);
}

void Plot::levels(const std::vector<std::pair<double, bool>>& changes, std::string_view css,
                  std::string_view legend) {
  add_legend(css, legend);
  std::string path;
  for (const auto& [time, level] : changes) {
    if (path.empty())
      fmt::format_to(std::back_inserter(path), "M{:.1f} {:.1f}", px(std::max(time, x_.low)),
                     py(level ? 1 : 0));
    else
      fmt::format_to(std::back_inserter(path), "H{:.2f}V{:.1f}", px(std::min(time, x_.high)),
                     py(level ? 1 : 0));
  }
  if (!path.empty()) fmt::format_to(std::back_inserter(path), "H{:.1f}", px(x_.high));
  body_ += fmt::format("<path class=\"{} trace\" d=\"{}\"/>\n", css, path);
}

std::string Plot::str(std::string_view title) const {
  const double right = width_ - kRight, bottom = height_ - kBottom;
  std::string out = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", width_,
                                height_, escape(title));
  for (const double t : y_.ticks)
    out += fmt::format(
        "<path class=\"{}\" d=\"M{} {:.1f}H{}\"/><text x=\"{}\" y=\"{:.1f}\" class=\"end\">{}</text>\n",
        t == 0 ? "zero" : "grid", kLeft, py(t), right, kLeft - 7, py(t) + 4, tick_label(y_, t));
  for (const double t : x_.ticks)
    out += fmt::format(
        "<path class=\"tick\" d=\"M{:.1f} {:.1f}v5\"/><text x=\"{:.1f}\" y=\"{:.1f}\" "
        "class=\"mid\">{}</text>\n",
        px(t), bottom, px(t), bottom + 17, tick_label(x_, t));
  out += fmt::format("<path class=\"axis\" d=\"M{} {:.1f}H{}\"/>", kLeft, bottom, right);
  out += fmt::format("<text x=\"{}\" y=\"{:.1f}\" class=\"end label\">{}</text>", right, bottom + 32,
                     escape(x_.label));
  out += fmt::format("<text x=\"2\" y=\"14\" class=\"label\">{}</text>\n", escape(y_.label));
  out += body_;

  double x = right;
  for (auto entry = legend_.rbegin(); entry != legend_.rend(); ++entry) {
    x -= kCharacter * static_cast<double>(entry->second.size());
    out += fmt::format("<text x=\"{:.1f}\" y=\"14\">{}</text>", x, escape(entry->second));
    out += fmt::format("<path class=\"{} trace\" d=\"M{:.1f} 10h16\"/>", entry->first, x - 22);
    x -= 40;
  }
  return out + "\n</svg>\n";
}

}  // namespace flm::svg
