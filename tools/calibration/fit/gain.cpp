#include "tools/calibration/fit/gain.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "tools/calibration/fit/constant.hpp"

namespace flm::calibration {

ReferencePower parse_reference(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    throw CalibrationError(
        fmt::format("the reference '{}' {}; allowed: a power above zero, as 1874W or 1.874kW", text, why));
  };
  std::string_view number = text;
  double unit = 1.0;
  if (number.ends_with("kW"))
    unit = 1000.0, number.remove_suffix(2);
  else if (number.ends_with("W"))
    number.remove_suffix(1);
  while (number.ends_with(' ')) number.remove_suffix(1);
  double value = 0;
  const std::size_t sign = number.starts_with('-') ? 1 : 0;
  if (number.size() <= sign || number[sign] < '0' || number[sign] > '9')
    refuse("is not a power");  // nor "inf" or "nan"
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || end != number.data() + number.size()) refuse("is not a power");
  if (!(value > 0)) refuse(value == 0 ? "is zero" : "is negative");
  const auto point = number.find('.');
  const double decimals =
      point == std::string_view::npos ? 0.0 : static_cast<double>(number.size() - point - 1);
  return {value * unit, 0.5 * unit * std::pow(10.0, -decimals)};
}

GainFit fit_gain(std::span<const double> watts, ReferencePower reference) {
  constexpr std::size_t fewest = 5;
  if (watts.size() < fewest)
    throw CalibrationError(
        fmt::format("{} readings of the clamp; at least {} are needed", watts.size(), fewest));
  const auto count = static_cast<double>(watts.size());
  double sum = 0, squares = 0;
  for (const double watt : watts) sum += watt;
  GainFit fit;
  fit.mean = sum / count;
  for (const double watt : watts) squares += (watt - fit.mean) * (watt - fit.mean);
  if (fit.mean < 1.0)
    throw CalibrationError(
        fmt::format("the clamp reads {:.1f} W: no load, or the clamp is not plugged in; a steady load of "
                    "some hundred watts is needed",
                    fit.mean));
  check_ratio(fit.mean, reference.watt);
  const double deviation = std::sqrt(squares / (count - 1.0));
  fit.ratio = reference.watt / fit.mean;
  fit.variation = deviation / fit.mean;
  fit.varies = fit.variation > 0.02;
  // A reading that is rounded down carries the rest to the next: a mean of n is wrong by at most 1 W / n.
  const double of_mean = 2.0 * fit.variation / std::sqrt(count) + 1.0 / count / fit.mean;
  const double of_reference = 2.0 * reference.half_step / std::sqrt(3.0) / reference.watt;
  fit.uncertainty = std::hypot(of_mean, of_reference);
  return fit;
}

}  // namespace flm::calibration
