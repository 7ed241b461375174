#include "tools/calibration/fit/gain.hpp"

#include <catch2/catch.hpp>

#include <vector>

#include "tools/calibration/fit/constant.hpp"

using namespace flm::calibration;
using Catch::Matchers::Contains;

TEST_CASE("a reference is a power above zero, and its last digit says how well it is known") {
  CHECK(parse_reference("1874W").watt == 1874.0);
  CHECK(parse_reference("1874W").half_step == 0.5);
  CHECK(parse_reference("1874").watt == 1874.0);
  CHECK(parse_reference("1.87 kW").watt == Approx(1870.0));
  CHECK(parse_reference("1.87 kW").half_step == Approx(5.0));
  CHECK(parse_reference("99.5W").half_step == Approx(0.05));
  CHECK_THROWS_WITH(parse_reference("0W"), Contains("is zero; allowed: a power above zero"));
  CHECK_THROWS_WITH(parse_reference("-5W"), Contains("is negative"));
  for (const char* wrong : {"", "W", "much", "1874VA", "1,874W", "nan", "inf", "1e9"})
    CHECK_THROWS_WITH(parse_reference(wrong), Contains("is not a power; allowed"));
}

TEST_CASE(
    "a gain is the reference over the readings' mean, with the reference's last digit as its uncertainty") {
  const std::vector<double> watts(10, 1900.0);
  const GainFit fit = fit_gain(watts, parse_reference("1874W"));
  CHECK(fit.ratio == Approx(1874.0 / 1900.0));
  CHECK_FALSE(fit.varies);
  CHECK(fit.uncertainty == Approx(0.00031).epsilon(0.05));  // 2 * 0.5 W / sqrt 3 / 1874 W
  CHECK(fit_gain(watts, parse_reference("1.9kW")).uncertainty ==
        Approx(0.030).epsilon(0.05));  // the same of 50 W
}

TEST_CASE("a load that varies is said so, and makes the gain uncertain") {
  const std::vector<double> watts = {1800, 2000, 1800, 2000, 1800, 2000, 1800, 2000};
  const GainFit fit = fit_gain(watts, parse_reference("1900W"));
  CHECK(fit.varies);
  CHECK(fit.uncertainty > 0.03);  // 2 * 107 W / sqrt 8 / 1900 W
}

TEST_CASE("no load, a changed load and too few readings give no gain") {
  CHECK_THROWS_WITH(fit_gain(std::vector<double>(9, 0.0), parse_reference("1874W")), Contains("no load"));
  CHECK_THROWS_WITH(
      fit_gain(std::vector<double>(9, 600.0), parse_reference("1874W")),
      Contains("the clamp reads 600 W where the reference says 1874 W; allowed: half to twice"));
  CHECK_THROWS_WITH(fit_gain(std::vector<double>(4, 1900.0), parse_reference("1874W")),
                    Contains("at least 5"));
}

TEST_CASE("a meter constant changes in proportion, and what whole numbers leave is known") {
  const ConstantChange change = change_constant(5163, 1.0 / 1.05);
  CHECK(change.after == 4917);  // 4917.14
  CHECK(change.error_before == Approx(0.05));
  CHECK(change.error_after == Approx(4917.0 / (5163.0 / 1.05) - 1.0));
  CHECK_THROWS_WITH(change_constant(50000, 1.5), Contains("is 75000; allowed: 1 to 65535"));
  CHECK_THROWS_WITH(change_constant(0, 1.0), Contains("allowed: 1 to 65535"));
}
