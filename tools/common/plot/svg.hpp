// Plots as inline SVG. Colours come from the page's style sheet through CSS classes, so one plot suits light,
// dark and paper.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flm::svg {

/// Text made safe between tags and inside quoted attributes.
std::string escape(std::string_view text);

/// A number for reading: its thousands apart, by a narrow space that ends no line, and a typographic
/// minus. "-12345.678" becomes "\u221212\u202f345.678".
std::string grouped(std::string number);

/// One axis of a plot: what it covers and where its ticks are.
struct Axis {
  double low = 0.0, high = 1.0;
  std::vector<double> ticks;
  int decimals = 0;   ///< that tick labels need
  std::string label;  ///< quantity and unit
  bool logarithmic =
      false;  ///< `low` and all values above 0; ticks are labelled with as few digits as they need
};

/// An axis from `low` to `high` or a little further, so that it begins and ends on a tick of 1, 2 or 5 times
/// a power of ten.
Axis rounded_axis(double low, double high, int intervals, std::string label);
/// An axis exactly from `low` to `high`, with ticks at round values in between.
Axis exact_axis(double low, double high, int intervals, std::string label);

/// A logarithmic axis from `low` to `high` with ticks at some values.
Axis logarithmic_axis(double low, double high, std::vector<double> ticks, std::string label);

/// Values at equal distances; value i stands for [start + i pitch, start + (i + 1) pitch). NaN leaves a gap.
struct Series {
  double start = 0.0, pitch = 1.0;
  std::vector<double> values;
};

/// Smallest, mean and largest of a series' values that share a horizontal stretch of a plot.
struct Bin {
  double low = 0.0, mean = 0.0, high = 0.0;
};
/// At most `count` bins of equal numbers of values (the last may have fewer); NaN only where a bin has no
/// value.
std::vector<Bin> decimate(const std::vector<double>& values, std::size_t count);

/// A rectangle with axes, drawn in the order of the calls. `css` is a class that gives the stroke colour as
/// `color`.
class Plot {
 public:
  Plot(int width, int height, Axis x, Axis y);

  /// Horizontal treads and vertical risers. More values than the plot can show become their mean inside a
  /// band of their smallest and largest. `filled` shades the area down to zero.
  void steps(const Series&, std::string_view css, std::string_view legend, bool filled = false);
  /// Straight lines between the values, each at the start of its interval.
  void line(const Series&, std::string_view css, std::string_view legend);
  /// Straight lines between points, each marked with a dot; what is outside of the axes is left out.
  void curve(const std::vector<double>& x, const std::vector<double>& y, std::string_view css,
             std::string_view legend);
  /// Shades everything between y = low and y = high from x = from to x = to.
  void region(double from, double to, double low, double high, std::string_view css, std::string_view legend);
  /// A dot per value, at the start of its interval.
  void dots(const Series&, std::string_view css, std::string_view legend);
  /// A two-level trace from (time, level) changes in time order; the first pair is the level at the left
  /// edge.
  void levels(const std::vector<std::pair<double, bool>>& changes, std::string_view css,
              std::string_view legend);

  /// The whole `<svg>` element; `title` is what a screen reader says.
  [[nodiscard]] std::string str(std::string_view title) const;

 private:
  [[nodiscard]] double px(double x) const;
  [[nodiscard]] double py(double y) const;
  void add_legend(std::string_view css, std::string_view legend);

  int width_, height_;
  Axis x_, y_;
  std::string body_;
  std::vector<std::pair<std::string, std::string>> legend_;
};

}  // namespace flm::svg
