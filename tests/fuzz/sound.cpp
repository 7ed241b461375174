// Sound files, by libsndfile:
//   1. A file is read, or an InputError names it.
//   2. A recording has two finite samples or more, and a rate of more than 0; each of its channels has as
//      many.
#include <cmath>

#include "sim/world/recording.hpp"
#include "tests/fuzz/input_file.hpp"

using namespace flm;
using fuzz::promise;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = fuzz::file_of("recording.wav", data, size);
  std::size_t samples = 0;
  for (const int channel : {0, 1}) {
    const auto found =
        fuzz::read_or_complain(file, [&] { return sim::read_recording(file, channel, std::nullopt); });
    if (!found) break;
    promise(found->samples.size() >= 2 && (channel == 0 || found->samples.size() == samples),
            "2: each channel has as many samples, two or more");
    for (const double sample : found->samples) promise(std::isfinite(sample), "2: samples are finite");
    promise(std::isfinite(found->rate) && found->rate > 0, "2: a rate is more than 0");
    samples = found->samples.size();
  }
  return 0;
}
