// Lines that say what happens: to stderr or the journal, and the last of them to pages and heartbeats.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace flm {

/// Of <syslog.h>: LOG_ERR, LOG_WARNING, LOG_INFO. One line each; control characters become '?'.
class LogBook {
 public:
  /// Under systemd (JOURNAL_STREAM) lines begin with their priority, else with the time.
  LogBook();

  void write(int priority, std::string_view line);
  /// The last lines, the oldest first, each with its time and a line end; 16 KiB at most.
  [[nodiscard]] std::string recent() const;
  /// Is given each line, with its time in Unix s.
  std::function<void(std::int64_t time, int priority, const std::string& line)> listener;

 private:
  bool journal_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
};

/// Keeps a line that anybody can cause, as often as he likes, from filling the log.
class OnceAMinute {
 public:
  /// The first time, and then once a minute.
  [[nodiscard]] bool is_due() {
    const auto now = std::chrono::steady_clock::now();
    if (last_ && now - *last_ < std::chrono::minutes(1)) return false;
    last_ = now;
    return true;
  }

 private:
  std::optional<std::chrono::steady_clock::time_point> last_;
};

}  // namespace flm
