// stack_depth IMAGE.elf LIMIT: the most RAM that an ATmega168P's program can ever need, from its code alone,
// in bytes.
//   static RAM + the deepest nesting of main, its functions, and every interrupt handler that can come on top
// Prints where that is; exit status 1 when the sum is more than LIMIT, or has no limit that can be shown.
//
// The program is run from its reset vector on a machine that knows only some bits of each register: constants
// of the code, the stack pointer, the I flag, the registers that mask interrupts, GPIOR0 to 2. A branch whose
// flag is known goes one way, every other goes both; where two ways meet, only what they agree on stays
// known. At each instruction with the I flag set, or not known, each handler whose mask is not known to be
// off is called like a function. A function, or a handler, is looked at once for each state of these
// registers that it is entered with; one that can be reached again from itself in the same state has no
// limit, be it recursion or an interrupt that lets itself in.
//
// It relies on what the compiler does: r1 is 0 at calls, handlers restore all that they change, registers are
// stored to by constant address, and no store through a pointer changes what was pushed.
#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace {

using Address = uint32_t;  ///< address of code, in bytes

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }
std::string hex(Address address) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%x", address);
  return text;
}

/// An interrupt: its vector's number, the register and bit that let it come (data sheet 8271, chapters of the
/// peripherals).
struct Source {
  int vector;
  const char* name;
  uint16_t mask;
  uint8_t bit;
  /// Once its handler has begun, it comes again only after a write to this address; 0: whenever its mask lets
  /// it.
  uint16_t cause = 0;
};
constexpr Source sources[] = {
    {1, "INT0", 0x3D, 0},
    {2, "INT1", 0x3D, 1},
    {3, "PCINT0", 0x68, 0},
    {4, "PCINT1", 0x68, 1},
    {5, "PCINT2", 0x68, 2},
    {6, "WDT", 0x60, 6},
    {7, "TIMER2_COMPA", 0x70, 1},
    {8, "TIMER2_COMPB", 0x70, 2},
    {9, "TIMER2_OVF", 0x70, 0},
    {10, "TIMER1_CAPT", 0x6F, 5},
    {11, "TIMER1_COMPA", 0x6F, 1},
    {12, "TIMER1_COMPB", 0x6F, 2},
    {13, "TIMER1_OVF", 0x6F, 0},
    {14, "TIMER0_COMPA", 0x6E, 1},
    {15, "TIMER0_COMPB", 0x6E, 2},
    {16, "TIMER0_OVF", 0x6E, 0},
    {17, "SPI_STC", 0x4C, 7},
    {18, "USART_RX", 0xC1, 7},
    {19, "USART_UDRE", 0xC1, 5},
    // 20.11.2: entering its handler clears TXC0, and a frame that has been sent, a write to UDR0 before that,
    // sets it.
    {20, "USART_TX", 0xC1, 6, 0xC6},
    {21, "ADC", 0x7A, 3},
    {22, "EE_READY", 0x3F, 3},
    {23, "ANALOG_COMP", 0x50, 3},
    {24, "TWI", 0xBC, 0},
    {25, "SPM_READY", 0x57, 7},
};
constexpr uint16_t spl = 0x5D, sph = 0x5E, sreg = 0x5F;
constexpr uint16_t general_purpose[] = {0x3E, 0x4A, 0x4B};  // GPIOR0 to 2
constexpr uint8_t carry = 0, zero = 1, interrupts = 7;      // bits of SREG

// ----------------------------------------------------------------------------------------------------------------
// the ELF file

struct Symbol {
  Address end;
  std::string name;
  bool function;
};

struct Program {
  std::vector<uint16_t> words;        ///< words of flash, from 0
  std::map<Address, Symbol> symbols;  ///< symbols of code
  Address ram_start = 0, ram_size = 0, ram_used = 0;

  uint16_t word(Address address) const {
    if (address / 2 >= words.size() || address % 2 != 0)
      fail("the program leaves its code at " + hex(address));
    return words[address / 2];
  }
  const Symbol* symbol_of(Address address) const {
    auto after = symbols.upper_bound(address);
    return after == symbols.begin() ? nullptr : &std::prev(after)->second;
  }
  std::string name_of(Address address) const {
    const Symbol* symbol = symbol_of(address);
    return symbol == nullptr ? hex(address) : symbol->name;
  }
};

/// flm::metering::Sensors::at(unsigned char) as Sensors::at; a handler by its source's name.
std::string readable(const std::string& name) {
  for (const Source& source : sources)
    if (name == "__vector_" + std::to_string(source.vector)) return source.name;
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> whole(
      abi::__cxa_demangle(name.substr(0, name.find('.')).c_str(), nullptr, nullptr, &status), std::free);
  if (status != 0) return name;
  std::string text;
  int nested = 0;
  for (const char* at = whole.get(); *at != '\0' && !(nested == 0 && *at == '('); ++at) {
    if (*at == '<') ++nested;
    if (nested == 0) text += *at;
    if (*at == '>') --nested;
  }
  // The last two names.
  size_t start = text.rfind("::");
  if (start != std::string::npos && start > 0) start = text.rfind("::", start - 1);
  return start == std::string::npos ? text : text.substr(start + 2);
}

