#include "tests/tools/flmserver/day/contact.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

namespace flm::day {

const std::vector<double>& pulses() {
  static const std::vector<double> all = [] {
    std::vector<double> times;
    std::minstd_rand random(17);  // a seed of no meaning: the same day each time
    for (std::size_t h = 0; h < watts.size(); ++h) {
      const int count = static_cast<int>(std::lround(watts[h] / constant));
      const double pace = hour / count;
      for (int i = 0; i < count; ++i) {
        const double uneven = static_cast<double>(random() % 2001) / 1000 - 1;  // -1 to 1
        const double at = hour * static_cast<double>(h) + (i + 0.5 + 0.15 * uneven) * pace;
        if (at >= first_pulse) times.push_back(at);
      }
    }
    return times;
  }();
  return all;
}

int pulses_between(double from, double to) {
  const auto& all = pulses();
  return static_cast<int>(std::lower_bound(all.begin(), all.end(), to) -
                          std::lower_bound(all.begin(), all.end(), from));
}

void write_contact(const std::filesystem::path& file) {
  std::ofstream out(file);
  out << "seconds,level\n";
  for (const double at : pulses())
    out << fmt::format("{:.4f},0\n{:.4f},1\n{:.4f},0\n{:.4f},1\n", at, at + 0.001, at + 0.002, at + 0.06);
}

}  // namespace flm::day
