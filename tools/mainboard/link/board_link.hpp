// A board as a program talks to it: command lines and the numbers that come back.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace flm {

/// The board said no: a command that it does not know, or a value that it does not take.
class Refused : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The board answered a commit `zz`: what was set is there, and is gone at its next reset.
class NotStored : public Refused {
 public:
  NotStored() : Refused(sentence) {}
  static constexpr const char* sentence =
      "the board could not store its settings and counters (a worn EEPROM cell, or an EEPROM written by a "
      "newer firmware, which it leaves alone): "
      "what was set holds until its next reset";
};

/// A board on some link. What it throws when the board does not answer goes through.
class BoardLink {
 public:
  virtual ~BoardLink() = default;
  /// Sends a command as host software writes it ("gc 0") and gives the numbers of the reply without its
  /// letters, the index included.
  virtual std::vector<std::int64_t> ask(const std::string& line) = 0;
  /// Lets time pass, in seconds of the board.
  virtual void wait(double seconds) = 0;
  /// Seconds of a clock that goes as the board's does, from any beginning.
  virtual double now() = 0;

  /// The same for a command that is answered with at least so many numbers. Throws Refused.
  std::vector<std::int64_t> get(const std::string& line, std::size_t numbers);
  /// Sets, and checks that the board answers with what was set. Throws Refused.
  void set(const std::string& line);
  /// Saves the settings, and waits until they are safe. Throws NotStored.
  virtual void commit();
};

}  // namespace flm
