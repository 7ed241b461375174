// A point of a series: a time and a value, exact.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flm::history {

/// Thousandths of a sensor's unit: everything stock stores or sends has at most three decimals.
using Milli = std::int64_t;

struct Point {
  std::int64_t time = 0;  ///< Unix s, UTC
  Milli value = 0;
  auto operator<=>(const Point&) const = default;
};

/// "942856.5", "157", "-3.004": at most three decimals, none that are zero at the end.
std::string decimal(Milli);
/// Appends decimal() to a text.
void append_decimal(std::string&, Milli);

/// A JSON number, exactly, without a detour over binary fractions. More than three decimals are rounded as
/// stock does, halves up. Nothing for a text that is no JSON number, and for one out of Milli's range (9.2e15
/// units).
std::optional<Milli> parse_decimal(std::string_view);

}  // namespace flm::history
