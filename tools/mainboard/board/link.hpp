// The main board's end of the control link: sends a message over a bus and fetches its reply, by a policy.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mainboard/bus/transport.hpp"
#include "tools/mainboard/link/message.hpp"

namespace flm::mainboard {

/// How a main board insists on a reply.
struct LinkPolicy {
  int tries;                  ///< times that a message is sent
  std::size_t longest_reply;  ///< bytes; a board that never ends its reply is not waited for longer
  Time patience;              ///< until a message is taken as lost; 0: the first read of a try decides
  Time commit_wait;           ///< between a commit and the first read, of a board that may answer no earlier
  Time commit_patience;
  bool own_reply_only;  ///< the reply must be this message's own, and `zz` is none; else any whole one counts
};
/// A stock main board (spid of github.com/flukso/flm02).
inline constexpr LinkPolicy stock_policy = {3, 400, 0ns, 500ms, 0ns, false};
/// A program that changes settings, or has a user who waits.
inline constexpr LinkPolicy careful_policy = {5, 700, 100ms, 500ms, 1s, true};

/// How the link fared, as this end saw it.
struct LinkCounters {
  unsigned messages = 0;  ///< sent, retries among them
  unsigned retries = 0;   ///< sent again
  unsigned garbled = 0;   ///< replies with a wrong CRC, or to something else
  unsigned rejected = 0;  ///< `zz`: messages that the board found malformed
};

/// Bytes that came back while a reply was waited for: what they look like says why it is missing.
struct Seen {
  std::size_t count = 0, zeros = 0, ones = 0;
  std::string sample;  ///< the first 8 that are not zero
  int rejected = 0;    ///< times

  void add(std::string_view bytes);
};

class Link {
 public:
  Link(Bus& bus, const LinkPolicy& policy) : bus_(bus), policy_(policy) {}

  /// The board's time from a message to its reply.
  void set_reply_wait(Time wait) { reply_wait_ = wait; }
  /// The board answers a commit as soon as it is done, unlike a stock one.
  void set_quick_commit(bool quick) { quick_commit_ = quick; }

  /// Sends a message until it is answered, `tries` times at most; its reply, or nothing and what came back.
  struct Result {
    std::optional<Message> reply;
    Seen seen;
  };
  Result exchange(const Message& message, int tries);
  Result exchange(const Message& message) { return exchange(message, policy_.tries); }

  /// Characters as they are on the wire, and the two zeros that a main board ends a message with.
  void send(std::string_view characters);
  /// Clocks zeros until one comes back, and one more; gives the characters before it.
  std::string read();

  /// Takes what the `u` channel brings with any reply; `begin`: when the board's answer began.
  std::function<void(Time begin, const std::vector<std::uint8_t>&)> on_channel;

  [[nodiscard]] const LinkPolicy& policy() const { return policy_; }
  [[nodiscard]] const LinkCounters& counters() const { return counters_; }
  [[nodiscard]] Bus& bus() { return bus_; }

 private:
  enum class Outcome { reply, silence, garbled, rejected };

  Outcome fetch(const Message&, Message& reply, Seen&);
  std::string read(Seen&);

  Bus& bus_;
  LinkPolicy policy_;
  Time reply_wait_ = 20ms;
  bool quick_commit_ = false;
  LinkCounters counters_;
};

}  // namespace flm::mainboard
