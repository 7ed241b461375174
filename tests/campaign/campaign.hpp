// Campaigns against the AVR images: more of the same attack than a unit test has time for. `campaign` without arguments says how.
#pragma once
#include <filesystem>
#include <string>

#include "sim/scenario.hpp"

namespace flm::campaign {

/// Cuts the power of a board that meters, counts, is polled and commits every ten minutes: at every EEPROM byte boundary without
/// notice, and at `random_cuts` random moments with 80 ms of hold-up.
void power(const std::string& board, const std::filesystem::path& elf, double seconds, long random_cuts);

/// Sends random, mutated and cut messages, with good ones in between that must be answered; then good ones in a hurry.
void link(const std::string& board, const std::filesystem::path& elf, long messages);

/// Three clamps, two meters whose contacts bounce, and a stock host that polls.
sim::Scenario full_load(const std::string& board, double duration);

}  // namespace flm::campaign
