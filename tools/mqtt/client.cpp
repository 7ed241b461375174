#include "tools/mqtt/client.hpp"

#include <fmt/format.h>
#include <mosquitto.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tools/common/files.hpp"
#include "tools/common/input_error.hpp"
#include "tools/mqtt/bytes_received.hpp"
#include "tools/mqtt/tls.hpp"

namespace flm::mqtt {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

struct Library {
  Library() {
    std::signal(SIGPIPE, SIG_IGN);
    mosquitto_lib_init();
  }
  ~Library() { mosquitto_lib_cleanup(); }
};

struct Destroy {
  void operator()(mosquitto* handle) const { mosquitto_destroy(handle); }
};
using Handle = std::unique_ptr<mosquitto, Destroy>;

/// Messages with QoS 1 that the broker has not acknowledged; as many as libmosquitto sends at a time.
constexpr std::size_t most_unacknowledged = 20;

std::string first_line(const std::filesystem::path& path) {
  check_text(path, "a file with the password in its first line");
  std::ifstream in(path, std::ios::binary);
  std::string line;
  std::getline(in, line);
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty())
    throw InputError(fmt::format("{}: its first line is empty; allowed: the password", path.string()));
  return line;
}

std::string words_of_refusal(int code) {
  switch (code) {
    case 1: return "the broker does not speak MQTT 3.1.1";
    case 2: return "the broker refuses the client id";
    case 3: return "the broker is not ready";
    case 4:
    case 5: return "the broker refuses user name or password";
    default: return fmt::format("the broker refuses, code {}", code);
  }
}

}  // namespace

class Client::Impl : public std::enable_shared_from_this<Client::Impl> {
 public:
  Impl(asio::io_context& loop, Options options, Handlers handlers)
      : options_(std::move(options)),
        handlers_(std::move(handlers)),
        resolver_(loop),
        retry_(loop),
        second_(loop),
        socket_(loop),
        random_(std::random_device{}()) {
    static Library library;
    if (!options_.password_file.empty()) password_ = first_line(options_.password_file);
    if (!options_.ca_file.empty())
      tls_.emplace(options_, [this](std::string why) { tls_problem_ = std::move(why); });
  }

  void start() {
    if (state_ == State::stopped) attempt();
  }

  void stop(const Message* last) {
    if (state_ == State::connected && last != nullptr) {
      // What does not fit into the socket now would have to be waited for: then the will says it.
      write_out();
      if (mosquitto_socket(handle_.get()) >= 0 && !mosquitto_want_write(handle_.get()) &&
          mosquitto_publish(handle_.get(), nullptr, last->topic.c_str(),
                            static_cast<int>(last->payload.size()), last->payload.data(), 0,
                            last->retain) == MOSQ_ERR_SUCCESS &&
          !mosquitto_want_write(handle_.get()))
        mosquitto_disconnect(handle_.get());
    }
    close();
    state_ = State::stopped;
  }

  void leave() {
    if (state_ == State::connected) mosquitto_disconnect(handle_.get());
    stop(nullptr);
  }

  void subscribe(std::string filter) {
    if (mosquitto_sub_topic_check2(filter.data(), filter.size()) != MOSQ_ERR_SUCCESS)
      throw std::invalid_argument(fmt::format("'{}' is no topic filter", filter));
    filters_.push_back(std::move(filter));
    if (state_ == State::connected) send_subscription(filters_.back());
  }

  bool publish(Message message) {
    if (message.topic.empty() ||
        mosquitto_pub_topic_check2(message.topic.data(), message.topic.size()) != MOSQ_ERR_SUCCESS)
      throw std::invalid_argument(fmt::format("'{}' is no topic", message.topic));
    if (!queue(std::move(message))) {
      ++counters_.dropped;
      return false;
    }
    settle();
    return true;
  }

  void forget(const std::string& topic) { retained_.erase(topic); }

  [[nodiscard]] bool idle() const {
    return state_ == State::connected && outbox_.empty() && !mosquitto_want_write(handle_.get());
  }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  // ---- on the way

  void attempt() {
    state_ = State::connecting;
    error_code is_name;
    const auto address = asio::ip::make_address(options_.host, is_name);
    if (!is_name) {
      addresses_ = {address.to_string()};
      return connect();
    }
    addresses_.clear();
    resolver_.async_resolve(options_.host, "",
                            [self = shared_from_this(), at = ++generation_](error_code error, auto found) {
                              if (at != self->generation_) return;
                              if (error)
                                return self->fail(fmt::format("the name is not known ({})", error.message()));
                              for (const auto& entry : found) {
                                const std::string text = entry.endpoint().address().to_string();
                                auto& list = self->addresses_;
                                if (std::find(list.begin(), list.end(), text) == list.end())
                                  list.push_back(text);
                              }
                              self->connect();
                            });
  }

