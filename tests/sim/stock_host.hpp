// A stock main board on an engine: command lines in, replies as text out.
#pragma once
#include <optional>
#include <string>

#include "sim/run/engine_bus.hpp"
#include "tools/mainboard/board/link.hpp"
#include "tools/mainboard/link/link_text.hpp"

namespace flm::test {

class StockHost {
 public:
  StockHost(const sim::BoardModel& board, sim::Engine& engine)
      : bus(board, engine), link(bus, mainboard::stock_policy) {
    link.set_reply_wait(board.reply_wait);
  }

  /// The reply to a line ("gc 0"), as text ("gc 0 1234"); nothing after three tries without.
  std::optional<std::string> exchange(const std::string& line) { return sent(line, 3); }
  /// Like exchange(), with one try.
  std::optional<std::string> try_exchange(const std::string& line) { return sent(line, 1); }

  void wait_until(sim::Nanoseconds time) { bus.wait_until(time); }
  [[nodiscard]] sim::Nanoseconds now() const { return bus.time(); }

  sim::EngineBus bus;
  mainboard::Link link;

 private:
  std::optional<std::string> sent(const std::string& line, int tries) {
    const auto result = link.exchange(message_of(line), tries);
    return result.reply ? std::optional(text_of(*result.reply)) : std::nullopt;
  }
};

}  // namespace flm::test
