// The slave's end of the control link, byte by byte: what the SPI interrupt steps.
//
// In, from a host with a smart meter's line: 'p' digits '.', its bytes; nothing comes back. In: 'l' command
// arguments crc '.'     Out, once a zero byte has been received: 'l' [command results crc '.'] 'u' [payload]
// 0x00. A byte that is not zero always belongs to a message from the host, also while a reply is being read:
// the host gave up reading. So no state outlives the next message.
#pragma once
#include <stdint.h>

#include "protocol/crc8.hpp"
#include "protocol/hex.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {

/// Characters between 'l' and '.' that a message may have: the longest command (`sp`) and its CRC.
constexpr uint8_t link_message_max = 2 + 6 * 2 + 2;
/// Bytes of a reply: two letters, six sensors of 11 bytes (`gd`).
constexpr uint8_t link_reply_max = 2 + 6 * 11;

/// A reply being built: two letters, then bytes that go out as two hex digits each. Their CRC is computed as
/// they go.
class LinkReply {
 public:
  FLM_OUTLINE void begin(char first, char second) {
    bytes_[0] = static_cast<uint8_t>(first);
    bytes_[1] = static_cast<uint8_t>(second);
    length_ = 2;
  }
  FLM_OUTLINE void put8(uint8_t value) { bytes_[length_++] = value; }
  void put16(uint16_t value) { put(&value, 2); }
  void put32(uint32_t value) { put(&value, 4); }
  /// A number as this processor's memory has it; it goes out most significant byte first.
  FLM_OUTLINE void put(const void* number, uint8_t bytes) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (uint8_t i = 0; i < bytes; ++i) put8(static_cast<const uint8_t*>(number)[i]);
#else
    while (bytes != 0) put8(static_cast<const uint8_t*>(number)[--bytes]);
#endif
  }

  /// Characters that go out between 'l' and the CRC.
  FLM_NODISCARD uint8_t characters() const { return static_cast<uint8_t>(2 * length_ - 2); }
  FLM_NODISCARD char character(uint8_t place) const {
    if (place < 2) return static_cast<char>(bytes_[place]);
    const uint8_t byte = bytes_[static_cast<uint8_t>(place / 2 + 1)];
    return hex_digit((place & 1) == 0 ? static_cast<uint8_t>(byte / 16) : static_cast<uint8_t>(byte & 0x0F));
  }

 private:
  uint8_t bytes_[link_reply_max] = {};
  uint8_t length_ = 0;
};

/// Failures of a channel, each counted modulo its width.
struct ChannelCounters {
  uint16_t wrong = 0;    ///< came from outside and was not right: packets with a wrong CRC or length, bytes
                         ///< without a stop bit
  uint8_t dropped = 0;   ///< was right, but there was no room for it
  uint8_t refused = 0;   ///< the host's: malformed, or there was no room
  uint8_t restarts = 0;  ///< the radio had to be set up again
};

/// A board to which no host forwards a smart meter's line. What each word means.
struct NoMeterLine {
  /// Does the line end at the host, which forwards its bytes as `p` messages?
  static constexpr bool has_meter_line = false;
  /// A byte of it, from the SPI interrupt; 0 for half a byte, or for a character that is not a digit.
  static void from_meter(uint8_t) {}
};

/// The `u` channel of a board that has none. What each word means; all of them come from the SPI interrupt.
struct NoChannel : NoMeterLine {
  static constexpr bool exists = false;
  /// The host has sent 'u': its bytes follow.
  static void host_writes() {}
  /// A byte from the host.
  static void from_host(uint8_t) {}
  /// The host's bytes have ended, with a '.', a further message, or the line turned around. Not `whole`: half
  /// a byte was left, or a character that is not a digit.
  static void host_wrote(bool whole) { static_cast<void>(whole); }
  /// The host has turned the line around: what to_host() gives from now on is read from its beginning.
  static void host_reads() {}
  /// True with the next byte for the host. The host may stop reading at any time.
  static bool to_host(uint8_t&) { return false; }
  /// The last digit of everything that to_host() had to give has been clocked.
  static void host_has_read() {}
};

