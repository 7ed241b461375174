#include "tools/flmserver/ingest/topic.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "tools/common/input_error.hpp"
#include "tools/flmserver/accounts/accounts.hpp"  // is_id

namespace flm::server {
namespace {

/// Levels of a topic that begins with '/': "/a/b" has a and b.
std::vector<std::string_view> levels_of(std::string_view topic) {
  std::vector<std::string_view> levels;
  if (topic.empty() || topic.front() != '/') return levels;
  while (!topic.empty()) {
    topic.remove_prefix(1);
    const std::size_t end = std::min(topic.find('/'), topic.size());
    levels.push_back(topic.substr(0, end));
    topic.remove_prefix(end);
  }
  return levels;
}

template <class Number>
Number number_of(std::string_view text) {
  Number number{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size() || number < 0)
    throw InputError("recycle id, level and start are whole numbers");
  return number;
}

}  // namespace

Topic topic_of(std::string_view topic) {
  const std::vector<std::string_view> levels = levels_of(topic);
  using Kind = Topic::Kind;
  if (levels.size() >= 4 && is_id(levels[1])) {
    const std::string id(levels[1]);
    if (levels.size() == 7 && levels[0] == "sensor" && levels[2] == "tmpo" && levels[6] == "gz")
      return {Kind::block,
              id,
              number_of<int>(levels[3]),
              {number_of<int>(levels[4]), number_of<std::int64_t>(levels[5])}};
    if (levels.size() == 4 && levels[0] == "device" && levels[2] == "config" && levels[3] == "sensor")
      return {Kind::configuration, id};
    if (levels.size() == 4 && levels[0] == "device" && levels[2] == "tmpo" && levels[3] == "sync")
      return {Kind::sync, id};
  }
  throw InputError("the topic is none of a device");
}

}  // namespace flm::server
