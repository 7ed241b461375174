#include "tools/web/server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#ifdef FLM_TLS
#include <boost/asio/ssl.hpp>
#endif
#include <fmt/format.h>
#include <charconv>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "tools/common/input_error.hpp"  // InputError
#include "tools/web/event_stream.hpp"    // EventClient
#include "tools/web/port_holder.hpp"

namespace flm::web {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr auto never = Clock::time_point::max();
constexpr std::size_t read_size = 2048;  // a request of a browser fits in
constexpr std::size_t linger_limit =
    256 * 1024;  // bytes that a client may go on sending after the last answer
constexpr std::size_t frames_at_once = 16;

std::string plain_address(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return fmt::format("{}:{}", endpoint.address().is_v6() ? "[" + address + "]" : address, endpoint.port());
}

tcp::endpoint endpoint_of(std::string_view text) {
  const auto wrong = [&] {
    return InputError(
        fmt::format("listen: '{}' is no address; allowed: an IP address and a port, as "
                    "127.0.0.1:8080 or [::]:8080",
                    text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) throw wrong();
  std::string_view host = text.substr(0, colon);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  error_code error;
  const auto address = asio::ip::make_address(std::string(host), error);
  if (error || address.is_v6() != brackets) throw wrong();
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [last, failure] = std::from_chars(text.data() + colon + 1, end, port);
  if (failure != std::errc() || last != end) throw wrong();
  return {address, port};
}

class AnyConnection {
 public:
  enum class Phase { idle, request, answer, linger, events };
  virtual ~AnyConnection() = default;
  virtual void on_time(Clock::time_point now) = 0;
  virtual void stop(Clock::time_point until) = 0;
  virtual void close() = 0;

  Phase phase = Phase::idle;
  Clock::time_point since{};  ///< of this phase
  Clock::time_point deadline = never;
};

template <class Stream>
constexpr bool is_plain = std::is_same_v<Stream, tcp::socket>;

}  // namespace

struct Server::State : std::enable_shared_from_this<State> {
  State(asio::io_context& of, Router routes, const ServerLimits& allowed, Log to)
      : io(of), router(std::move(routes)), limits(allowed), log(std::move(to)), timer(of) {}

  struct Listener {
    tcp::acceptor acceptor;
    asio::steady_timer pause;
#ifdef FLM_TLS
    std::optional<asio::ssl::context> tls{};
#endif
  };

  Listener& open(std::string_view address);
  void accept(Listener&);
  void take(Listener&, tcp::socket);
  void tick();
  void stop();
  void close();
  bool make_room();
  /// Acts on those that `is_meant`; what is done to one may end others.
  template <class Is, class Act>
  void for_each(Is is_meant, Act act) {
    std::vector<AnyConnection*> meant;
    std::copy_if(connections.begin(), connections.end(), std::back_inserter(meant), is_meant);
    for (AnyConnection* connection : meant)
      if (std::find(connections.begin(), connections.end(), connection) != connections.end())
        act(*connection);
  }
  template <class Act>
  void for_each(Act act) {
    for_each([](const AnyConnection*) { return true; }, act);
  }

  asio::io_context& io;
  const Router router;
  const ServerLimits limits;
  const Log log;
  std::deque<Listener> listeners;
  std::vector<AnyConnection*> connections;
  asio::steady_timer timer;
  bool ticks = false, stopping = false;
  Clock::time_point stopped_at = never;
  Counts counts;
};

namespace {

/// Keeps itself alive by the handlers that wait for its socket.
template <class Stream, class State>
class SocketConnection final : public AnyConnection,
                               public EventClient,
                               public std::enable_shared_from_this<SocketConnection<Stream, State>> {
 public:
  SocketConnection(std::shared_ptr<State> state, Stream stream, std::string address)
      : state_(std::move(state)),
        stream_(std::move(stream)),
        conversation_(state_->router, std::move(address), state_->log) {
    state_->connections.push_back(this);
    ++state_->counts.connections;
  }
  ~SocketConnection() override { leave(); }

  void start() {
    enter(Phase::idle, state_->limits.request);
    if constexpr (is_plain<Stream>) {
      read();
    }
#ifdef FLM_TLS
    else {
      phase = Phase::request;  // the handshake
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](error_code error) {
                                if (error) return self->close();
                                self->enter(Phase::idle, self->state_->limits.request);
                                self->read();
                              });
    }
#endif
  }

  void on_time(Clock::time_point now) override {
    if (phase == Phase::events && now < write_deadline_) {
      deadline = now + state_->limits.keep_alive;
      static const Frame comment = std::make_shared<const std::string>(":\n\n");
      if (queue_.empty()) push(comment);
    } else if (conversation_.waits()) {
      conversation_.refuse(503, "the answer did not come in time");
      go_on();
    } else if (phase == Phase::request && !conversation_.idle()) {
      conversation_.refuse(408, "the request did not come in time");
      go_on();
    } else {
      close();
    }
  }

  void stop(Clock::time_point until) override {
    if (phase == Phase::idle || phase == Phase::events) return close();
    conversation_.end_soon();
    deadline = std::min(deadline, until);
  }

  void close() override {
    if (closed_) return;
    closed_ = true;
    const auto held = std::exchange(self_, nullptr);
    leave();
    error_code ignored;
    socket().close(ignored);
  }

  bool push(const Frame& frame) override {
    if (closed_) return false;
    if (queued_ + frame->size() > events_->queue_limit) {
      events_.reset();
      close();
      return false;
    }
    queue_.push_back(frame);
    queued_ += frame->size();
    if (!writing_) write_events();
    return !closed_;
  }
  void end() override {
    events_.reset();
    close();
  }

 private:
  tcp::socket& socket() {
    if constexpr (is_plain<Stream>)
      return stream_;
    else
      return stream_.next_layer();
  }

  /// Of the server's list, and of the stream's.
  void leave() {
    if (std::erase(state_->connections, this) && state_->stopping && state_->connections.empty())
      state_->timer.cancel();
    if (events_) std::exchange(events_, nullptr)->remove(this);
  }

  void enter(Phase next, std::chrono::milliseconds time) {
    const auto now = Clock::now();
    if (phase != next || since == Clock::time_point{}) since = now;
    phase = next;
    deadline = std::min(now + time, state_->stopped_at);
  }

  void read() {
    if (std::exchange(reading_, true)) return;
    stream_.async_read_some(asio::buffer(buffer_),
                            [self = this->shared_from_this()](error_code error, std::size_t size) {
                              self->reading_ = false;
                              self->on_read(error, size);
                            });
  }

  void on_read(error_code error, std::size_t size) {
    if (closed_) return;
    if (error) return close();
    if (phase == Phase::linger || phase == Phase::events) {
      lingered_ += size;
      if (lingered_ > linger_limit) return close();
      return read();
    }
    if (phase == Phase::idle) enter(Phase::request, state_->limits.request);
    try {
      conversation_.feed({buffer_.data(), size});
    } catch (const std::exception& fault) {  // memory ran out
      if (state_->log) state_->log(fmt::format("http: a connection is ended: {}", fault.what()));
      return close();
    }
    go_on();
  }

  /// Writes what there is to write, or waits for what comes next.
  void go_on() {
    const auto held = std::exchange(self_, nullptr);
    while (!closed_ && !writing_) {
      const auto output = conversation_.output();
      if (output.empty()) {
        if (const auto events = conversation_.take_events()) return listen(events);
        if (conversation_.waits()) return wait();
        if (conversation_.last() || (state_->stopping && conversation_.idle())) return linger();
        if (conversation_.idle())
          enter(Phase::idle, state_->limits.idle);
        else if (phase != Phase::request)
          enter(Phase::request, state_->limits.request);
        return read();
      }
      if (written_ == 0) enter(Phase::answer, state_->limits.write);
      if constexpr (is_plain<Stream>) {
        // Most answers fit into the socket's buffer: no turn of the loop for them.
        error_code error;
        written_ += stream_.write_some(rest_of(output), error);
        if (error && error != asio::error::would_block) return close();
        if (!error) {
          all_is_written();
          continue;
        }
      }
      writing_ = true;
      stream_.async_write_some(rest_of(output),
                               [self = this->shared_from_this()](error_code error, std::size_t size) {
                                 self->writing_ = false;
                                 if (self->closed_) return;
                                 if (error) return self->close();
                                 self->written_ += size;
                                 self->enter(Phase::answer, self->state_->limits.write);
                                 self->all_is_written();
                                 self->go_on();
                               });
    }
  }

  std::array<asio::const_buffer, 2> rest_of(const Conversation::Output& output) const {
    const std::size_t first = std::min(written_, output.first.size());
    const std::string_view a = output.first.substr(first), b = output.then.substr(written_ - first);
    return {asio::const_buffer(a.data(), a.size()), asio::const_buffer(b.data(), b.size())};
  }

  /// If it is.
  void all_is_written() {
    const auto output = conversation_.output();
    if (written_ < output.first.size() + output.then.size()) return;
    written_ = 0;
    try {
      conversation_.sent();
    } catch (const std::exception& fault) {
      if (state_->log) state_->log(fmt::format("http: a connection is ended: {}", fault.what()));
      close();
    }
  }

  /// For an answer that is made elsewhere.
  void wait() {
    enter(Phase::answer, state_->limits.answer);
    conversation_.when_answered([weak = this->weak_from_this()] {
      if (const auto self = weak.lock()) self->go_on();
    });
    self_ = this->shared_from_this();
  }

  /// A connection that is closed with unread bytes is reset, and its last answer may be lost (RFC 9112, 9.6).
  void linger() {
    enter(Phase::linger, state_->limits.linger);
    if constexpr (is_plain<Stream>) {
      error_code error;
      stream_.shutdown(tcp::socket::shutdown_send, error);
      if (error) return close();
      read();
    }
#ifdef FLM_TLS
    else {
      if (reading_) return close();
      stream_.async_shutdown([self = this->shared_from_this()](error_code) { self->close(); });
    }
#endif
  }

  void listen(const std::shared_ptr<EventClients>& events) {
    if (state_->stopping) return close();
    enter(Phase::events, state_->limits.keep_alive);
    events_ = events;
    read();
    if (!closed_) events->add(this);
  }

  void write_events() {
    std::array<asio::const_buffer, frames_at_once> buffers;
    const std::size_t count = std::min(queue_.size(), frames_at_once);
    std::size_t offset = written_;
    for (std::size_t i = 0; i < count; ++i) {
      buffers[i] = asio::const_buffer(queue_[i]->data() + offset, queue_[i]->size() - offset);
      offset = 0;
    }
    writing_ = true;
    write_deadline_ = Clock::now() + state_->limits.write;
    stream_.async_write_some(buffers, [self = this->shared_from_this()](error_code error, std::size_t size) {
      self->writing_ = false;
      if (self->closed_) return;
      if (error) return self->close();
      self->written_ += size;
      while (!self->queue_.empty() && self->written_ >= self->queue_.front()->size()) {
        self->written_ -= self->queue_.front()->size();
        self->queued_ -= self->queue_.front()->size();
        self->queue_.pop_front();
      }
      self->write_deadline_ = never;
      if (!self->queue_.empty()) self->write_events();
    });
  }

  std::shared_ptr<State> state_;
  Stream stream_;
  Conversation conversation_;
  std::array<char, read_size> buffer_;
  std::size_t written_ = 0;  // of the output, or of the first frame
  std::size_t lingered_ = 0;
  std::shared_ptr<EventClients> events_;
  std::deque<Frame> queue_;
  std::size_t queued_ = 0;  // bytes
  Clock::time_point write_deadline_ = never;
  bool reading_ = false, writing_ = false, closed_ = false;
  std::shared_ptr<SocketConnection> self_;  // while nothing else holds it
};

}  // namespace

