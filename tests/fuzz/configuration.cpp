// Configuration files of flmctl:
//   1. A file is read, or an InputError names it.
//   2. Written and read again it is the same configuration, with the same meter constants; written once more,
//      the same text.
//   3. What was read fits into the link's fields.
#include <fmt/format.h>

#include <cmath>

#include "tests/fuzz/input_file.hpp"
#include "tools/mainboard/config/config.hpp"

using namespace flm;
using fuzz::promise;
using mainboard::Config;

namespace {

/// All of a configuration that decides what a board is set to.
std::string essence(const Config& c) {
  std::string text =
      fmt::format("{} '{}' {} {} {} {}\n", c.board->name, c.name, c.phases.value_or(0),
                  c.radio_group.value_or(999), c.radio_rate.value_or(999), c.led.value_or(999));
  for (const mainboard::SensorConfig& s : c.sensors) {
    text += fmt::format("{} {} {} '{}'", s.id, s.has_class, s.enabled, s.name);
    if (s.has_class) {
      text += fmt::format(" class {} ports", static_cast<int>(s.sensor_class));
      for (const int port : s.ports) text += fmt::format(" {}", port);
      if (s.sensor_class == SensorClass::p1)
        text += fmt::format(" {} {} {} {}", s.slow, s.invert_rx, s.invert_tx, s.without_crc);
      else
        text += fmt::format(" {} {} {} {}", meter_constant_of(s),
                            s.sensor_class == SensorClass::pulse ? fraction_of(s) : 0,
                            s.meter_constant.has_value(), static_cast<int>(s.type));
    }
    text += '\n';
  }
  for (const PortConfig& p : c.ports)
    text +=
        fmt::format("port {} {} {} {} {}\n", p.port, p.tau_us.value_or(99999), p.noise_q10.value_or(99999),
                    p.debounce_tenths_ms.value_or(99999), p.offset_q8.value_or(99999));
  return text;
}

void fits(const Config& c) {
  for (const mainboard::SensorConfig& s : c.sensors) {
    promise(s.id >= 1 && s.id <= 6, "3: a sensor is 1 to 6");
    if (!s.has_class || s.sensor_class == SensorClass::p1) continue;
    promise(meter_constant_of(s) <= 65535, "3: a meter constant has 16 bits");
    if (s.sensor_class == SensorClass::pulse)
      promise(fraction_of(s) <= 4095 && fraction_of(s) != 1000 && meter_constant_of(s) + fraction_of(s) > 0,
              "3: thousandths are 0 to 999, a divisor 1001 to 4095, and a pulse is something");
  }
  for (const PortConfig& p : c.ports) {
    promise(p.tau_us.value_or(0) <= 65535 && p.noise_q10.value_or(0) <= 65535,
            "3: tau and noise have 16 bits");
    promise(p.offset_q8.value_or(0) >= -32768 && p.offset_q8.value_or(0) <= 32767,
            "3: an offset has 16 bits");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = fuzz::file_of("house.toml", data, size);
  const auto read = fuzz::read_or_complain(file, [&] { return mainboard::read_config(file); });
  if (!read) return 0;
  fits(*read);
  const std::string text = config_text(*read);
  const auto written = fuzz::file_of("written.toml", text);
  Config again;
  try {
    again = mainboard::read_config(written);
  } catch (const InputError& error) {
    promise(false, "2: what was written is read again", error.what());
  }
  promise(essence(again) == essence(*read), "2: written and read again, it is the same",
          essence(*read) + essence(again));
  promise(config_text(again) == text, "2: written once more, it is the same text", text + config_text(again));
  return 0;
}
