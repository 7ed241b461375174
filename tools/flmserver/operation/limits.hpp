// How many requests an address or a token has a minute.
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "tools/web/exchange/request.hpp"

namespace flm::server {

/// Each address and each token has a bucket of requests, full at first, into which a minute's worth flows
/// each minute. IPv6 addresses count by household (tools/web/access/client.hpp). An address whose tokens or
/// digests were wrong thirty times, with one more allowed every two seconds, has to wait before it may show
/// another: so guessing is slow.
class Limits {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Now = std::function<Time()>;
  explicit Limits(std::size_t per_minute, Now now = std::chrono::steady_clock::now);

  /// Takes a request out of the buckets. `token`: what it shows, empty for none; `has_digest`: it is signed.
  /// Throws HttpError 429 that says, in Retry-After too, how many seconds to wait.
  void take(std::string_view address, std::string_view token, bool has_digest);
  /// What it showed was wrong.
  void failed(std::string_view address);

  static constexpr double failures_per_minute = 30;
  /// Beyond these, all whom nobody knows share one bucket, until others have been quiet for a minute.
  static constexpr std::size_t most_buckets = 50'000;
  [[nodiscard]] std::size_t buckets() const { return buckets_.size(); }

 private:
  struct Bucket {
    double left = 0;
    Time at{};
  };
  Bucket& bucket(const std::string& key, double per_minute, Time now);
  void forget_full(Time now);

  double per_minute_;
  Now now_;
  std::map<std::string, Bucket> buckets_;
  Bucket others_;
  Time swept_{};
};

}  // namespace flm::server