Server::State::Listener& Server::State::open(std::string_view address) {
  const tcp::endpoint endpoint = endpoint_of(address);
  Listener& listener =
      listeners.emplace_back(Listener{.acceptor = tcp::acceptor(io), .pause = asio::steady_timer(io)});
  error_code error;
  const auto then = [&](auto act) {
    if (!error) act();
  };
  tcp::acceptor& acceptor = listener.acceptor;
  then([&] { acceptor.open(endpoint.protocol(), error); });
  then([&] { acceptor.set_option(tcp::acceptor::reuse_address(true), error); });
  then([&] { acceptor.bind(endpoint, error); });
  then([&] { acceptor.listen(asio::socket_base::max_listen_connections, error); });
  if (!error) return listener;
  listeners.pop_back();
  if (error == asio::error::address_in_use) {
    const std::string holder = port_holder(endpoint.port());
    throw InputError(fmt::format("listen: {} is taken{}; allowed: a free address", address,
                                 holder.empty() ? "" : " by " + holder));
  }
  if (error == asio::error::access_denied)
    throw InputError(fmt::format(
        "listen: {} is not permitted; allowed: a port of 1024 and up, or the right to lower ones", address));
  if (error.value() == EADDRNOTAVAIL)
    throw InputError(
        fmt::format("listen: {} is no address of this machine; allowed: one of its own", address));
  throw InputError(
      fmt::format("listen: {}: {}; allowed: an address of this machine", address, error.message()));
}

