// Ways through the code: functions, handlers, and where they meet.
#include "toolchain/stack_depth/machine.hpp"

#include <algorithm>
#include <set>

namespace flm::stack_depth {

Machine::Machine(const Program& program) : program_(program) {
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

const Result& Machine::run() {
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

const Result* Machine::deepest(Address entry) const {
  const Result* found = nullptr;
  for (const auto& [key, result] : results_)
    if (key.first == entry && (found == nullptr || result->alone.bytes > found->alone.bytes))
      found = result.get();
  return found;
}

std::vector<Address> Machine::handlers() const {
  std::vector<Address> all;
  for (const Handler& handler : handlers_) all.push_back(handler.address);
  return all;
}

const Result& Machine::evaluate(Address entry, const State& start) {
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

const Result& Machine::call(Address entry, Registers io, bool handler) {
  State state;
  for (size_t i = 0; i < 32; ++i) state.r[i] = {Byte::Kind::entry, 0, 0, static_cast<uint16_t>(i)};
  if (!handler) state.r[1] = Byte::of(0);
  state.io = forget_flags(io);
  return evaluate(entry, state);
}

const Machine::Interrupted& Machine::interrupted(Registers io) {
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

void Machine::walk(Result& result, const State& start) {
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

void Machine::deepen(Result::Deepest& deepest, const Result::Deepest& other) {
  if (other.bytes > deepest.bytes) deepest = other;
}

bool Machine::join(State& known, const State& other, Address at) const {
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

Registers Machine::forget_flags(Registers io) {
  io[0].set(carry, std::nullopt);
  io[0].set(zero, std::nullopt);
  return io;
}

void Machine::fail_at(const std::string& what, Address at) const {
  fail(what + " at " + hex(at) + " in " + readable(program_.name_of(at)));
}

size_t Machine::place_of(unsigned address) const {
  size_t i = 0;
  while (i < places_.size() && places_[i].address != address) ++i;
  return i;
}

}  // namespace flm::stack_depth
