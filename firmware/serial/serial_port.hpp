// The RS-485 port, and the `u` channel of the control link: bytes from the line to the host, and from the
// host to the line.
//
// Byte received -> on_received: kept until the host has clocked it. SPI byte -> Channel words: bytes go up,
// bytes come down. Main loop -> step: takes the line when there is something to send. Register empty ->
// on_empty: the next byte. Last bit sent -> on_sent: lets go of the line, and listens.
//
// Until the host sends for the first time, the transceiver rests in transmit, which makes terminal `a` a 3.3
// V rail (boards/README.md, "Port 6"); from then on it listens whenever nothing is to be sent.
#pragma once
#include <stdint.h>

#include "firmware/serial/byte_queue.hpp"
#include "hal/contract.hpp"
#include "protocol/link.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace serial {

/// `Hal`: hal/README.md, under "Serial port".
template <class Hal>
class SerialPort : public protocol::NoMeterLine {
 public:
  static constexpr bool exists = true;

  FLM_NODISCARD protocol::ChannelCounters counters() const {
    protocol::ChannelCounters counters;
    counters.wrong = received_->wrong;
    counters.dropped = received_->lost;
    counters.refused = refused_;
    return counters;
  }

  /// Main loop: a smart meter's line from now on, which is only listened to; or the host's port, at rest.
  void configure(Hal& hal, bool meter, bool slow) {
    const typename Hal::Critical critical;
    meter_ = meter;
    drives_ = false;
    received_ = &hal.uart_received();
    received_->out = received_->in;
    to_send_.clear();
    hal.uart_start(meter && slow);
    rests_ = !meter;
    if (meter) hal.uart_listen();
  }
  /// The meter's oldest bytes, up to `count`, which becomes how many; and that they have been read.
  FLM_NODISCARD const uint8_t* meter_bytes(uint8_t& count) const { return received_->oldest(count); }
  void meter_bytes_read(uint8_t count) { received_->out = static_cast<uint8_t>(received_->out + count); }
  FLM_NODISCARD bool meter_waits() const { return meter_ && received_->waiting() != 0; }
  FLM_NODISCARD uint8_t meter_overruns() const { return received_->lost; }

  /// Main loop: the supply is failing, or has recovered. The transceiver draws less while it does not rest in
  /// transmit; what it is doing goes on.
  void save_power(Hal& hal, bool on) {
    if (rests_) hal.uart_drive(!on);
  }

  /// Main loop.
  void step(Hal& hal) {
    if (drives_ || to_send_.waiting() == 0) return;
    drives_ = true;
    rests_ = false;
    hal.uart_transmit();
  }

  /// Interrupt: there is room for a byte to send. Until the next uart_transmit() there is no other.
  void on_empty(Hal& hal) {
    uint8_t byte;
    if (!to_send_.look(0, byte)) return hal.uart_finish();
    to_send_.take(1);
    hal.uart_put(byte);
    hal.uart_transmit();
  }
  /// Interrupt: the last bit has been sent. What came too late to be sent without a gap is step()'s, and the
  /// line stays ours.
  void on_sent(Hal& hal) {
    drives_ = false;
    if (to_send_.waiting() == 0) hal.uart_listen();
  }

  // --- The channel: protocol/link.hpp, NoChannel ---

  void host_writes() {}
  void from_host(uint8_t byte) {
    if (meter_ || !to_send_.put(byte)) ++refused_;
  }
  void host_wrote(bool whole) {
    if (!whole) ++refused_;
  }
  void host_reads() { given_ = 0; }
  FLM_NODISCARD bool to_host(uint8_t& byte) {
    if (meter_ || given_ == received_->waiting()) return false;
    byte = received_->bytes[static_cast<uint8_t>(received_->out + given_++)];
    return true;
  }
  void host_has_read() {
    received_->out = static_cast<uint8_t>(received_->out + given_);
    given_ = 0;
  }

 private:
  uint8_t given_ = 0;             ///< bytes of received_ that the reading host has been given
  volatile bool drives_ = false;  ///< the line is ours
  bool rests_ = false;            ///< in transmit, idle
  bool meter_ = false;            ///< the line is a smart meter's
  uint8_t refused_ = 0;           ///< the host's bytes
  hal::ReceivedBytes* received_ = nullptr;
  ByteQueue<16> to_send_;  ///< the line is faster than the host
};

}  // namespace serial
}  // namespace flm