void Server::State::accept(Listener& listener) {
  listener.acceptor.async_accept(
      [self = shared_from_this(), &listener](error_code error, tcp::socket socket) {
        if (self->stopping) return;
        if (error == asio::error::operation_aborted) return;
        if (error) {
          // No file is left for it, or the client is gone: not in a circle, and with one connection less.
          self->make_room();
          listener.pause.expires_after(std::chrono::milliseconds(20));
          listener.pause.async_wait([self, &listener](error_code stopped) {
            if (!stopped && !self->stopping) self->accept(listener);
          });
          return;
        }
        self->take(listener, std::move(socket));
        self->accept(listener);
      });
}

/// Ends the connection that has least to lose; false: there is none.
bool Server::State::make_room() {
  const auto rank = [](const AnyConnection* connection) {
    switch (connection->phase) {
      case AnyConnection::Phase::linger:
      case AnyConnection::Phase::idle: return 0;
      case AnyConnection::Phase::request: return 1;
      default: return 2;
    }
  };
  AnyConnection* least = nullptr;
  for (AnyConnection* each : connections) {
    if (each->phase == AnyConnection::Phase::events) continue;
    if (!least || std::pair(rank(each), each->since) < std::pair(rank(least), least->since)) least = each;
  }
  if (!least) return false;
  ++counts.crowded_out;
  least->close();
  return true;
}

