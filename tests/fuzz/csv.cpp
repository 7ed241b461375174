// CSV files, as recordings of a clamp's current (with and without a time column) and as edges of a contact:
//   1. A file is read, or an InputError names it.
//   2. A recording has two finite samples or more, and a rate that is finite and more than 0.
//   3. Edges' times begin at 0 or later, and increase.
//   4. Written again, edges read the same.
#include <fmt/format.h>

#include <cmath>

#include "sim/world/recording.hpp"
#include "tests/fuzz/input_file.hpp"

using namespace flm;
using fuzz::promise;

namespace {

void recording(const std::filesystem::path& file, int channel, std::optional<double> rate) {
  const auto found = fuzz::read_or_complain(file, [&] { return sim::read_recording(file, channel, rate); });
  if (!found) return;
  promise(found->samples.size() >= 2, "2: a recording has two samples or more");
  for (const double sample : found->samples) promise(std::isfinite(sample), "2: samples are finite");
  promise(std::isfinite(found->rate) && found->rate > 0, "2: a rate is finite and more than 0",
          fmt::format("{}", found->rate));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = fuzz::file_of("recording.csv", data, size);
  recording(file, 1, std::nullopt);
  recording(file, 0, 1000.0);
  recording(file, 2, 16000.0);
  const auto edges = fuzz::read_or_complain(file, [&] { return sim::read_edges(file); });
  if (!edges) return 0;
  std::string text = "time,level\n";  // without it, whole numbers look like halves of others
  double before = -1.0;
  for (const sim::Edge& edge : *edges) {
    promise(edge.time >= 0.0 && edge.time > before && std::isfinite(edge.time),
            "3: edges' times increase from 0");
    before = edge.time;
    text += fmt::format("{},{}\n", edge.time, edge.level ? 1 : 0);
  }
  const auto again = sim::read_edges(fuzz::file_of("again.csv", text));
  promise(again.size() == edges->size(), "4: written again, there are as many edges");
  for (std::size_t i = 0; i < again.size(); ++i)
    promise(again[i].time == (*edges)[i].time && again[i].level == (*edges)[i].level,
            "4: written again, edges read the same");
  return 0;
}
