#include "tools/flmd/report/reporter.hpp"

#include <fmt/format.h>
#include <syslog.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <exception>
#include <utility>

#include "tools/common/input_error.hpp"  // visible

namespace flm::flmd {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::uint64_t points_between_saves = 50'000;
constexpr std::size_t smallest_batch = 100;
constexpr std::chrono::hours longest_wish{1};  // of a server that says when to come back

Series series_of(const SiteSensor& sensor) { return {sensor.sid, sensor.rid}; }

std::size_t points_of(const Batch& batch) {
  std::size_t points = 0;
  for (const BatchPart& part : batch) points += part.points.size();
  return points;
}

// Retry-After in seconds (RFC 9110, 10.2.3); the form with a date is not taken.
milliseconds wish(const HttpAnswer& answer) {
  const std::string text = answer.header("retry-after");
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return milliseconds(0);
  return std::min<milliseconds>(std::chrono::seconds(seconds), longest_wish);
}

}  // namespace

std::string one_line(std::string_view text, std::size_t most) {
  std::string line = visible(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  if (line.size() > most) line.resize(most);
  return line;
}

std::optional<std::int64_t> SeriesProgress::behind() const {
  if (!newest) return 0;
  if (!reached) return std::nullopt;
  return std::max<std::int64_t>(0, *newest - *reached);
}

std::optional<std::int64_t> Progress::behind() const {
  std::int64_t most = 0;
  for (const SeriesProgress& one : series) {
    const auto behind = one.behind();
    if (!behind) return std::nullopt;
    most = std::max(most, *behind);
  }
  return most;
}

Reporter::Reporter(boost::asio::io_context& loop, const Source& source, std::unique_ptr<ReportKind> kind,
                   ReporterSettings settings)
    : source_(source),
      kind_(std::move(kind)),
      settings_(std::move(settings)),
      client_(loop, settings_.http),
      cursor_(settings_.cursor_file),
      timer_(loop),
      most_points_(settings_.most_points) {
  if (!cursor_.complaint().empty()) log(LOG_WARNING, cursor_.complaint());
}

Reporter::~Reporter() { Reporter::stop(); }

void Reporter::log(int priority, const std::string& line) const {
  if (settings_.log) settings_.log(priority, line);
}

void Reporter::log_post(const std::string& url, const HttpAnswer& answer) const {
  const bool good = answer.status >= 200 && answer.status < 300;
  log(good ? LOG_INFO : LOG_ERR, fmt::format("POST {}: {}", url.substr(0, url.find('?')), answer.status));
  if (good) return;
  if (const std::string text = answer.status > 0 ? answer.body : answer.error; !text.empty())
    log(LOG_ERR, one_line(text));
  if (const std::string reason = answer.header("www-authenticate"); !reason.empty())
    log(LOG_ERR, "WWW-Authenticate: " + one_line(reason));
}

void Reporter::post(HttpRequest request, HttpClient::Done done) {
  if (settings_.globe) settings_.globe(false);
  ++requests_;
  client_.post(std::move(request), [this, done = std::move(done)](const HttpAnswer& answer) {
    if (settings_.globe && (answer.status == 200 || answer.status == 204 || answer.status == 206))
      settings_.globe(true);
    done(answer);
  });
}

void Reporter::on_reading(const Reading& reading) {
  if ((reading.quantity == Quantity::counter) != reading.sensor->counter_is_data) return;
  const Series series = series_of(*reading.sensor);
  const std::int64_t time = reading.point.time;
  std::int64_t latest_sent = cursor_.at(series);
  for (const BatchPart& part : batch_)
    if (series_of(*part.sensor) == series) latest_sent = std::max(latest_sent, part.points.back().time);
  if (time > latest_sent || !history_has(series, reading.point)) return;
  if (Followed* const one = followed(series)) one->earliest_late = std::min(one->earliest_late, time);
  if (time <= cursor_.at(series)) cursor_.move(series, time - 1);
}

// False too when the history cannot be read.
bool Reporter::history_has(const Series& series, const history::Point& point) const {
  try {
    const auto found = source_.after(series, point.time - 1, 1);
    return found.size() == 1 && found.front() == point;
  } catch (const std::exception&) {
    return false;
  }
}

void Reporter::on_sensors(std::span<const SiteSensor> sensors) {
  std::vector<Followed> before = std::exchange(followed_, {});
  for (const SiteSensor& sensor : sensors) {
    if (sensor.sid.empty() || !kind_->takes(sensor)) continue;
    Followed now;
    if (const auto old = std::find_if(
            before.begin(), before.end(),
            [&](const Followed& one) { return one.sensor && series_of(*one.sensor) == series_of(sensor); });
        old != before.end()) {
      now = std::move(*old);
      old->sensor.reset();
    }
    now.sensor = std::make_shared<const SiteSensor>(sensor);
    now.removed = false;
    followed_.push_back(std::move(now));
  }
  for (Followed& old : before) {
    if (!old.sensor) continue;
    old.removed = true;
    followed_.push_back(std::move(old));
  }
  first_ = turn_ = batch_turn_ = 0;  // a round that is under way goes through all of them once more
  forget_removed();
  if (started_ || stopped_) return;
  started_ = true;
  end_round(settings_.first_wait);
}

void Reporter::stop() {
  if (stopped_) return;
  stopped_ = true;
  timer_.cancel();
  client_.cancel();
  save_cursor();
}

Progress Reporter::progress() const {
  Progress result{settings_.name, points_, requests_, delivered_at_, complaint_, {}};
  for (const Followed& one : followed_) {
    const Series series = series_of(*one.sensor);
    const std::int64_t reached = cursor_.at(series);
    result.series.push_back({series, one.sensor->name,
                             reached == before_all ? std::nullopt : std::optional(reached),
                             source_.newest(series), one.complaint});
  }
  return result;
}

void Reporter::start_round() {
  turn_ = 0;
  forget_removed();
  send_next();
}

void Reporter::send_next() {
  try {
    batch_turn_ = turn_;
    batch_ = next_batch();
    if (batch_.empty()) {
      failures_ = 0;
      complaint_.clear();
      for (const Followed& one : followed_)
        if (!one.complaint.empty()) complaint_ = one.complaint;
      if (steady_clock::now() - saved_at_ >= settings_.save_interval) save_cursor();
      end_round(settings_.interval);
      return;
    }
    HttpRequest request = kind_->request(batch_);
    url_ = request.url;
    post(std::move(request), [this](const HttpAnswer& answer) { on_answer(answer); });
  } catch (const std::exception& error) {
    // Of the disk, or for want of memory.
    log(LOG_ERR, fmt::format("{}: {}", settings_.name, one_line(error.what())));
    begin_after(turn_);
    fail_round(error.what(), milliseconds(0));
  }
}

// What turn_ has come to; turn_ stays at a sensor that may have more.
Batch Reporter::next_batch() {
  Batch batch;
  std::size_t room = most_points_;
  const auto now = steady_clock::now();
  for (; turn_ < followed_.size(); ++turn_) {
    Followed& one = followed_[(first_ + turn_) % followed_.size()];
    if (now < one.not_before) continue;
    const bool by_itself = settings_.one_sensor_each || one.alone;
    if (by_itself && !batch.empty()) return batch;
    const Series series = series_of(*one.sensor);
    const std::int64_t reached = cursor_.at(series);
    if (const auto newest = source_.newest(series); !newest || *newest <= reached) continue;
    std::vector<history::Point> points = source_.after(series, reached, room);
    if (points.empty()) continue;
    one.earliest_late = latest_time;
    room -= std::min(room, points.size());
    batch.push_back({one.sensor, std::move(points)});
    if (room == 0) return batch;
    if (by_itself) {
      ++turn_;
      return batch;
    }
  }
  return batch;
}

void Reporter::on_answer(const HttpAnswer& answer) {
  const Verdict verdict = kind_->judge(answer);
  if (settings_.every_post_is_logged) {
    if (verdict.outcome != Outcome::delivered || points_of(batch_) < most_points_) log_post(url_, answer);
  } else if (verdict.outcome != Outcome::delivered) {
    complain(answer);
  }
  on_verdict(answer, verdict);
}

void Reporter::on_verdict(const HttpAnswer& answer, const Verdict& verdict) {
  switch (verdict.outcome) {
    case Outcome::delivered: on_delivered(verdict); return;
    case Outcome::too_large:
      if (const std::size_t points = points_of(batch_); points > smallest_batch) {
        most_points_ = std::max(smallest_batch, points / 2);
        turn_ = batch_turn_;
        send_next();
        return;
      }
      [[fallthrough]];
    case Outcome::refused: on_refused(verdict.reason); return;
    case Outcome::away:
    case Outcome::denied:
      // The next round begins after the sensor that failed, so that one at which a server always stumbles
      // holds up no other.
      begin_after(turn_ == 0 || points_of(batch_) == most_points_ ? turn_ : turn_ - 1);
      fail_round(verdict.reason, std::max(wish(answer), verdict.outcome == Outcome::away
                                                            ? wait_after(failures_ + 1, settings_.backoff)
                                                            : wait_after(1, {settings_.backoff.longest,
                                                                             settings_.backoff.longest})));
      return;
  }
}

milliseconds Reporter::wait_after(unsigned failures, const Backoff& backoff) {
  return backoff.wait(failures, std::uniform_real_distribution<double>(0.0, 1.0)(random_));
}

void Reporter::on_delivered(const Verdict& verdict) {
  remark(verdict.reason);
  for (const BatchPart& part : batch_) {
    const Series series = series_of(*part.sensor);
    Followed* const one = followed(series);
    // A reading that came meanwhile with an older time is not in this batch.
    cursor_.move(series,
                 std::min(part.points.back().time, one == nullptr ? latest_time : one->earliest_late - 1));
    points_ += part.points.size();
    unsaved_points_ += part.points.size();
    if (one != nullptr) {
      one->alone = false;
      one->complaint.clear();
    }
  }
  failures_ = 0;
  delivered_at_ = std::time(nullptr);
  if (logged_status_ != 0 &&
      std::none_of(followed_.begin(), followed_.end(), [](const Followed& one) { return one.alone; })) {
    logged_status_ = 0;
    log(LOG_INFO, fmt::format("{}: takes readings again", settings_.name));
  }
  if (unsaved_points_ >= points_between_saves) save_cursor();
  send_next();
}

void Reporter::on_refused(const std::string& reason) {
  const bool together = batch_.size() > 1;
  const auto wait = settings_.backoff.longest;
  for (const BatchPart& part : batch_) {
    Followed* const one = followed(series_of(*part.sensor));
    if (one == nullptr) continue;
    one->alone = true;
    if (together) continue;  // one of them may be the reason; each is tried by itself at once
    one->complaint = reason;
    one->not_before = steady_clock::now() + wait;
  }
  if (together) turn_ = batch_turn_;
  send_next();
}

void Reporter::fail_round(const std::string& reason, milliseconds wait) {
  complaint_ = reason;
  ++failures_;
  if (steady_clock::now() - saved_at_ >= settings_.save_interval) save_cursor();
  end_round(std::max(wait, settings_.backoff.first));
}

void Reporter::end_round(milliseconds wait) {
  batch_.clear();
  if (stopped_) return;
  after(timer_, wait, [this] { start_round(); });
}

void Reporter::after(boost::asio::steady_timer& timer, milliseconds wait, std::function<void()> then) {
  timer.expires_after(wait);
  timer.async_wait(
      [this, alive = std::weak_ptr(alive_), then = std::move(then)](const boost::system::error_code& error) {
        if (!error && !alive.expired() && !stopped_) then();
      });
}

// What a server says of points that it has taken: when it is new, or said for an hour more.
void Reporter::remark(const std::string& text) {
  const auto now = steady_clock::now();
  if (text.empty() || (text == remark_ && now - remarked_at_ < std::chrono::hours(1))) return;
  remark_ = text;
  remarked_at_ = now;
  log(LOG_WARNING, fmt::format("{}: {}", settings_.name, one_line(text)));
}

// A failure that is new, or that lasts for an hour more.
void Reporter::complain(const HttpAnswer& answer) {
  const auto now = steady_clock::now();
  if (answer.status == logged_status_ && now - logged_at_ < std::chrono::hours(1)) return;
  logged_status_ = answer.status;
  logged_at_ = now;
  log_post(url_, answer);
}

void Reporter::save_cursor() {
  if (!cursor_.moved()) return;
  try {
    cursor_.save();
    unsaved_points_ = 0;
  } catch (const std::exception& error) {
    log(LOG_ERR, error.what());
    unsaved_points_ = 0;  // not again with each batch
  }
  saved_at_ = steady_clock::now();
}

// Sensors that are no longer configured, as soon as nothing is left of them.
void Reporter::forget_removed() {
  std::erase_if(followed_, [this](const Followed& one) {
    if (!one.removed) return false;
    const Series series = series_of(*one.sensor);
    const auto newest = source_.newest(series);
    return !newest || *newest <= cursor_.at(series);
  });
  if (first_ >= followed_.size()) first_ = 0;
}

void Reporter::begin_after(std::size_t turn) {
  if (!followed_.empty()) first_ = (first_ + turn + 1) % followed_.size();
}

Reporter::Followed* Reporter::followed(const Series& series) {
  const auto found = std::find_if(followed_.begin(), followed_.end(),
                                  [&](const Followed& one) { return series_of(*one.sensor) == series; });
  return found == followed_.end() ? nullptr : &*found;
}

}  // namespace flm::flmd
