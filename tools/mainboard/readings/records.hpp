// Records: what a main board has to say of its sensor board, each with the time at which it asked.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/p1/registers.hpp"  // power_not_told

namespace flm::mainboard {

enum class SensorKind { none, clamp, pulse, meter };
/// As a configuration file names it: none, analog, pulse, p1.
constexpr std::string_view name_of(SensorKind kind) {
  constexpr std::string_view names[] = {"none", "analog", "pulse", "p1"};
  return names[static_cast<int>(kind)];
}

/// One sensor's line of a `gd` reply.
struct Reading {
  double t = 0.0;                       ///< s, when the main board asked
  int sensor = 0;                       ///< 1..6
  std::uint32_t counter = 0;            ///< Wh or litre, as the board has it; of a smart meter modulo 2^32
  std::uint16_t milli = 0;              ///< thousandths
  SensorKind kind = SensorKind::clamp;  ///< meaning of the other members
  std::uint32_t extra = 0;              ///< W, of a smart meter in two's complement; pulse: ms since reset
  bool clipped =
      false;  ///< a clamp of it had samples at the converter's full scale in its last second: it reads low
  std::optional<std::int64_t> net_wh;  ///< smart meter: its counter with its sign, where its registers say it

  /// Whole counts with their sign.
  [[nodiscard]] std::int64_t whole() const {
    if (kind != SensorKind::meter) return std::int64_t{counter};
    return net_wh.value_or(std::int64_t{static_cast<std::int32_t>(counter)});
  }
  [[nodiscard]] double count() const { return static_cast<double>(whole()) + milli / 1000.0; }
  /// Power with its sign, W; of a pulse sensor the time of its last pulse, ms.
  [[nodiscard]] std::int64_t power() const {
    return kind == SensorKind::meter ? std::int64_t{static_cast<std::int32_t>(extra)} : std::int64_t{extra};
  }
  /// Neither of a pulse sensor, nor of a smart meter that does not report its power.
  [[nodiscard]] bool has_power() const {
    return kind != SensorKind::pulse && !(kind == SensorKind::meter && extra == protocol::p1::power_not_told);
  }
};

/// A smart meter's values beyond its sensor: the fields of a `gz` reply.
struct MeterReport {
  double t = 0.0;                     ///< s, when the main board asked
  std::vector<std::uint32_t> fields;  ///< in the order of protocol/commands.hpp

  [[nodiscard]] std::uint8_t device_type() const {
    return static_cast<std::uint8_t>(fields.at(0));
  }                                                                          ///< 0: none
  [[nodiscard]] std::uint32_t telegrams() const { return fields.at(1); }     ///< accepted, modulo 2^16
  [[nodiscard]] std::uint32_t import_wh() const { return fields.at(3); }     ///< from the grid
  [[nodiscard]] std::uint32_t export_wh() const { return fields.at(4); }     ///< to the grid
  [[nodiscard]] std::uint32_t device_value() const { return fields.at(5); }  ///< litre or MJ
  [[nodiscard]] std::uint32_t device_time() const {
    return fields.at(6);
  }  ///< YYMMDDhhmm in decimal; 0: none
  /// Refusals by protocol::p1::Error, each up to 255 since reset, then bytes that were overrun.
  [[nodiscard]] std::vector<std::uint32_t> refused() const {
    return {fields.begin() + first_refusal, fields.end()};
  }
  static constexpr std::size_t first_refusal = 7, count = first_refusal + 12;
};

/// The answer to a scripted command, both as host software writes them.
struct Reply {
  double t = 0.0;
  std::string host, reply;
};

/// A packet that the board's radio has received, when the main board read it.
struct RadioPacket {
  double t = 0.0;
  std::vector<std::uint8_t> frame;  ///< group, header, length, payload, CRC
};

/// Bytes that the board's serial port has received, when the main board read them.
struct SerialBytes {
  double t = 0.0;
  std::vector<std::uint8_t> bytes;
};

using Record = std::variant<Reading, Reply, RadioPacket, SerialBytes, MeterReport>;

}  // namespace flm::mainboard
