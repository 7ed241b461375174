// What happens at the contact of a household's meter on the day of the test: the truth that all is held to.
#pragma once
#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace flm::day {

/// Wh of a pulse.
inline constexpr double constant = 0.5;
inline constexpr int port = 4;

/// Mean W of each hour since the board was switched on: a night, a morning, a quiet day, an evening. No two
/// that follow each other are alike, and none is more than a count a second could follow.
inline constexpr std::array<int, 25> watts{310, 180, 95,  70,  60,  75,  140, 390, 520, 260, 150, 130, 330,
                                           240, 120, 105, 160, 290, 470, 560, 500, 410, 350, 220, 145};

/// s since the board was switched on.
inline constexpr double first_pulse = 65;  ///< none before: the board is being configured
inline constexpr double hour = 3600, end = hour * watts.size();

/// When the contact closes, s since the board was switched on, ascending: at an uneven pace, 2.2 s apart at
/// least, so that each pulse is a reading of its own. An odd number of them: the last is half a Wh.
const std::vector<double>& pulses();

/// How many pulses begin in [from, to).
int pulses_between(double from, double to);

/// Writes the contact as the simulator reads it (scenario.md, `[[pulses]]` with `file`). It is a reed that
/// chatters for 2 ms as it closes, and stays closed for 60 ms.
void write_contact(const std::filesystem::path& file);

}  // namespace flm::day
