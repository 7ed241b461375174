// Instructions of the controller, on bytes of which some bits are known.
#include <iterator>

#include "toolchain/stack_depth/machine.hpp"

namespace flm::stack_depth {

Byte Machine::load(const State& state, unsigned address) const {
  if (address == spl) return {Byte::Kind::stack_low, 0, 0, static_cast<uint16_t>(state.stack.size())};
  if (address == sph) return {Byte::Kind::stack_high, 0, 0, 0};
  const size_t place = place_of(address);
  return place < places_.size() && address != 0 ? state.io[place] : Byte();
}

bool Machine::store(State& state, unsigned address, const Byte& byte, Address at) {
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

bool Machine::set_stack(State& state, const Byte& low, Address at) {
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

Byte Machine::load_by(const State& state, size_t pair, int q) const {
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

bool Machine::store_by(State& state, size_t pair, int q, const Byte& byte, Address at) {
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

void Machine::flags(State& state, std::optional<bool> c, std::optional<bool> z) {
  state.io[0].set(carry, c);
  state.io[0].set(zero, z);
}

std::optional<bool> Machine::is_zero(const Byte& byte) {
  if (byte.kind != Byte::Kind::bits) return std::nullopt;
  if (byte.value != 0) return false;
  return byte.known == 0xFF ? std::optional<bool>(true) : std::nullopt;
}

Byte Machine::add(State& state, const Byte& a, const Byte& b, bool subtract, bool chained) {
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

Byte Machine::logic(State& state, uint16_t operation, const Byte& a, const Byte& b) {
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

void Machine::execute(Result& result, Address at, State& s, Way& next) {
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

void Machine::step_pair(State& s, size_t pair, int by) {
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

void Machine::one_register(State& s, unsigned how, Byte& byte, Address at) const {
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

Address Machine::target(uint16_t op, Address at) const {
  if ((op & 0xFE0C) == 0x940C) return program_.word(at + 2) * 2u;
  const int words = static_cast<int16_t>((op & 0x0FFF) << 4) / 16;
  return at + 2 + static_cast<Address>(2 * words);
}

void Machine::call_from(Result& result, Address at, Address to, Address after, State& s, Way& next) {
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

void Machine::table_jump(Address at, const State& s, Way& next) const {
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

}  // namespace flm::stack_depth
