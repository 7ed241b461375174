// The slave's end of the control link, byte by byte: what the SPI interrupt steps.
//
// In: 'l' command arguments crc '.'     Out, once a zero byte has been received: 'l' [command results crc '.'] 'u' 0x00.
// A byte that is not zero always belongs to a message from the host, also while a reply is being read: the host gave up
// reading. So no state outlives the next message.
#pragma once
#include <stdint.h>

#include "protocol/attributes.hpp"
#include "protocol/crc8.hpp"
#include "protocol/hex.hpp"

namespace flm {
namespace protocol {

/// Characters between 'l' and '.' that a message may have: the longest command (`sp`) and its CRC.
constexpr uint8_t link_message_max = 2 + 6 * 2 + 2;
/// Bytes of a reply: two letters, six sensors of 11 bytes (`gd`), CRC.
constexpr uint8_t link_reply_max = 2 + 6 * 11 + 1;

/// A reply being built: two letters, then bytes that go out as two hex digits each, then their CRC.
class LinkReply {
 public:
  void begin(char first, char second) {
    bytes_[0] = static_cast<uint8_t>(first);
    bytes_[1] = static_cast<uint8_t>(second);
    length_ = 2;
  }
  void put8(uint8_t value) { bytes_[length_++] = value; }
  void put16(uint16_t value) {
    put8(static_cast<uint8_t>(value >> 8));
    put8(static_cast<uint8_t>(value));
  }
  void put32(uint32_t value) {
    put16(static_cast<uint16_t>(value >> 16));
    put16(static_cast<uint16_t>(value));
  }
  /// Adds the CRC; the reply is complete.
  void end() {
    uint8_t crc = 0;
    for (uint8_t place = 0; place < characters(); ++place) crc = crc8_maxim(crc, static_cast<uint8_t>(character(place)));
    bytes_[length_++] = crc;
  }

  /// Characters that go out between 'l' and '.'.
  FLM_NODISCARD uint8_t characters() const { return static_cast<uint8_t>(2 * length_ - 2); }
  FLM_NODISCARD char character(uint8_t place) const {
    if (place < 2) return static_cast<char>(bytes_[place]);
    const uint8_t byte = bytes_[static_cast<uint8_t>(place / 2 + 1)];
    return hex_digit((place & 1) == 0 ? static_cast<uint8_t>(byte >> 4) : static_cast<uint8_t>(byte & 0x0F));
  }

 private:
  uint8_t bytes_[link_reply_max] = {};
  uint8_t length_ = 0;
};

/// Byte in, byte out. The interrupt calls exchange(); everything else is for the main loop, which owns the message while
/// message_ready() and the reply while no reply is offered.
class LinkPort {
 public:
  /// Interrupt: `received` has been shifted in; the result goes out with the next byte.
  FLM_NODISCARD uint8_t exchange(uint8_t received) {
    if (received != 0) {
      receive(static_cast<char>(received));
      return 0;
    }
    switch (state_) {
      case State::receiving:
      case State::collecting:  // The first zero turns the line around, and ends a message that had no '.'.
        state_ = State::turning;
        return 0;
      case State::turning:
        place_ = 0;
        state_ = reply_offered_ != 0 ? State::control : State::data;
        return 'l';
      case State::control:
        return send();
      case State::control_sent:  // The host has clocked the '.': the reply is delivered.
        reply_offered_ = 0;
        reply_delivered_ = 1;
        state_ = State::ended;
        return 'u';
      case State::data:
        // A reply that became ready after the 'l' can still go out with this read.
        if (reply_offered_ != 0) return send_first();
        state_ = State::ended;
        return 'u';
      case State::ended:  // The zero that ends a reply ...
        state_ = State::swallow_end;
        return 0;
      case State::swallow_end:  // ... is clocked ...
        state_ = State::swallow_extra;
        return 0;
      case State::swallow_extra:  // ... and one more byte with it.
        state_ = State::receiving;
        return 0;
    }
    return 0;
  }

  /// A complete message waits. Until release() the interrupt leaves it alone; messages that arrive meanwhile are dropped.
  FLM_NODISCARD bool message_ready() const { return message_ready_ != 0; }
  /// Characters of the message; link_message_max + 1 stands for one that was too long.
  FLM_NODISCARD uint8_t message_length() const { return length_; }
  FLM_NODISCARD char message(uint8_t place) const { return message_[place]; }
  /// The message has been dealt with.
  void release() { message_ready_ = 0; }

  /// Takes back a reply that was not fetched, and gives the room to build the next one.
  FLM_NODISCARD LinkReply& new_reply() {
    reply_offered_ = 0;
    return reply_;
  }
  /// The reply may go out. A memory barrier of the caller's comes before it.
  void offer_reply() { reply_offered_ = 1; }
  /// True once for each reply that the host has clocked to its end.
  FLM_NODISCARD bool take_delivered() {
    if (reply_delivered_ == 0) return false;
    reply_delivered_ = 0;
    return true;
  }

 private:
  enum class State : uint8_t { receiving, collecting, turning, control, control_sent, data, ended, swallow_end, swallow_extra };

  void receive(char c) {
    if (c == 'l') {
      reply_offered_ = 0;  // A host that speaks again no longer waits for the last reply.
      place_ = 0;
      state_ = message_ready_ == 0 ? State::collecting : State::receiving;
    } else if (state_ != State::collecting || c == 'u') {
      state_ = State::receiving;
    } else if (c == '.') {
      length_ = place_;
      message_ready_ = 1;
      state_ = State::receiving;
    } else if (place_ < link_message_max) {
      message_[place_++] = c;
    } else {
      place_ = link_message_max + 1;
    }
  }

  FLM_NODISCARD uint8_t send_first() {
    state_ = State::control;
    return send();
  }

  FLM_NODISCARD uint8_t send() {
    if (reply_offered_ == 0) {  // Taken back while it was going out: the line ends here, without the '.'.
      state_ = State::ended;
      return 'u';
    }
    if (place_ == reply_.characters()) {
      state_ = State::control_sent;
      return '.';
    }
    return static_cast<uint8_t>(reply_.character(place_++));
  }

  State state_ = State::receiving;
  uint8_t place_ = 0;  ///< of the next character of a message, or of a reply
  uint8_t length_ = 0;
  char message_[link_message_max] = {};
  LinkReply reply_;
  // One byte each, written whole by one side at a time.
  volatile uint8_t message_ready_ = 0;
  volatile uint8_t reply_offered_ = 0;
  volatile uint8_t reply_delivered_ = 0;
};

}  // namespace protocol
}  // namespace flm
