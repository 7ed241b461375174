// The link under attack: random, mutated and cut messages, with good ones in between.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "tests/firmware/board_on_link.hpp"
#include "tests/protocol/attacker.hpp"

using namespace flm::test;
using flm::boards::Flm02a;
using flm::boards::Flm02b;

namespace {

/// Messages to send: FLM_LINK_CAMPAIGN, or 100 000.
long campaign() {
  const char* wanted = std::getenv("FLM_LINK_CAMPAIGN");
  return wanted != nullptr ? std::atol(wanted) : 100000;
}

}  // namespace

TEMPLATE_TEST_CASE(
    "after whatever has been on the bus, the next good message is answered, at the latest the second; "
    "nothing changes",
    "", Flm02a, Flm02b) {
  BoardOnLink<TestType> host;
  CHECK(host.ask("sm001429") == "sm001429");
  CHECK(host.ask("sc000000002a") == "sc000000002a");
  Attacker attacker;
  long first = 0, second = 0;
  for (long sent = 0; sent < campaign();) {
    for (unsigned burst = 1 + attacker.below(4); burst != 0; --burst, ++sent) {
      const bool hurried = attacker.below(4) == 0;  // The main loop gets no turn between the bytes.
      for (const char byte : attacker.next())
        static_cast<void>(hurried ? host.clock_without_step(byte) : host.clock(byte));
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
