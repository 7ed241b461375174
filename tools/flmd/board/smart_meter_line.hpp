// A smart meter's line that ends at this machine: it may come and go, and others hear what is on it.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "tools/mainboard/bus/transport.hpp"

namespace flm::flmd {

/// The line of a port's `meter`. A device that is not there, or goes, is tried again so often, and does not
/// hinder the board; `note` is told once when it goes and once when it is back.
std::unique_ptr<mainboard::MeterLine> patient_meter_line(const mainboard::Port&,
                                                         std::function<void(std::string)> note,
                                                         mainboard::Time again = std::chrono::seconds(10));

/// The same line; what is read from it is given to `hear` as well.
std::unique_ptr<mainboard::MeterLine> overheard(std::unique_ptr<mainboard::MeterLine>,
                                                std::function<void(std::string)> hear);

}  // namespace flm::flmd
