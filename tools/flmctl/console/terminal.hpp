// A terminal that lines are typed at: by libedit, or, where that is not, as the kernel edits lines.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "tools/flmctl/console/line_editor.hpp"

namespace flm::ctl {

class Terminal {
 public:
  Terminal(std::string prompt, const std::filesystem::path& history, LineEditor::Complete complete);
  ~Terminal();

  /// The next line; nothing at the end of the input. ctrl-C empties the line.
  std::optional<std::string> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flm::ctl