/// State of a port. It stands before the channel, so that 2-byte instructions reach it through one pointer.
class LinkState {
 protected:
  /// Named for the byte that answer() gives to the next zero, or has just given.
  enum class State : uint8_t {
    receiving,   ///< between messages
    collecting,  ///< inside of 'l' ... '.'
    channel,     ///< inside of 'u' ...
    turning,     ///< a zero has turned the line around: 'l'
    turned,      ///< the host waits now; the reply's first character, or the 'u' while there is none
    control,     ///< a character of the reply
    crc_high,
    crc_low,
    control_end,   ///< its '.'
    control_sent,  ///< the 'u' after it
    data,          ///< the 'u' after a reply that was taken back
    payload,       ///< characters of the channel
    ended,         ///< the zero that ends a reply ...
    swallow_end,   ///< ... is clocked ...
    swallow_extra  ///< ... and one more byte with it
  };

  State state_ = State::receiving;
  uint8_t next_ = 0;  ///< byte that answers the next zero
  uint8_t place_ =
      0;  ///< index of the next character of a message or reply; in State::channel, bits `half` and `meters`
  uint8_t held_ = 0;  ///< a reply's running CRC; the channel's byte on its way
  uint8_t length_ = 0;
  uint8_t dropped_ = 0;
  // One byte each, written whole by one side at a time.
  volatile uint8_t message_ready_ = 0;
  volatile uint8_t reply_offered_ = 0;
  volatile uint8_t reply_delivered_ = 0;
  char message_[link_message_max] = {};
  LinkReply reply_;
};

/// Byte in, byte out. The interrupt calls answer() at once and then exchange(); everything else is for the
/// main loop, which owns the message while message_ready() and the reply while no reply is offered.
/// `Channel`: what speaks on 'u', as NoChannel.
template <class Channel = NoChannel>
class LinkPort : private LinkState, public Channel {
 public:
  /// Interrupt, first thing: what goes out after `received`. It was made ready a byte ago.
  FLM_NODISCARD FLM_INLINE uint8_t answer(uint8_t received) const { return received == 0 ? next_ : 0; }

  /// Interrupt, after answer(): takes what was received, and makes the next byte ready. Outlined: the handler
  /// need not save its registers before it lets others in.
  FLM_OUTLINE void exchange(uint8_t received) {
    if (received != 0) {
      next_ = 0;
      receive(static_cast<char>(received));
      return;
    }
    next_ = state_ == State::control ? send() : advance();
  }

  /// A complete message waits. Until release() the interrupt leaves it alone; messages that arrive meanwhile
  /// are dropped.
  FLM_NODISCARD bool message_ready() const { return message_ready_ != 0; }
  /// Characters of the message; link_message_max + 1 stands for one that was too long.
  FLM_NODISCARD uint8_t message_length() const { return length_; }
  FLM_NODISCARD const char& message(uint8_t place) const { return message_[place]; }
  /// Messages dropped because one was waiting, modulo 256.
  FLM_NODISCARD uint8_t dropped() const { return dropped_; }
  /// The message has been dealt with.
  void release() { message_ready_ = 0; }

  /// Takes back a reply that was not fetched, so that the next one can be built. Under a critical section.
  void take_back_reply() {
    reply_offered_ = 0;
    if (state_ == State::turned) next_ = first();
  }
  /// Where a reply is built while none is offered.
  FLM_NODISCARD LinkReply& reply() { return reply_; }
  /// The reply may go out. Under a critical section.
  void offer_reply() {
    reply_offered_ = 1;
    if (state_ == State::turned) next_ = first();
  }
  /// True once for each reply that the host has clocked to its end.
  FLM_NODISCARD bool take_delivered() {
    if (reply_delivered_ == 0) return false;
    reply_delivered_ = 0;
    return true;
  }

 private:
  /// Bits of place_ in State::channel: `half` a byte's first digit is held; `meters` the bytes are a smart
  /// meter's.
  static constexpr uint8_t half = 0x80, meters = 0x40;

