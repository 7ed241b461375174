// Errors of working with a board, and their exit statuses.
#pragma once
#include <stdexcept>
#include <string>

#include "tools/common/input_error.hpp"  // InputError: exit status 2

namespace flm::mainboard {

/// Exit status of flmctl, as flmctl(1) promises it.
enum Status : int {
  done = 0,
  refused = 1,    ///< the board or the user said no, or a check failed
  wrong = 2,      ///< the command line, a file or the port is wrong
  no_answer = 3,  ///< the board does not answer
};

/// The board does not answer, or what it answers makes no sense. Exit status 3.
class NoAnswer : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The board said no, or a check failed. Exit status 1.
class BoardRefused : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The board answered a commit `zz`: what was set is there, and is gone at its next reset.
class NotStored : public BoardRefused {
 public:
  /// `board`: its name, for the message.
  explicit NotStored(const std::string& board) : BoardRefused(board + ": " + sentence) {}
  static constexpr const char* sentence =
      "the board could not store its settings and counters (a worn EEPROM cell, or an EEPROM written by a "
      "newer firmware, which it leaves alone): "
      "what was set holds until its next reset";
};

/// The user said no, or pressed ctrl-C at a question. Exit status 1.
class Cancelled : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace flm::mainboard
