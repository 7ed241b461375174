// Records of a run, in time order: one is a line of the JSON output (sim/results/jsonl.md).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/p1/registers.hpp"  // power_not_told

namespace flm::sim {

/// One sensor's line of a `gd` reply.
struct Reading {
  double t = 0.0;             ///< s since power-up, when the host asked
  int sensor = 0;             ///< 1..6
  std::uint32_t counter = 0;  ///< Wh or litre
  std::uint16_t milli = 0;    ///< thousandths
  bool is_pulse = false;      ///< extra is the time of the last pulse instead of a power
  bool is_meter = false;      ///< a smart meter's: counter and power have a sign
  std::uint32_t extra = 0;    ///< W, or ms since reset
  bool clipped =
      false;  ///< a clamp of it had samples at the converter's full scale in its last second: it reads low

  std::int64_t meter_wh = 0;  ///< of a smart meter: the counter with its sign

  /// Whole counts, and W.
  [[nodiscard]] std::int64_t whole() const { return is_meter ? meter_wh : std::int64_t{counter}; }
  [[nodiscard]] std::int64_t power() const {
    return is_meter ? std::int64_t{static_cast<std::int32_t>(extra)} : std::int64_t{extra};
  }
  /// Does it tell a power? A pulse sensor does not, nor a smart meter that does not tell it.
  [[nodiscard]] bool has_power() const {
    return !is_pulse && !(is_meter && extra == protocol::p1::power_not_told);
  }
};

/// What a smart meter told beyond its sensor: the fields of a `gz` reply, in its order.
struct MeterReport {
  double t = 0.0;  ///< s since power-up, when the host asked
  std::vector<std::uint32_t> fields;
};

/// The answer to a scripted command, both as host software writes them.
struct Reply {
  double t = 0.0;
  std::string host, reply;
};

/// A packet that the board's radio has received, when the host read it.
struct RadioPacket {
  double t = 0.0;
  std::vector<std::uint8_t> frame;  ///< group, header, length, payload, CRC
};

/// Bytes that the board's serial port has received, when the host read them.
struct SerialBytes {
  double t = 0.0;
  std::vector<std::uint8_t> bytes;
};

using Record = std::variant<Reading, Reply, RadioPacket, SerialBytes, MeterReport>;

}  // namespace flm::sim