  void receive(char c) {
    if (Channel::exists && state_ == State::channel) {
      const uint8_t digit = hex_value(c);
      if (digit != not_hex) {
        if ((place_ ^= half) & half) {
          held_ = digit;
          return;
        }
        const uint8_t byte = static_cast<uint8_t>(held_ << 4 | digit);
        if (Channel::has_meter_line && (place_ & meters) != 0)
          Channel::from_meter(byte);
        else
          Channel::from_host(byte);
        return;
      }
      end_channel(c == 'l' || c == 'u' || c == '.');
    }
    if (c == 'l') {
      reply_offered_ = 0;  // A host that speaks again no longer waits for the last reply.
      place_ = 0;
      state_ = State::collecting;
      if (message_ready_ != 0) {  // It comes too early: the one before has not been executed.
        state_ = State::receiving;
        ++dropped_;
      }
      return;
    }
    if (c == 'u') {
      place_ = 0;
      state_ = Channel::exists ? State::channel : State::receiving;
      if (Channel::exists) Channel::host_writes();
      return;
    }
    if (Channel::has_meter_line && c == 'p' && state_ != State::collecting) {
      place_ = meters;
      state_ = State::channel;
      return;
    }
    if (state_ != State::collecting) {
      state_ = State::receiving;
      return;
    }
    if (c == '.') {
      length_ = place_;
      message_ready_ = 1;
      state_ = State::receiving;
    } else if (place_ < link_message_max) {
      message_[place_++] = c;
    } else {
      place_ = link_message_max + 1;
    }
  }

  /// The host's bytes for the channel end here.
  void end_channel(bool well) {
    state_ = State::receiving;
    const bool whole = well && (place_ & half) == 0;
    if (!Channel::has_meter_line || (place_ & meters) == 0)
      Channel::host_wrote(whole);
    else if (!whole)
      Channel::from_meter(0);
  }

  /// The host has clocked a zero, and next_ has gone into the register: what follows it.
  FLM_NODISCARD uint8_t advance() {
    switch (state_) {
      case State::turning: state_ = State::turned; return first();
      case State::turned:
        if (place_ == 0) return send_payload();
        held_ = crc8_maxim(0, static_cast<uint8_t>(reply_.character(0)));
        return send();
      case State::crc_high:
        state_ = State::crc_low;
        return static_cast<uint8_t>(hex_digit(static_cast<uint8_t>(held_ & 0x0F)));
      case State::crc_low: state_ = State::control_end; return '.';
      case State::control_end: state_ = State::control_sent; return 'u';
      case State::control_sent:  // The 'u' is in the register, so the '.' has been clocked: the reply is
                                 // delivered.
        if (reply_offered_ != 0) reply_delivered_ = 1;
        reply_offered_ = 0;
        place_ = 0;
        return send_payload();
      case State::data:
      case State::payload: return send_payload();
      case State::ended:  // The zero is in the register, so the last digit has been clocked.
        if (Channel::exists) Channel::host_has_read();
        state_ = State::swallow_end;
        return 0;
      case State::swallow_end: state_ = State::swallow_extra; return 0;
      case State::swallow_extra: state_ = State::receiving; return 0;
      default:  // The first zero turns the line around, and ends a message that had no '.'.
        if (Channel::exists) {
          if (state_ == State::channel) end_channel(true);
          Channel::host_reads();
        }
        state_ = State::turning;
        return 'l';
    }
  }

  /// Character after the 'l': the reply's first, or 'u' when none is offered.
  FLM_NODISCARD FLM_OUTLINE uint8_t first() {
    place_ = reply_offered_;
    return static_cast<uint8_t>(place_ == 0 ? 'u' : reply_.character(0));
  }

  /// The next character of the reply, or the first of its CRC.
  FLM_NODISCARD uint8_t send() {
    if (reply_offered_ == 0) {  // Taken back while it was going out: the line ends here, without the '.'.
      place_ = 0;
      state_ = State::data;
      return 'u';
    }
    if (place_ == reply_.characters()) {
      state_ = State::crc_high;
      return static_cast<uint8_t>(hex_digit(static_cast<uint8_t>(held_ / 16)));
    }
    state_ = State::control;
    const uint8_t character = static_cast<uint8_t>(reply_.character(place_++));
    held_ = crc8_maxim(held_, character);
    return character;
  }

  /// The next digit of the channel's bytes, or the zero that ends the reply.
  FLM_NODISCARD uint8_t send_payload() {
    place_ ^= 1;
    if (Channel::exists && (place_ & 1) == 0)
      return static_cast<uint8_t>(hex_digit(static_cast<uint8_t>(held_ & 0x0F)));
    if (Channel::exists && Channel::to_host(held_)) {
      state_ = State::payload;
      return static_cast<uint8_t>(hex_digit(static_cast<uint8_t>(held_ / 16)));
    }
    state_ = State::ended;
    return 0;
  }
};

}  // namespace protocol
}  // namespace flm
