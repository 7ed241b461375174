#include "tools/flmctl/console/line_editor.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>

#include "tools/common/files.hpp"
#include "tools/common/stop_on_signal.hpp"
#include "tools/flmctl/console/terminal.hpp"

namespace flm::ctl {
namespace {

/// The text up to its last line feed as lines: a carriage return before it belongs to the end of the line,
/// one elsewhere ends a line too. The first of a script may have a byte-order mark.
std::deque<std::string> lines_of(std::string text, bool first) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (first && text.starts_with(mark)) text.erase(0, mark.size());
  if (text.ends_with('\r')) text.pop_back();
  std::deque<std::string> lines;
  for (std::size_t from = 0, end = 0; end != text.npos; from = end + 1) {
    end = text.find('\r', from);
    lines.push_back(text.substr(from, end == text.npos ? end : end - from));
  }
  return lines;
}

}  // namespace

LineEditor::LineEditor(std::string prompt, const std::filesystem::path& history, Complete complete) {
  if (isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0)
    terminal_ = std::make_unique<Terminal>(std::move(prompt), history, std::move(complete));
}

LineEditor::~LineEditor() = default;

bool LineEditor::interactive() const { return terminal_ != nullptr; }

std::optional<std::string> LineEditor::next() {
  if (terminal_) return terminal_->next();
  if (script_.empty()) {
    std::string line;
    errno = 0;
    if (!std::getline(std::cin, line)) {
      if (errno != 0 && !stopped()) throw InputError(fmt::format("standard input: {}", reason(errno)));
      return std::nullopt;
    }
    if (const std::string what = no_text(line); first_ && !what.empty())
      throw InputError(fmt::format("standard input: {}; allowed: a command a line", what));
    script_ = lines_of(line, first_);
    first_ = false;
  }
  std::string line = std::move(script_.front());
  script_.pop_front();
  return line;
}

std::filesystem::path history_file() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0')
    return std::filesystem::path(state) / "flmctl/history";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return std::filesystem::path(home) / ".local/state/flmctl/history";
  return {};
}

}  // namespace flm::ctl
