// Report of past calibrations: as text, and as a page with a drawing of each reading before and after.
#pragma once
#include <map>
#include <span>
#include <string>

#include "tools/calibration/record.hpp"

namespace flm::calibration {

/// Names of sensors 1..6, where they have one.
using SensorNames = std::map<int, std::string>;

/// The result in a sentence: "Kitchen (sensor 1) read 5.19 % too much by pulses on sensor 4, and is right
/// within 0.01 % now."
std::string headline(const Record&, const SensorNames& = {});
/// Newest last. Says so when there are none.
std::string text_report(std::span<const Record>, const SensorNames& = {});
/// A whole HTML document, newest first; needs nothing from elsewhere.
std::string html_report(std::span<const Record>, const SensorNames& = {});

}  // namespace flm::calibration
