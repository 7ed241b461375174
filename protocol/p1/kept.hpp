// The registers that a parser keeps one by one; an empty class where it keeps none.
#pragma once
#include <stdint.h>

namespace flm {
namespace protocol {
namespace p1 {

namespace detail {

/// An array that may have no places.
template <class T, uint8_t N>
struct Some {
  T item[N];
  T& operator[](uint8_t i) { return item[i]; }
  const T& operator[](uint8_t i) const { return item[i]; }
};
template <class T>
struct Some<T, 0> {  // Never indexed: its users are dead code.
  // cppcheck-suppress nullPointer
  T& operator[](uint8_t) const { return *static_cast<T*>(nullptr); }
};

/// Values of registers, by their place.
template <class Value, uint8_t N>
struct Kept {
  Value value[N];
  static constexpr unsigned bits = 64;
  uint64_t present[(N + bits - 1) / bits];
  uint8_t place;  ///< index of the first register of the line's row
  void clear() {
    for (uint64_t& some : present) some = 0;
  }
  void aim(uint8_t at) { place = at; }
  bool has(uint8_t at) const { return (present[at / bits] >> at % bits & 1) != 0; }
  Value get(uint8_t at) const { return value[at]; }
  void put(uint8_t offset, Value v) {
    const uint8_t at = static_cast<uint8_t>(place + offset);
    value[at] = v;
    present[at / bits] |= UINT64_C(1) << at % bits;
  }
  // A line whose value and time come in either order (Kind::peak): its first digits as a number, and the
  // order.
  uint32_t begun_;
  bool value_first_;
  uint32_t begun() const { return begun_; }
  void begin(uint32_t number) { begun_ = number; }
  bool value_first() const { return value_first_; }
  void set_value_first(bool yes) { value_first_ = yes; }

  bool taken(uint8_t offset) const { return has(static_cast<uint8_t>(place + offset)); }
};
template <class Value>
struct Kept<Value, 0> {
  static void clear() {}
  static void aim(uint8_t) {}
  static bool has(uint8_t) { return false; }
  static Value get(uint8_t) { return 0; }
  static void put(uint8_t, Value) {}
  static bool taken(uint8_t) { return false; }
  static uint32_t begun() { return 0; }
  static void begin(uint32_t) {}
  static bool value_first() { return false; }
  static void set_value_first(bool) {}
};

}  // namespace detail

}  // namespace p1
}  // namespace protocol
}  // namespace flm
