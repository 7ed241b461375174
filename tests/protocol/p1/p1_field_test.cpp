// Every field recording against its index; every telegram of the capture.
#include <catch2/catch.hpp>
#include <chrono>

#include "tests/protocol/p1/p1_telegrams.hpp"

using namespace flm::test;
using p1::Error;
using p1::Event;
using p1::Register;

namespace {

const std::filesystem::path recordings = std::filesystem::path(FLM_FIELD_DATA) / "p1";

bool absent() {
  if (std::filesystem::exists(recordings / "INDEX.tsv")) return false;
  SUCCEED("skipped: no recordings in " << recordings.string());
  return true;
}

/// "00001.001 kWh" in thousandths of the unit with a prefix: Wh, W, litre, MJ.
std::uint32_t whole(const std::string& text) {
  std::istringstream in(text);
  std::string number, unit;
  in >> number >> unit;
  const bool small = unit == "Wh" || unit == "W";
  const std::size_t point = number.find('.');
  std::string digits = number.substr(0, point),
              decimals = point == std::string::npos ? "" : number.substr(point + 1);
  decimals.resize(small ? 0 : 3, '0');
  return static_cast<std::uint32_t>(std::stoull(digits + decimals));
}

/// "230202132747S" as Unix time; without S or W it is winter time.
std::uint32_t unix_time(const std::string& text) {
  using namespace std::chrono;
  const auto two = [&](std::size_t at) { return std::stoi(text.substr(at, 2)); };
  const auto day = sys_days(year(2000 + two(0)) / two(2) / two(4));
  const auto at = day + hours(two(6)) + minutes(two(8)) + seconds(two(10)) -
                  hours(text.size() > 12 && text[12] == 'S' ? 2 : 1);
  return static_cast<std::uint32_t>(duration_cast<seconds>(at.time_since_epoch()).count());
}

const std::map<std::string, Register> columns = {
    {"1.8.0", Register::import_total}, {"1.8.1", Register::import_1},    {"1.8.2", Register::import_2},
    {"2.8.0", Register::export_total}, {"2.8.1", Register::export_1},    {"2.8.2", Register::export_2},
    {"1.7.0", Register::power_import}, {"2.7.0", Register::power_export}};

}  // namespace

TEST_CASE("every recording says what the index says, and nothing else is believed") {
  if (absent()) return;
  const auto index = read_tsv(recordings / "INDEX.tsv");
  CHECK(index.size() == 45);
  for (const auto& row : index) {
    CAPTURE(row.at("file"));
    const std::string text = read_text(recordings / row.at("file"));
    const bool is_p1 = row.at("version").find("not P1") == std::string::npos, has_crc = row.at("crc") == "ok";

    p1::Parser<p1::AllFields> strict;
    CHECK(accepted(run(strict, text)) == (has_crc ? 1 : 0));
    if (!has_crc) CHECK(strict.errors(Error::no_crc) == 1);

    p1::Parser<p1::AllFields> parser;
    parser.accept_without_crc(true);
    CHECK(accepted(run(parser, text)) == (is_p1 ? 1 : 0));
    if (!is_p1) continue;

    std::uint32_t sum[2] = {0, 0};
    bool energy = false;
    for (const auto& [name, wanted] : columns) {
      CAPTURE(name);
      REQUIRE(parser.has(wanted) == !row.at(name).empty());
      if (row.at(name).empty()) continue;
      CHECK(parser.get(wanted) == whole(row.at(name)));
      if (name[2] != '8') continue;
      energy = true;
      const int direction = name[0] == '1' ? 0 : 1;
      if (name[4] == '0' || row.at(name.substr(0, 4) + "0").empty()) sum[direction] += whole(row.at(name));
    }
    CHECK(parser.has_net() == energy);
    CHECK(parser.import_wh() == sum[0]);
    CHECK(parser.export_wh() == sum[1]);
    CHECK(parser.net_wh() == static_cast<std::int32_t>(sum[0] - sum[1]));
    if (!row.at("1.7.0").empty())
      CHECK(parser.power_w() ==
            static_cast<std::int32_t>(whole(row.at("1.7.0"))) -
                (row.at("2.7.0").empty() ? 0 : static_cast<std::int32_t>(whole(row.at("2.7.0")))));
    REQUIRE(parser.has(Register::time) == !row.at("timestamp").empty());
    if (!row.at("timestamp").empty()) CHECK(parser.get(Register::time) == unix_time(row.at("timestamp")));
    REQUIRE(parser.has(Register::tariff) == !row.at("tariff").empty());
    if (!row.at("tariff").empty())
      CHECK(parser.get(Register::tariff) == static_cast<std::uint32_t>(std::stoi(row.at("tariff"))));

    // "ch1 gas 00001.001 m3 @161107190000; ch2 ..."
    std::string expected, got;
    std::istringstream devices(row.at("mbus"));
    for (std::string one; std::getline(devices, one, ';');) {
      std::istringstream words(one);
      std::string channel, type, number, unit, time;
      words >> channel >> type >> number >> unit >> time;
      const std::map<std::string, int> types = {{"gas", 3}, {"heat", 4}, {"water", 7}};
      expected += fmt::format("{} type {} = {} @ {}; ", channel, types.at(type),
                              whole(fmt::format("{} {}", number, unit)), unix_time(time.substr(1)));
    }
    for (std::uint8_t i = 0; i < 4; ++i) {
      const p1::Device& d = parser.device(i);
      if (d.has_value) got += fmt::format("ch{} type {} = {} @ {}; ", d.channel, d.type, d.value, d.time);
    }
    CHECK(got == expected);
  }
}

