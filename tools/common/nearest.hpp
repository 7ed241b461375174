// The name that was meant by one that is not known.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

namespace flm {

/// The name with the fewest edits (Levenshtein) from `typed`; nothing when the best has more than two.
std::optional<std::string_view> nearest(std::string_view typed, const std::vector<std::string_view>& names);

}  // namespace flm
