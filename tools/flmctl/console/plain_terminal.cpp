// The terminal as the kernel edits its lines: no history, no completion.
#include <fmt/format.h>

#include <iostream>

#include "tools/common/stop_on_signal.hpp"
#include "tools/flmctl/console/terminal.hpp"

namespace flm::ctl {

struct Terminal::Impl {
  std::string prompt;
};

Terminal::Terminal(std::string prompt, const std::filesystem::path&, LineEditor::Complete)
    : impl_(std::make_unique<Impl>()) {
  impl_->prompt = std::move(prompt);
}

Terminal::~Terminal() = default;

std::optional<std::string> Terminal::next() {
  const StopOnSignal stop;
  fmt::print("{}", impl_->prompt);
  std::fflush(stdout);
  std::string line;
  if (std::getline(std::cin, line)) return line;
  fmt::print("\n");
  if (!stopped()) return std::nullopt;
  std::cin.clear();
  return std::string();
}

}  // namespace flm::ctl
