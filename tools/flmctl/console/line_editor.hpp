// Lines that the user types, with history and completion; from a file or pipe, as they are.
#pragma once
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flm::ctl {

class Terminal;

class LineEditor {
 public:
  /// Completions of the word before the cursor; gets the line up to the cursor.
  using Complete = std::function<std::vector<std::string>(const std::string& line)>;

  LineEditor(std::string prompt, const std::filesystem::path& history, Complete complete);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// True if a terminal is there to type at.
  [[nodiscard]] bool interactive() const;
  /// The next line without its end, LF, CR LF or CR; nothing at the end of the input (ctrl-D). ctrl-C empties
  /// the line. Throws InputError for an input that cannot be read: a folder.
  std::optional<std::string> next();

 private:
  std::unique_ptr<Terminal> terminal_;  ///< nullptr: a file or pipe
  std::deque<std::string> script_;      ///< lines that are read, and not taken
  bool first_ = true;                   ///< nothing is read yet
};

/// $XDG_STATE_HOME/flmctl/history, or ~/.local/state/flmctl/history; empty when there is neither.
std::filesystem::path history_file();

}  // namespace flm::ctl
