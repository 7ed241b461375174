#include "sim/recording.hpp"

#include <fmt/format.h>
#include <sndfile.h>

#include <charconv>
#include <cmath>
#include <fstream>
#include <functional>
#include <memory>
#include <string_view>

#include "sim/scenario.hpp"  // InputError

namespace flm::sim {
namespace {

std::string_view trimmed(std::string_view s) {
  const auto blank = " \t\r";
  const auto first = s.find_first_not_of(blank);
  return first == s.npos ? std::string_view{} : s.substr(first, s.find_last_not_of(blank) - first + 1);
}

/// Calls use(line number, columns) for each line with numbers in it.
void read_csv(const std::filesystem::path& file, const std::function<void(int, const std::vector<double>&)>& use) {
  std::ifstream in(file);
  if (!in) throw InputError(fmt::format("{}: cannot be opened", file.string()));
  std::string line;
  std::vector<double> columns;
  bool names_allowed = true;
  for (int number = 1; std::getline(in, line); ++number) {
    std::string_view rest = trimmed(std::string_view(line).substr(0, line.find('#')));
    if (rest.empty()) continue;
    columns.clear();
    bool names = false;
    while (true) {
      const auto end = rest.find_first_of(",;");
      const std::string_view field = trimmed(rest.substr(0, end));
      double value = 0.0;
      const auto result = std::from_chars(field.data(), field.data() + field.size(), value);
      if (result.ec != std::errc{} || result.ptr != field.data() + field.size()) {
        if (!names_allowed)
          throw InputError(fmt::format("{}:{}: column {}: '{}' is no number", file.string(), number, columns.size(), field));
        names = true;
      } else if (!std::isfinite(value)) {
        throw InputError(fmt::format("{}:{}: column {}: '{}' is not finite; allowed: finite numbers", file.string(), number,
                                     columns.size(), field));
      }
      columns.push_back(value);
      if (end == rest.npos) break;
      rest.remove_prefix(end + 1);
    }
    names_allowed = false;
    if (!names) use(number, columns);
  }
}

Recording read_csv_recording(const std::filesystem::path& file, int channel, std::optional<double> rate) {
  const auto column = static_cast<std::size_t>(channel);
  Recording recording;
  std::vector<double> times;
  if (!rate && channel == 0)
    throw InputError(fmt::format("{}: channel 0 is the time column when no rate is given; allowed: 1 and up, or a rate", file.string()));
  read_csv(file, [&](int line, const std::vector<double>& columns) {
    if (columns.size() <= column)
      throw InputError(fmt::format("{}:{}: {} columns, channel {} asked for; allowed: 0 to {}", file.string(), line, columns.size(),
                                   channel, columns.size() - 1));
    if (!rate) {
      if (!times.empty() && columns[0] <= times.back())
        throw InputError(fmt::format("{}:{}: time {} does not come after {}; times must increase", file.string(), line, columns[0],
                                     times.back()));
      times.push_back(columns[0]);
      const std::size_t n = times.size();
      if (n >= 3 && std::abs((times[n - 1] - times[n - 2]) - (times[1] - times[0])) > 0.01 * (times[1] - times[0]))
        throw InputError(fmt::format("{}:{}: the step to time {} differs from the first step, {} s; times must be evenly spaced",
                                     file.string(), line, columns[0], times[1] - times[0]));
    }
    recording.samples.push_back(columns[column]);
  });
  if (recording.samples.size() < 2) throw InputError(fmt::format("{}: fewer than 2 samples", file.string()));
  recording.rate = rate ? *rate : static_cast<double>(times.size() - 1) / (times.back() - times.front());
  return recording;
}

Recording read_sound(const std::filesystem::path& file, int channel) {
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, decltype(&sf_close)> sound(sf_open(file.c_str(), SFM_READ, &info), &sf_close);
  if (!sound) throw InputError(fmt::format("{}: {}; allowed: a sound file that libsndfile reads, or .csv", file.string(), sf_strerror(nullptr)));
  if (channel >= info.channels)
    throw InputError(fmt::format("{}: no channel {}; allowed: 0 to {}", file.string(), channel, info.channels - 1));
  Recording recording;
  recording.rate = info.samplerate;
  constexpr sf_count_t block = 4096;
  std::vector<double> frames(static_cast<std::size_t>(block * info.channels));
  for (sf_count_t got = 0; (got = sf_readf_double(sound.get(), frames.data(), block)) > 0;)
    for (sf_count_t i = 0; i < got; ++i) {
      const double value = frames[static_cast<std::size_t>(i * info.channels + channel)];
      if (!std::isfinite(value))
        throw InputError(fmt::format("{}: frame {} is not finite", file.string(), recording.samples.size()));
      recording.samples.push_back(value);
    }
  if (static_cast<sf_count_t>(recording.samples.size()) != info.frames)
    throw InputError(fmt::format("{}: ends after {} of {} frames: the file is cut or damaged", file.string(),
                                 recording.samples.size(), info.frames));
  if (recording.samples.size() < 2) throw InputError(fmt::format("{}: fewer than 2 samples", file.string()));
  return recording;
}

}  // namespace

Recording read_recording(const std::filesystem::path& file, int channel, std::optional<double> rate) {
  return file.extension() == ".csv" ? read_csv_recording(file, channel, rate) : read_sound(file, channel);
}

std::vector<Edge> read_edges(const std::filesystem::path& file) {
  std::vector<Edge> edges;
  read_csv(file, [&](int line, const std::vector<double>& columns) {
    if (columns.size() != 2) throw InputError(fmt::format("{}:{}: {} columns; allowed: seconds,level", file.string(), line, columns.size()));
    if (columns[0] < 0.0 || (!edges.empty() && columns[0] <= edges.back().time))
      throw InputError(fmt::format("{}:{}: time {} does not come after the one before; times must increase from 0", file.string(),
                                   line, columns[0]));
    if (columns[1] != 0.0 && columns[1] != 1.0)
      throw InputError(fmt::format("{}:{}: level {}; allowed: 0, 1", file.string(), line, columns[1]));
    edges.push_back({columns[0], columns[1] == 1.0});
  });
  return edges;
}

}  // namespace flm::sim
