// Bytes that noise, a crashed host or a bad driver may put on the bus.
#pragma once
#include <random>
#include <string>

#include "tests/protocol/messages.hpp"

namespace flm::test {

/// Random, mutated, cut and merged messages, always the same ones. None that is well-formed changes a
/// setting.
class Attacker {
 public:
  std::string next() {
    switch (below(6)) {
      case 0: return noise();
      case 1: return cut();
      case 2: return mutated();
      case 3: return good() + good();
      case 4: return 'l' + std::string(below(400), static_cast<char>('0' + below(10)));
      default: return std::string(below(20), '\0');
    }
  }
  unsigned below(unsigned end) { return std::uniform_int_distribution<unsigned>(0, end - 1)(random_); }

 private:
  std::string noise() {
    std::string bytes(below(40), '\0');
    for (char& byte : bytes) byte = static_cast<char>(below(256));
    return bytes;
  }
  /// A message that only asks: whatever becomes of it must change nothing.
  std::string good() {
    static const char* const asked[] = {"gh", "gs", "ge00", "gp", "gc05", "gm03", "gf01",
                                        "gw", "gb", "gd",   "gv", "gt02", "ga01", "gj03"};
    return message(asked[below(sizeof asked / sizeof asked[0])]);
  }
  /// Also of messages that would change something; cut before the end of their CRC, or a full stop from
  /// elsewhere would complete them.
  std::string cut() {
    const std::string whole = below(2) == 0 ? good() : message("sm00ffff");
    return whole.substr(below(2) == 0 ? 0 : below(3), below(static_cast<unsigned>(whole.size()) - 4));
  }
  std::string mutated() {
    std::string bytes = below(2) == 0 ? good() : message("sc0012345678");
    char& byte = bytes[1 + below(static_cast<unsigned>(bytes.size()) -
                                 2)];                  // not the full stop: a second one could follow
    byte = static_cast<char>(byte ^ (1 << below(5)));  // not bit 5: an upper-case digit is the same digit
    return bytes;
  }

  std::mt19937 random_{42};
};

}  // namespace flm::test
