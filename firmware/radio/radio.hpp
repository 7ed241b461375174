// The RFM12B's driver, and the `u` channel of the control link: packets from the air to the host, and from
// the host to the air.
//
// nIRQ -> on_interrupt: one byte in or out. Last byte of a packet that wants it -> its acknowledgement begins
// in the same interrupt. SPI byte -> Channel words: the oldest packet goes up, and is kept until the host has
// clocked all of it; a packet comes down. Main loop -> step: what waits for silence, what has been waited for
// too long, and whether the chip still lives.
//
// Promises:
//   1. What goes up has the right CRC, and is one whole packet of this group.
//   2. Packets go up in the order they came, each once; the newest is dropped, and counted, when there is no
//      room.
//   3. What is dropped is not acknowledged. What is acknowledged goes up.
//   4. What the host sends goes out whole and unchanged, or not at all, and is counted then. Neither takes
//      for ever.
//   5. No caller waits longer than the 16 bits of a word.
#pragma once
#include <stdint.h>

#include "firmware/radio/rfm12b.hpp"
#include "protocol/crc16.hpp"
#include "protocol/jeenode.hpp"
#include "protocol/link.hpp"  // ChannelCounters
#include "toolchain/attributes.hpp"

namespace flm {
namespace radio {

/// `Hal`: has `Critical`, and the words that hal/README.md has under "Radio". One interrupt's handler calls
/// on_interrupt(), one, which it may interrupt and be interrupted by, the words of the channel; everything
/// else is the main loop's.
template <class Hal>
class Radio : public protocol::NoMeterLine {
 public:
  static constexpr bool exists = true;
  constexpr Radio() : fast_(false), makes_noise_(false), makes_none_(false), sleeps_(false) {}
  /// Two full packets, of header, length and payload, one or two of a kube, and a byte that distinguishes
  /// full from empty.
  static constexpr uint8_t queue_bytes = 2 * (2 + protocol::jeenode::payload_max) + 28 + 1;

  /// Before the first interrupt: sets up the chip, and listens.
  void start(Hal& hal, uint8_t group, Rate rate = Rate::kbit_19_2) {
    group_ = group;
    fast_ = rate == Rate::kbit_49_2;
    set_up(hal);
  }

  /// Listens to a different group. Packets of the old one that the host has not read are gone.
  void set_group(Hal& hal, uint8_t group) {
    if (group == group_) return;
    {
      const typename Hal::Critical moving;
      group_ = group;
      read_ = write_;
      given_ = 0;
    }
    set_up(hal);
  }
  /// Changes the data rate.
  void set_rate(Hal& hal, Rate rate) {
    const bool fast = rate == Rate::kbit_49_2;
    if (fast == fast_) return;
    fast_ = fast;
    set_up(hal);
  }

  /// Main loop: on, the chip sleeps until it is switched off again: 0.3 uA for 12 mA. A packet on its way in
  /// is given up, one on its way out is sent again, one that comes from the host waits.
  void save_power(Hal& hal, bool on) {
    sleeps_ = on;
    if (!on) return set_up(hal);
    hal.radio_interrupt(false);
    hal.radio_word(command::sleep);
  }

  FLM_NODISCARD const protocol::ChannelCounters& counters() const { return counters_; }

  /// Interrupt: nIRQ has fallen. Its own source is masked, other interrupts may come in between.
  void on_interrupt(Hal& hal) {
    if (!hal.radio_request()) return;  // An edge of the time that the handler has taken: it is dealt with.
    heard_ = Heard::something;
    uint8_t more = 4;
    do {
      if (state_ <= State::crc_high)
        receive(hal);
      else if (!send(hal))
        listen(hal);
    } while (hal.radio_request() && --more != 0 && more_waits(hal));
  }

