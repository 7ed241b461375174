// The parts of the HTML report, each as text.
#pragma once
#include <string>
#include <vector>

#include "sim/report/sensor_view.hpp"

namespace flm::sim::report {

/// The page's style sheet: light, dark and print; series colours from the Okabe-Ito palette, which
/// colour-blind readers tell apart.
std::string style_sheet();
/// Verdict, scenario, board, engine, durations.
std::string headline(const Run&);
/// One row a sensor: what went in, what the board read, the error.
std::string summary(const std::vector<SensorView>&);
/// A sensor's plots.
std::string sensor_section(const Run&, const Environment&, const SensorView&);
/// The kubes that the radio has heard, with a plot of each quantity that they measure. Empty when there were
/// none.
std::string radio(const Run&);
/// Expectations: value, tolerance and outcome of each. Empty when the scenario expects nothing.
std::string expectations(const Run&);
/// The host's commands and the board's replies. Empty when there were none.
std::string replies(const Run&);

}  // namespace flm::sim::report
