#include "tools/mainboard/board/link_of_board.hpp"

#include "tools/mainboard/bus/transport.hpp"
#include "tools/mainboard/link/link_text.hpp"

namespace flm::ctl {

std::vector<std::int64_t> LinkOfBoard::ask(const std::string& line) {
  std::vector<std::int64_t> numbers;
  const auto reply = board_.ask(message_of(line));
  if (!reply) return numbers;
  if (reply->index) numbers.push_back(*reply->index);
  numbers.insert(numbers.end(), reply->values.begin(), reply->values.end());
  return numbers;
}

void LinkOfBoard::wait(double seconds) {
  if (!wait_unless_stopped(board_.bus(), seconds)) throw Cancelled("cancelled");
}

void LinkOfBoard::commit() {
  try {
    board_.commit();
  } catch (const BoardRefused&) {
    throw NotStored();
  }
}

}  // namespace flm::ctl
