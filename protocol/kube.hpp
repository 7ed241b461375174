// Measurements of FluksoKubes, in units: for the PC. One table; a new kube type, or a new packet of one, is
// one row of it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {
namespace kube {

/// Formula from a raw number x to a value.
enum class Law : uint8_t {
  none,    ///< bits that say nothing
  linear,  ///< offset + scale x
  power    ///< scale (x + offset) ^ exponent; no value at 0 ^ negative
};

/// A bit field of a payload.
struct Field {
  const char*
      name;  ///< with its unit, as JSON has it: temperature_c, humidity_pct, pressure_pa, light_lx, battery_v
  uint8_t bits;  ///< 1..32
  Law law;
  double offset, scale, exponent;
  bool is_signed;
};
FLM_NODISCARD constexpr Field linear(const char* name, uint8_t bits, double scale = 1, double offset = 0) {
  return Field{name, bits, Law::linear, offset, scale, 1, false};
}
FLM_NODISCARD constexpr Field signed_linear(const char* name, uint8_t bits, double scale = 1) {
  return Field{name, bits, Law::linear, 0, scale, 1, true};
}
FLM_NODISCARD constexpr Field power(const char* name, uint8_t bits, double scale, double offset,
                                    double exponent) {
  return Field{name, bits, Law::power, offset, scale, exponent, false};
}

constexpr uint8_t fields_max = 12;

/// A packet: its fields follow each other from the least significant bit of the first byte; names end with
/// the last field.
struct Row {
  uint16_t type;  ///< hardware type, as the kube reports it in its pairing request
  const char* name;
  uint8_t length;  ///< bytes of the payload
  Field fields[fields_max];
};

constexpr uint16_t flk01a = 19217, flk01b = 19218;

/// Every packet that is known (github.com/flukso/kube, pkt.h of src/flk01a and src/flk01).
struct Table {
  const Row* rows;
  size_t size;
  FLM_NODISCARD const Row* begin() const { return rows; }
  FLM_NODISCARD const Row* end() const { return rows + size; }
};
FLM_NODISCARD inline Table table() {
  static constexpr Row rows[] = {
      {flk01b,
       "FLK01B",
       9,
       {linear("pressure_pa", 20, 0.25), linear("humidity_pct", 12, 125.0 / 4096, -6),
        linear("light_lx", 16, 0.25), linear("temperature_c", 14, 175.72 / 16384, -46.85),
        power("battery_v", 3, 26.93, 8.5, -0.985), linear("temperature_error", 1),
        linear("humidity_error", 1), linear("light_error", 1), linear("pressure_error", 1),
        linear("accelerometer_error", 1), linear("brown_out", 1), linear("watchdog", 1)}},
      {flk01b, "FLK01B", 4, {linear("movements", 32)}},
      {flk01b, "FLK01B", 2, {linear("vibrations", 16)}},
      {flk01a,
       "FLK01A",
       6,
       {linear("temperature_c", 16, 175.72 / 65536, -46.85), linear("humidity_pct", 16, 125.0 / 65536, -6),
        power("battery_v", 8, 27.43, 0, -1.04), linear("error", 8)}},
      {flk01a, "FLK01A", 4, {linear("movements", 32)}},
  };
  return Table{rows, sizeof rows / sizeof rows[0]};
}

/// The row of a kube's packet, or null. Type 0: not known; then the length decides, and the newest kube that
/// has it.
FLM_NODISCARD inline const Row* find(uint16_t type, size_t length) {
  for (const Row& row : table())
    if ((type == 0 || row.type == type) && row.length == length) return &row;
  return nullptr;
}

/// A value with its name; without a value when the formula has none there.
struct Reading {
  const char* name;
  double value;
  bool valid;
};

/// A field of a payload that is `row.length` bytes long.
struct Readings {
  Reading list[fields_max];
  uint8_t count;
};

namespace detail {
FLM_NODISCARD inline uint32_t bits_at(const uint8_t* payload, uint16_t first, uint8_t bits) {
  uint32_t value = 0;
  for (uint8_t i = 0; i < bits; ++i) {
    const uint16_t place = static_cast<uint16_t>(first + i);
    if ((payload[place / 8] >> (place % 8) & 1) != 0) value |= UINT32_C(1) << i;
  }
  return value;
}
}  // namespace detail

/// The values of a payload of `row.length` bytes.
FLM_NODISCARD inline Readings decode(const Row& row, const uint8_t* payload) {
  Readings readings = {};
  uint16_t place = 0;
  for (const Field& field : row.fields) {
    if (field.name == nullptr) break;
    const uint32_t raw = detail::bits_at(payload, place, field.bits);
    place = static_cast<uint16_t>(place + field.bits);
    if (field.law == Law::none) continue;
    double x = static_cast<double>(raw);
    if (field.is_signed && (raw >> (field.bits - 1) & 1) != 0)
      x -= 2.0 * static_cast<double>(UINT32_C(1) << (field.bits - 1));
    Reading& reading = readings.list[readings.count++];
    reading.name = field.name;
    reading.valid = field.law == Law::linear || x + field.offset > 0;
    if (!reading.valid) continue;
    reading.value = field.law == Law::linear ? field.offset + field.scale * x
                                             : field.scale * __builtin_pow(x + field.offset, field.exponent);
  }
  return readings;
}

}  // namespace kube
}  // namespace protocol
}  // namespace flm
