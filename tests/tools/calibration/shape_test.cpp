#include "tools/calibration/fit/shape.hpp"

#include <catch2/catch.hpp>

#include <vector>

#include "boards/flm02b/board.hpp"
#include "firmware/metering/estimator.hpp"
#include "tests/tools/calibration/board_on_bench.hpp"

using namespace flm::calibration;
using namespace flm::test;
using Catch::Matchers::Contains;

namespace {

constexpr ShapeInput input = {flm::metering::StepWeight<flm::boards::Flm02b::Sampling>::samples_per_second,
                              0.0, 0.25 + 1.0 / 12.0, 50.0};

std::vector<RawWindow> windows_of(const flm::sim::Scenario& scenario) {
  BoardOnBench bench(scenario);
  Script person;
  return raw_windows(bench, person, 0, 5);
}

}  // namespace

TEST_CASE("a resistive load gives the smoother's time constant") {
  const double tau = GENERATE(0.0012, 0.00191, 0.0030);
  const double watts = GENERATE(700.0, 2000.0, 6000.0);
  CAPTURE(tau, watts);
  flm::sim::Scenario scenario = bench_scenario(watts, 2);
  scenario.front_end.tau = tau;
  const ShapeFit fit = fit_shape(windows_of(scenario), input, 0.00191);
  CHECK(fit.tau_s == Approx(tau).epsilon(0.002));
  CHECK(std::abs(fit.tau_s - tau) <= fit.uncertainty_s + 0.001 * tau);
  // The firmware's estimator makes 0 to 0.2 % more than the form factor of a sine, 1.1107 (estimator.hpp).
  CHECK(fit.ratio_after == Approx(1.1107 * 1.001).epsilon(0.002));
  if (tau == 0.00191) CHECK(fit.ratio_before == Approx(fit.ratio_after).epsilon(0.001));
  if (tau == 0.0012) CHECK(fit.ratio_before > 1.12);
}

TEST_CASE("a load that is not resistive is refused") {
  using flm::sim::Shape;
  flm::sim::Scenario scenario = bench_scenario(2000.0, 2);
  // Not a half wave: after a clamp and the boards' smoother its ripple and its steps are a sine's, of a
  // smoother 10 % slower.
  scenario.waveforms[0].shape = GENERATE(Shape::triangle, Shape::dimmed, Shape::peaky);
  CAPTURE(static_cast<int>(scenario.waveforms[0].shape));
  CHECK_THROWS_WITH(fit_shape(windows_of(scenario), input, 0.00191),
                    Contains("the current is not a sine") && Contains("kettle"));
}

TEST_CASE("too little and too much current are said so") {
  CHECK_THROWS_WITH(fit_shape(windows_of(bench_scenario(0.0, 1)), input, 0.00191),
                    Contains("too little current"));
  CHECK_THROWS_WITH(fit_shape(windows_of(bench_scenario(16000.0, 1)), input, 0.00191),
                    Contains("too much current"));
  CHECK_THROWS_WITH(fit_shape(std::vector<RawWindow>(1), input, 0.00191), Contains("at least 3"));
}
