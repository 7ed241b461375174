// What calibrations were done, for people: as text, and as a page with each one's reading before and after
// drawn.
#pragma once
#include <map>
#include <span>
#include <string>

#include "tools/calibration/record.hpp"

namespace flm::calibration {

/// What sensors (1..6) are called, where they are.
using SensorNames = std::map<int, std::string>;

/// The result in a sentence: "Kitchen (sensor 1) read 5.19 % too much by pulses on sensor 4, and is right
/// within 0.01 % now."
std::string headline(const Record&, const SensorNames& = {});
/// Newest last. Says so when there are none.
std::string text_report(std::span<const Record>, const SensorNames& = {});
/// A whole HTML document, newest first; needs nothing from elsewhere.
std::string html_report(std::span<const Record>, const SensorNames& = {});

}  // namespace flm::calibration