  /// Main loop, at least every few milliseconds. `now_ms`: a clock's low byte.
  void step(Hal& hal, uint8_t now_ms) {
    const uint8_t passed = static_cast<uint8_t>(now_ms - now_ms_);
    now_ms_ = now_ms;
    if (sleeps_) return;
    backoff_ms_ = static_cast<uint8_t>(backoff_ms_ > passed ? backoff_ms_ - passed : 0);
    idle_ms_ = static_cast<uint8_t>(idle_ms_ + passed);
    if (idle_ms_ >= answer_ms) answered_ = false;
    if (heard_ == Heard::nothing && state_ != State::over) {
      if (state_ != State::header) {
        if (idle_ms_ < byte_timeout_ms) return;
      } else if (idle_ms_ < tick_ms && (!sending() || backoff_ms_ != 0)) {
        return;
      }
    }
    hal.radio_interrupt(false);
    attend(hal);
    hal.radio_interrupt(true);
  }

  // --- The channel: protocol/link.hpp, NoChannel ---

  void host_writes() {
    if (sending())
      ++counters_.refused;
    else
      filled_ = 1;
  }
  void from_host(uint8_t byte) {
    const uint8_t place = static_cast<uint8_t>(filled_ - 1);
    if (place > sizeof packet_) return;  // nothing of the host's (0, waiting), or too long
    if (place < sizeof packet_) packet_[place] = byte;
    filled_ = static_cast<uint8_t>(filled_ + 1);
  }
  void host_wrote(bool whole) {
    if (filled_ == 0 || sending()) return;
    const uint8_t size = static_cast<uint8_t>(filled_ - 1);
    if (whole && size >= protocol::jeenode::head && packet_[2] <= protocol::jeenode::payload_max &&
        size == static_cast<uint8_t>(packet_[2] + protocol::jeenode::head)) {
      filled_ = waiting;
      return;
    }
    filled_ = 0;
    ++counters_.refused;
  }

  void host_reads() { given_ = 0; }
  FLM_NODISCARD bool to_host(uint8_t& byte) {
    if (read_ == write_) return false;
    const uint8_t place = given_;
    const uint8_t end = static_cast<uint8_t>(queue_[after(read_, 1)] + protocol::jeenode::head);
    if (place == static_cast<uint8_t>(end + protocol::jeenode::tail)) return false;
    ++given_;
    if (place >= end) {
      byte = static_cast<uint8_t>(place == end ? up_crc_ : up_crc_ >> 8);
      return true;
    }
    if (place == 0) up_crc_ = start_of_crc;
    byte = place == 0 ? group_ : queue_[after(read_, static_cast<uint8_t>(place - 1))];
    up_crc_ = protocol::crc16_arc_seldom(up_crc_, byte);
    return true;
  }
  void host_has_read() {
    if (given_ == 0) return;
    read_ = after(read_, static_cast<uint8_t>(given_ - (1 + protocol::jeenode::tail)));
    given_ = 0;
  }

 private:
  /// Role of the next byte; up to crc_high it is received, from `preamble` on sent.
  enum class State : uint8_t {
    header,  ///< the next packet's: the chip waits for the synchron pattern
    length,
    payload,
    crc_low,
    crc_high,
    over,      ///< after a packet: the receiver is to look for the next one
    probed,    ///< noise, by which the chip shows that it lives
    preamble,  ///< the first of those that are sent
    preamble_again,
    synchron,
    head_and_payload,  ///< and the CRC's low byte
    send_crc_high,
    trailer,
    sent
  };
  /// Event that the interrupt reports to the main loop.
  enum class Heard : uint8_t { nothing, something, noise, reset };

  /// Bit of filled_: the packet is complete. The lower bits count how often a carrier has put it off: after
  /// 128 times of 1 to 16 ms filled_ is 0, and the packet is given up. The longest packet of others takes 31
  /// ms; so this is interference or a stuck sender, not traffic.
  static constexpr uint8_t waiting = 0x80;

