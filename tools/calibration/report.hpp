// What calibrations were done, for people: as text, and as a page with the convergence of each comparison drawn.
#pragma once
#include <span>
#include <string>

#include "tools/calibration/record.hpp"

namespace flm::calibration {

/// Newest last. Says so when there are none.
std::string text_report(std::span<const Record>);
/// A whole HTML document, newest first; needs nothing from elsewhere.
std::string html_report(std::span<const Record>);

}  // namespace flm::calibration
