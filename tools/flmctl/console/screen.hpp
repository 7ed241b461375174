// A terminal that a table is redrawn on, in place and without flicker; left as it was found.
#pragma once
#include <string>
#include <vector>

namespace flm::ctl {

/// Draws on the terminal's other screen. Restores the first one and the cursor when it goes, whichever way,
/// and leaves there what was drawn last.
class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Writes over what is there, in one piece: cursor home, each line erased after its end, then what is
  /// below. Never a blank screen.
  void draw(const std::vector<std::string>& lines);
  /// Size of the terminal now; it may have been resized.
  [[nodiscard]] static std::size_t columns();
  [[nodiscard]] static std::size_t rows();
  /// The terminal's character set is UTF-8.
  [[nodiscard]] static bool utf8();

 private:
  std::vector<std::string> last_;
};

}  // namespace flm::ctl