Program read_elf(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto number = [&](size_t at, int count) {
    if (at + static_cast<size_t>(count) > bytes.size()) fail("not an ELF file of an AVR, or cut short");
    uint32_t value = 0;
    for (int i = count - 1; i >= 0; --i)
      value = value << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
    return value;
  };
  const auto text = [&](size_t at) {
    std::string found;
    while (at < bytes.size() && bytes[at] != '\0') found += bytes[at++];
    return found;
  };
  if (number(0, 4) != 0x464C457F || number(18, 2) != 83) fail("not an ELF file of an AVR");

  Program program;
  const size_t sections = number(32, 4), entry = number(46, 2), count = number(48, 2);
  const auto field = [&](size_t section, size_t index) {
    return number(sections + section * entry + 4 * index, 4);
  };
  const size_t names = field(number(50, 2), 4);
  enum { name_of, type, flags, address, offset, size, link };
  constexpr uint32_t data_space = 0x800000, eeprom_space = 0x810000;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t start = field(i, address), length = field(i, size);
    const bool allocated = (field(i, flags) & 2) != 0;
    if (allocated && length > 0 && start < data_space && field(i, type) == 1) {
      if (start + length > 0x10000) fail("more than 64 KiB of code");
      program.words.resize(std::max<size_t>(program.words.size(), (start + length + 1) / 2));
      for (uint32_t at = 0; at + 1 < length; at += 2)
        program.words[(start + at) / 2] = static_cast<uint16_t>(number(field(i, offset) + at, 2));
    } else if (allocated && start >= data_space && start < eeprom_space) {
      program.ram_used += length;
    } else if (text(names + field(i, name_of)) == ".note.gnu.avr.deviceinfo") {
      const size_t facts = field(i, offset) + 16;
      program.ram_start = number(facts + 8, 4);
      program.ram_size = number(facts + 12, 4);
    } else if (field(i, type) == 2) {
      const size_t strings = field(field(i, link), offset);
      for (uint32_t at = 0; at < length; at += 16) {
        const size_t symbol = field(i, offset) + at;
        const uint32_t value = number(symbol + 4, 4), kind = number(symbol + 12, 1) & 15,
                       section = number(symbol + 14, 2);
        const std::string name = text(strings + number(symbol, 4));
        const bool weak = number(symbol + 12, 1) >> 4 == 2;
        if (weak && name.compare(0, 9, "__vector_") == 0)
          continue;  // avr-libc's, for an interrupt without a handler
        if (name.empty() || name[0] == '.' || kind > 2 || kind == 1 || section == 0 || section >= 0xFF00 ||
            value >= data_space)
          continue;
        auto [place, is_new] =
            program.symbols.try_emplace(value, Symbol{value + number(symbol + 8, 4), name, kind == 2});
        if (!is_new && kind == 2 && !place->second.function)
          place->second = {value + number(symbol + 8, 4), name, true};
      }
    }
  }
  if (program.words.empty() || program.ram_size == 0)
    fail("no code in it, or not a word of its controller's RAM");
  return program;
}

// ---------------------------------------------------------------------------------------------- what the
// machine knows

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

