#include "tools/flmserver/operation/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/web/access/client.hpp"

namespace flm::server {
namespace {

double seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

void require_one(double left, double per_minute, std::string_view of) {
  constexpr double rounding = 1e-6;
  if (left >= 1 - rounding) return;
  const auto wait = static_cast<long>(std::ceil((1 - left - rounding) * 60 / per_minute));
  throw web::HttpError(429, fmt::format("too many {}; the next is allowed in {} s", of, wait),
                       fmt::format("Retry-After: {}\r\n", wait));
}

}  // namespace

Limits::Limits(std::size_t per_minute, Now now)
    : per_minute_(static_cast<double>(per_minute)), now_(std::move(now)) {
  others_ = {per_minute_, now_()};
}

/// The first character of a key says of what it is: an address, its failures, a token.
Limits::Bucket& Limits::bucket(const std::string& key, double per_minute, Time now) {
  auto found = buckets_.find(key);
  if (found == buckets_.end() && buckets_.size() >= most_buckets) forget_full(now);
  const bool room = found != buckets_.end() || buckets_.size() < most_buckets;
  if (found == buckets_.end() && room) found = buckets_.emplace(key, Bucket{per_minute, now}).first;
  Bucket& bucket = room ? found->second : others_;
  bucket.left = std::min(per_minute, bucket.left + seconds(now - bucket.at) * per_minute / 60);
  bucket.at = now;
  return bucket;
}

/// A bucket that nobody took from for a minute is full, as one that is new. Looked for once a second at most.
void Limits::forget_full(Time now) {
  if (now - swept_ < std::chrono::seconds(1)) return;
  swept_ = now;
  std::erase_if(buckets_, [&](const auto& each) { return now - each.second.at >= std::chrono::minutes(1); });
}

void Limits::take(std::string_view address, std::string_view token, bool has_digest) {
  const Time now = now_();
  const std::string household = web::household(address);
  if (!token.empty() || has_digest)
    require_one(bucket("f" + household, failures_per_minute, now).left, failures_per_minute,
                "wrong tokens or digests");
  Bucket& of_address = bucket("a" + household, per_minute_, now);
  require_one(of_address.left, per_minute_, "requests of this address");
  // What cannot be a token costs no bucket.
  Bucket* const of_token = token.size() == 32 ? &bucket("t" + std::string(token), per_minute_, now) : nullptr;
  if (of_token != nullptr) require_one(of_token->left, per_minute_, "requests with this token");
  of_address.left -= 1;
  if (of_token != nullptr && of_token != &of_address) of_token->left -= 1;
}

void Limits::failed(std::string_view address) {
  Bucket& failures = bucket("f" + web::household(address), failures_per_minute, now_());
  failures.left = std::max(0.0, failures.left - 1);
}

}  // namespace flm::server