  /// A byte that does not come for this long does not come: crystal start and a byte at the slow rate are 5.5
  /// ms.
  static constexpr uint8_t byte_timeout_ms = 10;
  static constexpr uint8_t tick_ms = 100;
  /// Silence after which an empty housekeeping packet is acknowledged again: an acknowledgement comes within
  /// 8 ms.
  static constexpr uint8_t answer_ms = 15;
  /// Ticks without an interrupt: after which a nIRQ that is low is stuck; the chip is asked for a sign of
  /// life, if no carrier would be missed; or in any case; and one that gives no such signs is set up again
  /// without a word.
  static constexpr uint8_t stuck_ticks = 10, probe_ticks = 20, carrier_ticks = 30, refresh_ticks = 40;

  FLM_NODISCARD bool sending() const { return (filled_ & waiting) != 0; }

  FLM_NODISCARD static uint8_t after(uint8_t place, uint8_t bytes) {
    const uint16_t sum = static_cast<uint16_t>(place + bytes);
    return static_cast<uint8_t>(sum >= queue_bytes ? sum - queue_bytes : sum);
  }

  static constexpr uint16_t start_of_crc = 0xFFFF;
  /// CRC before the synchron byte that is start_of_crc after it: crc16_arc(0xFE79, 0x2D) is 0xFFFF.
  static constexpr uint16_t before_sync = 0xFE79;

  // --- Interrupt ---

  /// One byte from the FIFO. While it is on its way, the one before it goes into the CRC.
  FLM_INLINE void receive(Hal& hal) {
    hal.radio_send(command::read_fifo);
    crc_ = protocol::crc16_arc(crc_, last_);
    const State state = state_;
    uint8_t next = static_cast<uint8_t>(place_ + 1);
    if (next == queue_bytes) next = 0;
    const uint8_t byte = hal.radio_receive();
    if (state >= State::crc_low) return end(hal, byte);
    last_ = byte;
    if (next == read_)
      acknowledgement_ = no_room;
    else {
      queue_[place_] = byte;
      place_ = next;
    }
    if (state == State::payload) {
      if (--left_ == 0) state_ = State::crc_low;
    } else if (state == State::header) {
      state_ = State::length;
      if (acknowledgement_ != no_room && protocol::jeenode::wants_acknowledgement(byte))
        acknowledgement_ = protocol::jeenode::acknowledgement(byte);
    } else {
      left_ = byte;
      state_ = byte == 0 ? State::crc_low : State::payload;
      if (byte > protocol::jeenode::payload_max) wrong();
      if (byte == 0 && (acknowledgement_ & protocol::jeenode::header::acknowledge) != 0) {
        // Empty housekeeping: it may be a different board's acknowledgement, and its answer to ours would
        // never end.
        if (answered_) acknowledgement_ = 0;
        answered_ = true;
      }
    }
  }

  /// A byte of the CRC.
  FLM_OUTLINE void end(Hal& hal, uint8_t byte) {
    if (state_ == State::crc_low) {
      left_ = static_cast<uint8_t>(crc_ >> 8);
      state_ = State::crc_high;
      if (byte != static_cast<uint8_t>(crc_)) wrong();
      return;
    }
    if (byte != left_) return wrong();
    state_ = State::over;
    if (acknowledgement_ == no_room) {
      ++counters_.dropped;
      return;
    }
    write_ = place_;
    if (acknowledgement_ != 0) begin_sending(hal);
  }

  void wrong() {
    ++counters_.wrong;
    state_ = State::over;
  }

  void begin_sending(Hal& hal) {
    state_ = State::preamble;
    hal.radio_word(command::send);
  }

  /// nIRQ is still low: whether a further byte has come.
  FLM_NODISCARD FLM_INLINE bool more_waits(Hal& hal) {
    const uint16_t word = hal.radio_word(command::read_status);
    // A chip that has been reset, and an underrun, which has spoilt what is sent: it is sent again.
    if ((word & status::power_on) != 0 || ((word & status::overrun) != 0 && state_ >= State::preamble)) {
      heard_ = Heard::reset;
      return false;
    }
    return (word & status::ready) != 0;
  }

