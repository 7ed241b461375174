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

#include "firmware/serial/byte_queue.hpp"
#include "protocol/attributes.hpp"
#include "protocol/link.hpp"

namespace flm {
namespace serial {

/// `Hal`: hal/README.md, under "Serial port".
template <class Hal>
class SerialPort : public protocol::NoMeterLine {
 public:
  static constexpr bool exists = true;


  FLM_NODISCARD const protocol::ChannelCounters& counters() const { return counters_; }

  /// Main loop: a smart meter's line from now on, which is only listened to; or the host's port, at rest.
  void configure(Hal& hal, bool meter, bool slow) {
    const typename Hal::Critical critical;
    meter_ = meter;
    drives_ = false;
    received_.clear();
    to_send_.clear();
    hal.uart_start(meter && slow);
    if (meter) hal.uart_listen();
  }
  /// A byte of the meter's.
  FLM_NODISCARD bool take_from_meter(uint8_t& byte) {
    if (!received_.look(0, byte)) return false;
    received_.take(1);
    return true;
  }
  FLM_NODISCARD bool meter_waits() const { return meter_ && received_.waiting() != 0; }
  FLM_NODISCARD uint8_t meter_overruns() const { return counters_.dropped; }

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
    if (meter_ || !to_send_.put(byte)) ++counters_.refused;
  }
  void host_wrote(bool whole) {
    if (!whole) ++counters_.refused;
  }
  void host_reads() { given_ = 0; }
  FLM_NODISCARD bool to_host(uint8_t& byte) {
    if (meter_ || !received_.look(given_, byte)) return false;
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
  bool meter_ = false;            ///< the line is a smart meter's
  protocol::ChannelCounters counters_;
  /// A telegram of a smart meter comes faster than it can be read while the host polls.
  ByteQueue<256> received_;
  ByteQueue<16> to_send_;  ///< the line is faster than the host
};

}  // namespace serial
}  // namespace flm
