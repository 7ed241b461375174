#include "tools/flmctl/console/line_editor.hpp"

#include <fmt/format.h>
#include <histedit.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <iostream>

#include "tools/common/files.hpp"
#include "tools/common/stop_on_signal.hpp"

namespace flm::ctl {
namespace {

constexpr int kHistory = 500;

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

struct LineEditor::Terminal {
  std::string prompt;
  std::filesystem::path file;
  Complete complete;
  EditLine* editor = nullptr;
  History* history = nullptr;
  HistEvent event{};

  static Terminal& of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<Terminal*>(data);
  }
  static char* show_prompt(EditLine* editor) { return of(editor).prompt.data(); }

  /// Fills in what all candidates begin with; shows them when there is nothing to fill in.
  static unsigned char on_tab(EditLine* editor, int) {
    const LineInfo* info = el_line(editor);
    const std::string line(info->buffer, info->cursor);
    const std::string word = line.substr(line.rfind(' ') == line.npos ? 0 : line.rfind(' ') + 1);
    const auto candidates = of(editor).complete(line);
    if (candidates.empty()) return CC_REFRESH_BEEP;
    std::string common = candidates.front();
    for (const std::string& candidate : candidates) {
      std::size_t same = 0;
      while (same < common.size() && same < candidate.size() && common[same] == candidate[same]) ++same;
      common.resize(same);
    }
    if (candidates.size() == 1) common += ' ';
    if (common.size() > word.size()) {
      el_insertstr(editor, common.c_str() + word.size());
      return CC_REFRESH;
    }
    fmt::print("\r\n{}\r\n", fmt::join(candidates, "  "));
    std::fflush(stdout);
    return CC_REDISPLAY;
  }
};

LineEditor::LineEditor(std::string prompt, const std::filesystem::path& history_path, Complete complete) {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) return;
  std::setlocale(LC_CTYPE, "");
  terminal_ = std::make_unique<Terminal>();
  terminal_->prompt = std::move(prompt);
  terminal_->file = history_path;
  terminal_->complete = std::move(complete);
  terminal_->editor = el_init("flmctl", stdin, stdout, stderr);
  el_set(terminal_->editor, EL_CLIENTDATA, terminal_.get());
  el_set(terminal_->editor, EL_PROMPT, &Terminal::show_prompt);
  el_set(terminal_->editor, EL_EDITOR, "emacs");
  el_set(terminal_->editor, EL_ADDFN, "flm-complete", "complete a word", &Terminal::on_tab);
  el_set(terminal_->editor, EL_BIND, "\t", "flm-complete", nullptr);
  el_set(terminal_->editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  terminal_->history = history_init();
  history(terminal_->history, &terminal_->event, H_SETSIZE, kHistory);
  history(terminal_->history, &terminal_->event, H_SETUNIQUE, 1);
  el_set(terminal_->editor, EL_HIST, history, terminal_->history);
  if (!terminal_->file.empty())
    history(terminal_->history, &terminal_->event, H_LOAD, terminal_->file.c_str());
}

LineEditor::~LineEditor() {
  if (!terminal_) return;
  if (!terminal_->file.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(terminal_->file.parent_path(), ignored);
    history(terminal_->history, &terminal_->event, H_SAVE, terminal_->file.c_str());
  }
  el_end(terminal_->editor);
  history_end(terminal_->history);
}

bool LineEditor::interactive() const { return terminal_ != nullptr; }

std::optional<std::string> LineEditor::next() {
  if (!terminal_) {
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
  const StopOnSignal stop;
  int count = 0;
  const char* text = el_gets(terminal_->editor, &count);
  if (stopped() && text == nullptr) {  // A line that came after ctrl-C is one.
    el_reset(terminal_->editor);
    fmt::print("\n");
    return std::string();
  }
  if (text == nullptr || count <= 0) return std::nullopt;
  std::string line(text, static_cast<std::size_t>(count));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (line.find_first_not_of(' ') != line.npos)
    history(terminal_->history, &terminal_->event, H_ENTER, line.c_str());
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
