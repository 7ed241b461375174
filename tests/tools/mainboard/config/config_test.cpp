#include "tools/mainboard/config/plan.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/mainboard/bus/engine_bus.hpp"

using namespace flm;
using namespace flm::ctl;

namespace {

/// Settings that a board can have, drawn at random.
Settings random_settings(const BoardFacts& board, std::mt19937& random) {
  const auto draw = [&](std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(random);
  };
  Settings settings;
  const bool analog = !board.has_port_configuration || draw(0, 1) != 0;
  for (const Setting& s : all_settings(board)) {
    switch (s.letter) {
      case 'e': settings[s] = {draw(0, 1)}; break;
      case 'k': settings[s] = {analog ? 1u : 0u, draw(0, 1), draw(0, 1)}; break;
      case 'p': {
        // Ports 1 to 6 feed sensors 1 to 6, in some order, or none.
        std::vector<std::uint32_t> map = {0, 1, 2, 3, 4, 5};
        std::shuffle(map.begin(), map.end(), random);
        for (auto& sensor : map)
          if (draw(0, 3) == 0) sensor = 255;
        settings[s] = map;
        break;
      }
      case 'm': settings[s] = {draw(1, 65535)}; break;
      case 'f': settings[s] = {draw(0, 1) != 0 ? draw(0, 999) : draw(1001, 4095)}; break;
      case 'i': settings[s] = {draw(0, 1) != 0 ? 255 : draw(0, 5)}; break;
      case 'y': settings[s] = {draw(0, 1)}; break;
      case 'q':
        settings[s] = {1 + (board.has_port_configuration ? 0 : 2 * draw(0, 1)) + 4 * draw(0, 1)};
        break;
      case 'j': settings[s] = {draw(15, 65535)}; break;
      case 'g': break;  // The board does not tell.
      default: settings[s] = {draw(0, 65535)}; break;
    }
  }
  return settings;
}

}  // namespace

TEST_CASE("a configuration that was written is read as it was: any settings come back exactly") {
  test::EngineBus bus(test::small_house(), 0.0);
  Board board(bus, "bench");
  board.identify();
  const TemporaryFolder folder;
  std::mt19937 random(7);
  for (int i = 0; i < 500; ++i) {
    const BoardFacts& facts = all_boards()[static_cast<std::size_t>(i) % 2];
    Settings settings = random_settings(facts, random);
    std::vector<std::string> notes;
    const Config config = config_of(settings, facts, nullptr, notes);
    const auto file = folder.file("house.toml", config_text(config));
    CAPTURE(config_text(config));
    const Config back = read_config(file);
    // A sensor without a meter, or that no port feeds, has no constant in the file; it stays. So does the
    // meter's port without one.
    const Settings target = target_settings(back, settings, board, notes);
    for (const Difference& d : differences(settings, target)) {
      // Port 6 without a smart meter that is enabled listens to none.
      if (d.setting.letter == 'q') {
        CHECK(d.after == std::vector<std::uint32_t>{0});
        continue;
      }
      CAPTURE(describe(d.setting), describe(d.setting, d.before), describe(d.setting, d.after));
      CHECK(false);
    }
  }
}

TEST_CASE("what a file does not name stays") {
  const TemporaryFolder folder;
  const auto file = folder.file(
      "one.toml", "board = \"flm02b\"\n[[sensor]]\nid = 4\nclass = \"pulse\"\nports = [4]\nconstant = 2.5\n");
  test::EngineBus bus(test::small_house(), 0.0);
  Board board(bus, "bench");
  board.identify();
  const Config config = read_config(file);
  std::vector<std::string> notes;
  const Settings before = read_settings(board, all_settings(*config.board));
  push(board, read_current(board, config),
       target_settings(config, read_current(board, config), board, notes));
  Settings after = read_settings(board, all_settings(*config.board));
  CHECK(after.at({'m', 3}) == std::vector<std::uint32_t>{2});
  CHECK(after.at({'f', 3}) == std::vector<std::uint32_t>{500});
  after[{'m', 3}] = before.at({'m', 3});
  after[{'f', 3}] = before.at({'f', 3});
  CHECK(after == before);
}

TEST_CASE("pulses per kWh come to the board as a fraction, and back as they were written") {
  const TemporaryFolder folder;
  test::EngineBus bus(test::small_house(), 0.0);
  Board board(bus, "bench");
  board.identify();
  struct Case {
    const char* written;
    std::uint64_t wh, pulses;  // so many are so many
  };
  for (const Case c : {Case{"pulses_per_kwh = 4500", 1000, 4500}, Case{"pulses_per_kwh = 3200", 1000, 3200},
                       Case{"pulses_per_kwh = 96", 1000, 96}, Case{"pulses_per_kwh = 2000", 1, 2},
                       Case{"pulses_per_kwh = 187.5", 2000, 375}, Case{"constant = 0.3125", 5, 16},
                       Case{"constant = 0.125", 1, 8}}) {
    const auto file = folder.file(
        "one.toml", std::string("board = \"flm02b\"\n[[sensor]]\nid = 4\nclass = \"pulse\"\nports = [4]\n") +
                        c.written + "\n");
    const Config config = read_config(file);
    std::vector<std::string> notes;
    push(board, read_current(board, config),
         target_settings(config, read_current(board, config), board, notes));
    const Settings settings = read_settings(board, all_settings(*config.board));
    CAPTURE(c.written);
    const std::uint64_t constant = settings.at({'m', 3}).at(0), fraction = settings.at({'f', 3}).at(0);
    if (fraction > 1000)
      CHECK(constant * c.pulses == c.wh * fraction);
    else  // as stock firmware knows it
      CHECK((constant * 1000 + fraction) * c.pulses == c.wh * 1000);
    CHECK((fraction <= 1000) == (c.pulses == 2 || c.pulses == 8));
    const std::string text = config_text(config_of(settings, *config.board, &config, notes));
    std::string compact;  // without the blanks that align
    for (const char letter : text)
      if (letter != ' ' || (!compact.empty() && compact.back() != ' ')) compact += letter;
    CHECK_THAT(compact, Catch::Contains(c.written));
  }
}

TEST_CASE("a board that refuses is set back to what it had") {
  test::EngineBus bus(test::small_house(), 0.0);
  Board board(bus, "bench");
  board.identify();
  const auto all = all_settings(*board.identity().facts);
  const Settings before = read_settings(board, all);
  Settings target = before;
  target[{'m', 0}] = {1234};
  target[{'p', -1}] = {0, 0, 0, 3, 255, 255};
  target[{'j', 3}] = {5};  // half a millisecond: out of range
  CHECK_THROWS_WITH(push(board, before, target),
                    Catch::Contains("the board refuses 'sj 3 5'") &&
                        Catch::Contains("the board was set back to what it had"));
  CHECK(read_settings(board, all) == before);
}
