#include "tools/common/plot/svg.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace flm::svg;

TEST_CASE("text from files cannot become markup") {
  CHECK(escape("a<b>&\"c'") == "a&lt;b&gt;&amp;&quot;c&#39;");
  CHECK(escape("</svg><script>") == "&lt;/svg&gt;&lt;script&gt;");
  CHECK(escape(std::string("\x01\x1b", 2)) == "\ufffd\ufffd");
  CHECK(escape("K\u00fche\n") == "K\u00fche\n");
}

TEST_CASE("an axis ends on ticks of 1, 2 or 5") {
  const Axis watt = rounded_axis(0, 2319, 5, "power / W");
  CHECK(watt.low == 0);
  CHECK(watt.high == 2500);
  CHECK(watt.ticks == std::vector<double>{0, 500, 1000, 1500, 2000, 2500});
  CHECK(watt.decimals == 0);

  const Axis error = rounded_axis(-0.13, 0.22, 4, "error");
  CHECK(error.low == Approx(-0.2));
  CHECK(error.high == Approx(0.3));
  CHECK(error.decimals == 1);
  CHECK(error.ticks.size() == 6);
}

TEST_CASE("an exact axis keeps its ends and has its ticks between them") {
  const Axis time = exact_axis(0, 59, 12, "s");
  CHECK(time.high == 59);
  CHECK(time.ticks.front() == 0);
  CHECK(time.ticks.back() == 55);
}

TEST_CASE("an axis of nothing still has a length") {
  CHECK(rounded_axis(0, 0, 5, "").high > 0);
  CHECK(exact_axis(3, 3, 5, "").high > 3);
}

TEST_CASE("decimation keeps every peak and the mean") {
  std::vector<double> values(86400, 10.0);
  values[12345] = 5000;
  values[54321] = -7;
  const auto bins = decimate(values, 480);
  REQUIRE(bins.size() == 480);
  double low = 0, high = 0, sum = 0;
  for (const Bin& bin : bins) {
    low = std::min(low, bin.low);
    high = std::max(high, bin.high);
    sum += bin.mean;
  }
  CHECK(high == 5000);
  CHECK(low == -7);
  CHECK(sum / 480 == Approx((86398 * 10.0 + 5000 - 7) / 86400));
}

TEST_CASE("decimation skips gaps, and a bin of gaps is a gap") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto bins = decimate({nan, nan, nan, 4, 6, nan}, 3);
  REQUIRE(bins.size() == 3);
  CHECK(std::isnan(bins[0].mean));
  CHECK(bins[1].mean == 4);
  CHECK(bins[2].mean == 6);
}

TEST_CASE("a long series makes a plot no larger than a picture") {
  Series series{0, 1, {}};
  for (int i = 0; i < 86400; ++i) series.values.push_back(std::sin(i * 0.1) * 1000);
  Plot plot(1080, 250, exact_axis(0, 86400, 12, "s"), rounded_axis(-1000, 1000, 5, "W"));
  plot.steps(series, "read", "read");
  CHECK(plot.str("x").size() < 60'000);
}

TEST_CASE("a plot stays inside its frame when the series runs past the axis") {
  Plot plot(500, 200, exact_axis(0, 10, 5, "s"), rounded_axis(0, 1, 2, "y"));
  plot.steps({8, 5, {1}}, "read", "");
  // The right edge of the plot area is 14 px from the right.
  CHECK(plot.str("x").find("H486.0") != std::string::npos);
  CHECK(plot.str("x").find("H6") == std::string::npos);
}

TEST_CASE("thousands are apart, and a minus is one") {
  CHECK(grouped("999") == "999");
  CHECK(grouped("1000") == "1\u202f000");
  CHECK(grouped("123456789.12345") == "123\u202f456\u202f789.12345");
  CHECK(grouped("-12345.6") == "\u221212\u202f345.6");
  CHECK(grouped("+1151") == "+1\u202f151");
  CHECK(grouped("1e+06") == "1e+06");
  CHECK(grouped("").empty());
}
