#include "tools/common/nearest.hpp"

#include <algorithm>

namespace flm {
namespace {

constexpr std::size_t kMostEdits = 2;

/// Edits between two names (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view typed, const std::vector<std::string_view>& names) {
  const auto best = std::min_element(names.begin(), names.end(),
                                     [&](auto a, auto b) { return distance(typed, a) < distance(typed, b); });
  if (best == names.end() || distance(typed, *best) > kMostEdits) return std::nullopt;
  return *best;
}

}  // namespace flm