  /// To the first of the addresses that are left.
  void connect() {
    const std::string address = addresses_.front();
    addresses_.erase(addresses_.begin());
    ++generation_;
    refusal_.clear();
    tls_problem_.clear();
    log_.clear();
    unacknowledged_.clear();
    received_before_ = 0;
    handle_.reset(mosquitto_new(options_.client_id.c_str(), true, this));
    mosquitto* handle = handle_.get();
    if (handle == nullptr) return fail(std::strerror(errno));
    mosquitto_connect_callback_set(handle,
                                   [](mosquitto*, void* self, int code) { of(self).on_connect(code); });
    mosquitto_message_callback_set(handle, [](mosquitto*, void* self, const mosquitto_message* message) {
      of(self).on_message(*message);
    });
    mosquitto_publish_callback_set(
        handle, [](mosquitto*, void* self, int id) { of(self).unacknowledged_.erase(id); });
    mosquitto_log_callback_set(handle, [](mosquitto*, void* self, int level, const char* line) {
      if (level == MOSQ_LOG_ERR) of(self).log_ = line;
    });
    int rc = MOSQ_ERR_SUCCESS;
    const auto set = [&](int result) {
      if (rc == MOSQ_ERR_SUCCESS) rc = result;
    };
    if (!options_.username.empty())
      set(mosquitto_username_pw_set(handle, options_.username.c_str(),
                                    password_.empty() ? nullptr : password_.c_str()));
    if (tls_) {
      set(mosquitto_int_option(handle, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0));
      set(mosquitto_void_option(handle, MOSQ_OPT_SSL_CTX, tls_->context()));
    }
    if (const Message& will = options_.will; !will.topic.empty())
      set(mosquitto_will_set(handle, will.topic.c_str(), static_cast<int>(will.payload.size()),
                             will.payload.data(), will.qos, will.retain));
    if (rc == MOSQ_ERR_SUCCESS) {
      errno = 0;
      rc = mosquitto_connect_async(handle, address.c_str(), options_.port,
                                   static_cast<int>(options_.keep_alive.count()));
    }
    if (rc > 0) return fail(words_of(rc));
    deadline_ = steady_clock::now() + options_.answer_within;
    // Its own number for the same socket: libmosquitto closes its own whenever it likes.
    const int number = ::dup(mosquitto_socket(handle));
    if (number < 0) return fail(std::strerror(errno));
    socket_.assign(number);
    writing_ = false;
    wait_for_reading();
    tick();
    settle();
  }

  static Impl& of(void* self) { return *static_cast<Impl*>(self); }

  // ---- the socket

  void wait_for_reading() {
    socket_.async_wait(asio::posix::stream_descriptor::wait_read, [self = shared_from_this(),
                                                                   at = generation_](error_code error) {
      if (error || at != self->generation_) return;
      if (self->is_lost()) return;
      self->after(self->inside([&] { return mosquitto_loop_read(self->handle_.get(), 1); }));
      if (at != self->generation_ || self->is_too_long()) return;
      self->wait_for_reading();
      self->settle();
    });
  }

  void wait_for_writing() {
    if (writing_ || !mosquitto_want_write(handle_.get())) return;
    writing_ = true;
    socket_.async_wait(asio::posix::stream_descriptor::wait_write, [self = shared_from_this(),
                                                                    at = generation_](error_code error) {
      if (error || at != self->generation_) return;
      self->writing_ = false;
      if (self->is_lost()) return;
      self->after(self->inside([&] { return mosquitto_loop_write(self->handle_.get(), 1); }));
      self->settle();
    });
  }

  /// Once a second: keep-alive, and deadlines.
  void tick() {
    second_.expires_after(
        std::min<std::chrono::milliseconds>(std::chrono::seconds(1), options_.answer_within));
    second_.async_wait([self = shared_from_this(), at = generation_](error_code error) {
      if (error || at != self->generation_) return;
      if (self->state_ == State::connecting && steady_clock::now() >= self->deadline_)
        return self->fail(fmt::format("no answer in {} s",
                                      static_cast<double>(self->options_.answer_within.count()) / 1e3));
      self->after(self->inside([&] { return mosquitto_loop_misc(self->handle_.get()); }));
      if (at != self->generation_) return;
      self->tick();
      self->settle();
    });
  }

  /// A call of libmosquitto that may call us: in it, nothing is sent and nothing torn down.
  template <class Call>
  int inside(Call call) {
    inside_ = true;
    errno = 0;
    const int rc = call();
    inside_ = false;
    return rc;
  }

  void after(int rc) {
    if (rc != MOSQ_ERR_SUCCESS) fail(words_of(rc));
  }

