// One connection's HTTP without its socket: bytes in, bytes out.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tools/web/router.hpp"

namespace flm::web {

/// What a fault of a handler is told to: one line.
using Log = std::function<void(std::string_view)>;

/// HTTP/1.0 and 1.1 (RFC 9112): requests in order, also when they come before the last was answered. Whatever
/// comes in, memory is bounded by limits of header and body, and by an answer.
class Conversation {
 public:
  static constexpr std::size_t header_limit = 8 * 1024;  ///< request line and headers, bytes
  static constexpr std::size_t field_limit = 100;        ///< headers of a request

  /// The router, and what `log` refers to, must live longer. `address`: of the client.
  Conversation(const Router&, std::string address, const Log& log);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// Takes bytes of the peer and answers each request that is whole, as long as there is room for answers.
  void feed(std::string_view bytes);
  /// Bytes to send: `first`, then `then`; both stay until sent(). Empty: none.
  struct Output {
    std::string_view first, then;
    [[nodiscard]] bool empty() const { return first.empty() && then.empty(); }
  };
  [[nodiscard]] Output output() const { return {out_, fixed_}; }
  /// All of output() was sent: goes on with requests that wait.
  void sent();

  /// No request has begun.
  [[nodiscard]] bool idle() const;
  /// No further request is taken: once output() was sent, the connection ends, or becomes a stream of events.
  [[nodiscard]] bool last() const { return last_; }
  /// The request that is being read is the last.
  void end_soon() { ending_ = true; }
  /// Answers what is being read or waits for its answer with that status, and ends.
  void refuse(int status, std::string_view why);
  /// An answer is made elsewhere: `tell` is called when output() has it. Nothing is parsed meanwhile.
  void when_answered(std::function<void()> tell);
  [[nodiscard]] bool waits() const { return later_ != nullptr; }
  /// The stream that the last answer opened, if it did.
  [[nodiscard]] std::shared_ptr<EventClients> take_events() { return std::move(events_); }

 private:
  struct Parser;
  std::size_t parse(std::string_view bytes);
  void header_is_complete();
  void request_is_complete();
  void answer_came(const Response&);
  void reply(const Response&, bool close);

  const Router& router_;
  const Log& log_;
  std::unique_ptr<Parser> parser_;
  std::string address_;
  Request request_;
  const Route* route_ = nullptr;
  std::string waiting_;  // came, and is not parsed yet
  std::string out_;
  std::string_view fixed_;
  std::shared_ptr<const void> owner_;  // of fixed_
  std::shared_ptr<EventClients> events_;
  std::shared_ptr<Later> later_;
  std::function<void()> when_answered_;
  bool last_ = false, ending_ = false;
};

}  // namespace flm::web
