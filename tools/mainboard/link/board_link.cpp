#include "tools/mainboard/link/board_link.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace flm {

std::vector<std::int64_t> BoardLink::get(const std::string& line, std::size_t numbers) {
  std::vector<std::int64_t> reply = ask(line);
  if (reply.size() < numbers)
    throw Refused(fmt::format("the board does not know '{}'; needed: OpenFLM's firmware", line));
  return reply;
}

void BoardLink::set(const std::string& line) {
  const std::string answer = fmt::format("{}", fmt::join(ask(line), " "));
  if (line.substr(std::min<std::size_t>(3, line.size())) != answer)
    throw Refused(
        fmt::format("the board did not take '{}' but answered '{} {}'", line, line.substr(0, 2), answer));
}

void BoardLink::commit() { static_cast<void>(ask("ct")); }

}  // namespace flm
