// Settings that go to a board together: set, read back, saved, or put back as they were.
#pragma once
#include <cstdint>
#include <vector>

#include "tools/mainboard/board/board.hpp"
#include "tools/mainboard/link/message.hpp"

namespace flm::mainboard {

/// What was set is only kept by a board that is told to save it, so that a transaction that is cut off leaves
/// what the board had.
class Transaction {
 public:
  explicit Transaction(Board& board) : board_(board) {}

  /// Sends a setting. `before`: its values until now; empty: not known, it cannot be put back. Throws
  /// BoardRefused, NoAnswer.
  void set(const Message& setting, std::vector<std::uint32_t> before);
  /// Like set(), but false when the board refuses.
  bool try_set(const Message& setting);
  /// Asks for everything that was set. Throws BoardRefused for what reads differently.
  void read_back();
  /// Has the board save it. Throws what Board::commit() throws.
  void commit();
  /// Sends the values before, the last first; what enables a sensor comes at the end. Saves them too, if
  /// commit() was called. Throws like set().
  void put_back();

  /// Settings that were sent, the one that failed not counted.
  [[nodiscard]] std::size_t sent() const { return sent_; }
  [[nodiscard]] bool saving() const { return saving_; }

 private:
  struct Step {
    Message setting;
    std::vector<std::uint32_t> before;
  };

  Board& board_;
  std::vector<Step> steps_;
  std::size_t sent_ = 0;
  bool saving_ = false;
};

}  // namespace flm::mainboard
