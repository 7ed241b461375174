// The checksums of smart meter telegrams, a byte at a time without a table, and sixteen bytes at a time with
// one.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "protocol/crc16.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {
namespace p1 {

/// CRC-16/ARC: x^16 + x^15 + x^2 + 1, reflected 0xA001, initial value 0, final XOR 0. "123456789" gives
/// 0xBB3D. Source: DSMR P1 companion standard 5.0.2, clause 6.2; every published meter but those below.
struct Arc {
  static constexpr uint16_t polynomial = 0xA001, initial = 0, final_xor = 0;

  FLM_NODISCARD static FLM_INLINE uint16_t step(uint16_t crc, uint8_t byte) { return crc16_arc(crc, byte); }
};

/// CRC-16/X-25: x^16 + x^12 + x^5 + 1, reflected 0x8408, initial value and final XOR 0xFFFF. "123456789"
/// gives 0x906E. Source: Holley DTSD545 (Hungary), github.com/ndokter/dsmr_parser issue 91.
struct X25 {
  static constexpr uint16_t polynomial = 0x8408, initial = 0xFFFF, final_xor = 0xFFFF;

#if defined(FLM_HAS_CRC16_UPDATE)
  FLM_NODISCARD static FLM_INLINE uint16_t step(uint16_t crc, uint8_t byte) {
    return _crc_ccitt_update(crc, byte);
  }
#else
  FLM_NODISCARD static FLM_INLINE constexpr uint16_t step(uint16_t crc, uint8_t byte) {
    uint8_t x = static_cast<uint8_t>(byte ^ crc);
    x = static_cast<uint8_t>(x ^ static_cast<uint8_t>(x << 4));
    return static_cast<uint16_t>(crc >> 8 ^ static_cast<uint16_t>(x << 8) ^ static_cast<uint16_t>(x) << 3 ^
                                 x >> 4);
  }
#endif
};

/// table[k][x]: what a byte x does to the CRC when k zero bytes follow it.
struct SliceTable {
  uint16_t of[16][256];
};

template <class Crc>
constexpr SliceTable make_slices() {
  SliceTable table = {};
  for (uint16_t x = 0; x < 256; ++x) {
    uint16_t crc = x;
    for (uint8_t bit = 0; bit < 8; ++bit)
      crc = static_cast<uint16_t>((crc & 1) != 0 ? (crc >> 1) ^ Crc::polynomial : crc >> 1);
    table.of[0][x] = crc;
  }
  for (uint8_t k = 1; k < 16; ++k)
    for (uint16_t x = 0; x < 256; ++x) {
      const uint16_t before = table.of[k - 1][x];
      table.of[k][x] = static_cast<uint16_t>(before >> 8 ^ table.of[0][before & 0xFF]);
    }
  return table;
}

/// Many bytes at once, for machines with a cache: 8 KiB of table for each checksum that is used.
template <class Crc>
struct Slices {
  static constexpr SliceTable table = make_slices<Crc>();

  FLM_NODISCARD static uint16_t add(uint16_t crc, const uint8_t* p, size_t bytes) {
    const uint16_t(*const t)[256] = table.of;
    for (; bytes >= 16; bytes -= 16, p += 16) {
      const unsigned low = t[15][p[0] ^ (crc & 0xFF)] ^ t[14][p[1] ^ (crc >> 8)];
      const unsigned a = t[13][p[2]] ^ t[12][p[3]] ^ t[11][p[4]] ^ t[10][p[5]] ^ t[9][p[6]] ^ t[8][p[7]];
      const unsigned b = t[7][p[8]] ^ t[6][p[9]] ^ t[5][p[10]] ^ t[4][p[11]] ^ t[3][p[12]] ^ t[2][p[13]] ^
                         t[1][p[14]] ^ t[0][p[15]];
      crc = static_cast<uint16_t>(low ^ (a ^ b));
    }
    for (; bytes != 0; --bytes, ++p) crc = static_cast<uint16_t>(crc >> 8 ^ t[0][(crc ^ *p) & 0xFF]);
    return crc;
  }
};
template <class Crc>
constexpr SliceTable Slices<Crc>::table;

/// Checksums that are taken.
enum class Checksums : uint8_t {
  arc,      ///< CRC-16/ARC
  in_turn,  ///< that or CRC-16/X-25, one at a time: after two telegrams in a row with a wrong one, the other
            ///< is tried
  both      ///< either, at once
};

namespace detail {

/// Bit of a parser's flags: the checksum is CRC-16/X-25 instead of ARC.
constexpr uint8_t x25_flag = 0x80;

/// A running checksum.
template <Checksums>
struct Sum {
  uint16_t arc;
  FLM_INLINE void begin(uint8_t) { arc = Arc::initial; }
  FLM_INLINE void add(uint8_t c, uint8_t) { arc = Arc::step(arc, c); }
  void add_seldom(uint8_t c, uint8_t) { arc = crc16_arc_seldom(arc, c); }
  FLM_NODISCARD bool is(uint16_t crc, uint8_t) const { return crc == arc; }
};
template <>
struct Sum<Checksums::in_turn> {
  uint16_t arc;  ///< or X-25
  FLM_INLINE void begin(uint8_t flags) { arc = (flags & x25_flag) != 0 ? X25::initial : Arc::initial; }
  FLM_INLINE void add(uint8_t c, uint8_t flags) {
    arc = (flags & x25_flag) != 0 ? X25::step(arc, c) : Arc::step(arc, c);
  }  // a call would cost each byte 40 cycles
  FLM_INLINE void add_seldom(uint8_t c, uint8_t flags) { arc = step(arc, c, flags); }
  FLM_NODISCARD FLM_INLINE bool is(uint16_t crc, uint8_t flags) const {
    return ((flags & x25_flag) != 0 ? static_cast<uint16_t>(~crc) : crc) == arc;
  }

 private:
  static FLM_OUTLINE uint16_t step(uint16_t crc, uint8_t c, uint8_t flags) {
    return (flags & x25_flag) != 0 ? X25::step(crc, c) : crc16_arc_seldom(crc, c);
  }
  static_assert(X25::final_xor == 0xFFFF, "it is turned over");
};
template <>
struct Sum<Checksums::both> {
  uint16_t arc, x25;
  void begin(uint8_t) {
    arc = Arc::initial;
    x25 = X25::initial;
  }
  void add(uint8_t c, uint8_t) {
    arc = Arc::step(arc, c);
    x25 = X25::step(x25, c);
  }
  void add_seldom(uint8_t c, uint8_t) { add(c, 0); }
  FLM_NODISCARD bool is(uint16_t crc, uint8_t) const {
    return crc == arc || crc == static_cast<uint16_t>(x25 ^ X25::final_xor);
  }
};
}  // namespace detail

}  // namespace p1
}  // namespace protocol
}  // namespace flm
