#include "tools/web/conversation.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>  // the one place that knows Beast
#include <optional>
#include <utility>

namespace flm::web {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

/// Answers wait up to here before further requests of the same connection are parsed.
constexpr std::size_t output_limit = 64 * 1024;

std::optional<Method> known(http::verb verb) {
  switch (verb) {
    case http::verb::get: return Method::get;
    case http::verb::head: return Method::head;
    case http::verb::post: return Method::post;
    case http::verb::put: return Method::put;
    case http::verb::patch: return Method::patch;
    case http::verb::delete_: return Method::remove;
    case http::verb::options: return Method::options;
    default: return std::nullopt;
  }
}

/// Beast's parser, which writes into memory that is used again for the next request.
class RequestParser final : public http::basic_parser<true> {
 public:
  RequestParser(std::string& text, std::vector<std::size_t>& ends, std::string& body)
      : text_(text), ends_(ends), body_(body) {
    text_.clear();
    ends_.clear();
    body_.clear();
    body_limit(boost::none);  // a route has its own
    header_limit(Conversation::header_limit);
  }

  std::optional<Method> method;
  int version = 11;
  bool has_line = false, header_complete = false, header_too_long = false, body_too_long = false;
  std::size_t most_body = 0;
  bool in_body = false;

 private:
  void on_request_impl(http::verb verb, boost::beast::string_view, boost::beast::string_view target,
                       int http_version, error_code& ec) override {
    method = known(verb);
    version = http_version;
    keep(target, ec);
    has_line = !ec;
  }
  void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}
  void on_field_impl(http::field, boost::beast::string_view name, boost::beast::string_view value,
                     error_code& ec) override {
    // Those that follow a chunked body are dropped: they must not pass for headers (RFC 9110, 6.5.1).
    const bool trailer = header_complete;
    if (trailer) {
      trailers_ += name.size() + value.size() + 4;
      if (trailers_ > Conversation::header_limit) too_long(ec);
      return;
    }
    keep(name, ec);
    if (!ec) keep(value, ec);
    if (ends_.size() > 2 * Conversation::field_limit + 1) too_long(ec);
  }
  void on_header_impl(error_code&) override { header_complete = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(boost::beast::string_view bytes, error_code& ec) override {
    return take(bytes, ec);
  }
  void on_chunk_header_impl(std::uint64_t size, boost::beast::string_view, error_code& ec) override {
    if (size > most_body - body_.size()) body_is_too_long(ec);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view bytes, error_code& ec) override {
    return take(bytes, ec);
  }
  void on_finish_impl(error_code&) override {}

  void keep(boost::beast::string_view part, error_code& ec) {
    if (text_.size() + part.size() > Conversation::header_limit) return too_long(ec);
    text_.append(part.data(), part.size());
    ends_.push_back(text_.size());
  }
  void too_long(error_code& ec) {
    header_too_long = true;
    ec = http::error::header_limit;
  }
  void body_is_too_long(error_code& ec) {
    body_too_long = true;
    ec = http::error::body_limit;
  }
  std::size_t take(boost::beast::string_view bytes, error_code& ec) {
    if (bytes.size() > most_body - body_.size()) {
      body_is_too_long(ec);
      return 0;
    }
    body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  std::string& text_;
  std::vector<std::size_t>& ends_;
  std::string& body_;
  std::size_t trailers_ = 0;
};

}  // namespace

/// The parser of the present request, and the memory of what it has read: target, then name and value of each
/// header, one after the other in `text`; `ends` has where each of them ends.
struct Conversation::Parser {
  std::string text, body;
  std::vector<std::size_t> ends;
  std::optional<RequestParser> of;

