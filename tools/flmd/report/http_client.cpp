#include "tools/flmd/report/http_client.hpp"

#include <netdb.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <cerrno>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "tools/api/hashes.hpp"  // base64
#include "tools/flmd/report/crypto/stream.hpp"
#include "tools/flmd/site/server_address.hpp"

namespace flm::flmd {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using namespace asio::experimental::awaitable_operators;

std::string HttpAnswer::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

namespace {

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t idle_connections = 2;
constexpr std::uint32_t longest_head = 32'768;  ///< bytes of an answer before its body

/// Why there is no answer, in words for the log.
struct NoAnswer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Parts of an address that check_url() has taken.
struct Place {
  bool tls = false;
  std::string host;  ///< without brackets
  std::string port;
  std::string header;  ///< of "Host"
  std::string target;

  /// A connection to the one serves the other.
  [[nodiscard]] bool is_as(const Place& other) const {
    return tls == other.tls && host == other.host && port == other.port;
  }
};

Place place_of(std::string_view url) {
  Place place;
  place.tls = url.starts_with("https://");
  url.remove_prefix(place.tls ? 8 : 7);
  const std::size_t end = std::min(url.find_first_of("/?"), url.size());
  place.header = url.substr(0, end);
  place.target = url.substr(end);
  if (!place.target.starts_with('/')) place.target.insert(0, 1, '/');
  const std::size_t bracket = place.header.starts_with('[') ? place.header.find(']') : 0;
  const std::size_t colon = place.header.find(':', bracket);
  place.host = place.header.substr(0, colon);
  place.port = colon == place.header.npos ? (place.tls ? "443" : "80") : place.header.substr(colon + 1);
  if (bracket != 0) place.host = place.header.substr(1, bracket - 1);
  return place;
}

/// A connection that is open.
struct Connection {
  Connection(asio::io_context& loop, Authorities& authorities, Place to)
      : place(std::move(to)), stream(loop, authorities) {}

  Place place;
  SecurableStream stream;
  boost::beast::flat_buffer buffer;
};

using Addresses = std::vector<tcp::endpoint>;

/// The addresses of a name, by the C library on a thread of its own, which nobody waits for: a name server
/// that does not answer holds up neither the loop nor the program's end.
asio::awaitable<Addresses> resolved(asio::io_context& loop, const std::string& host,
                                    const std::string& port) {
  struct Question {
    std::mutex mutex;                        ///< of `loop`: it may have gone when the answer comes
    asio::io_context* loop = nullptr;        ///< nullptr: nobody asks any more
    asio::steady_timer* answered = nullptr;  ///< the same; of the loop's thread
    Addresses addresses;
    int error = 0;
  };
  asio::steady_timer answered(loop, asio::steady_timer::time_point::max());
  const auto question = std::make_shared<Question>();
  question->loop = &loop;
  question->answered = &answered;
  std::thread([weak = std::weak_ptr(question), host, port] {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    Addresses addresses;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
      tcp::endpoint endpoint;
      if (each->ai_addrlen > endpoint.capacity()) continue;
      std::copy_n(reinterpret_cast<const char*>(each->ai_addr), each->ai_addrlen,
                  reinterpret_cast<char*>(endpoint.data()));
      endpoint.resize(each->ai_addrlen);
      addresses.push_back(endpoint);
    }
    if (found != nullptr) freeaddrinfo(found);
    const auto alive = weak.lock();
    if (!alive) return;
    const std::lock_guard lock(alive->mutex);
    if (alive->loop == nullptr) return;
    asio::post(*alive->loop, [alive, addresses = std::move(addresses), error]() mutable {
      alive->addresses = std::move(addresses);
      alive->error = error;
      if (alive->answered != nullptr) alive->answered->cancel();
    });
  }).detach();
  struct Asking {
    std::shared_ptr<Question> question;
    ~Asking() {
      const std::lock_guard lock(question->mutex);
      question->loop = nullptr;
      question->answered = nullptr;
    }
  } const asking{question};
  co_await answered.async_wait(as_tuple);
  if (question->error != 0 || question->addresses.empty())
    throw NoAnswer(host + ": " + (question->error != 0 ? gai_strerror(question->error) : "has no address"));
  co_return std::move(question->addresses);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// What came of some work.
template <class T>
struct Outcome {
  std::optional<T> result;
  std::string error;
};

template <class T>
asio::awaitable<Outcome<T>> outcome_of(asio::awaitable<T> work) {
  Outcome<T> outcome;
  try {
    outcome.result = co_await std::move(work);
  } catch (const std::exception& error) {
    outcome.error = error.what();
  }
  co_return outcome;
}

/// The result of the work; throws NoAnswer when it fails, or has none within the time.
template <class T>
asio::awaitable<T> within(asio::io_context& loop, std::chrono::milliseconds time, asio::awaitable<T> work) {
  asio::steady_timer limit(loop, time);
  auto first = co_await (outcome_of(std::move(work)) || limit.async_wait(asio::use_awaitable));
  if (first.index() == 1) throw NoAnswer("timed out");
  Outcome<T>& outcome = std::get<0>(first);
  if (!outcome.result) throw NoAnswer(outcome.error);
  co_return std::move(*outcome.result);
}

/// A request under way.
struct Transfer {
  HttpRequest request;
  HttpClient::Done done;
  asio::cancellation_signal cancelled;
};

}  // namespace

class HttpClient::Transfers : public std::enable_shared_from_this<Transfers> {
 public:
  Transfers(asio::io_context& loop, HttpSettings settings)
      : loop_(loop), settings_(std::move(settings)), authorities_(settings_.ca_file) {}

