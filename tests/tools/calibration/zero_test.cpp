#include "tools/calibration/fit/zero.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

#include "tests/tools/calibration/board_on_bench.hpp"

using namespace flm::calibration;
using namespace flm::test;
using Catch::Matchers::Contains;

namespace {

std::vector<RawWindow> windows(BoardOnBench& bench, int count) {
  Script person;
  return raw_windows(bench, person, 0, count);
}

}  // namespace

TEST_CASE(
    "offset and noise of a board without load are found, also where the converter cuts noise off at code 0") {
  const double offset = GENERATE(5.3, 0.8, 0.0, -0.2);
  const double noise = GENERATE(0.5, 1.3);
  CAPTURE(offset, noise);
  flm::sim::Scenario scenario = bench_scenario(0.0, 3);
  scenario.front_end.offset_lsb = offset;
  scenario.front_end.noise_lsb = noise;
  BoardOnBench bench(scenario);
  const ZeroFit fit = fit_zero(windows(bench, 10));
  // The front end's setting; a rounded code adds 1/12.
  CHECK(fit.offset == Approx(offset).margin(0.05));
  CHECK(fit.variance == Approx(noise * noise + 1.0 / 12.0).epsilon(0.08));
  CHECK(std::abs(fit.offset - offset) <= std::max(fit.offset_uncertainty, 0.03));
  CHECK(fit.offset_q8 == std::lround(fit.offset * 256.0));
  // With room for two deviations of a second's variance: 2 sqrt(3 / 2083) = 7.6 %.
  CHECK(fit.noise_q10 >= std::lround(fit.variance * 1024.0));
  CHECK(fit.noise_q10 <= 1.08 * fit.variance * 1024.0 + 1.0);
}

TEST_CASE("a current that flows is not accepted as zero, from 10 W on a 50 A clamp") {
  BoardOnBench bench(bench_scenario(GENERATE(10.0, 100.0, 3000.0), 1));
  CHECK_THROWS_WITH(fit_zero(windows(bench, 10)),
                    Contains("a current flows") && Contains("switch the load off"));
}

TEST_CASE("no samples, and codes that no input without load has, are said so") {
  CHECK_THROWS_WITH(fit_zero(std::vector<RawWindow>(2)), Contains("analog front end"));
  RawWindow high{1000, 300, 300, 300, 0, 300e3, 0, 9e7};
  CHECK_THROWS_WITH(fit_zero(std::vector<RawWindow>{high}),
                    Contains("the code at no current is 300; allowed: below 128"));
}

TEST_CASE(
    "an input whose codes are all 0 has the variance of quantisation and an offset that cannot be seen") {
  const ZeroFit fit = fit_zero(std::vector<RawWindow>{{2083, 0, 0, 0, 0, 0, 0, 0}});
  CHECK(fit.offset_q8 == 0);
  CHECK(fit.noise_q10 == 85);  // 1024 / 12
  CHECK_FALSE(fit.cut_off);
}
