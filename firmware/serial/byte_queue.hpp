// Bytes on their way from an interrupt to the main loop, or back.
#pragma once
#include <stdint.h>

#include "protocol/attributes.hpp"

namespace flm {
namespace serial {

/// Bytes between one who puts and one who takes, either of which may interrupt the other. `size`: a power of two up to 256; holds one less.
template <uint16_t size>
class ByteQueue {
  static_assert((size & (size - 1)) == 0 && size <= 256, "a power of two, of indices of a byte");

 public:
  /// False when there is no room.
  FLM_NODISCARD bool put(uint8_t byte) {
    const uint8_t next = static_cast<uint8_t>((in_ + 1) & (size - 1));
    if (next == out_) return false;
    bytes_[in_] = byte;
    in_ = next;
    return true;
  }
  /// True with the byte that lies `ahead` bytes behind the oldest one.
  FLM_NODISCARD bool look(uint8_t ahead, uint8_t& byte) const {
    if (ahead >= waiting()) return false;
    byte = bytes_[(out_ + ahead) & (size - 1)];
    return true;
  }
  /// Forgets the oldest bytes, no more than wait.
  void take(uint8_t count) { out_ = static_cast<uint8_t>((out_ + count) & (size - 1)); }
  void clear() {
    in_ = 0;
    out_ = 0;
  }
  FLM_NODISCARD uint8_t waiting() const { return static_cast<uint8_t>((in_ - out_) & (size - 1)); }

 private:
  volatile uint8_t in_ = 0, out_ = 0;
  uint8_t bytes_[size] = {};
};

/// A smart meter's line that ends at the host: what it forwards, on its way to the main loop.
class ForwardedLine {
 public:
  static constexpr bool has_meter_line = true;
  /// Interrupt: a byte from the host.
  void from_meter(uint8_t byte) {
    if (!bytes_.put(byte)) ++overruns_;
  }
  FLM_NODISCARD bool take_from_meter(uint8_t& byte) {
    if (!bytes_.look(0, byte)) return false;
    bytes_.take(1);
    return true;
  }
  FLM_NODISCARD bool meter_waits() const { return bytes_.waiting() != 0; }
  /// Bytes that came when there was no room, modulo 256.
  FLM_NODISCARD uint8_t meter_overruns() const { return overruns_; }

 private:
  ByteQueue<16> bytes_;
  uint8_t overruns_ = 0;
};

}  // namespace serial
}  // namespace flm
