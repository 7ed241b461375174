// From a configuration to a board's settings and back, and how settings are pushed.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "tools/mainboard/config/config.hpp"
#include "tools/mainboard/config/settings.hpp"

namespace flm::mainboard {

/// The settings that a configuration names, and those that it has to know to set them.
std::vector<Setting> named_settings(const Config&);

/// The board's settings with the configuration applied: those that it does not name stay as they are.
/// `notes`: what happens to sensors that it does not name. Throws BoardRefused for a setting that this board
/// cannot have.
Settings target_settings(const Config&, const Settings& current, const Board&,
                         std::vector<std::string>& notes);

/// The messages that set up a board of which nothing is known, as stock main boards do: disables all sensors,
/// sets what the configuration names in the order of protocol::PropertyTable, enables, commits. None for a
/// configuration without sensors.
std::vector<Message> setup(const Config&);

/// Reads what is needed; throws BoardRefused when the board is not the one that the file names.
Settings read_current(Board&, const Config&);

/// The configuration that a board's settings are. `known`: names, types, voltages and clamps that fit are
/// taken from it.
Config config_of(const Settings&, const BoardFacts&, const Config* known, std::vector<std::string>& notes);

/// Sends what differs: disables the sensors concerned, sets in the order of protocol::PropertyTable, enables
/// last; reads it back, compares, commits. When the board refuses, or the caller's StopOnSignal has noted a
/// signal, what was set is set back. Throws; a board that is lost keeps what it had saved.
void push(Board&, const Settings& current, const Settings& target);

}  // namespace flm::mainboard
