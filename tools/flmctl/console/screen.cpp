#include "tools/flmctl/console/screen.hpp"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstring>
#include <string_view>

namespace flm::ctl {
namespace {

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(STDOUT_FILENO, text.data(), text.size());
    if (count <= 0) return;  // A terminal that has gone: the next signal ends the program.
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

winsize size() {
  winsize s{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &s) != 0 || s.ws_col == 0 || s.ws_row == 0) {
    s.ws_col = 80;
    s.ws_row = 24;
  }
  return s;
}

}  // namespace

Screen::Screen() { write_all("\x1b[?1049h\x1b[?25l\x1b[H\x1b[J"); }
Screen::~Screen() {
  std::string text = "\x1b[?25h\x1b[?1049l";
  for (const std::string& line : last_) text += line + "\r\n";
  write_all(text);
}

void Screen::draw(const std::vector<std::string>& lines) {
  std::string text = "\x1b[H";
  const std::size_t count = std::min(lines.size(), rows());
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
  text += "\x1b[J";
  write_all(text);
  last_ = lines;
}

std::size_t Screen::columns() { return size().ws_col; }
std::size_t Screen::rows() { return size().ws_row; }

bool Screen::utf8() {
  std::setlocale(LC_CTYPE, "");
  const bool found = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  std::setlocale(LC_CTYPE, "C");
  return found;
}

}  // namespace flm::ctl
