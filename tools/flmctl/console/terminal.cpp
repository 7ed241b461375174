#include "tools/flmctl/console/terminal.hpp"

#include <fmt/format.h>
#include <histedit.h>

#include <clocale>

#include "tools/common/stop_on_signal.hpp"

namespace flm::ctl {
namespace {

constexpr int kHistory = 500;

}  // namespace

struct Terminal::Impl {
  std::string prompt;
  std::filesystem::path file;
  LineEditor::Complete complete;
  EditLine* editor = nullptr;
  History* history = nullptr;
  HistEvent event{};

  static Impl& of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<Impl*>(data);
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

Terminal::Terminal(std::string prompt, const std::filesystem::path& history_path,
                   LineEditor::Complete complete)
    : impl_(std::make_unique<Impl>()) {
  std::setlocale(LC_CTYPE, "");
  impl_->prompt = std::move(prompt);
  impl_->file = history_path;
  impl_->complete = std::move(complete);
  impl_->editor = el_init("flmctl", stdin, stdout, stderr);
  el_set(impl_->editor, EL_CLIENTDATA, impl_.get());
  el_set(impl_->editor, EL_PROMPT, &Impl::show_prompt);
  el_set(impl_->editor, EL_EDITOR, "emacs");
  el_set(impl_->editor, EL_ADDFN, "flm-complete", "complete a word", &Impl::on_tab);
  el_set(impl_->editor, EL_BIND, "\t", "flm-complete", nullptr);
  el_set(impl_->editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  impl_->history = history_init();
  history(impl_->history, &impl_->event, H_SETSIZE, kHistory);
  history(impl_->history, &impl_->event, H_SETUNIQUE, 1);
  el_set(impl_->editor, EL_HIST, history, impl_->history);
  if (!impl_->file.empty()) history(impl_->history, &impl_->event, H_LOAD, impl_->file.c_str());
}

Terminal::~Terminal() {
  if (!impl_->file.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(impl_->file.parent_path(), ignored);
    history(impl_->history, &impl_->event, H_SAVE, impl_->file.c_str());
  }
  el_end(impl_->editor);
  history_end(impl_->history);
}

std::optional<std::string> Terminal::next() {
  const StopOnSignal stop;
  int count = 0;
  const char* text = el_gets(impl_->editor, &count);
  if (stopped() && text == nullptr) {  // A line that came after ctrl-C is one.
    el_reset(impl_->editor);
    fmt::print("\n");
    return std::string();
  }
  if (text == nullptr || count <= 0) return std::nullopt;
  std::string line(text, static_cast<std::size_t>(count));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (line.find_first_not_of(' ') != line.npos) history(impl_->history, &impl_->event, H_ENTER, line.c_str());
  return line;
}

}  // namespace flm::ctl
