// What the letters of protocol/commands.hpp mean, in a few words, for help and messages.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace flm::ctl {

/// "meter constant" for 'm'; the letter itself when there is no word for it.
std::string meaning_of_property(char letter);
std::string meaning_of_report(char letter);

/// Every command of the link with what it takes and means: "gm SENSOR", "sm SENSOR N", "ga CLAMP", "ct".
struct CommandHelp {
  std::string letters, arguments, meaning;
};
std::vector<CommandHelp> link_commands();

}  // namespace flm::ctl
