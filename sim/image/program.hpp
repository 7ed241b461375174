// Runs a program on the emulated controller alone, without a board: test vectors that the AVR itself
// computes.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace flm::sim {

/// Runs an ATmega168P ELF file until it ends itself with `cli; sleep`. Each byte that it writes to GPIOR0 is
/// appended to `console`, if given. Returns 0, or 1 when it still runs after max_cycles. Throws InputError,
/// EngineError on a crash.
int run_avr_program(const std::filesystem::path& elf, std::uint64_t max_cycles, std::string* console);

}  // namespace flm::sim