  void post(HttpRequest request, Done done) {
    auto& transfer = transfers_.emplace_back(std::make_shared<Transfer>());
    transfer->request = std::move(request);
    transfer->done = std::move(done);
    asio::co_spawn(loop_, run(shared_from_this(), transfer),
                   asio::bind_cancellation_slot(transfer->cancelled.slot(), [](std::exception_ptr) {}));
  }

  void cancel() {
    idle_.clear();
    for (const auto& transfer : std::exchange(transfers_, {})) {
      transfer->done = nullptr;
      // Not from within what it waits for.
      asio::post(loop_, [transfer] { transfer->cancelled.emit(asio::cancellation_type::terminal); });
    }
  }

 private:
  /// `self` keeps what the transfer uses until it has ended.
  static asio::awaitable<void> run(std::shared_ptr<Transfers> self, std::shared_ptr<Transfer> transfer) {
    co_await asio::post(asio::use_awaitable);
    HttpAnswer answer;
    try {
      answer = co_await within(self->loop_, self->settings_.whole_limit, self->exchange(transfer->request));
    } catch (const std::exception& error) {
      answer = {0, error.what(), {}, {}};
    }
    if (!transfer->done) co_return;  // cancelled
    self->transfers_.remove(transfer);
    const Done done = std::move(transfer->done);
    done(std::move(answer));
  }

  asio::awaitable<HttpAnswer> exchange(const HttpRequest& request) {
    if (!authorities_.problem().empty()) throw NoAnswer(authorities_.problem());
    check_url(request.url);
    const Place place = place_of(request.url);
    // One that was idle may have been closed by the server meanwhile: then nothing of an answer came, and the
    // request goes out once more.
    if (auto connection = take_idle(place))
      if (auto answer = co_await ask(connection, request, place, true)) co_return std::move(*answer);
    auto connection = co_await within(loop_, settings_.connect_limit, connected(place));
    auto answer = co_await ask(std::move(connection), request, place, false);
    co_return std::move(*answer);
  }

  std::shared_ptr<Connection> take_idle(const Place& place) {
    for (auto each = idle_.begin(); each != idle_.end(); ++each) {
      if (!(*each)->place.is_as(place)) continue;
      auto connection = std::move(*each);
      idle_.erase(each);
      return connection;
    }
    return nullptr;
  }

