// Smart meter telegrams in blocks, for machines with caches: the same events and values as byte by byte,
// several times faster.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "protocol/p1.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {
namespace p1 {

/// A Parser that also takes blocks, of any Fields. Bytes and blocks may be mixed.
template <class Fields>
class BlockParser : public Parser<Fields> {
  using Base = Parser<Fields>;
  using State = typename Base::State;

 public:
  using Base::push;

  /// Takes bytes until one of them completes something, or all. Returns how many were taken; `event` is that
  /// of the last one.
  FLM_NODISCARD size_t push(const uint8_t* data, size_t bytes, Event& event) {
    const uint8_t *p = data, *const end = data + bytes;
    event = Event::none;
    while (p != end && event == Event::none) {
      if (this->state_ <= State::crc || this->slash_place_ != 0 || *p == '/') {
        event = Base::push(*p++);
        continue;
      }
      const uint8_t* const from = p;
      p = inside(p, end, event);
      const auto taken = static_cast<size_t>(p - from);
      add(this->sum_, from, taken);
      if (__builtin_memchr(from, 0, taken) != nullptr)
        this->flags_ = static_cast<uint8_t>(this->flags_ | Base::spoilt);
    }
    return static_cast<size_t>(p - data);
  }

 private:
  static void add(detail::Sum<Checksums::arc>& sum, const uint8_t* p, size_t bytes) {
    sum.arc = Slices<Arc>::add(sum.arc, p, bytes);
  }
  void add(detail::Sum<Checksums::in_turn>& sum, const uint8_t* p, size_t bytes) {
    sum.arc = (this->flags_ & Base::x25) != 0 ? Slices<X25>::add(sum.arc, p, bytes)
                                              : Slices<Arc>::add(sum.arc, p, bytes);
  }
  static void add(detail::Sum<Checksums::both>& sum, const uint8_t* p, size_t bytes) {
    sum.arc = Slices<Arc>::add(sum.arc, p, bytes);
    sum.x25 = Slices<X25>::add(sum.x25, p, bytes);
  }

  /// Bytes inside of a telegram; sum_ is left to the caller. Ends before a '/', after a '!' that ends the
  /// telegram, after an event.
  const uint8_t* inside(const uint8_t* p, const uint8_t* const end, Event& event) {
    while (p != end) {
      switch (this->state_) {
        case State::skip:
          p = to_line_end(p, end);
          if (p == end || *p == '/') return p;
          ++p;
          this->state_ = State::line_start;
          continue;
        case State::line_start: {
          const uint8_t* const after = line_start(p, end);
          if (after == nullptr) break;
          p = after;
          continue;
        }
        case State::number: {
          typename Base::Number& number = this->word_.number;
          typename Base::Value value = number.value;
          uint8_t digits = number.digits;
          for (; p != end; ++p) {
            const uint8_t digit = static_cast<uint8_t>(*p - '0');
            if (digit > 9 || (digits & 0x0F) == Base::digits_max) break;
            value = value * 10 + digit;
            ++digits;
          }
          number.value = value;
          number.digits = digits;
          if (p == end) return p;
          break;
        }
        default: break;
      }
      if (*p == '/') return p;
      event = this->wanted(*p++);
      if (event != Event::none || this->state_ <= State::crc) return p;
    }
    return p;
  }

  /// Place after `A-B:C.D.E(` with one digit for A and B, whole in the block, taken as the bytes would be.
  /// Null for anything else.
  FLM_INLINE const uint8_t* line_start(const uint8_t* p, const uint8_t* end) {
    if (end - p < 16) return nullptr;
    const uint8_t a = static_cast<uint8_t>(p[0] - '0'), b = static_cast<uint8_t>(p[2] - '0');
    if (a > 9 || p[1] != '-' || b > 9 || p[3] != ':') return nullptr;
    p += 4;
    unsigned c, d, e;
    if (!part(p, c) || *p++ != '.') return nullptr;
    uint8_t folded = static_cast<uint8_t>(c);
    const uint8_t phase = Base::fold(a, folded);
    c = folded;
    if (!wanted_c.of[c] || this->is_told(phase)) {
      this->state_ = State::skip;
      this->kind_ = Kind::nothing;
      return p;
    }
    if (!part(p, d) || *p++ != '.' || !part(p, e) || *p++ != '(') return nullptr;
    this->word_.obis.a = a;
    this->word_.obis.b = b;
    this->word_.obis.phase = phase;
    this->word_.obis.c = static_cast<uint8_t>(c);
    this->word_.obis.d = static_cast<uint8_t>(d);
    this->word_.obis.e = static_cast<uint8_t>(e);
    this->find();
    this->open_group(0);
    return p;
  }
  /// One or two digits.
  static FLM_INLINE bool part(const uint8_t*& p, unsigned& number) {
    number = static_cast<unsigned>(*p - '0');
    if (number > 9) return false;
    ++p;
    const unsigned digit = static_cast<unsigned>(*p - '0');
    if (digit < 10) {
      number = number * 10 + digit;
      ++p;
    }
    return true;
  }

  struct Wanted {
    bool of[256];
  };
  static constexpr Wanted make_wanted() {
    Wanted wanted = {};
    for (uint8_t i = 0; i < row_count; ++i)
      if (wants_row<Fields>(i)) wanted.of[rows[i].c] = true;
    return wanted;
  }
  static constexpr Wanted wanted_c = make_wanted();

  /// The next line feed or '/', or the end; eight bytes at a time.
  static FLM_INLINE const uint8_t* to_line_end(const uint8_t* p, const uint8_t* end) {
    constexpr uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    for (; end - p >= 8; p += 8) {
      uint64_t word;
      __builtin_memcpy(&word, p, 8);
      const uint64_t lf = word ^ (ones * '\n'), slash = word ^ (ones * '/');
      if (((((lf - ones) & ~lf) | ((slash - ones) & ~slash)) & tops) != 0) break;
    }
    while (p != end && *p != '\n' && *p != '/') ++p;
    return p;
  }
};
template <class Fields>
constexpr typename BlockParser<Fields>::Wanted BlockParser<Fields>::wanted_c;

}  // namespace p1
}  // namespace protocol
}  // namespace flm
