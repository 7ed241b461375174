// A simulator that ends by itself.
#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tools/mainboard/bus/transport.hpp"

using namespace flm::mainboard;
using Catch::Matchers::Contains;

TEST_CASE("whoever asks a simulator that was killed is told its status, each time") {
  const auto bus = open_simulator(parse_port("sim:" FLM_SOURCE_DIR "/tests/scenarios/live.toml"));
  CHECK_NOTHROW(bus->now());
  REQUIRE(std::system(fmt::format("exec pkill -9 -P {} flmsim", ::getpid()).c_str()) == 0);
  for (int i = 0; i < 3; ++i) CHECK_THROWS_WITH(bus->now(), Contains("has gone (status 137)"));
  CHECK_THROWS_WITH(bus->close(), Contains("ended with status 137"));
}
