// What /metrics tells of a site.
#pragma once
#include <string>

#include "tools/flmd/board/board_thread.hpp"
#include "tools/flmd/report/reporter.hpp"
#include "tools/flmd/site/sensors.hpp"
#include "tools/flmd/subscribers/local_api.hpp"
#include "tools/web/metrics_text.hpp"

namespace flm::flmd {

struct MetricsSources {
  const Sensors& sensors;
  const LocalApi& api;
  const BoardState& board;
  std::uint64_t late_polls;
  const history::History& history;
  const flm::mqtt::Client* mqtt;  ///< or nullptr
  std::vector<Progress> reports;
  std::int64_t now;
};

/// The families: sensors with their readings of the last five minutes (gauges) and their counters, board and
/// link, history, broker, reports, the process.
std::string metrics(const MetricsSources&, web::MetricsFormat);

}  // namespace flm::flmd
