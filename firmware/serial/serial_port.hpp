// The RS-485 port, and the `u` channel of the control link: bytes from the line to the host, and from the host to the line.
//
// Byte received -> on_received: kept until the host has clocked it.
// SPI byte -> Channel words: bytes go up, bytes come down.
// Main loop -> step: takes the line when there is something to send. Register empty -> on_empty: the next byte. Last bit sent ->
// on_sent: lets go of the line, and listens.
//
// Until the host sends for the first time, the transceiver rests in transmit, which makes terminal `a` a 3.3 V rail (shared
// reference "hardware", port 6); from then on it listens whenever nothing is to be sent.
#pragma once
#include <stdint.h>

#include "protocol/attributes.hpp"
#include "protocol/link.hpp"

namespace flm {
namespace serial {

/// Bytes between one who puts and one who takes, either of which may interrupt the other. `size`: a power of two; holds one less.
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
  /// True with the byte that lies `ahead` bytes behind the oldest one.
  FLM_NODISCARD bool look(uint8_t ahead, uint8_t& byte) const {
    if (ahead >= waiting()) return false;
    byte = bytes_[(out_ + ahead) & (size - 1)];
    return true;
  }
  /// Forgets the oldest bytes, no more than wait.
  void take(uint8_t count) { out_ = static_cast<uint8_t>((out_ + count) & (size - 1)); }
  FLM_NODISCARD uint8_t waiting() const { return static_cast<uint8_t>((in_ - out_) & (size - 1)); }

 private:
  volatile uint8_t in_ = 0, out_ = 0;
  uint8_t bytes_[size] = {};
};

/// `Hal`: hal/README.md, under "Serial port".
template <class Hal>
class SerialPort {
 public:
  static constexpr bool exists = true;

  FLM_NODISCARD const protocol::ChannelCounters& counters() const { return counters_; }

  /// Main loop.
  void step(Hal& hal) {
    if (drives_ || to_send_.waiting() == 0) return;
    drives_ = true;
    hal.uart_transmit();
  }

  /// Interrupt: a byte has come. Not `good`: its stop bit is missing, or one was lost before it.
  void on_received(uint8_t byte, bool good) {
    if (!good) ++counters_.wrong;
    if (!received_.put(byte)) ++counters_.dropped;
  }
  /// Interrupt: there is room for a byte to send. Until the next uart_transmit() there is no other.
  void on_empty(Hal& hal) {
    uint8_t byte;
    if (!to_send_.look(0, byte)) return hal.uart_finish();
    to_send_.take(1);
    hal.uart_put(byte);
    hal.uart_transmit();
  }
  /// Interrupt: the last bit has been sent.
  void on_sent(Hal& hal) {
    if (to_send_.waiting() != 0) return hal.uart_transmit();  // It came too late to be sent without a gap.
    drives_ = false;
    hal.uart_listen();
  }

  // --- The channel: protocol/link.hpp, NoChannel ---

  void host_writes() {}
  void from_host(uint8_t byte) {
    if (!to_send_.put(byte)) ++counters_.refused;
  }
  void host_wrote(bool whole) {
    if (!whole) ++counters_.refused;
  }
  void host_reads() { given_ = 0; }
  FLM_NODISCARD bool to_host(uint8_t& byte) {
    if (!received_.look(given_, byte)) return false;
    ++given_;
    return true;
  }
  void host_has_read() {
    received_.take(given_);
    given_ = 0;
  }

 private:
  uint8_t given_ = 0;             ///< of received_, to the host that reads
  volatile bool drives_ = false;  ///< the line is ours
  protocol::ChannelCounters counters_;
  ByteQueue<64> received_;
  ByteQueue<64> to_send_;
};

}  // namespace serial
}  // namespace flm
