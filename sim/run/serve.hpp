// A board for host software under development: its bus on a pseudo terminal in real time, or on stdin and
// stdout in steps.
#pragma once
#include <filesystem>

#include "sim/run/runner.hpp"

namespace flm::sim {

struct ServeOptions {
  EngineKind engine = EngineKind::native;
  std::filesystem::path image;   ///< the ELF file for EngineKind::image
  std::filesystem::path pty;     ///< name of the link to the pseudo terminal, or empty: stdin and stdout
  std::filesystem::path meter;   ///< beside `pty`: the same of a smart meter's line that ends at the main
                                 ///< board, or empty: nobody listens
  std::filesystem::path eeprom;  ///< kept between runs, or empty: 512 bytes, erased at first
  double speed = 1.0;            ///< simulated seconds per second
  bool configure = false;  ///< first, as a stock main board does from the scenario's sensors; unless `eeprom`
                           ///< is there already
};

/// Serves until SIGINT or SIGTERM, or the end of stdin. The pseudo terminal: each byte written to it is
/// clocked to the board, at the spacing of a stock host, and the byte that the board sends meanwhile comes
/// back. stdin and stdout: lines, in which time passes only as they say:
///     clock 6c67680a        clocks these bytes (hex digits)      answered by the bytes that came back
///     wait 0.5              lets so many seconds pass            answered by `now` and the time in seconds
///     meter                 reads the main board's UART          answered by `line` and what has come of a
///     smart meter's line that ends
///                                                                there, the oldest 2048 bytes (hex digits),
///                                                                or by `none`: no such line
/// and anything else is answered by `error` and what is allowed.
/// Throws InputError for what a person handed in, EngineError for an image that crashes or hangs.
void serve(const Scenario&, const ServeOptions&);

}  // namespace flm::sim
