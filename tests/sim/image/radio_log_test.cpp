// Eight hours of a radio receiver's log, sent again to the FLM02B image and to the native engine.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "sim/results/output.hpp"
#include "sim/run/runner.hpp"
#include "tests/field_data.hpp"
#include "tools/mainboard/readings/record_json.hpp"

using namespace flm::sim;
using namespace flm::test;

namespace {

constexpr double first_at = 2.0;
/// From the start of one packet to the next: a little more than from poll to poll, the rest of the log's
/// pauses is left out.
constexpr double spacing = 0.055;

std::vector<std::string> packets_of(const Run& run) {
  std::vector<std::string> packets;
  for (const Record& record : run.records)
    if (const RadioPacket* packet = std::get_if<RadioPacket>(&record)) packets.push_back(to_json(*packet));
  return packets;
}

}  // namespace

TEST_CASE(
    "the packets of eight hours go through the FLM02B image once, in order, but for one in 1 000 that comes "
    "into noise, and through the native engine, too") {
  const auto rows = jeelabs_rows();
  if (rows.empty()) return;
  const auto file = std::filesystem::temp_directory_path() / "flm-radio-log.txt";
  std::ofstream out(file);
  double at = first_at;
  for (const auto& row : rows) {
    out << at << ' ';
    for (const std::uint8_t byte : row.frame)
      out << "0123456789abcdef"[byte >> 4] << "0123456789abcdef"[byte & 15];
    out << '\n';
    at += spacing;
  }
  out.close();
  REQUIRE(out);

  Scenario scenario;
  scenario.board = "flm02b";
  scenario.duration = at + 1.0;
  scenario.radio.push_back({file, 19.2});
  scenario.host.push_back({});
  scenario.host.back().at = 1.0;
  scenario.host.back().send = "sg 5";
  RunOptions options;
  const auto native = packets_of(run_scenario(scenario, options));
  options.engine = EngineKind::image;
  options.image = std::string(FLM_IMAGE_DIR) + "/flm02b.elf";
  const auto image = packets_of(run_scenario(scenario, options));
  std::filesystem::remove(file);

  CHECK(image == native);
  // tests/firmware/radio/radio_test.cpp has the one in 1 000.
  CHECK(rows.size() - native.size() <= 2 * rows.size() / 1000);
  std::size_t i = 0;
  for (const auto& row : rows) {
    std::string payload;
    for (std::size_t k = 3; k + 2 < row.frame.size(); ++k) {
      payload += "0123456789abcdef"[row.frame[k] >> 4];
      payload += "0123456789abcdef"[row.frame[k] & 15];
    }
    if (i < native.size() &&
        native[i].find("\"group\":5,\"node\":" + std::to_string(row.frame[1] & 0x1F) + ",") !=
            std::string::npos &&
        native[i].find("\"payload\":\"" + payload + "\",\"crc\":true") != std::string::npos)
      ++i;
  }
  CHECK(i == native.size());  // Each is one of the log's, in its order.
}
