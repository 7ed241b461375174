// Files of packets on the air:
//   1. A file is read, or an InputError names it and its line.
//   2. What was read has times from 0 to 10^9 s, and frames of 1 to 260 bytes.
//   3. Written again, it reads the same.
#include <fmt/format.h>

#include "sim/world/air.hpp"
#include "tests/fuzz/input_file.hpp"

using namespace flm;
using fuzz::promise;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = fuzz::file_of("packets.txt", data, size);
  const auto frames = fuzz::read_or_complain(file, [&] { return sim::read_air(file); });
  if (!frames) return 0;
  std::string text;
  for (const sim::AirFrame& frame : *frames) {
    promise(frame.seconds >= 0 && frame.seconds < 1e9, "2: times are from 0 to 10^9 s");
    promise(!frame.bytes.empty() && frame.bytes.size() <= 260, "2: frames have 1 to 260 bytes");
    text += fmt::format("{} ", frame.seconds);
    for (const unsigned byte : frame.bytes) text += fmt::format("{:02x}", byte);
    text += '\n';
  }
  const auto again = sim::read_air(fuzz::file_of("again.txt", text));
  promise(again.size() == frames->size(), "3: written again, it has as many frames");
  for (std::size_t i = 0; i < again.size(); ++i)
    promise(again[i].seconds == (*frames)[i].seconds && again[i].bytes == (*frames)[i].bytes,
            "3: written again, it reads the same");
  return 0;
}
