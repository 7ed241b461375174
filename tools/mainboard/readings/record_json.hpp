// One line of JSON for each record: flmsim's jsonl, and flmctl watch.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/mainboard/readings/records.hpp"

namespace flm::mainboard {

/// Members that a program adds to a record's line.
struct LineExtras {
  std::optional<std::string> t;  ///< the time as text, instead of seconds with three decimals
  std::string name;              ///< name of a reading's sensor, UTF-8; empty: none
  std::optional<double> unix;    ///< time of a reading, s since 1970
};

/// One record as a line of JSON, without the line end.
std::string to_json(const Record&, const LineExtras& = {});

/// A reading's counter without zeros at the end of its thousandths.
std::string counter_text(const Reading&);
/// A smart meter's report by name, values as JSON; those that say nothing are left out.
std::vector<std::pair<std::string, std::string>> meter_values(const MeterReport&);

}  // namespace flm::mainboard
