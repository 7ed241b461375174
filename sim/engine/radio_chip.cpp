#include "sim/engine/radio_chip.hpp"

#include <algorithm>

#include "sim/scenario/random.hpp"

namespace flm::sim {
namespace {
constexpr std::uint8_t er = 0x80, et = 0x20, es = 0x10, ex = 0x08;           // power management
constexpr std::uint8_t fill_always = 0x04, fill = 0x02, sync_of_one = 0x08;  // FIFO
constexpr int fifo_size = 16;
}  // namespace

/// The bit that ends at next_bit_.
bool RadioChip::noise() const { return unit(seed_ ^ mixed(static_cast<std::uint64_t>(next_bit_))) < 0.5; }

/// The first time after t at which the last bits of noise are the synchron pattern, if the chip looks for it.
/// Each millisecond has one or none, by its number.
Nanoseconds RadioChip::next_false_sync(Nanoseconds t) const {
  if ((fifo_command_ & fill) == 0 || !fifo_mode() || !receiving()) return kNever;
  if (searched_from_ <= t && t < false_sync_) return false_sync_;
  constexpr Nanoseconds ms = 1'000'000;
  constexpr std::uint64_t salt = 0xFA15E;
  const double patterns = (fifo_command_ & sync_of_one) != 0 ? 0x100 : 0x10000;
  const double in_a_ms =
      static_cast<double>(ms) *
      (false_syncs_ < 0.0 ? 1.0 / (patterns * static_cast<double>(bit_time())) : false_syncs_ * 1e-9);
  if (in_a_ms == 0.0) return kNever;
  searched_from_ = t;
  for (Nanoseconds number = t / ms;; ++number) {
    const std::uint64_t key = mixed(seed_ ^ mixed(static_cast<std::uint64_t>(number) ^ salt << 40));
    false_sync_ = number * ms + static_cast<Nanoseconds>(unit(~key) * static_cast<double>(ms));
    if (unit(key) < in_a_ms && false_sync_ > t) return false_sync_;
  }
}

void RadioChip::catch_up() {
  if (fault_ != Fault::hung) {
    if (sending_)
      send_until(now_);
    else if (receiving())
      receive_until(now_);
  }
  quiet_until_ = event_after_now();
  senders_ = air_.senders();
}

Nanoseconds RadioChip::event_after_now() const {
  if (fault_ == Fault::hung) return kNever;
  if (sending_) return byte_end_;
  if (!receiving()) return kNever;
  const Nanoseconds reached = std::max(now_, next_bit_ - bit_time());
  if (filling_) return next_bit_ + bit_time() * std::max(0, fifo_level() - 1 - fifo_bits_);
  return air_.at(reached).carrier ? next_bit_ : std::min(air_.next_start(reached), next_false_sync(reached));
}

bool RadioChip::request() const {
  if (fault_ == Fault::stuck) return true;
  if (fault_ == Fault::hung) return false;
  return fifo_ready() || transmit_ready() || power_on_ || overrun_;
}

double RadioChip::milliamperes() const {
  if (sending_) return 23.0;
  if (receiving()) return 12.0;
  return (power_ & (es | ex)) != 0 ? 3.0 : 0.0003;
}

void RadioChip::break_down(Fault fault, bool until_set_up) {
  catch_up();
  fault_ = fault;
  healed_by_set_up_ = until_set_up;
  if (fault == Fault::none) next_bit_ = std::max(next_bit_, now_ + bit_time());
  quiet_until_ = now_;
}

void RadioChip::lose_configuration(bool says_so) {
  catch_up();
  if (sending_) power(0);
  configuration_ = 0x8008;
  power_ = 0x08;
  fifo_command_ = 0x80;
  data_rate_ = 0x23;
  false_sync_ = 0;
  group_ = 0xD4;
  power_on_ = says_so;
  overrun_ = false;
  empty_fifo();
  quiet_until_ = now_;
}

std::uint16_t RadioChip::word(std::uint16_t command) {
  catch_up();
  quiet_until_ = now_;
  if (fault_ != Fault::none && healed_by_set_up_ && (command & 0xFF00) == 0x8000) break_down(Fault::none);
  if (fault_ == Fault::hung) return 0;
  if ((command & 0x8000) == 0) return status();
  const auto low = static_cast<std::uint8_t>(command & 0xFF);
  switch (command >> 8) {
    case 0x80:
      configuration_ = command;
      ++configured_;
      break;
    case 0x82: power(low); break;
    case 0xB0: return read_fifo();
    case 0xB8:
      if (register_mode()) {
        held_ = low;
        held_full_ = true;
      }
      break;
    case 0xC6:
      data_rate_ = low;
      false_sync_ = 0;
      break;
    case 0xCA: fifo(low); break;
    case 0xCE: group_ = low; break;
    default: break;
  }
  return 0;
}

std::uint16_t RadioChip::status() {
  unsigned bits = 0;
  if (fifo_ready() || transmit_ready()) bits |= 0x8000;
  if (power_on_) bits |= 0x4000;
  if (overrun_) bits |= 0x2000;
  if (fifo_bits_ == 0) bits |= 0x0200;
  if (receiving() && air_.at(now_).carrier) bits |= 0x0180;
  power_on_ = overrun_ = false;
  return static_cast<std::uint16_t>(bits);
}

void RadioChip::power(std::uint8_t value) {
  const bool was_receiving = receiving(), was_sending = sending_;
  const bool warm = (power_ & (ex | es)) == (ex | es) || was_receiving || was_sending;
  const Nanoseconds ready = now_ + turn_on + (warm ? 0 : crystal_start);
  power_ = value;
  if (was_receiving && !receiving()) empty_fifo();
  if (!was_receiving && receiving()) {
    next_bit_ = ready + bit_time();
    locked_ = -1;
    pattern_ = 0;
  }
  const bool send = (value & et) != 0 && (value & er) == 0;
  if (was_sending && !send) {
    sending_ = false;
    sent_.back().end = now_;
  } else if (!was_sending && send) {
    sending_ = true;
    shifted_ = held_ = 0xAA;
    held_full_ = true;
    byte_end_ = ready + 8 * bit_time();
    sent_.push_back({ready, ready, bit_time(), {}, false});
  }
}

void RadioChip::fifo(std::uint8_t value) {
  if (((fifo_command_ ^ value) & sync_of_one) != 0) false_sync_ = 0;
  fifo_command_ = value;
  if ((value & fill) == 0) empty_fifo();
  if ((value & fill) != 0 && (value & fill_always) != 0) filling_ = true;
}

void RadioChip::empty_fifo() {
  filling_ = false;
  fifo_bits_ = 0;
  fifo_ = 0;
  pattern_ = 0;
}

std::uint8_t RadioChip::read_fifo() {
  if (fifo_bits_ < 8) {
    fifo_bits_ = 0;
    return 0;
  }
  fifo_bits_ -= 8;
  return static_cast<std::uint8_t>(fifo_ >> fifo_bits_ & 0xFF);
}

void RadioChip::take_bit(bool bit) {
  if (filling_ && fifo_mode()) {
    if (fifo_bits_ == fifo_size) {
      if (!overrun_) ++overflows_;
      overrun_ = true;
      return;
    }
    fifo_ = (fifo_ << 1 | (bit ? 1u : 0u)) & 0xFFFFu;
    ++fifo_bits_;
    return;
  }
  pattern_ = static_cast<std::uint16_t>(pattern_ << 1 | (bit ? 1 : 0));
  const bool matches =
      (fifo_command_ & sync_of_one) != 0 ? (pattern_ & 0xFF) == group_ : pattern_ == (0x2D00 | group_);
  if (matches && (fifo_command_ & fill) != 0 && fifo_mode()) filling_ = true;
}

/// Bit by bit where it matters: while a sender is on the air, or the FIFO fills with noise. Other noise is
/// looked up.
void RadioChip::receive_until(Nanoseconds t) {
  const Nanoseconds bit = bit_time();
  for (;;) {
    const Nanoseconds begin = next_bit_ - bit;
    const Air::Moment here = air_.at(begin);
    if (!filling_ && !here.carrier) {
      const Nanoseconds start = air_.next_start(begin), false_sync = next_false_sync(begin);
      locked_ = -1;
      if (false_sync < start && false_sync <= t) {
        filling_ = true;
        next_bit_ = false_sync + bit;
        continue;
      }
      if (start > t) {
        next_bit_ = std::max(next_bit_, t + bit);
        return;
      }
      next_bit_ = start + bit;
      continue;
    }
    // The clock follows the sender that it hears.
    const Transmission* heard = here.only;
    if (heard != nullptr && std::abs(heard->bit - bit) * 20 > bit) heard = nullptr;
    if (heard != nullptr && heard->start != locked_) {
      const Nanoseconds phase = (begin - heard->start) % bit;
      if (phase != 0) {
        next_bit_ += bit - phase;
        if (next_bit_ - bit >= heard->end()) {
          locked_ = -1;
          continue;
        }
      }
      locked_ = heard->start;
      continue;
    }
    if (next_bit_ > t) return;
    const Air::Moment middle = air_.at(next_bit_ - bit / 2);
    const bool clear = middle.only != nullptr && std::abs(middle.only->bit - bit) * 20 <= bit;
    take_bit(clear ? middle.only->bit_at(next_bit_ - bit / 2) : noise());
    next_bit_ += bit;
  }
}

void RadioChip::send_until(Nanoseconds t) {
  while (sending_ && byte_end_ <= t) {
    Sent& sent = sent_.back();
    sent.bytes.push_back(shifted_);
    sent.end = byte_end_;
    if (!held_full_ && register_mode()) overrun_ = sent.underrun = true;
    shifted_ = held_;
    held_full_ = false;
    byte_end_ += 8 * bit_time();
  }
}

}  // namespace flm::sim
