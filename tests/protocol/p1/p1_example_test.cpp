// The ten lines of protocol/p1.md, compiled and run as they stand there.
#include <catch2/catch.hpp>

#include "tests/protocol/p1/p1_telegrams.hpp"

namespace {

std::vector<int> shown;
std::string wire;
std::size_t clocked = 0;
bool wire_has_byte() { return clocked < wire.size(); }
std::uint8_t wire_byte() { return static_cast<std::uint8_t>(wire[clocked++]); }
void show(int value) { shown.push_back(value); }
void complain(flm::protocol::p1::Error) { shown.push_back(-1); }

void example() {
  // [example]
  using namespace flm::protocol;
  p1::Parser<p1::BoardFields> parser;
  while (wire_has_byte()) {
    switch (parser.push(wire_byte())) {
      case p1::Event::telegram:
        if (parser.has_power()) show(parser.power_w());
        if (parser.has_net()) show(parser.net_wh());
        break;
      case p1::Event::refused: complain(parser.error()); break;
      default: break;
    }
  }
  // [example]
}

}  // namespace

TEST_CASE("the example of protocol/p1.md works, and stands there as it is here") {
  wire = flm::test::read_text(FLM_SOURCE_DIR "/tests/data/p1/sweden-han.txt");
  example();
  CHECK(shown == std::vector<int>{-20, 847228});

  const std::string here = flm::test::read_text(FLM_SOURCE_DIR "/tests/protocol/p1/p1_example_test.cpp");
  const std::string mark = "  // [example]\n";
  const std::size_t begin = here.find(mark) + mark.size(), end = here.find(mark, begin);
  std::string lines;
  std::istringstream in(here.substr(begin, end - begin));
  for (std::string line; std::getline(in, line);) lines += line.substr(2) + "\n";
  CHECK(flm::test::read_text(FLM_SOURCE_DIR "/protocol/p1.md").find("```cpp\n" + lines + "```") !=
        std::string::npos);
}

TEST_CASE("protocol/p1.md names every row of the table") {
  const std::string text = flm::test::read_text(FLM_SOURCE_DIR "/protocol/p1.md");
  for (const flm::protocol::p1::Row& row : flm::protocol::p1::rows) {
    const std::string channel = flm::protocol::p1::is_of_device(row) ? "n" : fmt::format("{}", row.b.first);
    const std::string code =
        row.phases ? fmt::format("`{}-{}:{}.{}.0`", row.a, channel, row.c + 20 * row.e.first, row.d)
                   : fmt::format("`{}-{}:{}.{}.{}`", row.a, channel, row.c, row.d, row.e.first);
    CAPTURE(code);
    CHECK(text.find(code) != std::string::npos);
  }
}