  asio::awaitable<std::shared_ptr<Connection>> connected(const Place& place) {
    const auto connection = std::make_shared<Connection>(loop_, authorities_, place);
    auto& stream = connection->stream;
    const Addresses addresses = co_await resolved(loop_, place.host, place.port);
    const auto [failed, to] = co_await asio::async_connect(stream.socket(), addresses, as_tuple);
    if (failed) throw NoAnswer(place.header + ": " + failed.message());
    error_code ignored;
    stream.socket().set_option(tcp::no_delay(true), ignored);
    if (place.tls)
      if (const std::string why = co_await stream.secure(place.host); !why.empty())
        throw NoAnswer(place.header + ": TLS: " + why);
    co_return connection;
  }

  asio::awaitable<std::optional<HttpAnswer>> ask(std::shared_ptr<Connection> connection,
                                                 const HttpRequest& request, const Place& place, bool again) {
    co_return co_await connection->stream.use(
        place.tls, [&](auto& stream) { return ask(connection, stream, request, place, again); });
  }

  /// Nothing: `again`, and the connection ended before an answer.
  template <class Stream>
  asio::awaitable<std::optional<HttpAnswer>> ask(std::shared_ptr<Connection> connection, Stream& stream,
                                                 const HttpRequest& request, const Place& place, bool again) {
    http::request<http::string_body> message(http::verb::post, place.target, 11);
    message.set(http::field::host, place.header);
    message.set(http::field::user_agent, settings_.user_agent);
    message.set(http::field::accept, "*/*");
    for (const auto& [name, value] : request.headers) message.set(name, value);
    if (!settings_.username.empty())
      message.set(http::field::authorization,
                  "Basic " + api::base64(settings_.username + ":" + settings_.password));
    message.body() = request.body;
    message.prepare_payload();
    const auto [not_sent, sent] = co_await http::async_write(stream, message, as_tuple);
    if (not_sent && again) co_return std::nullopt;
    // A server that refuses a large body may have answered and ended.
    std::optional<http::response_parser<http::string_body>> parser;
    do {
      parser.emplace();
      parser->header_limit(longest_head);
      parser->body_limit(settings_.answer_limit);
      const auto [error, read] = co_await http::async_read(stream, connection->buffer, *parser, as_tuple);
      if (error && again && read == 0 && error != asio::error::operation_aborted) co_return std::nullopt;
      if (error == http::error::body_limit)
        throw NoAnswer("the answer is longer than " + std::to_string(settings_.answer_limit) + " bytes");
      if (error == http::error::end_of_stream)
        throw NoAnswer("the server ends the connection without an answer");
      if (error == http::error::partial_message)
        throw NoAnswer("the server ends the connection within its answer");
      if (error.category() == http::make_error_code(http::error::bad_version).category())
        throw NoAnswer("the answer is no HTTP: " + error.message());
      if (error) throw NoAnswer(error.message());
    } while (parser->get().result_int() < 200);  // "100 Continue", which nobody asked for
    HttpAnswer answer;
    answer.status = static_cast<int>(parser->get().result_int());
    for (const auto& field : parser->get())
      answer.headers[lower_case({field.name_string().data(), field.name_string().size()})] =
          std::string(field.value());
    answer.body = std::move(parser->get().body());
    if (!not_sent && parser->keep_alive() && connection->buffer.size() == 0) {
      idle_.push_back(std::move(connection));
      if (idle_.size() > idle_connections) idle_.pop_front();
    }
    co_return answer;
  }

  asio::io_context& loop_;
  HttpSettings settings_;
  Authorities authorities_;
  std::list<std::shared_ptr<Connection>> idle_;
  std::list<std::shared_ptr<Transfer>> transfers_;
};

HttpClient::HttpClient(asio::io_context& loop, HttpSettings settings)
    : transfers_(std::make_shared<Transfers>(loop, std::move(settings))) {}
HttpClient::~HttpClient() { transfers_->cancel(); }

void HttpClient::post(HttpRequest request, Done done) {
  transfers_->post(std::move(request), std::move(done));
}
void HttpClient::cancel() { transfers_->cancel(); }

}  // namespace flm::flmd
