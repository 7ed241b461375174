#include "tools/flmserver/api/measurements.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/web/exchange/request.hpp"  // HttpError

namespace flm::server {

std::vector<history::Point> points_of(const nlohmann::json& measurements) {
  if (!measurements.is_array()) throw web::HttpError(400, "measurements: allowed: a list of [time, value]");
  if (measurements.size() > 200'000) throw web::HttpError(400, "measurements: allowed: 200000 at most");
  std::vector<history::Point> points;
  points.reserve(measurements.size());
  for (const nlohmann::json& pair : measurements) {
    if (!pair.is_array() || pair.size() != 2)
      throw web::HttpError(400, "measurements: allowed: a list of [time, value]");
    if (!pair[0].is_number_integer() || !pair[1].is_number_integer()) continue;
    const auto time = pair[0].get<std::int64_t>(), value = pair[1].get<std::int64_t>();
    constexpr std::int64_t most = 1'000'000'000'000;  // Wh or L; far from where thousandths overflow
    if (value > most || value < -most) continue;
    points.push_back({time, value * 1000});
  }
  std::stable_sort(points.begin(), points.end(),
                   [](const history::Point& a, const history::Point& b) { return a.time < b.time; });
  points.erase(std::unique(points.begin(), points.end(),
                           [](const history::Point& a, const history::Point& b) { return a.time == b.time; }),
               points.end());
  return points;
}

}  // namespace flm::server
