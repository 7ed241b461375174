#include "tools/web/access/tries.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "tools/web/access/client.hpp"
#include "tools/web/exchange/request.hpp"  // HttpError

namespace flm::web {
namespace {

using std::chrono::seconds;
constexpr unsigned free_failures = 5;
constexpr seconds longest{15 * 60}, forgotten{60 * 60};

seconds wait_after(unsigned failures) {
  if (failures < free_failures) return seconds(0);
  const unsigned doubled = std::min(failures - free_failures, 10u);
  return std::min(seconds(1 << doubled), longest);
}

}  // namespace

Tries::Tries(std::size_t per_minute, Now now) : per_minute_(per_minute), now_(std::move(now)) {}

void Tries::begin(std::string_view address) {
  const auto now = now_();
  const auto refuse = [](std::chrono::steady_clock::duration left) {
    const auto rounded = std::chrono::ceil<seconds>(left).count();
    throw HttpError(429, fmt::format("too many tries; the next is allowed in {} s", rounded));
  };
  if (const auto known = failures_.find(household(address)); known != failures_.end()) {
    if (now - known->second.last >= forgotten) {
      failures_.erase(known);
    } else if (const auto next = known->second.last + wait_after(known->second.count); next > now) {
      refuse(next - now);
    }
  }
  if (now - minute_ >= seconds(60)) {
    minute_ = now;
    in_minute_ = 0;
  }
  if (in_minute_ >= per_minute_) refuse(minute_ + seconds(60) - now);
  ++in_minute_;
}

void Tries::failed(std::string_view address) {
  std::string key = household(address);
  if (failures_.size() >= most_addresses && !failures_.contains(key))
    failures_.erase(std::min_element(failures_.begin(), failures_.end(), [](const auto& a, const auto& b) {
      return a.second.last < b.second.last;
    }));
  Failures& failures = failures_[std::move(key)];
  ++failures.count;
  failures.last = now_();
}

void Tries::succeeded(std::string_view address) { failures_.erase(household(address)); }

}  // namespace flm::web