Byte bits(unsigned known, unsigned value) {
  return {Byte::Kind::bits, static_cast<uint8_t>(known), static_cast<uint8_t>(value & known), 0};
}
/// Bits in which both agree.
Byte both(const Byte& a, const Byte& b) {
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

// --------------------------------------------------------------------------------------------------------------
// the machine

class Machine {
 public:
  explicit Machine(const Program& program) : program_(program) {
    places_.push_back({sreg, 0x83});
    for (const uint16_t address : general_purpose) places_.push_back({address, 0xFF});
    for (const auto& [address, symbol] : program.symbols)
      for (const Source& source : sources)
        if (symbol.name == "__vector_" + std::to_string(source.vector))
          handlers_.push_back({&source, address, 0});
    std::sort(handlers_.begin(), handlers_.end(),
              [](const Handler& a, const Handler& b) { return a.source->vector < b.source->vector; });
    for (const Handler& handler : handlers_) {
      auto place = std::find_if(places_.begin(), places_.end(),
                                [&](const Place& one) { return one.address == handler.source->mask; });
      if (place == places_.end()) place = places_.insert(places_.end(), {handler.source->mask, 0});
      place->bits = static_cast<uint8_t>(place->bits | 1 << handler.source->bit);
    }
    // A bit that is not a register's: a source with a cause may come again.
    for (Handler& handler : handlers_) {
      handler.again = places_.size();
      if (handler.source->cause != 0) places_.push_back({0, 1});
    }
    if (places_.size() > Registers().size()) fail("more interrupts than there is room for");
  }

  /// The deepest result from the reset on, and from each place that sets the stack pointer anew.
  const Result& run() {
    State reset;
    for (size_t i = 0; i < places_.size(); ++i)
      reset.io[i] = bits(places_[i].bits, places_[i].address == 0 ? 1 : 0);
    roots_.push_back({0, reset});
    const Result* worst = nullptr;
    while (!roots_.empty()) {
      const auto [address, state] = roots_.back();
      roots_.pop_back();
      if (results_.count({address, state.io}) != 0) continue;
      const Result& result = evaluate(address, state);
      if (worst == nullptr || result.worst.bytes > worst->worst.bytes) worst = &result;
    }
    return *worst;
  }
  /// The deepest result of a function or handler, interrupts apart; none when nothing ever enters it.
  const Result* deepest(Address entry) const {
    const Result* found = nullptr;
    for (const auto& [key, result] : results_)
      if (key.first == entry && (found == nullptr || result->alone.bytes > found->alone.bytes))
        found = result.get();
    return found;
  }
  std::vector<Address> handlers() const {
    std::vector<Address> all;
    for (const Handler& handler : handlers_) all.push_back(handler.address);
    return all;
  }
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

  const Result& evaluate(Address entry, const State& start) {
    std::unique_ptr<Result>& place = results_[{entry, start.io}];
    active_.push_back(entry);
    if (place != nullptr && !place->done) {
      std::string chain;
      auto first = std::find(active_.begin(), active_.end(), entry);
      for (; first != active_.end(); ++first)
        chain += (chain.empty() ? "" : " > ") + readable(program_.name_of(*first));
      fail("without end: " + chain);
    }
    if (place == nullptr) {
      place = std::make_unique<Result>();
      place->entry = entry;
      walk(*place, start);
      place->done = true;
    }
    active_.pop_back();
    return *place;
  }
  /// Result of a function or handler that is entered at `entry`.
  const Result& call(Address entry, Registers io, bool handler) {
    State state;
    for (size_t i = 0; i < 32; ++i) state.r[i] = {Byte::Kind::entry, 0, 0, static_cast<uint16_t>(i)};
    if (!handler) state.r[1] = Byte::of(0);
    state.io = forget_flags(io);
    return evaluate(entry, state);
  }

  const Interrupted& interrupted(Registers io) {
    io = forget_flags(io);
    if (auto known = interrupted_.find(io); known != interrupted_.end()) return known->second;
    Interrupted found;
    found.io = io;
    for (bool changed = true; changed;) {
      changed = false;
      for (const Handler& handler : handlers_) {
        if (found.io[place_of(handler.source->mask)].is(handler.source->bit, false)) continue;
        Registers entered = found.io;
        if (handler.source->cause != 0) {
          if (entered[handler.again].is(0, false)) continue;
          entered[handler.again] = bits(1, 0);
        }
        entered[0].set(interrupts, false);
        const Result& result = call(handler.address, entered, true);
        if (found.worst == nullptr || result.worst.bytes > found.worst->worst.bytes) found.worst = &result;
        if (!result.exit) continue;
        for (size_t i = 1; i < io.size(); ++i) {
          const Byte joined = both(found.io[i], result.exit->io[i]);
          changed = changed || joined != found.io[i];
          found.io[i] = joined;
        }
      }
    }
    return interrupted_[io] = found;
  }

  void walk(Result& result, const State& start) {
    Way states{{result.entry, start}};
    std::set<Address> due{result.entry};
    while (!due.empty()) {
      const Address at = *due.begin();
      due.erase(due.begin());
      State state = states.at(at);
      const int depth = static_cast<int>(state.stack.size());
      deepen(result.worst, {depth, depth, at, nullptr, false});
      deepen(result.alone, {depth, depth, at, nullptr, false});
      if (!state.io[0].is(interrupts, false)) {
        const Interrupted& more = interrupted(state.io);
        for (size_t i = 1; i < state.io.size(); ++i) state.io[i] = more.io[i];
        if (more.worst != nullptr)
          deepen(result.worst, {depth + 2 + more.worst->worst.bytes, depth, at, more.worst, true});
      }
      Way next;
      execute(result, at, state, next);
      for (auto& [address, to] : next) {
        auto [place, is_new] = states.try_emplace(address, to);
        if (is_new || join(place->second, to, address)) due.insert(address);
      }
    }
  }
  static void deepen(Result::Deepest& deepest, const Result::Deepest& other) {
    if (other.bytes > deepest.bytes) deepest = other;
  }

  /// True when `known` knows less than before.
  bool join(State& known, const State& other, Address at) const {
    if (known.stack.size() != other.stack.size())
      fail_at("the stack is " + std::to_string(std::min(known.stack.size(), other.stack.size())) + " or " +
                  std::to_string(std::max(known.stack.size(), other.stack.size())) + " bytes deep",
              at);
    bool changed = false;
    const auto one = [&](Byte& byte, const Byte& with) {
      const Byte joined = both(byte, with);
      changed = changed || joined != byte;
      byte = joined;
    };
    for (size_t i = 0; i < known.r.size(); ++i) one(known.r[i], other.r[i]);
    for (size_t i = 0; i < known.io.size(); ++i) one(known.io[i], other.io[i]);
    for (size_t i = 0; i < known.stack.size(); ++i) one(known.stack[i], other.stack[i]);
    one(known.stack_high, other.stack_high);
    return changed;
  }

  static Registers forget_flags(Registers io) {
    io[0].set(carry, std::nullopt);
    io[0].set(zero, std::nullopt);
    return io;
  }

  [[noreturn]] void fail_at(const std::string& what, Address at) const {
    fail(what + " at " + hex(at) + " in " + readable(program_.name_of(at)));
  }

  // Registers by address.
  size_t place_of(unsigned address) const {
    size_t i = 0;
    while (i < places_.size() && places_[i].address != address) ++i;
    return i;
  }
  Byte load(const State& state, unsigned address) const {
    if (address == spl) return {Byte::Kind::stack_low, 0, 0, static_cast<uint16_t>(state.stack.size())};
    if (address == sph) return {Byte::Kind::stack_high, 0, 0, 0};
    const size_t place = place_of(address);
    return place < places_.size() && address != 0 ? state.io[place] : Byte();
  }
  /// False when the stack begins anew after it.
  bool store(State& state, unsigned address, const Byte& byte, Address at) {
    for (const Handler& handler : handlers_)
      if (handler.source->cause == address && address != 0) state.io[handler.again] = {};
    if (address == sph) state.stack_high = byte;
    if (address == spl) return set_stack(state, byte, at);
    const size_t place = place_of(address);
    if (place < places_.size() && address != 0)
      state.io[place] =
          byte.kind == Byte::Kind::bits ? bits(byte.known & places_[place].bits, byte.value) : Byte();
    return true;
  }
  bool set_stack(State& state, const Byte& low, Address at) {
    const Byte& high = state.stack_high;
    if (low.kind == Byte::Kind::stack_low && high.kind == Byte::Kind::stack_high) {
      const int depth = static_cast<int16_t>(low.number + high.number);
      if (depth < 0 || depth > static_cast<int>(program_.ram_size))
        fail_at("the stack pointer leaves the stack", at);
      state.stack.resize(static_cast<size_t>(depth));
      return true;
    }
    if (low.exact() && high.exact()) {
      if (high.value * 256u + low.value != program_.ram_start + program_.ram_size - 1)
        fail_at("the stack does not begin at the end of the RAM", at);
      state.stack.clear();
      return false;
    }
    fail_at("the stack pointer gets an unknown value", at);
  }
  /// Bytes that a pointer register pair points to, plus q: a known address, or a byte that was pushed.
  Byte load_by(const State& state, size_t pair, int q) const {
    const Byte &low = state.r[pair], &high = state.r[pair + 1];
    if (low.exact() && high.exact())
      return load(state, static_cast<unsigned>(high.value * 256 + low.value + q));
    if (low.kind == Byte::Kind::stack_low && high.kind == Byte::Kind::stack_high) {
      const int index = static_cast<int16_t>(low.number + high.number) - q;
      if (index >= 0 && index < static_cast<int>(state.stack.size()))
        return state.stack[static_cast<size_t>(index)];
    }
    return {};
  }
  bool store_by(State& state, size_t pair, int q, const Byte& byte, Address at) {
    const Byte &low = state.r[pair], &high = state.r[pair + 1];
    if (low.exact() && high.exact())
      return store(state, static_cast<unsigned>(high.value * 256 + low.value + q), byte, at);
    if (low.kind == Byte::Kind::stack_low && high.kind == Byte::Kind::stack_high) {
      const int index = static_cast<int16_t>(low.number + high.number) - q;
      if (index >= 0 && index < static_cast<int>(state.stack.size()))
        state.stack[static_cast<size_t>(index)] = {};  // a variable
    }
    return true;
  }

  static void flags(State& state, std::optional<bool> c, std::optional<bool> z) {
    state.io[0].set(carry, c);
    state.io[0].set(zero, z);
  }
  static std::optional<bool> is_zero(const Byte& byte) {
    if (byte.kind != Byte::Kind::bits) return std::nullopt;
    if (byte.value != 0) return false;
    return byte.known == 0xFF ? std::optional<bool>(true) : std::nullopt;
  }
  /// a - b (- carry), or a + b (+ carry); `chained` is with carry.
  static Byte add(State& state, const Byte& a, const Byte& b, bool subtract, bool chained) {
    const std::optional<bool> c_in = chained ? state.io[0].bit(carry) : false;
    const std::optional<bool> z_in = chained && subtract ? state.io[0].bit(zero) : true;
    if (a.kind != Byte::Kind::bits && a.kind != Byte::Kind::entry && b.exact()) {
      const int step = a.kind == Byte::Kind::stack_high ? b.value * 256 : b.value;
      flags(state, std::nullopt, std::nullopt);
      Byte sum = a;
      sum.number = static_cast<uint16_t>(subtract ? a.number + step : a.number - step);
      return sum;
    }
    if (a.exact() && b.exact() && c_in) {
      const int sum = subtract ? a.value - b.value - *c_in : a.value + b.value + *c_in;
      const bool z = (sum & 0xFF) == 0;
      flags(state, sum < 0 || sum > 0xFF,
            !z             ? std::optional<bool>(false)
            : z_in == true ? std::optional<bool>(true)
                           : z_in);
      return Byte::of(static_cast<uint8_t>(sum));
    }
    flags(state, std::nullopt, std::nullopt);
    return {};
  }
  static Byte logic(State& state, uint16_t operation, const Byte& a, const Byte& b) {
    Byte result;
    if (a.kind == Byte::Kind::bits && b.kind == Byte::Kind::bits) {
      const unsigned zeros_a = a.known & ~a.value, zeros_b = b.known & ~b.value;
      if (operation == 0x2000) result = bits(zeros_a | zeros_b | (a.known & b.known), a.value & b.value);
      if (operation == 0x2800) result = bits(a.value | b.value | (a.known & b.known), a.value | b.value);
      if (operation == 0x2400) result = bits(a.known & b.known, a.value ^ b.value);
    }
    state.io[0].set(zero, is_zero(result));
    return result;
  }

  /// Everything that can come after the instruction at `at`, into `next`.
  void execute(Result& result, Address at, State& s, Way& next) {
    const uint16_t op = program_.word(at);
    const auto is = [op](unsigned mask, unsigned pattern) { return (op & mask) == pattern; };
    const size_t d5 = op >> 4 & 31, r5 = (op & 15) | (op >> 5 & 16), d4 = 16 + (op >> 4 & 15);
    const unsigned k8 = (op >> 4 & 0xF0) | (op & 15);
    const unsigned io = 0x20 + ((op >> 5 & 0x30) | (op & 15));  // of in and out
    const uint8_t bit = op & 7;
    const bool two_words = is(0xFE0C, 0x940C) || is(0xFC0F, 0x9000);
    const Address after = at + (two_words ? 4 : 2);
    const auto go = [&](Address to) { emit(next, to, s); };
    const auto skip = [&](std::optional<bool> skips) {  // the next instruction, when true
      const uint16_t skipped = program_.word(after);
      const bool wide = (skipped & 0xFE0C) == 0x940C || (skipped & 0xFC0F) == 0x9000;
      if (skips != true) go(after);
      if (skips != false) go(after + (wide ? 4 : 2));
    };
    const auto stored = [&](bool same_stack) {  // a store may set the stack pointer
      if (same_stack)
        go(after);
      else
        roots_.push_back({after, {s.r, forget_flags(s.io), {}, {}}});
    };
    const auto push = [&](const Byte& byte) {
      if (s.stack.size() > program_.ram_size) fail_at("the stack grows without end", at);
      s.stack.push_back(byte);
    };

    if (is(0xFFFF, 0x0000) || is(0xFFFF, 0x9588) || is(0xFFFF, 0x9598) || is(0xFFFF, 0x95A8) ||
        is(0xFFFF, 0x95E8)) {  // nop sleep break wdr spm
      go(after);
    } else if (is(0xFF00, 0x0100)) {  // movw
      const size_t d = (op >> 4 & 15) * 2u, r = (op & 15) * 2u;
      s.r[d] = s.r[r];
      s.r[d + 1] = s.r[r + 1];
      go(after);
    } else if (is(0xFE00, 0x0200) || is(0xFC00, 0x9C00) || is(0xFF00, 0x0300)) {  // mul and its kin
      s.r[0] = s.r[1] = {};
      flags(s, std::nullopt, std::nullopt);
      go(after);
    } else if (is(0xFC00, 0x1000)) {  // cpse
      const Byte &a = s.r[d5], &b = s.r[r5];
      const bool differ = a.kind == Byte::Kind::bits && b.kind == Byte::Kind::bits &&
                          (a.known & b.known & (a.value ^ b.value)) != 0;
      skip(differ                   ? std::optional<bool>(false)
           : a.exact() && b.exact() ? std::optional<bool>(true)
                                    : std::nullopt);
    } else if (is(0xEC00, 0x0400) || is(0xEC00, 0x0800) || is(0xEC00, 0x0C00)) {  // cpc cp, sbc sub, adc add
      const bool adding = is(0xEC00, 0x0C00), comparing = is(0xEC00, 0x0400);
      const bool chained = adding == (op >= 0x1000);
      if (!comparing && d5 == r5 && (!adding || s.r[d5].kind == Byte::Kind::bits)) {
        const Byte was = s.r[d5];
        const std::optional<bool> c = chained ? s.io[0].bit(carry) : false;
        if (adding) {  // shifts left
          Byte shifted = bits(was.known << 1, was.value << 1);
          shifted.set(0, c);
          s.r[d5] = shifted;
          flags(s, was.bit(7), is_zero(shifted));
        } else {
          s.r[d5] = c ? Byte::of(*c ? 0xFF : 0) : Byte();
          flags(s, c, std::nullopt);
        }
      } else {
        const Byte sum = add(s, s.r[d5], s.r[r5], !adding, chained);
        if (!comparing) s.r[d5] = sum;
      }
      go(after);
    } else if (is(0xFC00, 0x2C00)) {  // mov
      s.r[d5] = s.r[r5];
      go(after);
    } else if (is(0xFC00, 0x2000) || is(0xFC00, 0x2400) || is(0xFC00, 0x2800)) {  // and eor or
      if (is(0xFC00, 0x2400) && d5 == r5) s.r[d5] = Byte::of(0);
      const Byte was = s.r[d5];
      s.r[d5] = logic(s, op & 0xFC00, s.r[d5], s.r[r5]);
      if (!is(0xFC00, 0x2400) && d5 == r5) s.r[d5] = was;
      go(after);
    } else if (is(0xF000, 0x3000) || is(0xF000, 0x4000) || is(0xF000, 0x5000)) {  // cpi sbci subi
      const Byte difference = add(s, s.r[d4], Byte::of(k8), true, is(0xF000, 0x4000));
      if (!is(0xF000, 0x3000)) s.r[d4] = difference;
      go(after);
    } else if (is(0xF000, 0x6000) || is(0xF000, 0x7000)) {  // ori andi
      s.r[d4] = logic(s, is(0xF000, 0x6000) ? 0x2800 : 0x2000, s.r[d4], Byte::of(k8));
      go(after);
    } else if (is(0xF000, 0xE000)) {  // ldi
      s.r[d4] = Byte::of(k8);
      go(after);
    } else if (is(0xD000, 0x8000)) {  // ldd std
      const int q = (op >> 8 & 0x20) | (op >> 7 & 0x18) | (op & 7);
      const size_t pair = (op & 8) != 0 ? 28 : 30;
      if ((op & 0x200) != 0) return stored(store_by(s, pair, q, s.r[d5], at));
      s.r[d5] = load_by(s, pair, q);
      go(after);
    } else if (is(0xFC00, 0x9000)) {  // lds sts, ld st, lpm, push pop
      const bool storing = (op & 0x200) != 0;
      const unsigned how = op & 15;
      if (how == 0) {
        const uint16_t address = program_.word(at + 2);
        if (storing) return stored(store(s, address, s.r[d5], at));
        s.r[d5] = load(s, address);
      } else if (how == 15) {
        if (storing) {
          push(s.r[d5]);
        } else {
          if (s.stack.empty()) fail_at("more is popped than was pushed", at);
          s.r[d5] = s.stack.back();
          s.stack.pop_back();
        }
      } else if (!storing && how >= 4 && how <= 7) {
        s.r[d5] = {};
        if (how % 2 != 0) step_pair(s, 30, 1);
      } else if (how == 1 || how == 2 || (how >= 9 && how != 11)) {
        const size_t pair = how < 4 ? 30 : how < 11 ? 28 : 26;
        const unsigned change = how & 3;  // 1: then plus one, 2: first minus one
        if (change == 2) step_pair(s, pair, -1);
        bool same_stack = true;
        if (storing)
          same_stack = store_by(s, pair, 0, s.r[d5], at);
        else
          s.r[d5] = load_by(s, pair, 0);
        if (change == 1) step_pair(s, pair, 1);
        return stored(same_stack);
      } else {
        fail_at("an instruction that this controller lacks", at);
      }
      go(after);
    } else if (is(0xFE0E, 0x940C) || is(0xF000, 0xC000)) {  // jmp rjmp
      const Address to = target(op, at);
      if (program_.name_of(to) == "__tablejump2__" || program_.name_of(to) == "__tablejump__")
        return table_jump(at, s, next);
      go(to);
    } else if (is(0xFE0E, 0x940E) || is(0xF000, 0xD000)) {  // call rcall
      const Address to = target(op, at);
      if (to == after) {  // room for two bytes
        push({});
        push({});
        return go(after);
      }
      call_from(result, at, to, after, s, next);
    } else if (is(0xFFFF, 0x9409) || is(0xFFFF, 0x9509)) {  // ijmp icall
      if (!s.r[30].exact() || !s.r[31].exact())
        fail_at(std::string("an indirect ") + (op == 0x9409 ? "jump" : "call") + " to who knows where", at);
      const Address to = (s.r[31].value * 256u + s.r[30].value) * 2;
      if (op == 0x9409)
        go(to);
      else
        call_from(result, at, to, after, s, next);
    } else if (is(0xFFFF, 0x9508) || is(0xFFFF, 0x9518)) {  // ret reti
      if (!s.stack.empty())
        fail_at("a return with " + std::to_string(s.stack.size()) + " bytes still on the stack", at);
      if (op == 0x9518) s.io[0].set(interrupts, true);
      s.io = forget_flags(s.io);
      if (result.exit)
        join(*result.exit, s, at);
      else
        result.exit = s;
    } else if (is(0xFF8F, 0x9408) || is(0xFF8F, 0x9488)) {  // bset bclr
      const uint8_t flag = op >> 4 & 7;
      if (flag == carry || flag == zero || flag == interrupts) s.io[0].set(flag, (op & 0x80) == 0);
      go(after);
    } else if (is(0xFFFF, 0x95C8)) {  // lpm r0
      s.r[0] = {};
      go(after);
    } else if (is(0xFE00, 0x9400)) {  // one register
      one_register(s, op & 15, s.r[d5], at);
      go(after);
    } else if (is(0xFE00, 0x9600)) {  // adiw sbiw
      const size_t pair = 24 + (op >> 4 & 3) * 2u;
      const int k = (op >> 2 & 0x30) | (op & 15);
      step_pair(s, pair, is(0xFF00, 0x9600) ? k : -k);
      flags(s, std::nullopt, std::nullopt);
      go(after);
    } else if (is(0xFC00, 0x9800)) {  // cbi sbic sbi sbis
      const unsigned address = 0x20 + (op >> 3 & 31);
      Byte byte = load(s, address);
      const bool for_set = (op & 0x200) != 0;
      if ((op & 0x100) != 0) {
        const std::optional<bool> now = byte.bit(bit);
        return skip(now ? std::optional<bool>(*now == for_set) : std::nullopt);
      }
      byte.set(bit, for_set);
      store(s, address, byte, at);
      go(after);
    } else if (is(0xF800, 0xB000)) {  // in
      s.r[d5] = load(s, io);
      go(after);
    } else if (is(0xF800, 0xB800)) {  // out
      stored(store(s, io, s.r[d5], at));
    } else if (is(0xF800, 0xF000)) {  // branch when a flag is set, or when it is clear
      const std::optional<bool> flag =
          bit == carry || bit == zero || bit == interrupts ? s.io[0].bit(bit) : std::nullopt;
      const bool when = (op & 0x400) == 0;
      const int words = static_cast<int8_t>((op >> 3 & 0x7F) << 1) / 2;
      if (flag != !when) go(static_cast<Address>(static_cast<int>(after) + 2 * words));
      if (flag != when) go(after);
    } else if (is(0xFE08, 0xF800)) {  // bld
      s.r[d5].set(bit, std::nullopt);
      go(after);
    } else if (is(0xFE08, 0xFA00)) {  // bst
      go(after);
    } else if (is(0xFC08, 0xFC00)) {  // sbrc sbrs
      const std::optional<bool> now = s.r[d5].bit(bit);
      skip(now ? std::optional<bool>(*now == ((op & 0x200) != 0)) : std::nullopt);
    } else {
      fail_at("an unknown instruction", at);
    }
  }
  /// Two ways to one address, as when a branch leads to the next instruction, say the same.
  static void emit(Way& next, Address to, const State& state) { next.insert_or_assign(to, state); }

  static void step_pair(State& s, size_t pair, int by) {
    Byte &low = s.r[pair], &high = s.r[pair + 1];
    if (low.exact() && high.exact()) {
      const int sum = high.value * 256 + low.value + by;
      low = Byte::of(static_cast<uint8_t>(sum));
      high = Byte::of(static_cast<uint8_t>(sum >> 8));
    } else if (low.kind == Byte::Kind::stack_low && high.kind == Byte::Kind::stack_high) {
      low.number = static_cast<uint16_t>(low.number - by);
    } else {
      low = high = {};
    }
  }
  void one_register(State& s, unsigned how, Byte& byte, Address at) const {
    const bool exact = byte.exact();
    const uint8_t was = byte.value;
    switch (how) {
      case 0:  // com
        byte = byte.kind == Byte::Kind::bits ? bits(byte.known, ~byte.value) : Byte();
        return flags(s, true, is_zero(byte));
      case 1:  // neg
        byte = exact ? Byte::of(static_cast<uint8_t>(-was)) : Byte();
        return flags(s, exact ? std::optional<bool>(was != 0) : std::nullopt, is_zero(byte));
      case 2:  // swap
        byte = byte.kind == Byte::Kind::bits
                   ? bits(static_cast<uint8_t>(byte.known << 4 | byte.known >> 4), was << 4 | was >> 4)
                   : Byte();
        return;
      case 3:   // inc
      case 10:  // dec
        byte = exact ? Byte::of(static_cast<uint8_t>(how == 3 ? was + 1 : was - 1)) : Byte();
        s.io[0].set(zero, is_zero(byte));
        return;
      case 5:    // asr
      case 6:    // lsr
      case 7: {  // ror
        if (byte.kind != Byte::Kind::bits) byte = {};
        const std::optional<bool> top = how == 6   ? false
                                        : how == 5 ? byte.bit(7)
                                                   : s.io[0].bit(carry),
                                  out = byte.bit(0);
        byte = bits(byte.known >> 1, byte.value >> 1);
        byte.set(7, top);
        return flags(s, out, is_zero(byte));
      }
      default: fail_at("an instruction that this controller lacks", at);
    }
  }
  Address target(uint16_t op, Address at) const {
    if ((op & 0xFE0C) == 0x940C) return program_.word(at + 2) * 2u;
    const int words = static_cast<int16_t>((op & 0x0FFF) << 4) / 16;
    return at + 2 + static_cast<Address>(2 * words);
  }
  void call_from(Result& result, Address at, Address to, Address after, State& s, Way& next) {
    const Result& callee = call(to, s.io, false);
    const int own = static_cast<int>(s.stack.size());
    deepen(result.worst, {own + 2 + callee.worst.bytes, own, at, &callee, false});
    deepen(result.alone, {own + 2 + callee.alone.bytes, own, at, &callee, false});
    if (!callee.exit) return;
    const std::array<Byte, 32> before = s.r;
    for (size_t i = 0; i < s.r.size(); ++i) {
      const Byte& byte = callee.exit->r[i];
      s.r[i] = byte.kind == Byte::Kind::entry  ? before[byte.number]
               : byte.kind == Byte::Kind::bits ? byte
                                               : Byte();
    }
    s.r[1] = Byte::of(0);
    s.io = callee.exit->io;
    emit(next, after, s);
  }
  /// A switch: its table's address is what was subtracted from Z last, its entries are those that lead into
  /// the same function.
  void table_jump(Address at, const State& s, Way& next) const {
    const uint16_t low = program_.word(at - 4), high = program_.word(at - 2);
    const Symbol* function = program_.symbol_of(at);
    if ((low & 0xF0F0) != 0x50E0 || (high & 0xF0F0) != 0x40F0 || function == nullptr)
      fail_at("a table jump whose table is not known", at);
    const auto constant = [](uint16_t op) { return (op >> 4 & 0xF0) | (op & 15); };
    const Address start = std::prev(program_.symbols.upper_bound(at))->first;
    Address table = static_cast<uint16_t>(-(constant(high) * 256 + constant(low))) * 2u;
    size_t entries = 0;
    for (;; table += 2, ++entries) {
      const Address to = program_.word(table) * 2u;
      if (to < start || to >= function->end) break;
      State entered = s;
      entered.r[0] = entered.r[30] = entered.r[31] = {};
      entered.io = forget_flags(entered.io);
      emit(next, to, entered);
    }
    if (entries == 0) fail_at("a table jump without a table", at);
  }

  const Program& program_;
  std::vector<Place> places_;
  std::vector<Handler> handlers_;
  std::map<std::pair<Address, Registers>, std::unique_ptr<Result>> results_;
  std::map<Registers, Interrupted> interrupted_;
  std::vector<std::pair<Address, State>> roots_;
  std::vector<Address> active_;
};

// ---------------------------------------------------------------------------------------------------------------
// the report

/// A function a line, with the bytes it has on the stack, its return address among them; `address` is how
/// much the first one's takes.
void print_chain(const Program& program, const Result& first, int address, bool alone) {
  bool interrupt = false;
  for (const Result* result = &first; result != nullptr; address = 2) {
    const Result::Deepest& deepest = alone ? result->alone : result->worst;
    std::string name = readable(program.name_of(result->entry));
    const std::string last = readable(program.name_of(deepest.at));
    if (last != name && last.compare(0, 11, "__prologue_") != 0 && last.compare(0, 11, "__epilogue_") != 0)
      name += " > " + last;
    if (address + deepest.own > 0)
      std::printf("  %4d  %s%s\n", address + deepest.own, interrupt ? "+ " : "  ", name.c_str());
    interrupt = deepest.interrupt;
    result = deepest.callee;
  }
}

int report(const char* path, long limit) {
  const Program program = read_elf(path);
  Machine machine(program);
  const Result& worst = machine.run();
  std::printf("%s\n%6u  static RAM\n", path, program.ram_used);
  for (const auto& [address, symbol] : program.symbols) {
    const Result* main_loop = symbol.name == "main" ? machine.deepest(address) : nullptr;
    if (main_loop == nullptr) continue;
    std::printf("\n%6d  main, no interrupt on top\n", main_loop->alone.bytes + 2);
    print_chain(program, *main_loop, 2, true);
  }
  for (const Address handler : machine.handlers()) {
    const Result* result = machine.deepest(handler);
    if (result == nullptr) {
      std::printf("\n     -  handler %s: nothing lets it come\n", readable(program.name_of(handler)).c_str());
      continue;
    }
    std::printf("\n%6d  handler %s\n", result->alone.bytes + 2, readable(program.name_of(handler)).c_str());
    print_chain(program, *result, 2, true);
  }
  std::printf("\n%6d  worst nesting (+ an interrupt)\n", worst.worst.bytes);
  print_chain(program, worst, 0, false);
  const long sum = static_cast<long>(program.ram_used) + worst.worst.bytes;
  std::printf("\n%u + %d = %ld of %ld B: %s\n", program.ram_used, worst.worst.bytes, sum, limit,
              sum <= limit ? "ok" : "FAIL");
  if (sum > limit)
    std::fprintf(stderr, "%s: static RAM %u + worst nesting %d = %ld B, more than %ld B\n", path,
                 program.ram_used, worst.worst.bytes, sum, limit);
  return sum <= limit ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "stack_depth IMAGE.elf LIMIT: static RAM and the worst nesting, in bytes\n");
    return 2;
  }
  try {
    return report(arguments[1], std::strtol(arguments[2], nullptr, 10));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", arguments[1], error.what());
    return 1;
  }
}