TEST_CASE("a board reads of every recording what a PC reads") {
  if (absent()) return;
  for (const auto& row : read_tsv(recordings / "INDEX.tsv")) {
    CAPTURE(row.at("file"));
    const std::string text = read_text(recordings / row.at("file"));
    p1::Parser<p1::AllFields> pc;
    p1::Parser<p1::BoardFields> board;
    pc.accept_without_crc(true);
    board.accept_without_crc(true);
    CHECK(accepted(run(pc, text)) == accepted(run(board, text)));
    CHECK(pc.has_net() == board.has_net());
    CHECK(static_cast<std::int32_t>(pc.net_wh()) == board.net_wh());
    CHECK(pc.has_power() == board.has_power());
    CHECK(pc.power_w() == board.power_w());
    CHECK(pc.equipment() == board.equipment());
    const p1::Device* first = nullptr;  // gas before heat before water; of the same, the newest
    for (std::uint8_t i = 0; i < 4; ++i) {
      const p1::Device& device = pc.device(i);
      if (!device.has_value || device.type < p1::device::gas) continue;
      if (first == nullptr || device.type < first->type ||
          (device.type == first->type && device.time > first->time))
        first = &device;
    }
    CHECK((first != nullptr) == board.device(0).has_value);
    if (first != nullptr) {
      CHECK(first->channel == board.device(0).channel);
      CHECK(first->value == board.device(0).value);
    }
  }
}

TEST_CASE(
    "of the capture, which begins inside of a telegram, all 566 telegrams are accepted, and none that is "
    "false") {
  if (absent()) return;
  const std::string text = read_text(recordings / "stream" / "dsmrtools-ISK5_2M550T_1012-566telegrams.raw");
  REQUIRE(text.size() == 440668);
  p1::Parser<p1::AllFields> parser;
  std::size_t count = 0;
  std::uint64_t import_wh = 3432827 + 3224632,
                time = 0;  // of the first recording of this capture in the index
  for (const char c : text) {
    const Event event = parser.push(static_cast<std::uint8_t>(c));
    CHECK(event != Event::refused);
    CHECK(event != Event::reading_refused);
    if (event != Event::telegram) continue;
    ++count;
    CHECK(parser.has_net());
    CHECK(parser.import_wh() >= import_wh);
    CHECK(parser.import_wh() - import_wh <= 1);  // under 3.6 kW, a Wh a second at most
    CHECK(parser.export_wh() == 0);
    import_wh = parser.import_wh();
    const std::uint64_t now = parser.get(Register::time);
    if (time != 0) CHECK((now - time == 1 || now - time == 2));  // "1/s, one 2 s gap"
    time = now;
  }
  CHECK(count == 566);
}
