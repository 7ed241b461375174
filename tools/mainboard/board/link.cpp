#include "tools/mainboard/board/link.hpp"

#include <algorithm>

namespace flm::mainboard {

void Seen::add(std::string_view bytes) {
  for (const char c : bytes) {
    ++count;
    if (c == '\0') ++zeros;
    if (c == '\xff') ++ones;
    if (c != '\0' && sample.size() < 8) sample += c;
  }
}

void Link::send(std::string_view characters) {
  if (!characters.empty()) ++counters_.messages;
  (void)bus_.clock(std::string(characters) + std::string(2, '\0'));
}

std::string Link::read() {
  Seen seen;
  return read(seen);
}

std::string Link::read(Seen& seen) {
  const Time begin = bus_.now();
  std::string text;
  while (text.size() < policy_.longest_reply) {
    const std::string byte = bus_.clock(std::string_view("\0", 1));
    seen.add(byte);
    if (byte[0] == '\0') break;
    text += byte;
  }
  seen.add(bus_.clock(std::string_view("\0", 1)));
  if (on_channel)
    if (const auto bytes = channel_bytes(text); !bytes.empty()) on_channel(begin, bytes);
  return text;
}

Link::Outcome Link::fetch(const Message& message, Message& reply, Seen& seen) {
  const bool commit = message == commit_message();
  const Time first = commit && !quick_commit_ ? policy_.commit_wait : reply_wait_;
  const Time patience = policy_.patience == 0ns ? 0ns
                        : commit                ? policy_.commit_patience
                                                : std::max(policy_.patience, 2 * reply_wait_);
  bus_.wait(first);
  for (Time waited = first;; waited += reply_wait_) {
    const std::string text = read(seen);
    if (const auto found = control_reply(text)) {
      reply = decode(*found);
      if (!policy_.own_reply_only) return Outcome::reply;
      if (is_rejection(reply)) return Outcome::rejected;
      if (answers(reply, message)) return Outcome::reply;
      ++counters_.garbled;  // The answer to something older: this message's own is still to come.
    } else if (!text.empty() && text.front() != 'u' && !text.starts_with("lu")) {
      return Outcome::garbled;
    }
    if (waited >= patience) return Outcome::silence;
    bus_.wait(reply_wait_);
  }
}

Link::Result Link::exchange(const Message& message, int tries) {
  const std::string bytes = encode(message) + std::string(2, '\0');
  Result result;
  for (int attempt = 0; attempt < tries; ++attempt) {
    if (attempt > 0) ++counters_.retries;
    ++counters_.messages;
    result.seen.add(bus_.clock(bytes));
    Message reply;
    switch (fetch(message, reply, result.seen)) {
      case Outcome::reply: result.reply = std::move(reply); return result;
      case Outcome::garbled: ++counters_.garbled; break;
      case Outcome::rejected:
        ++counters_.rejected;
        ++result.seen.rejected;
        break;
      case Outcome::silence: break;
    }
  }
  return result;
}

}  // namespace flm::mainboard
