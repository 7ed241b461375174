// The driver of all reporters: what is sent when, in batches, how far each series has come, and what happens
// when a server refuses or is away. A kind of report says only what a batch looks like on the wire, and what
// an answer means.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tools/flmd/report/backoff.hpp"      // Backoff
#include "tools/flmd/report/cursor.hpp"       // Cursor
#include "tools/flmd/report/http_client.hpp"  // HttpClient
#include "tools/flmd/report/source.hpp"       // Source
#include "tools/flmd/site/reading.hpp"        // Subscriber

namespace flm::flmd {

/// Consecutive points of one sensor.
struct BatchPart {
  std::shared_ptr<const SiteSensor> sensor;
  std::vector<history::Point> points;  ///< at least one
};
/// What one request carries: at least one part.
using Batch = std::vector<BatchPart>;

enum class Outcome {
  delivered,  ///< the server has it: the cursor moves
  away,  ///< no answer, a fault of the server, or "not now": the round ends, and each wait is longer than the
         ///< last
  denied,  ///< address or credentials are wrong: the round ends, and the next is tried after the longest wait
  refused,    ///< this batch is: the other sensors go on, and its own are tried again one by one, after the
              ///< longest wait
  too_large,  ///< again with half as many points
};

struct Verdict {
  Outcome outcome;
  std::string reason;  ///< of what was not delivered; or a remark on what was
};

class ReportKind {
 public:
  virtual ~ReportKind() = default;
  /// Whether the server wants this sensor at all. Disabled sensors are asked too: what they measured before
  /// is still to be delivered.
  [[nodiscard]] virtual bool takes(const SiteSensor&) const = 0;
  [[nodiscard]] virtual HttpRequest request(const Batch&) const = 0;
  [[nodiscard]] virtual Verdict judge(const HttpAnswer&) const = 0;
};

using Log = std::function<void(int priority,
                               const std::string& line)>;  ///< LOG_ERR, LOG_WARNING, LOG_INFO of <syslog.h>

struct ReporterSettings {
  std::string name;                             ///< for people: "flukso https://api.flukso.net/"
  std::filesystem::path cursor_file;            ///< one for each reporter
  std::chrono::milliseconds interval{300'000};  ///< from the end of a round to the next
  Backoff backoff;                              ///< instead of it, after a failure
  std::chrono::milliseconds first_wait{0};      ///< from the first on_sensors() to the first round
  std::size_t most_points = 5'000;              ///< of a request
  bool one_sensor_each = false;                 ///< a request carries one sensor's points
  bool every_post_is_logged = false;  ///< of full batches in a row only the last; else: failures that are new
                                      ///< or last an hour more, and their end
  std::chrono::milliseconds save_interval{
      300'000};  ///< between two writings of the cursor file in quiet times
  HttpSettings http;
  Log log;
  std::function<void(bool)> globe;  ///< the globe LED: false at the start of a request, true after answers
                                    ///< 200, 204 and 206. May be empty
};

struct SeriesProgress {
  Series series;
  std::string name;
  std::optional<std::int64_t> reached;  ///< Unix s of the last delivered point
  std::optional<std::int64_t> newest;   ///< of the last point of the history
  std::string complaint;                ///< why the server refused it last; empty: it did not

  /// s from the last delivered point to the last point; 0 when nothing is left to send; nothing when nothing
  /// was ever sent of what there is.
  [[nodiscard]] std::optional<std::int64_t> behind() const;
};

struct Progress {
  std::string name;
  std::uint64_t points = 0;               ///< delivered since the start
  std::uint64_t requests = 0;             ///< answered or not, since the start
  std::optional<std::int64_t> delivered;  ///< Unix s of the last success since the start
  std::string complaint;                  ///< of the last round; empty: all went well
  std::vector<SeriesProgress> series;

  /// The most that a series is behind, s; nothing when a series has points of which none was ever delivered.
  [[nodiscard]] std::optional<std::int64_t> behind() const;
};

/// Sends what the history has, each sensor's points in ascending order. A round goes through all sensors and
/// ends when each has nothing left; a month takes one round. What is promised:
///
/// 1. A cursor moves only by a success: no point is skipped, whatever happens.
/// 2. A point is sent twice only when the answer to it was lost (the connection broke, flmd stopped before it
/// came), when flmd was killed before the cursor was
///    written, or when the clock was set back. The cursor is written at the end of a round, but not twice
///    within save_interval, after each 50 000 points, and by stop(). A point sent twice is the same point,
///    which a server ignores or overwrites with itself.
/// 3. A reading from before the cursor (the clock was set back) that the history has taken moves the cursor
/// back: points that are later than it are sent once more. The history must see a reading before the
/// reporters do.
/// 4. A sensor that disappears from the configuration is still followed until all of it is delivered, or flmd
/// ends.
class Reporter : public Subscriber {
 public:
  /// Nothing is sent before the first on_sensors().
  Reporter(boost::asio::io_context&, const Source&, std::unique_ptr<ReportKind>, ReporterSettings);
  ~Reporter() override;
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  void on_reading(const Reading&) override;
  void on_sensors(std::span<const SiteSensor>) override;
  /// Gives up what is under way and writes the cursor. Waits for no network.
  void stop() override;

  [[nodiscard]] Progress progress() const;

 protected:
  /// Calls `then` after a while, unless the timer is set anew or cancelled, or stop() comes first.
  void after(boost::asio::steady_timer&, std::chrono::milliseconds, std::function<void()> then);
  /// One more request beside the batches. `done` is not called after stop().
  void post(HttpRequest, HttpClient::Done done);
  [[nodiscard]] bool stopped() const { return stopped_; }
  /// How long to wait after so many failures in a row, from 1.
  [[nodiscard]] std::chrono::milliseconds wait_after(unsigned failures, const Backoff&);
  void log(int priority, const std::string& line) const;
  /// The lines that a stock main board writes of a request: "POST <url>: <status>", and after a failure why.
  /// Without the query, which may hold a password.
  void log_post(const std::string& url, const HttpAnswer&) const;

 private:
  static constexpr std::int64_t latest_time = std::numeric_limits<std::int64_t>::max();

  struct Followed {
    std::shared_ptr<const SiteSensor> sensor;
    std::chrono::steady_clock::time_point not_before{};
    bool alone = false;  // refused together with others: sent by itself until it is taken
    bool removed = false;
    std::int64_t earliest_late = latest_time;  // since the batch under way was made
    std::string complaint;
  };

  void start_round();
  void send_next();
  Batch next_batch();
  void on_answer(const HttpAnswer&);
  void on_verdict(const HttpAnswer&, const Verdict&);
  void on_delivered(const Verdict&);
  void on_refused(const std::string& reason);
  void end_round(std::chrono::milliseconds wait);
  void fail_round(const std::string& reason, std::chrono::milliseconds wait);
  void complain(const HttpAnswer&);
  void remark(const std::string& text);
  void save_cursor();
  void forget_removed();
  void begin_after(std::size_t turn);
  [[nodiscard]] bool history_has(const Series&, const history::Point&) const;
  Followed* followed(const Series&);

  const Source& source_;
  std::unique_ptr<ReportKind> kind_;
  ReporterSettings settings_;
  HttpClient client_;
  Cursor cursor_;
  boost::asio::steady_timer timer_;
  std::minstd_rand random_{std::random_device{}()};
  std::shared_ptr<const bool> alive_ =
      std::make_shared<const bool>(true);  // a timer's answer may be on its way when this ends

  std::vector<Followed> followed_;  // in the order of the configuration
  std::size_t first_ = 0;  // sensor that a round begins with: the one after that at which the last failed
  std::size_t turn_ = 0;   // sensors that the round is past
  std::size_t batch_turn_ = 0;  // turn_ when the batch under way was begun
  Batch batch_;                 // under way
  std::string url_;             // of the request under way
  bool started_ = false, stopped_ = false;
  std::size_t most_points_;

  unsigned failures_ = 0;  // rounds in a row
  std::string complaint_, remark_;
  int logged_status_ = 0;  // of the failure that was logged last; 0: none, or it is over
  std::chrono::steady_clock::time_point logged_at_{}, remarked_at_{}, saved_at_{};
  std::uint64_t unsaved_points_ = 0, points_ = 0, requests_ = 0;
  std::optional<std::int64_t> delivered_at_;
};

/// The file's or server's text as one line: control characters as \xNN, at most `most` bytes.
std::string one_line(std::string_view text, std::size_t most = 200);

}  // namespace flm::flmd
