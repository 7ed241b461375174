// Recorded signals from files: sound files and CSV.
#pragma once
#include <filesystem>
#include <optional>
#include <vector>

namespace flm::sim {

/// Evenly spaced samples.
struct Recording {
  double rate = 0.0;  ///< Hz
  std::vector<double> samples;
};

/// Reads one channel of a sound file (anything libsndfile knows; full scale is 1) or one column of a CSV
/// file. CSV: as spreadsheets write it in any country. Columns end at a comma, or at a semicolon or tab where
/// the first line has one: then a comma is a decimal comma, as it is in quotes and below a line of one name.
/// `#` starts a comment, one line of names may come first, a byte-order mark is skipped. Each line has as
/// many columns as the first. With `rate` every column is a value; without, column 0 is the time in seconds,
/// evenly spaced and increasing. `channel` counts all columns from 0. The manual is sim/scenario/scenario.md.
/// Throws InputError naming file, line and what is wrong.
Recording read_recording(const std::filesystem::path& file, int channel, std::optional<double> rate);

/// One change of a contact.
struct Edge {
  double time = 0.0;  ///< s
  bool level = true;  ///< true = open, pulled high
};

/// Reads `seconds,level` lines; times must increase, levels are 0 or 1. Throws InputError.
std::vector<Edge> read_edges(const std::filesystem::path& file);

}  // namespace flm::sim
