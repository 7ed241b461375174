#include "tools/common/service/log.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "tools/common/system/utc.hpp"

namespace flm {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024;

}  // namespace

LogBook::LogBook() : journal_(std::getenv("JOURNAL_STREAM") != nullptr && isatty(STDERR_FILENO) == 0) {}

void LogBook::write(int priority, std::string_view text) {
  std::string line(text);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  const std::string time = utc_now();
  if (journal_)
    fmt::print(stderr, "<{}>{}\n", priority, line);
  else
    fmt::print(stderr, "{} {}\n", time, line);
  std::fflush(stderr);
  lines_.push_back(fmt::format("{} {}\n", time, line));
  bytes_ += lines_.back().size();
  while (bytes_ > kMostBytes && lines_.size() > 1) {
    bytes_ -= lines_.front().size();
    lines_.pop_front();
  }
  if (listener) listener(std::time(nullptr), priority, line);
}

std::string LogBook::recent() const {
  std::string text;
  for (const std::string& line : lines_) text += line;
  return text;
}

}  // namespace flm
