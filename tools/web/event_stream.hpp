// Server-sent events (the HTML standard's section of that name): one sender, any number of browsers that
// listen.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/web/exchange/response.hpp"

namespace flm::web {

/// A frame is made once, and shared by all clients.
using Frame = std::shared_ptr<const std::string>;

/// A client's connection, as the stream sees it.
class EventClient {
 public:
  virtual ~EventClient() = default;
  /// Queues a frame. false: the client is gone, or so far behind that it was dropped; it is not called again.
  virtual bool push(const Frame&) = 0;
  /// The stream ends; it is not called again.
  virtual void end() = 0;
};

/// Clients of one stream; connections share it.
class EventClients {
 public:
  void add(EventClient*);
  void remove(EventClient*);
  void push(const Frame&);
  void end();

  std::size_t queue_limit = 0;
  std::vector<EventClient*> clients;
  std::uint64_t dropped = 0;
  bool ended = false;
};

/// Used on the server's thread. A handler answers with open(); from then on the client gets what send()
/// sends, until either of them ends. A client that reads too slowly is dropped: its browser comes back after
/// two seconds, and is given `first` anew.
class EventStream {
 public:
  struct Limits {
    std::size_t clients = 32;       ///< further ones are answered 503
    std::size_t queue = 64 * 1024;  ///< bytes that wait for a client beyond what its socket holds
  };
  EventStream() : EventStream(Limits()) {}
  explicit EventStream(Limits);
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// `first`: frames that only this client gets, made by frame(): what there is already.
  [[nodiscard]] Response open(std::string first = {});
  /// Text of `data` may have lines; `event` is a word, empty: "message". Nothing is made when nobody listens.
  void send(std::string_view event, std::string_view data);
  [[nodiscard]] static std::string frame(std::string_view event, std::string_view data);

  [[nodiscard]] std::size_t clients() const { return shared_->clients.size(); }
  /// Clients dropped since the start because they were too slow.
  [[nodiscard]] std::uint64_t dropped() const { return shared_->dropped; }

 private:
  std::size_t most_;
  std::shared_ptr<EventClients> shared_;
};

}  // namespace flm::web