  /// A connection that was not made says why only to who asks the socket.
  bool is_lost() {
    int number = 0;
    socklen_t size = sizeof number;
    if (state_ != State::connecting ||
        ::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_ERROR, &number, &size) != 0 || number == 0)
      return false;
    errno = number;
    fail(words_of(MOSQ_ERR_ERRNO));
    return true;
  }

  /// libmosquitto makes room for whatever length a packet says, up to 256 MB: it is ended when it grows too
  /// long.
  bool is_too_long() {
    const auto received = bytes_received(socket_.native_handle());
    if (!received) return false;
    if (std::exchange(progress_, false)) received_before_ = *received;
    if (*received - received_before_ <= longest_packet) return false;
    fail(fmt::format("a message of more than {} bytes came", longest_packet));
    return true;
  }

  // ---- what came

  void on_connect(int code) {
    progress_ = true;
    if (code != 0) {
      refusal_ = words_of_refusal(code);
      return;
    }
    state_ = State::connected;
    connected_at_ = steady_clock::now();
    ++counters_.connections;
    problem_.clear();
    reported_.clear();
    report("connected");
    for (const std::string& filter : filters_) send_subscription(filter);
    for (auto& [topic, held] : retained_) {
      held.waits = true;
      outbox_.push_back({topic, {}, held.qos, true});
    }
    if (handlers_.connected) guarded([&] { handlers_.connected(); });
  }

  void on_message(const mosquitto_message& message) {
    progress_ = true;
    const std::string_view topic = message.topic;
    const std::string_view payload(
        static_cast<const char*>(message.payload),
        message.payload == nullptr ? 0 : static_cast<std::size_t>(message.payloadlen));
    const auto is_text = [](std::string_view text) {
      return text.empty() ||
             mosquitto_validate_utf8(text.data(), static_cast<int>(text.size())) == MOSQ_ERR_SUCCESS;
    };
    // No longer ones: mosquitto_validate_utf8() takes 65 536 bytes and no more.
    if (payload.size() > longest_payload || !is_text(topic) || !is_text(payload)) {
      ++counters_.refused;
      if (handlers_.no_text && is_text(topic))
        guarded([&] { handlers_.no_text(topic, payload, message.retain); });
      return;
    }
    ++counters_.received;
    if (handlers_.message) guarded([&] { handlers_.message(topic, payload, message.retain); });
  }

  /// No exception may cross libmosquitto's frames, which are C.
  template <class Call>
  void guarded(Call call) {
    try {
      call();
    } catch (const std::exception& error) {
      report(error.what());
    }
  }

  // ---- what goes

  bool queue(Message message) {
    if (message.retain) {
      const auto found = retained_.find(message.topic);
      if (found == retained_.end() && retained_.size() >= most_retained) return false;
      Held& held = retained_[message.topic];
      held.payload = std::move(message.payload);
      held.qos = message.qos;
      if (state_ != State::connected || held.waits) return true;
      held.waits = true;
      outbox_.push_back({std::move(message.topic), {}, message.qos, true});
      return true;
    }
    const std::size_t bytes = message.topic.size() + message.payload.size();
    if (state_ != State::connected || (queued_ != 0 && queued_ + bytes > longest_queue)) return false;
    queued_ += bytes;
    outbox_.push_back(std::move(message));
    return true;
  }

  /// Hands on what waits, as long as the socket takes it at once.
  void write_out() {
    while (state_ == State::connected && !outbox_.empty() && !mosquitto_want_write(handle_.get())) {
      if (outbox_.front().qos > 0 && unacknowledged_.size() >= most_unacknowledged) return;
      Message message = std::move(outbox_.front());
      outbox_.pop_front();
      if (message.retain) {
        const auto held = retained_.find(message.topic);
        if (held == retained_.end()) continue;  // forgotten since
        held->second.waits = false;
        message.payload = held->second.payload;
      } else {
        queued_ -= message.topic.size() + message.payload.size();
      }
      int id = 0;
      const int rc = inside([&] {
        return mosquitto_publish(handle_.get(), &id, message.topic.c_str(),
                                 static_cast<int>(message.payload.size()), message.payload.data(),
                                 message.qos, message.retain);
      });
      if (rc != MOSQ_ERR_SUCCESS) return fail(words_of(rc));
      if (message.qos > 0) unacknowledged_.insert(id);
      ++counters_.published;
    }
  }

  void send_subscription(const std::string& filter) {
    // What fails here is found when the connection is read.
    static_cast<void>(mosquitto_subscribe(handle_.get(), nullptr, filter.c_str(), 0));
  }

  /// After anything that may have given libmosquitto or us something to write.
  void settle() {
    if (inside_ || !handle_) return;
    write_out();
    if (handle_) wait_for_writing();
  }

  // ---- what goes wrong

  std::string words_of(int rc) const {
    const int number = errno;
    if (!refusal_.empty()) return refusal_;
    if (!tls_problem_.empty()) return tls_problem_;
    // Number 0: the end in mid-message.
    if (rc == MOSQ_ERR_CONN_LOST || log_.find("unexpected eof") != log_.npos ||
        (rc == MOSQ_ERR_ERRNO && (number == 0 || number == ECONNRESET || number == EPIPE))) {
      if (state_ != State::connecting) return "the broker closed the connection";
      return fmt::format("the broker closed the connection before it agreed: perhaps that port is {} TLS",
                         tls_ ? "without" : "for");
    }
    switch (rc) {
      case MOSQ_ERR_NO_CONN:  // closed by mosquitto_loop_misc() in the second before, without a word
      case MOSQ_ERR_KEEPALIVE:
        return fmt::format("the broker has been silent for {} s", options_.keep_alive.count());
      case MOSQ_ERR_TLS: return log_.empty() ? "TLS failed" : fmt::format("TLS failed: {}", log_);
      case MOSQ_ERR_PROTOCOL:
      case MOSQ_ERR_MALFORMED_PACKET: return "what came is not MQTT";
      case MOSQ_ERR_ERRNO:
        return number == ECONNREFUSED ? "connection refused: no broker there" : std::strerror(number);
      default: return mosquitto_strerror(rc);
    }
  }

  void close() {
    ++generation_;
    resolver_.cancel();
    retry_.cancel();
    second_.cancel();
    error_code ignored;
    socket_.close(ignored);
    handle_.reset();
    outbox_.clear();
    queued_ = 0;
    for (auto& [topic, held] : retained_) held.waits = false;
  }

  void fail(const std::string& why) {
    const bool was_connected = state_ == State::connected;
    if (was_connected && steady_clock::now() - connected_at_ >= options_.settled) delays_ = 0;
    close();
    if (!was_connected && !addresses_.empty()) return connect();
    ++counters_.failures;
    state_ = State::waiting;
    problem_ = why;
    if (why != reported_) report(fmt::format("{}; tries again", why));
    reported_ = why;
    retry_.expires_after(delay());
    retry_.async_wait([self = shared_from_this(), at = generation_](error_code error) {
      if (!error && at == self->generation_) self->attempt();
    });
  }

  /// From the upper half of first_delay * 2^n, at most longest_delay, so that many clients do not come at
  /// once.
  std::chrono::milliseconds delay() {
    const auto longest =
        std::min(options_.longest_delay, options_.first_delay * (1 << std::min(delays_++, 16)));
    return std::chrono::milliseconds(
        std::uniform_int_distribution(longest.count() / 2, longest.count())(random_));
  }

  void report(std::string_view what) const {
    if (handlers_.report)
      handlers_.report(fmt::format("MQTT broker {}:{}: {}", options_.host, options_.port, what));
  }

  struct Held {
    std::string payload;
    int qos = 0;
    bool waits = false;  ///< in the outbox
  };

  Options options_;
  Handlers handlers_;
  std::string password_;
  std::optional<Tls> tls_;
  asio::ip::tcp::resolver resolver_;
  asio::steady_timer retry_, second_;
  asio::posix::stream_descriptor socket_;
  Handle handle_;  ///< a new one for each attempt; none while waiting
  std::minstd_rand random_;

  State state_ = State::stopped;
  std::uint64_t generation_ = 0;  ///< of handle and timers: completions of an older one find nothing to do
  bool inside_ = false, writing_ = false, progress_ = false;
  std::vector<std::string> addresses_;  ///< of the name, not tried yet
  steady_clock::time_point deadline_, connected_at_;
  int delays_ = 0;                     ///< since a connection settled
  std::uint64_t received_before_ = 0;  ///< bytes, when the last whole message had come

  std::vector<std::string> filters_;
  std::map<std::string, Held> retained_;  ///< by topic
  std::deque<Message> outbox_;            ///< a retained one without its payload
  std::size_t queued_ = 0;                ///< bytes of those that are not retained
  std::set<int> unacknowledged_;

  Counters counters_;
  std::string problem_, reported_, refusal_, tls_problem_, log_;
};

Client::Client(asio::io_context& loop, Options options, Handlers handlers)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(handlers))) {}
Client::~Client() { impl_->stop(nullptr); }
void Client::start() { impl_->start(); }
void Client::stop(const Message& last) { impl_->stop(&last); }
void Client::stop() { impl_->leave(); }
void Client::subscribe(std::string filter) { impl_->subscribe(std::move(filter)); }
bool Client::publish(Message message) { return impl_->publish(std::move(message)); }
void Client::forget(const std::string& topic) { impl_->forget(topic); }
bool Client::idle() const { return impl_->idle(); }
Client::State Client::state() const { return impl_->state(); }
const Counters& Client::counters() const { return impl_->counters(); }
const std::string& Client::problem() const { return impl_->problem(); }

}  // namespace flm::mqtt
