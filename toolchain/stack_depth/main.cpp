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
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "toolchain/stack_depth/machine.hpp"
#include "toolchain/stack_depth/program.hpp"

namespace flm::stack_depth {
namespace {

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
}  // namespace flm::stack_depth

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "stack_depth IMAGE.elf LIMIT: static RAM and the worst nesting, in bytes\n");
    return 2;
  }
  try {
    return flm::stack_depth::report(arguments[1], std::strtol(arguments[2], nullptr, 10));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", arguments[1], error.what());
    return 1;
  }
}
