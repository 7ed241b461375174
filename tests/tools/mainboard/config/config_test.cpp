#include "tools/mainboard/config/plan.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/mainboard/bus/faulty_bus.hpp"
#include "tools/mainboard/link/meanings.hpp"

using namespace flm;
using namespace flm::mainboard;

namespace {

/// Settings that a board can have, drawn at random.
Settings random_settings(const BoardFacts& board, std::mt19937& random) {
  const auto draw = [&](std::uint32_t low, std::uint32_t high) {
    return std::uniform_int_distribution<std::uint32_t>(low, high)(random);
  };
  Settings settings;
  const bool analog = board.switched_ports.empty() || draw(0, 1) != 0;
  const auto field = [&](const protocol::Range& range, int digits) {
    for (;;) {
      const auto value = draw(range.lowest, std::min(range.highest, (1u << 4 * digits) - 1));
      if (range.or_none && draw(0, 3) == 0) return 0xFFu;
      if (range.has(value)) return value;
    }
  };
  for (const Setting& s : all_settings(board)) {
    if (s.row().access == protocol::Access::set) continue;  // The board does not report it.
    for (const std::uint8_t digits : s.row().field_digits)
      if (digits != 0) settings[s].push_back(field(s.row().range, digits));
    switch (s.letter) {
      case 'k': settings[s].at(0) = analog ? 1 : 0; break;
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
      case 'q':
        settings[s] = {1 + (board.meter_line == boards::MeterLine::board ? 2 * draw(0, 1) : 0) +
                       4 * draw(0, 1)};
        break;
      default: break;
    }
  }
  return settings;
}

}  // namespace

TEST_CASE("a configuration that was written is read as it was: any settings come back exactly") {
  test::FaultyBus bus(test::small_house(), 0.0);
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
  test::FaultyBus bus(test::small_house(), 0.0);
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
  test::FaultyBus bus(test::small_house(), 0.0);
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

/// Keeps the messages that go to the board.
struct RecordingBus : test::FaultyBus {
  using FaultyBus::FaultyBus;
  std::vector<std::string> sent;
  std::string clock(std::string_view bytes) override {
    if (bytes.front() == 'l') sent.emplace_back(bytes);
    return FaultyBus::clock(bytes);
  }
};

/// Letters of the properties that configure a board of these facts.
std::set<char> letters_of(const BoardFacts& board) {
  std::set<char> letters;
  for (const Setting& setting : all_settings(board)) letters.insert(setting.letter);
  return letters;
}

TEST_CASE("every property that configures a board has a key in its file") {
  const TemporaryFolder folder;
  for (const BoardFacts& board : all_boards()) {
    CAPTURE(board.name);
    std::string text = "board = \"" + board.name + "\"\n";
    if (letters_of(board).contains('i')) text += "led = 4\n";
    text +=
        "[[sensor]]\nid = 1\nclass = \"analog\"\nports = [1]\n"
        "[[sensor]]\nid = 4\nclass = \"pulse\"\nports = [4]\npulses_per_kwh = 3200\n"
        "[[sensor]]\nid = 6\nclass = \"p1\"\nports = [6]\n"
        "[[port]]\nport = 1\ntau = 0.002\nnoise = 0.5\noffset = 1.5\n[[port]]\nport = 4\ndebounce = 0.02\n";
    if (letters_of(board).contains('g')) text += "[radio]\ngroup = 5\nkbit = 49.2\n";
    std::set<char> named;
    for (const Setting& setting : named_settings(read_config(folder.file("all.toml", text))))
      named.insert(setting.letter);
    CHECK(named == letters_of(board));
  }
}

TEST_CASE("a push sends every setting that differs, in the order of the table, and enables at the end") {
  RecordingBus bus(test::small_house(), 0.0);
  Board board(bus, "bench");
  board.identify();
  const auto all = all_settings(*board.identity().facts);
  Settings before = read_settings(board, all), target = before;
  for (const Setting& setting : all) {
    std::vector<std::uint32_t>& value = target[setting];
    if (value.empty()) value = {1};  // The radio's group is not reported.
    for (std::uint32_t& field : value) {
      const std::uint32_t was = field;
      do field = (field + 1) & 0xFF;
      while (field == was || !setting.row().range.has(field));
    }
  }
  target[{'p', -1}] = {0, 1, 2, 3, 4, 5};
  for (int sensor = 0; sensor < 6; ++sensor) target[{'e', sensor}] = {1};
  std::vector<Setting> sent;
  bus.sent.clear();
  push(board, before, target);
  for (const std::string& message : bus.sent)
    if (message.size() > 3 && message[1] == 's') {
      const protocol::Property& row = *find_property(message[2]);
      const int index =
          row.index == protocol::Index::none ? -1 : std::stoi(message.substr(3, 2), nullptr, 16);
      sent.push_back({message[2], index});
    }
  const std::set<Setting> as_set(sent.begin(), sent.end());
  CHECK(std::vector<Setting>(as_set.begin(), as_set.end()) == [&] {
    auto sorted = all;
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }());
  const auto changed =
      std::find_if(sent.begin(), sent.end(), [](const Setting& s) { return s.letter != 'e'; });
  CHECK(std::is_sorted(changed, sent.end(), [](const Setting& a, const Setting& b) {
    return protocol::PropertyTable::find(a.letter) < protocol::PropertyTable::find(b.letter);
  }));
  CHECK(read_settings(board, {{'e', 5}}).at({'e', 5}) == std::vector<std::uint32_t>{1});
}

TEST_CASE("a board that refuses is set back to what it had") {
  test::FaultyBus bus(test::small_house(), 0.0);
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

TEST_CASE("a board's settings are read by its own ports, not by those of the newest board") {
  BoardFacts facts = *find_board("flm02a");
  facts.clamp_ports = {1};
  facts.pulse_ports = {2, 4, 5};
  facts.switched_ports.clear();
  Settings settings;
  settings[{'p', -1}] = {0, 1, 0xFF, 0xFF, 0xFF, 0xFF};
  for (int sensor = 0; sensor < 6; ++sensor) {
    settings[{'e', sensor}] = {sensor < 2 ? 1u : 0u};
    settings[{'m', sensor}] = {1};
    settings[{'f', sensor}] = {0};
  }
  std::vector<std::string> notes;
  const Config config = config_of(settings, facts, nullptr, notes);
  REQUIRE(config.sensor(2) != nullptr);
  CHECK(config.sensor(1)->sensor_class == SensorClass::analog);
  CHECK(config.sensor(2)->sensor_class == SensorClass::pulse);
  CHECK(notes.empty());
}
