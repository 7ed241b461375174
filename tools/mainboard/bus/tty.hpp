// A serial device or pseudo terminal of this machine: bytes as they are.
#pragma once
#include <asm/termbits.h>  // termios2: any baud rate

#include <string>

namespace flm::mainboard {

class Tty {
 public:
  enum class Frame { eight_n1, seven_e1 };

  /// Opens it for this program alone, not blocking. DTR, RTS and HUPCL stay as they were: none of them may
  /// reset a board. Throws InputError.
  Tty(const std::string& path, int baud, Frame frame = Frame::eight_n1);
  /// Leaves it as it was.
  ~Tty();
  Tty(const Tty&) = delete;
  Tty& operator=(const Tty&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_ = -1;
  termios2 before_{};
};

}  // namespace flm::mainboard
