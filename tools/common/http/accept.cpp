#include "tools/common/http/accept.hpp"

#include <algorithm>

namespace flm {
namespace {

/// Text before the next separator, without blanks around it; takes it and the separator off.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t length = text.find(separator);
  std::string_view part = text.substr(0, length);
  text = length == text.npos ? std::string_view{} : text.substr(length + 1);
  const std::size_t first = part.find_first_not_of(" \t"), last = part.find_last_not_of(" \t");
  return first == part.npos ? std::string_view{} : part.substr(first, last - first + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// "0.75": 750; 1 000 for what is no quality.
int thousandths(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || (text.size() > 1 && text[1] != '.')) return 1'000;
  int value = text[0] - '0';
  for (std::size_t i = 2; i < 5; ++i) {
    const char digit = i < text.size() ? text[i] : '0';
    if (digit < '0' || digit > '9') return 1'000;
    value = 10 * value + digit - '0';
  }
  return std::min(value, 1'000);
}

}  // namespace

MediaRanges::MediaRanges(std::string_view accept) {
  while (!accept.empty() && ranges_.size() < 32) {
    std::string_view element = take(accept, ',');
    Range range{lower(take(element, ';')), {}, 1'000};
    if (range.type.empty()) continue;
    while (!element.empty()) {
      std::string_view value = take(element, ';');
      const std::string name = lower(take(value, '='));
      if (name == "q") range.quality = thousandths(value);
      if (name == "version") range.version = value;
    }
    ranges_.push_back(std::move(range));
  }
  if (ranges_.empty()) ranges_.push_back({"*/*", {}, 1'000});
}

int MediaRanges::quality(std::string_view type) const {
  const std::string group = std::string(type.substr(0, type.find('/'))) + "/*";
  for (const std::string_view wanted : {type, std::string_view(group), std::string_view("*/*")}) {
    int best = -1;
    for (const Range& range : ranges_)
      if (range.type == wanted) best = std::max(best, range.quality);
    if (best >= 0) return best;
  }
  return 0;
}

}  // namespace flm
