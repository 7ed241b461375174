#include "tools/mainboard/readings/p1_text.hpp"

#include <fmt/format.h>

#include <chrono>

namespace flm::sim {

namespace p1 = protocol::p1;

std::string_view p1_error_name(p1::Error error) {
  static constexpr std::string_view names[] = {"noise", "cut",    "crc",  "crc_form", "no_crc",   "not_whole",
                                               "value", "digits", "unit", "time",     "duplicate"};
  static_assert(std::size(names) == static_cast<std::size_t>(p1::Error::count));
  return names[static_cast<std::size_t>(error)];
}

std::string_view p1_error_message(p1::Error error) {
  static constexpr std::string_view messages[] = {
      "bytes outside of a telegram",
      "the telegram has no end: the next one begins, or the file ends",
      "the CRC does not match",
      "no CRC after '!'; allowed: one to four hexadecimal digits",
      "a telegram without CRC",
      "without CRC every line must be a line of a telegram, and every value right; this has a wrong line, or "
      "no "
      "value",
      "not a number; allowed: digits with one point between them",
      "too many digits; allowed: twelve, with three decimals (Wh and W: none), and 32 bits of what is not "
      "energy",
      "unit missing, or of the wrong quantity",
      "not a time of the calendar; allowed: YYMMDDhhmmss and S or W",
      "this register came twice; the first one counts"};
  static_assert(std::size(messages) == static_cast<std::size_t>(p1::Error::count));
  return messages[static_cast<std::size_t>(error)];
}

std::string_view p1_register_name(p1::Register wanted) {
  static constexpr std::string_view names[] = {"import_total_wh",
                                               "import_1_wh",
                                               "import_2_wh",
                                               "import_3_wh",
                                               "import_4_wh",
                                               "import_5_wh",
                                               "import_6_wh",
                                               "import_7_wh",
                                               "import_8_wh",
                                               "import_9_wh",
                                               "export_total_wh",
                                               "export_1_wh",
                                               "export_2_wh",
                                               "export_3_wh",
                                               "export_4_wh",
                                               "export_5_wh",
                                               "export_6_wh",
                                               "export_7_wh",
                                               "export_8_wh",
                                               "export_9_wh",
                                               "power_import_w",
                                               "power_import_1_w",
                                               "power_import_2_w",
                                               "power_import_3_w",
                                               "power_export_w",
                                               "power_export_1_w",
                                               "power_export_2_w",
                                               "power_export_3_w",
                                               "power_net_w",
                                               "voltage_1_mv",
                                               "voltage_2_mv",
                                               "voltage_3_mv",
                                               "current_1_ma",
                                               "current_2_ma",
                                               "current_3_ma",
                                               "tariff",
                                               "time",
                                               "quarter_hour_power_w",
                                               "month_peak_w",
                                               "month_peak_time",
                                               "reactive_import_total_varh",
                                               "reactive_import_1_varh",
                                               "reactive_import_2_varh",
                                               "reactive_import_3_varh",
                                               "reactive_import_4_varh",
                                               "reactive_export_total_varh",
                                               "reactive_export_1_varh",
                                               "reactive_export_2_varh",
                                               "reactive_export_3_varh",
                                               "reactive_export_4_varh",
                                               "reactive_q1_varh",
                                               "reactive_q2_varh",
                                               "reactive_q3_varh",
                                               "reactive_q4_varh",
                                               "reactive_power_import_var",
                                               "reactive_power_import_1_var",
                                               "reactive_power_import_2_var",
                                               "reactive_power_import_3_var",
                                               "reactive_power_export_var",
                                               "reactive_power_export_1_var",
                                               "reactive_power_export_2_var",
                                               "reactive_power_export_3_var",
                                               "reactive_power_q1_var",
                                               "reactive_power_q2_var",
                                               "reactive_power_q3_var",
                                               "reactive_power_q4_var"};
  static_assert(std::size(names) == static_cast<std::size_t>(p1::Register::count));
  return names[static_cast<std::size_t>(wanted)];
}

std::string p1_device_name(std::uint8_t type) {
  switch (type) {
    case p1::device::electricity: return "electricity";
    case p1::device::gas: return "gas";
    case p1::device::heat: return "heat";
    case p1::device::warm_water: return "warm water";
    case p1::device::water: return "water";
    case p1::device::cooling:
    case p1::device::cooling_inlet: return "cooling";
    case p1::device::heat_inlet: return "heat";
    case p1::device::heat_cooling: return "heat and cooling";
    default: return fmt::format("type {}", type);
  }
}

std::string_view p1_device_unit(std::uint8_t type) {
  return type == p1::device::electricity                           ? "wh"
         : type == p1::device::heat || type >= p1::device::cooling ? "mj"
                                                                   : "litre";
}

std::string utc_text(std::uint32_t unix_time) {
  using namespace std::chrono;
  const sys_seconds at{seconds(unix_time)};
  const sys_days day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", int(date.year()), unsigned(date.month()),
                     unsigned(date.day()), time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

}  // namespace flm::sim
