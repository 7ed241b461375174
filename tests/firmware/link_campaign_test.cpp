// The link under attack: random, mutated and cut messages, with good ones in between.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <string>

#include "tests/firmware/board_on_link.hpp"

using namespace flm::test;
using flm::boards::Flm02a;
using flm::boards::Flm02b;

namespace {

/// Messages to send: FLM_LINK_CAMPAIGN, or 100 000.
long campaign() {
  const char* wanted = std::getenv("FLM_LINK_CAMPAIGN");
  return wanted != nullptr ? std::atol(wanted) : 100000;
}

/// What noise, a crashed host or a bad driver may put on the bus.
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
    static const char* const asked[] = {"gh", "gs", "ge00", "gp", "gc05", "gm03", "gf01", "gw", "gb", "gd", "gv", "gt02", "ga01", "gj03"};
    return message(asked[below(sizeof asked / sizeof asked[0])]);
  }
  /// Also of messages that would change something; cut before the end of their CRC, or a full stop from elsewhere would complete them.
  std::string cut() {
    const std::string whole = below(2) == 0 ? good() : message("sm00ffff");
    return whole.substr(below(2) == 0 ? 0 : below(3), below(static_cast<unsigned>(whole.size()) - 4));
  }
  std::string mutated() {
    std::string bytes = below(2) == 0 ? good() : message("sc0012345678");
    char& byte = bytes[1 + below(static_cast<unsigned>(bytes.size()) - 2)];  // not the full stop: another one could follow
    byte = static_cast<char>(byte ^ (1 << below(5)));  // not bit 5: an upper-case digit is the same digit
    return bytes;
  }

  std::mt19937 random_{42};
};

}  // namespace

TEMPLATE_TEST_CASE("after whatever has been on the bus, the next good message is answered, at the latest the second; nothing changes", "",
                   Flm02a, Flm02b) {
  BoardOnLink<TestType> host;
  CHECK(host.ask("sm001429") == "sm001429");
  CHECK(host.ask("sc000000002a") == "sc000000002a");
  Attacker attacker;
  long first = 0, second = 0;
  for (long sent = 0; sent < campaign();) {
    for (unsigned burst = 1 + attacker.below(4); burst != 0; --burst, ++sent) {
      const bool hurried = attacker.below(4) == 0;  // The main loop gets no turn between the bytes.
      for (const char byte : attacker.next()) static_cast<void>(hurried ? host.clock_without_step(byte) : host.clock(byte));
    }
    const auto asked = [&] {
      host.write(message("gm00"));
      host.read(2);
      return host.read_reply() == reply("gm001429") + std::string(2, '\0');
    };
    if (asked())
      ++first;
    else if (asked())
      ++second;
    else
      FAIL("after " << sent << " messages two good ones got no answer");
  }
  CHECK(host.ask("gc00") == "gc000000002a");
  INFO(first << " answered at once, " << second << " the second time");
  CHECK(second < first / 5);
}
