// A board of this program as guided calibrations and flashing see one.
#pragma once
#include "tools/mainboard/board/board.hpp"
#include "tools/mainboard/link/board_link.hpp"

namespace flm::ctl {

class LinkOfBoard : public BoardLink {
 public:
  explicit LinkOfBoard(Board& board) : board_(board) {}
  std::vector<std::int64_t> ask(const std::string& line) override;
  /// Throws Cancelled when a signal ended it.
  void wait(double seconds) override;
  double now() override { return board_.bus().now(); }
  void commit() override;

 private:
  Board& board_;
};

}  // namespace flm::ctl