  /// A byte for the transmitter. False when there is none: listen() comes next, from the handler, or the
  /// stack would hold both.
  FLM_NODISCARD FLM_INLINE bool send(Hal& hal) {
    uint8_t byte = protocol::jeenode::preamble;
    switch (state_) {
      case State::preamble: state_ = State::preamble_again; break;
      case State::preamble_again: state_ = State::synchron; break;
      case State::synchron:
        byte = protocol::jeenode::sync;
        state_ = State::head_and_payload;
        place_ = 0;
        crc_ = before_sync;
        left_ = static_cast<uint8_t>(protocol::jeenode::head + (acknowledgement_ != 0 ? 0 : packet_[2]));
        break;
      case State::send_crc_high:
        byte = static_cast<uint8_t>(crc_ >> 8);
        state_ = State::trailer;
        break;
      case State::head_and_payload:
        crc_ = protocol::crc16_arc_seldom(crc_, last_);  // first, so that nothing has to be kept meanwhile
        if (left_ == 0) {
          byte = static_cast<uint8_t>(crc_);
          state_ = State::send_crc_high;
          break;
        }
        byte = acknowledgement_ == 0 ? packet_[place_]
               : place_ == 0         ? group_
               : place_ == 1         ? acknowledgement_
                                     : uint8_t{0};
        ++place_;
        --left_;
        break;
      case State::trailer: state_ = State::sent; break;  // While it is in the register, the CRC goes out.
      case State::sent:
        if (acknowledgement_ == 0) filled_ = 0;
        hal.radio_word(command::receive);
        return false;
      case State::probed:
        if ((hal.radio_word(command::read_status) & status::ready) == 0) {
          heard_ = Heard::reset;
          return true;
        }
        heard_ = Heard::noise;
        return false;
      default: return false;
    }
    last_ = byte;
    hal.radio_word(static_cast<uint16_t>(command::transmit | byte));
    return true;
  }

  /// Empties the FIFO; it fills again from the next synchron pattern on.
  FLM_OUTLINE void listen(Hal& hal) {
    state_ = State::header;
    place_ = write_;
    crc_ = start_of_crc;
    last_ = group_;
    acknowledgement_ = 0;
    // Last, and so without a register to keep on the stack.
    hal.radio_word(command::fifo_stop);
    hal.radio_word(command::fifo_from_sync);
  }

  // --- Main loop, the radio's interrupt masked ---

  FLM_OUTLINE void attend(Hal& hal) {
    if (heard_ == Heard::reset) return restart(hal);
    if (heard_ != Heard::nothing) {
      if (heard_ == Heard::noise) makes_noise_ = true;
      heard_ = Heard::nothing;
      idle_ms_ = 0;
      quiet_ = 0;
    }
    if (state_ == State::over) return listen(hal);
    if (state_ != State::header) {
      if (idle_ms_ < byte_timeout_ms) return;
      if (state_ <= State::crc_high) {
        ++counters_.wrong;
      } else if (state_ == State::probed && !makes_noise_) {
        makes_none_ = true;
      } else {
        return restart(hal);
      }
      return listen(hal);
    }
    bool probe = false;
    if (idle_ms_ >= tick_ms) {
      idle_ms_ = 0;
      probe = ++quiet_ >= probe_ticks;
    }
    if (hal.radio_request()) {  // A byte has just come, and its interrupt comes; unless it does not.
      if (quiet_ >= stuck_ticks) restart(hal);
      return;
    }
    const bool send = sending() && backoff_ms_ == 0;
    if (!send && !probe) return;
    const uint16_t word = hal.radio_word(command::read_status);
    if ((word & status::power_on) != 0) return restart(hal);
    if ((word & status::ready) != 0) return;
    const bool carrier = (word & status::carrier) != 0;
    if (send) {
      if (!carrier) {
        idle_ms_ = 0;
        return begin_sending(hal);
      }
      // Random enough: the clock at this try, the chip's noise in the status, and what the host has read
      // last.
      backoff_ms_ = static_cast<uint8_t>(1 + static_cast<uint8_t>(now_ms_ * 5 + word + up_crc_) % 16);
      const uint8_t tries = static_cast<uint8_t>(filled_ + 1);
      filled_ = tries;
      if (tries == 0) {
        const typename Hal::Critical counting;
        ++counters_.refused;
      }
    }
    if (!probe || (carrier && quiet_ < carrier_ticks)) return;
    if (makes_none_ && !makes_noise_) {
      if (quiet_ >= refresh_ticks) set_up(hal);
      return;
    }
    state_ = State::probed;
    hal.radio_word(command::fifo_stop);
    hal.radio_word(command::fifo_always);
  }

