// How often a password may be tried.
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace flm::web {

/// Five failures of an address are free; each further one doubles its wait, from 1 s to 15 min. An hour
/// without a failure forgets them. IPv6 addresses count by their first 64 bits, which one household has. All
/// addresses together have `per_minute` tries: a password's hash is work, and the loop waits for it.
class Tries {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;
  explicit Tries(std::size_t per_minute = 60, Now now = std::chrono::steady_clock::now);

  /// Before a try, which it counts. Throws HttpError 429 that says how many seconds to wait.
  void begin(std::string_view address);
  void failed(std::string_view address);
  void succeeded(std::string_view address);

  static constexpr std::size_t most_addresses = 1024;  ///< beyond these the oldest failure is forgotten
  [[nodiscard]] std::size_t addresses() const { return failures_.size(); }

 private:
  struct Failures {
    unsigned count = 0;
    std::chrono::steady_clock::time_point last{};
  };
  std::size_t per_minute_;
  Now now_;
  std::map<std::string, Failures> failures_;
  std::chrono::steady_clock::time_point minute_{};
  std::size_t in_minute_ = 0;
};

}  // namespace flm::web