void Server::State::take(Listener& listener, tcp::socket socket) {
  if (connections.size() >= limits.connections && !make_room()) return;
  error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return;
  socket.set_option(tcp::no_delay(true), error);
  socket.non_blocking(true, error);
  const std::string address = plain_address(remote.address());
#ifdef FLM_TLS
  if (listener.tls) {
    using Tls = asio::ssl::stream<tcp::socket>;
    std::make_shared<SocketConnection<Tls, State>>(shared_from_this(), Tls(std::move(socket), *listener.tls),
                                                   address)
        ->start();
    tick();
    return;
  }
#else
  static_cast<void>(listener);
#endif
  std::make_shared<SocketConnection<tcp::socket, State>>(shared_from_this(), std::move(socket), address)
      ->start();
  tick();
}

/// One timer for all connections; none runs while there are none.
void Server::State::tick() {
  if (ticks || connections.empty()) return;
  ticks = true;
  const auto shortest =
      std::min({limits.request, limits.idle, limits.write, limits.keep_alive, limits.linger, limits.stop});
  timer.expires_after(std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(500)));
  timer.async_wait([self = shared_from_this()](error_code error) {
    self->ticks = false;
    if (error) return;
    const auto now = Clock::now();
    self->for_each([&](const AnyConnection* connection) { return connection->deadline <= now; },
                   [&](AnyConnection& connection) { connection.on_time(now); });
    self->tick();
  });
}

void Server::State::stop() {
  if (stopping) return;
  stopping = true;
  error_code ignored;
  for (Listener& listener : listeners) {
    listener.acceptor.close(ignored);
    listener.pause.cancel();
  }
  stopped_at = Clock::now() + limits.stop;
  for_each([&](AnyConnection& connection) { connection.stop(stopped_at); });
  if (connections.empty()) timer.cancel();
}

void Server::State::close() {
  stop();
  for_each([](AnyConnection& connection) { connection.close(); });
  timer.cancel();
}

Server::Server(asio::io_context& io, Router router, ServerLimits limits, Log log)
    : state_(std::make_shared<State>(io, std::move(router), limits, std::move(log))) {}

Server::~Server() { state_->close(); }

void Server::listen(std::string_view address) { state_->accept(state_->open(address)); }

void Server::listen(std::string_view address, const TlsFiles& files) {
#ifdef FLM_TLS
  asio::ssl::context tls(asio::ssl::context::tls_server);
  error_code error;
  tls.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  const auto check = [&](const std::filesystem::path& file, const char* allowed) {
    if (error) throw InputError(fmt::format("{}: {}; allowed: {}", file.string(), error.message(), allowed));
  };
  tls.use_certificate_chain_file(files.certificate.string(), error);
  check(files.certificate, "a certificate and its chain, in PEM");
  tls.use_private_key_file(files.key.string(), asio::ssl::context::pem, error);
  check(files.key, "the certificate's key, in PEM");
  if (!SSL_CTX_check_private_key(tls.native_handle()))
    throw InputError(fmt::format("{} is not the key of {}; allowed: the certificate's own",
                                 files.key.string(), files.certificate.string()));
  State::Listener& listener = state_->open(address);
  listener.tls.emplace(std::move(tls));
  state_->accept(listener);
#else
  static_cast<void>(files);
  throw InputError(fmt::format(
      "listen: {}: this program was built without TLS; allowed: no certificate, and a proxy for TLS",
      address));
#endif
}

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> result;
  for (const State::Listener& listener : state_->listeners) {
    error_code error;
    const auto endpoint = listener.acceptor.local_endpoint(error);
    if (!error) result.push_back(text_of(endpoint));
  }
  return result;
}

Server::Counts Server::counts() const {
  Counts counts = state_->counts;
  counts.open = state_->connections.size();
  return counts;
}

void Server::stop() { state_->stop(); }

}  // namespace flm::web
