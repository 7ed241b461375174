// Error from a smoother that the board is not set to: the table of tools/calibration/README.md.
#include <catch2/catch.hpp>

#include "tests/tools/calibration/board_on_bench.hpp"

using namespace flm::calibration;
using namespace flm::test;
using flm::sim::Shape;

namespace {

/// Error of the reading of 3 A on a board that takes the smoother for the schematic's 1.91 ms.
double error_with(Shape shape, double tau) {
  flm::sim::Scenario scenario = bench_scenario(690.0, 1);
  scenario.waveforms[0].shape = shape;
  scenario.front_end.tau = tau;
  BoardOnBench bench(scenario);
  Script person;
  double sum = 0;
  for (const double watt : clamp_powers(bench, person, {0, {0}, 0}, 10)) sum += watt / 10;
  return sum / 690.0 - 1.0;
}

}  // namespace

TEST_CASE(
    "a smoother that is off by a fifth costs what the calibration page says, beside what the load costs on a "
    "board that knows it") {
  struct Line {
    Shape shape;
    double shorter, longer;  // of the page's table, %
  };
  const Line line = GENERATE(Line{Shape::sine, 2.7, -2.0}, Line{Shape::triangle, 3.4, -2.7},
                             Line{Shape::dimmed, 8.7, -6.6}, Line{Shape::peaky, 16.5, -11.8});
  const double known = error_with(line.shape, 0.00191);
  CAPTURE(static_cast<int>(line.shape), 100 * known);
  CHECK(100 * (error_with(line.shape, 0.8 * 0.00191) - known) == Approx(line.shorter).margin(0.4));
  CHECK(100 * (error_with(line.shape, 1.2 * 0.00191) - known) == Approx(line.longer).margin(0.4));
}
