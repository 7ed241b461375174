#include "tools/mainboard/board/link_of_board.hpp"

#include <sstream>

#include "tools/mainboard/bus/transport.hpp"

namespace flm::ctl {

std::vector<std::int64_t> LinkOfBoard::ask(const std::string& line) {
  std::vector<std::int64_t> numbers;
  const auto reply = board_.ask(line);
  if (!reply || reply->size() < 2) return numbers;
  std::istringstream in(reply->substr(2));
  for (std::int64_t number = 0; in >> number;) numbers.push_back(number);
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
