// Meanings of the letters of protocol/commands.hpp, in a few words, for help and messages.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/commands.hpp"
#include "tools/mainboard/link/message.hpp"

namespace flm::mainboard {

/// Row of a letter, or nullptr.
const protocol::Property* find_property(char letter);

/// What a message is about, as users read it: "sensor 1 meter constant"; its letters where no property has
/// them.
std::string subject_of(const Message&);

/// A reset cause of `gr`: "power on", "brown-out, watchdog".
std::string meaning_of_reset(std::uint32_t cause);

/// Meaning of `gr`'s state for the owner of a board, as a sentence without its subject.
inline constexpr std::string_view meaning_of_supply_low =
    "the supply is below the power-fail threshold: failures are not announced, counters are saved every 15 "
    "minutes, up to 15 minutes can be lost";
inline constexpr std::string_view meaning_of_worn =
    "an EEPROM cell has not taken its value since the last reset: what belongs there is kept elsewhere while "
    "there is room; plan to replace the board";

/// Every command of the link with what it takes and means: "gm SENSOR", "sm SENSOR N", "ga CLAMP", "ct".
struct CommandHelp {
  std::string letters, arguments, meaning;
};
std::vector<CommandHelp> link_commands();

}  // namespace flm::mainboard
