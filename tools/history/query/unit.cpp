#include "tools/history/query/unit.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "tools/history/query/parameters.hpp"

namespace flm::history {
namespace {

enum class Counted : std::uint8_t { nothing, energy, volume };

struct Row {
  std::string_view name;
  Unit unit;
  Counted counted;
};
constexpr Row rows[] = {
    {"watt", Unit::watt, Counted::energy},
    {"kwhperyear", Unit::kwhperyear, Counted::energy},
    {"eurperyear", Unit::eurperyear, Counted::energy},
    {"audperyear", Unit::audperyear, Counted::energy},
    {"lpermin", Unit::lpermin, Counted::volume},
    {"lperday", Unit::lperday, Counted::volume},
    {"m3peryear", Unit::m3peryear, Counted::volume},
};

Counted counted_by(std::string_view sensor_type) {
  if (sensor_type == "electricity" || sensor_type == "heat") return Counted::energy;
  if (sensor_type == "water" || sensor_type == "gas") return Counted::volume;
  return Counted::nothing;
}

std::string names(Counted counted) {
  std::string text;
  for (const Row& row : rows)
    if (row.counted == counted || counted == Counted::nothing) (text += text.empty() ? "" : ", ") += row.name;
  return text;
}

/// kWh a year of 1 Wh/s.
constexpr std::int64_t kwh_per_year = 31'536;

}  // namespace

Unit unit_of(std::string_view name, std::string_view sensor_type) {
  const Counted counted = counted_by(sensor_type);
  for (const Row& row : rows) {
    if (row.name != name) continue;
    if (counted == Counted::nothing)
      throw QueryError(
          fmt::format("unit is \"{}\", but a sensor of type {} has no rate in any unit", name, sensor_type));
    if (row.counted != counted)
      throw QueryError(fmt::format("unit is \"{}\", but the sensor is of type {}; allowed: {}", name,
                                   sensor_type, names(counted)));
    return row.unit;
  }
  refuse("unit", name, names(counted));
}

std::string_view momentary_unit(std::string_view sensor_type) {
  switch (counted_by(sensor_type)) {
    case Counted::energy: return "watt";
    case Counted::volume: return "lperday";
    case Counted::nothing: return "";
  }
  return "";
}

std::int64_t factor_of(Unit unit, const Prices& prices) {
  const auto of_price = [](double price) {
    return static_cast<std::int64_t>(std::floor(kwh_per_year * price));
  };
  switch (unit) {
    case Unit::watt: return 3'600;
    case Unit::kwhperyear: return kwh_per_year;
    case Unit::eurperyear: return of_price(prices.eur);
    case Unit::audperyear: return of_price(prices.aud);
    case Unit::lpermin: return 60;
    case Unit::lperday: return 86'400;
    case Unit::m3peryear: return 31'536;
  }
  return 0;
}

std::int64_t value_of(std::int64_t nano, std::int64_t seconds, std::int64_t factor) {
  constexpr std::int64_t billion = 1'000'000'000;
  const std::int64_t amount = nano < 0 ? -nano : nano;
  // 64 bits suffice when the rate's whole and broken parts are multiplied apart.
  const std::int64_t scaled = amount / seconds * factor + amount % seconds * factor / seconds;
  const std::int64_t value = (scaled + billion / 2) / billion;
  return nano < 0 ? -value : value;
}

}  // namespace flm::history
