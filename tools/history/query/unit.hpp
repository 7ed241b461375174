// Units of an answer: a rate per second of a counter in Wh or L, times a factor.
#pragma once
#include <cstdint>
#include <string_view>

namespace flm::history {

enum class Unit : std::uint8_t { watt, kwhperyear, eurperyear, audperyear, lpermin, lperday, m3peryear };

/// Prices of a kWh. The defaults are the stock server's.
struct Prices {
  double eur = 0.18;
  double aud = 0.19;
};

/// Unit of that name. Throws QueryError when there is none, and when a sensor of that type does not count
/// what the unit measures: electricity and heat are counted in Wh, water and gas in L, other types have no
/// rate.
Unit unit_of(std::string_view name, std::string_view sensor_type);

/// Unit in which a sensor of that type gives its power or flow of the moment: "watt", "lperday", or empty
/// when it has none.
std::string_view momentary_unit(std::string_view sensor_type);

/// What a rate in Wh/s or L/s is multiplied by. Whole numbers as the stock server has them: 5676 is 31536 *
/// 0.18, cut.
std::int64_t factor_of(Unit, const Prices&);

/// Value of an amount in billionths of a Wh or L that was counted in a time: amount / 10^9 / seconds *
/// factor, exact and then rounded to the next whole number, a half away from zero. |amount| up to 20 units/s
/// * 31 days, seconds 1 to 10 years, factor up to 31 536 000 (a price of 1 000).
std::int64_t value_of(std::int64_t nano, std::int64_t seconds, std::int64_t factor);

}  // namespace flm::history
