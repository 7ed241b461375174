// The HTML report of a run: what went in, what the board read, and the error, in one file without outside
// references.
#pragma once
#include <filesystem>

#include "sim/results/run.hpp"
#include "sim/world/environment.hpp"

namespace flm::sim {

/// Writes the report to a temporary file beside `file` and renames it: a failure leaves no partial file.
/// Throws InputError.
void write_report(const std::filesystem::path& file, const Run&, const Environment&);

}  // namespace flm::sim
