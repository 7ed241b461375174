// A controller of which only some bits are known: it runs an image's code in all ways, and finds the deepest
// stack.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "toolchain/stack_depth/program.hpp"

namespace flm::stack_depth {

inline constexpr uint16_t spl = 0x5D, sph = 0x5E, sreg = 0x5F;
inline constexpr uint16_t general_purpose[] = {0x3E, 0x4A, 0x4B};  // GPIOR0 to 2
inline constexpr uint8_t carry = 0, zero = 1, interrupts = 7;      // bits of SREG

/// A byte of which some bits are known; or a byte as it was at the entry; or half of a pointer into the
/// stack, which is the stack pointer at the entry, minus the sum of both halves' numbers.
struct Byte {
  enum class Kind : uint8_t { bits, entry, stack_low, stack_high } kind = Kind::bits;
  uint8_t known = 0, value = 0;
  uint16_t number = 0;

  static Byte of(unsigned value) { return {Kind::bits, 0xFF, static_cast<uint8_t>(value), 0}; }
  bool exact() const { return kind == Kind::bits && known == 0xFF; }
  bool is(uint8_t bit, bool set) const {
    return kind == Kind::bits && (known >> bit & 1) != 0 && (value >> bit & 1) == (set ? 1 : 0);
  }
  void set(uint8_t bit, std::optional<bool> to) {
    if (kind != Kind::bits) *this = {};
    known = static_cast<uint8_t>((known & ~(1 << bit)) | (to ? 1 << bit : 0));
    value = static_cast<uint8_t>((value & ~(1 << bit)) | (to.value_or(false) ? 1 << bit : 0));
  }
  std::optional<bool> bit(uint8_t bit) const {
    if (is(bit, true)) return true;
    if (is(bit, false)) return false;
    return std::nullopt;
  }
  auto operator<=>(const Byte&) const = default;
};

inline Byte bits(unsigned known, unsigned value) {
  return {Byte::Kind::bits, static_cast<uint8_t>(known), static_cast<uint8_t>(value & known), 0};
}
/// Bits in which both agree.
inline Byte both(const Byte& a, const Byte& b) {
  if (a == b) return a;
  if (a.kind != Byte::Kind::bits || b.kind != Byte::Kind::bits) return {};
  return bits(a.known & b.known & ~(a.value ^ b.value), a.value);
}

using Registers = std::array<Byte, 24>;  ///< SREG first; the order is Machine::places'

struct State {
  std::array<Byte, 32> r;
  Registers io;
  std::vector<Byte> stack;  ///< since the entry, the return address not among it
  Byte stack_high;          ///< as written last
};

/// A function or a handler, entered in a certain state.
struct Result {
  /// Where the stack is deepest.
  struct Deepest {
    int bytes = -1, own = 0;  ///< own: without what is called
    Address at = 0;
    const Result* callee = nullptr;
    bool interrupt = false;  ///< the callee
  };
  Address entry = 0;
  bool done = false;
  std::optional<State> exit;
  Deepest worst, alone;  ///< alone: no interrupts come
};

/// The controller, with the results for each function and handler by the state that it is entered in.
class Machine {
 public:
  explicit Machine(const Program& program);

  /// The deepest result from the reset on, and from each place that sets the stack pointer anew.
  const Result& run();
  /// The deepest result of a function or handler, interrupts apart; none when nothing ever enters it.
  const Result* deepest(Address entry) const;
  std::vector<Address> handlers() const;
  size_t states() const { return results_.size(); }

 private:
  struct Place {
    uint16_t address;
    uint8_t bits;  ///< those that the program tests; the chip changes none of them by itself
  };
  struct Handler {
    const Source* source;
    Address address;
    size_t again;
  };
  /// All interrupts that can come in a state, once or more.
  struct Interrupted {
    Registers io;  ///< registers after them
    const Result* worst = nullptr;
  };
  using Way = std::map<Address, State>;

  const Result& evaluate(Address entry, const State& start);
  /// Result of a function or handler that is entered at `entry`.
  const Result& call(Address entry, Registers io, bool handler);

  const Interrupted& interrupted(Registers io);

  void walk(Result& result, const State& start);
  static void deepen(Result::Deepest& deepest, const Result::Deepest& other);

  /// True when `known` knows less than before.
  bool join(State& known, const State& other, Address at) const;

  static Registers forget_flags(Registers io);

  [[noreturn]] void fail_at(const std::string& what, Address at) const;

  // Registers by address.
  size_t place_of(unsigned address) const;
  Byte load(const State& state, unsigned address) const;
  /// False when the stack begins anew after it.
  bool store(State& state, unsigned address, const Byte& byte, Address at);
  bool set_stack(State& state, const Byte& low, Address at);
  /// Bytes that a pointer register pair points to, plus q: a known address, or a byte that was pushed.
  Byte load_by(const State& state, size_t pair, int q) const;
  bool store_by(State& state, size_t pair, int q, const Byte& byte, Address at);

  static void flags(State& state, std::optional<bool> c, std::optional<bool> z);
  static std::optional<bool> is_zero(const Byte& byte);
  /// a - b (- carry), or a + b (+ carry); `chained` is with carry.
  static Byte add(State& state, const Byte& a, const Byte& b, bool subtract, bool chained);
  static Byte logic(State& state, uint16_t operation, const Byte& a, const Byte& b);

  /// Everything that can come after the instruction at `at`, into `next`.
  void execute(Result& result, Address at, State& s, Way& next);
  /// Two ways to one address, as when a branch leads to the next instruction, say the same.
  static void emit(Way& next, Address to, const State& state) { next.insert_or_assign(to, state); }

  static void step_pair(State& s, size_t pair, int by);
  void one_register(State& s, unsigned how, Byte& byte, Address at) const;
  Address target(uint16_t op, Address at) const;
  void call_from(Result& result, Address at, Address to, Address after, State& s, Way& next);
  /// A switch: its table's address is what was subtracted from Z last, its entries are those that lead into
  /// the same function.
  void table_jump(Address at, const State& s, Way& next) const;

  const Program& program_;
  std::vector<Place> places_;
  std::vector<Handler> handlers_;
  std::map<std::pair<Address, Registers>, std::unique_ptr<Result>> results_;
  std::map<Registers, Interrupted> interrupted_;
  std::vector<std::pair<Address, State>> roots_;
  std::vector<Address> active_;
};

}  // namespace flm::stack_depth