  void next() { of.emplace(text, ends, body); }
  [[nodiscard]] std::string_view part(std::size_t i) const {
    const std::size_t start = i == 0 ? 0 : ends[i - 1];
    return std::string_view(text).substr(start, ends[i] - start);
  }
};

Conversation::Conversation(const Router& router, std::string address, const Log& log)
    : router_(router), log_(log), parser_(std::make_unique<Parser>()), address_(std::move(address)) {
  request_.address = address_;
  parser_->next();
}
Conversation::~Conversation() {
  if (later_) later_->on_answer = nullptr;
}

bool Conversation::idle() const { return waiting_.empty() && !parser_->of->got_some(); }

void Conversation::feed(std::string_view bytes) {
  if (last_) return;
  if (waiting_.empty()) {
    waiting_.append(bytes.substr(parse(bytes)));
  } else {
    waiting_ += bytes;
    waiting_.erase(0, parse(waiting_));
  }
}

void Conversation::sent() {
  out_.clear();
  if (out_.capacity() > output_limit) out_.shrink_to_fit();
  fixed_ = {};
  owner_.reset();
  feed({});
}

std::size_t Conversation::parse(std::string_view bytes) {
  const std::size_t all = bytes.size();
  while (!bytes.empty() && !last_ && !later_ && out_.size() < output_limit && fixed_.empty()) {
    if (!parser_->of->got_some() && bytes.front() == '\r') {  // RFC 9112, 2.2: an empty line before a request
      if (bytes.size() == 1) break;
      if (bytes[1] == '\n') {
        bytes.remove_prefix(2);
        continue;
      }
    }
    error_code ec;
    bytes.remove_prefix(parser_->of->put({bytes.data(), bytes.size()}, ec));
    RequestParser& parser = *parser_->of;
    if (ec == http::error::need_more) {
      if (bytes.size() < header_limit) break;
      ec = http::error::header_limit;  // a line of a header or a chunk that does not end
    }
    if (parser.body_too_long) {
      refuse(413, fmt::format("the body is too long; allowed: {} bytes", parser.most_body));
    } else if (ec == http::error::header_limit) {
      if (parser.has_line)
        refuse(431, fmt::format("the headers are too long; allowed: {} bytes, {} lines", header_limit,
                                field_limit));
      else
        refuse(414, fmt::format("the request's first line is too long; allowed: {} bytes", header_limit));
    } else if (ec) {
      refuse(400, fmt::format("this is no HTTP/1.1 request: {}", ec.message()));
    } else {
      if (parser.header_complete && !parser.in_body) header_is_complete();
      if (!last_ && parser.is_done()) request_is_complete();
    }
  }
  if (last_) return all;
  return all - bytes.size();
}

void Conversation::header_is_complete() {
  RequestParser& parser = *parser_->of;
  parser.in_body = true;
  request_.target = parser_->part(0);
  request_.headers.clear();
  for (std::size_t i = 1; i + 1 < parser_->ends.size(); i += 2)
    request_.headers.emplace_back(parser_->part(i), parser_->part(i + 1));
  request_.parameters.clear();
  route_ = nullptr;

  if (!parser.method)
    return refuse(501, "the method is not known; allowed: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  request_.method = *parser.method;
  const auto hosts = std::count_if(request_.headers.begin(), request_.headers.end(),
                                   [](const auto& field) { return same_name(field.first, "Host"); });
  if (hosts > 1 || (hosts == 0 && parser.version == 11)) return refuse(400, "a request has one Host header");
  const auto encodings =
      std::count_if(request_.headers.begin(), request_.headers.end(),
                    [](const auto& field) { return same_name(field.first, "Transfer-Encoding"); });
  if (encodings > 1 || (encodings == 1 && !same_name(*request_.header("Transfer-Encoding"), "chunked")))
    return refuse(501, "the transfer encoding is not known; allowed: chunked");
  if (encodings == 1 && parser.version == 10) return refuse(400, "HTTP/1.0 has no transfer encoding");

  const bool asks_all = request_.method == Method::options && request_.target == "*";
  try {
    if (asks_all) {
      request_.path.clear();
      request_.queries.clear();
    } else {
      decode_target(request_);
      route_ = router_.find(request_);
    }
  } catch (const HttpError& error) {
    return refuse(error.status(), error.what());
  }
  const bool has_body = parser.chunked() || parser.content_length().value_or(0) > 0;
  if (!has_body) return;
  parser.most_body = route_ ? route_->options.body_limit : 0;
  if (!route_) {  // Answered at once: its body is not waited for.
    std::string fault;
    return reply(router_.answer(nullptr, request_, fault), true);
  }
  if (parser.content_length().value_or(0) > parser.most_body)
    return refuse(413, fmt::format("the body is too long; allowed: {} bytes", parser.most_body));
  if (const auto expected = request_.header("Expect"); expected && parser.version == 11) {
    if (!same_name(*expected, "100-continue"))
      return refuse(417, "what is expected is not known; allowed: 100-continue");
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }
}

void Conversation::request_is_complete() {
  RequestParser& parser = *parser_->of;
  request_.body = parser_->body;
  std::string fault;
  const Response response = router_.answer(route_, request_, fault);
  if (!fault.empty() && log_)
    log_(fmt::format("http: {} {}: {}", method_name(request_.method), request_.target.substr(0, 200), fault));
  if (!response.later) return reply(response, !parser.keep_alive());
  later_ = response.later;
  later_->on_answer = [this](const Response& answer) { answer_came(answer); };
}

void Conversation::when_answered(std::function<void()> tell) { when_answered_ = std::move(tell); }

void Conversation::answer_came(const Response& response) {
  const auto tell = std::exchange(when_answered_, nullptr);
  reply(Router::of_route(route_, response), !parser_->of->keep_alive());
  feed({});
  if (tell) tell();
}

void Conversation::reply(const Response& response, bool close) {
  if (later_) std::exchange(later_, nullptr)->on_answer = nullptr;
  const bool without_body = request_.method == Method::head;
  last_ = close || ending_ || response.events != nullptr;
  const Connection connection = last_                        ? Connection::close
                                : parser_->of->version == 10 ? Connection::keep_1_0
                                                             : Connection::keep;
  write(out_, response, connection, without_body);
  if (!without_body) {
    fixed_ = response.fixed_body;
    owner_ = response.owner;
    events_ = response.events;
  }
  if (parser_->body.capacity() > header_limit) parser_->body = {};
  parser_->next();
}

void Conversation::refuse(int status, std::string_view why) {
  if (last_) return;
  request_.method = Method::get;
  reply(text(status, why), true);
}

}  // namespace flm::web
