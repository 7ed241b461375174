// The main board's end of the link: clocks bytes as a stock host does, sends messages and fetches what comes
// back.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/engine/engine.hpp"

namespace flm::sim {

class LinkHost {
 public:
  /// Sees every byte: when it began, what went to the board, and what came back.
  using Observer = std::function<void(Nanoseconds start, std::uint8_t mosi, std::uint8_t miso)>;

  LinkHost(const BoardModel& board, Engine& engine, Observer observer = {})
      : board_(board), engine_(engine), observer_(std::move(observer)), byte_gap_(board.spi_byte_gap) {}

  /// What the board's `u` channel had to say, when the host began to read it.
  std::function<void(Nanoseconds start, const std::vector<std::uint8_t>&)> on_channel;

  /// When the link is free.
  [[nodiscard]] Nanoseconds now() const { return now_; }
  void wait_until(Nanoseconds t) {
    if (t > now_) now_ = t;
  }
  /// Time between the end of a byte and the start of the next; a stock host's unless it is set.
  void set_byte_gap(Nanoseconds gap) { byte_gap_ = gap; }

  std::uint8_t clock_byte(std::uint8_t mosi);
  /// A message as it is on the wire, and the two zeros that a stock host ends it with.
  void send(const std::string& message);
  /// Bytes of a smart meter's line, for a board without one: a `p` message, which is not answered.
  void forward(const std::vector<std::uint8_t>& bytes);
  /// Clocks zeros until one comes back, and one more; what came before it.
  std::string read();
  /// Sends a command line ("gc 0") until it is answered, up to three times; the reply without its CRC.
  std::optional<std::string> exchange(const std::string& line);
  /// The same once.
  std::optional<std::string> try_exchange(const std::string& line);

  /// Messages that got no valid reply, and were sent again.
  [[nodiscard]] int retries() const { return retries_; }

 private:
  const BoardModel& board_;
  Engine& engine_;
  Observer observer_;
  Nanoseconds byte_gap_;
  Nanoseconds now_ = 0;
  int retries_ = 0;
};

}  // namespace flm::sim