  void restart(Hal& hal) {
    ++counters_.restarts;
    set_up(hal);
    backoff_ms_ = 255;
  }

  /// Not of a chip that sleeps: it is set up when it wakes.
  FLM_OUTLINE void set_up(Hal& hal) {
    if (sleeps_) return;
    hal.radio_interrupt(false);
    static_cast<void>(hal.radio_word(command::read_status));
    hal.radio_word(command::configuration);
    hal.radio_word(command::sleep);
    hal.radio_word(command::frequency);
    hal.radio_word(fast_ ? command::data_rate_49_2 : command::data_rate_19_2);
    hal.radio_word(command::receiver);
    hal.radio_word(command::data_filter);
    hal.radio_word(static_cast<uint16_t>(command::group | group_));
    hal.radio_word(command::frequency_control);
    hal.radio_word(command::transmitter);
    hal.radio_word(command::low_duty_cycle);
    hal.radio_word(command::wake_up);
    hal.radio_word(command::receive);
    listen(hal);
    idle_ms_ = 0;
    quiet_ = 0;
    heard_ = Heard::nothing;
    hal.radio_interrupt(true);
  }

  /// Value of acknowledgement_; an acknowledgement's header has its top bit set.
  static constexpr uint8_t no_room = 1;

  // Small members come first: a pointer to this object reaches 63 bytes by 2-byte instructions.
  volatile uint8_t write_ = 0;   ///< index after the last whole packet
  volatile uint8_t read_ = 0;    ///< index of the oldest packet
  uint8_t given_ = 0;            ///< bytes of it that the host has been given
  uint16_t up_crc_ = 0;          ///< CRC of those bytes
  volatile uint8_t filled_ = 0;  ///< bytes of packet_ and 1; 0: none comes; `waiting` and its tries
  uint8_t place_ = 0;            ///< index of the next byte, in queue_ or in the packet that is sent
  uint16_t crc_ =
      0;  ///< not 0xFFFF: all of this object begins as zeros, and needs no image of itself in flash
  uint8_t last_ = 0;             ///< received or sent, and not yet in crc_
  uint8_t left_ = 0;             ///< bytes of the payload; then, the CRC's high byte
  uint8_t acknowledgement_ = 0;  ///< header, while one is to be sent; no_room; or 0
  volatile State state_ = State::header;
  volatile Heard heard_ = Heard::nothing;
  volatile bool answered_ = false;  ///< empty housekeeping has just come
  uint8_t group_ = 0;
  bool fast_ : 1;
  // Whether the chip makes bytes of noise on request: once it has, it must; one that did not is asked
  // no more.
  bool makes_noise_ : 1;
  bool makes_none_ : 1;
  bool sleeps_ : 1;  ///< to save power
  uint8_t now_ms_ = 0;
  uint8_t idle_ms_ = 0;  ///< since the last interrupt, or tick
  uint8_t quiet_ = 0;    ///< ticks since the last interrupt
  uint8_t backoff_ms_ = 0;
  protocol::ChannelCounters counters_;
  uint8_t packet_[protocol::jeenode::head + protocol::jeenode::payload_max] =
      {};  ///< the host's packet: group, header, length, payload
  /// Packets of header, length, payload. The radio's interrupt writes, the SPI's reads; each index has one
  /// owner.
  uint8_t queue_[queue_bytes] = {};
};

}  // namespace radio
}  // namespace flm
