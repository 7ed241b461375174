// A smart meter whose line ends at the main board: telegrams to values by register.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/flmd/board/clock.hpp"
#include "tools/flmd/site/reading.hpp"

namespace flm::flmd {

/// One value of a telegram.
struct MeterValue {
  std::string
      name;  ///< of the register: net, import, export, both with _1 to _9 by tariff, power_1 to _3,
             ///< voltage_1.., current_1.. by phase, gas, water, warm_water, heat, cooling, electricity
             ///< (_2 to _4: a further one, by its M-Bus channel)
  Quantity quantity;
  history::Milli value;
  std::string_view unit;
  bool operator==(const MeterValue&) const = default;
};

/// Sensor type by name of an M-Bus device (EN 13757-3); empty for one that is no sensor here.
std::string_view device_register(std::uint8_t type);
/// MJ as thousandths of Wh: 1 MJ is 2 500/9 Wh.
history::Milli heat_of_megajoules(std::uint32_t);

class SmartMeter {
 public:
  using Sink = std::function<void(std::span<const MeterValue>, Moment)>;
  /// `takes_no_crc`: telegrams of DSMR 2.2 and 3, which nothing protects, are taken as well. `note` is told
  /// when telegrams come, stay away, are refused, or are another meter's.
  SmartMeter(bool takes_no_crc, Sink, std::function<void(const std::string&)> note);
  ~SmartMeter();
  SmartMeter(const SmartMeter&) = delete;
  SmartMeter& operator=(const SmartMeter&) = delete;

  /// What has come on the line. Values are given of telegrams that are whole and right.
  void take(std::string_view bytes, Moment);
  /// Time has passed.
  void tick(Moment);

 private:
  class Parser;
  [[nodiscard]] std::vector<MeterValue> values() const;
  [[nodiscard]] std::string refusals() const;

  Sink sink_;
  std::function<void(const std::string&)> note_;
  std::unique_ptr<Parser> parser_;
  std::int64_t last_ms_ = -1;  ///< of the last telegram, or the start
  std::int64_t told_ms_ = 0;   ///< when refusals were told
  std::uint64_t bytes_ = 0;    ///< since the last telegram
  bool comes_ = false, told_silence_ = false;
  int equipment_ = -1;  ///< -1: not known
};

}  // namespace flm::flmd
