// Bytes on their way from an interrupt to the main loop, or back.
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {
namespace serial {

/// Bytes between one who puts and one who takes, either of which may interrupt the other. `size`: a power of
/// two; holds one less.
template <uint8_t size>
class ByteQueue {
  static_assert((size & (size - 1)) == 0, "a power of two");

 public:
  /// False when there is no room.
  FLM_NODISCARD bool put(uint8_t byte) {
    const uint8_t next = static_cast<uint8_t>((in_ + 1) & (size - 1));
    if (next == out_) return false;
    bytes_[in_] = byte;
    in_ = next;
    return true;
  }
  /// True with the byte that came `ahead` bytes after the oldest one.
  FLM_NODISCARD bool look(uint8_t ahead, uint8_t& byte) const {
    if (ahead >= waiting()) return false;
    byte = bytes_[(out_ + ahead) & (size - 1)];
    return true;
  }
  /// The oldest bytes that stand in a row, up to `count`, which becomes how many.
  FLM_NODISCARD const uint8_t* oldest(uint8_t& count) const {
    const uint8_t there = waiting(), row = static_cast<uint8_t>(size - out_);
    if (count > there) count = there;
    if (count > row) count = row;
    return bytes_ + out_;
  }
  /// Forgets the oldest bytes, no more than wait.
  void take(uint8_t count) { out_ = static_cast<uint8_t>((out_ + count) & (size - 1)); }
  void clear() {
    in_ = 0;
    out_ = 0;
  }
  FLM_NODISCARD uint8_t waiting() const { return static_cast<uint8_t>((in_ - out_) & (size - 1)); }
  FLM_NODISCARD uint8_t room() const { return static_cast<uint8_t>(size - 1 - waiting()); }

 private:
  volatile uint8_t in_ = 0, out_ = 0;
  uint8_t bytes_[size] = {};
};

/// A smart meter's line that ends at the host: what it forwards, on its way to the main loop.
class ForwardedLine {
 public:
  static constexpr bool has_meter_line = true;
  /// Interrupt: a byte from the host. The last one for which there is room becomes the 0 that stands for
  /// those that are lost.
  void from_meter(uint8_t byte) {
    const bool room = bytes_.room() > 1;
    if (!bytes_.put(room ? byte : 0) || !room) ++overruns_;
  }
  /// The oldest bytes, up to `count`, which becomes how many; and that they have been read.
  FLM_NODISCARD const uint8_t* meter_bytes(uint8_t& count) const { return bytes_.oldest(count); }
  void meter_bytes_read(uint8_t count) { bytes_.take(count); }
  FLM_NODISCARD bool meter_waits() const { return bytes_.waiting() != 0; }
  /// Bytes that came when there was no room, modulo 256.
  FLM_NODISCARD uint8_t meter_overruns() const { return overruns_; }

 private:
  ByteQueue<16> bytes_;
  uint8_t overruns_ = 0;
};

}  // namespace serial
}  // namespace flm
