#include "tools/mainboard/readings/decode.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

using namespace flm::sim;

namespace {

const std::string own = FLM_SOURCE_DIR "/tests/data/p1/";

std::string printed(const Decoded& decoded, bool json) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  print_decoded(decoded, "some file", json, out);
  std::fclose(out);
  const std::string result(text, size);
  std::free(text);
  return result;
}

}  // namespace

TEST_CASE("decode says what a telegram says, in both formats") {
  const Decoded decoded = decode_p1(read_file_bytes(own + "emucs-peak-and-long-text.txt"), false);
  REQUIRE(decoded.telegrams.size() == 1);
  CHECK(decoded.refused() == 0);
  const DecodedTelegram& t = decoded.telegrams[0];
  CHECK(t.offset == 0);
  CHECK(t.equipment == "1SAG3100721326");
  CHECK(t.net_wh == 571557);
  CHECK(t.power_w == 338);
  CHECK(printed(decoded, false)
            .find("month_peak_w            4927\n  month_peak_time         2023-11-01T16:45:00Z") !=
        std::string::npos);
  const auto json = nlohmann::json::parse(printed(decoded, true));
  CHECK(json["accepted"] == 1);
  CHECK(json["telegrams"][0]["registers"]["time"] == "2023-11-02T11:15:48Z");
  CHECK(json["telegrams"][0]["devices"][1]["type"] == "water");
  CHECK(json["telegrams"][0]["devices"][1]["value_litre"] == 8579);
}

TEST_CASE("decode says why a telegram was refused, and where") {
  const std::string good = read_file_bytes(own + "sweden-han.txt");
  std::string wrong = good;
  wrong[30] ^= 1;
  const std::string text = "noise\r\n" + wrong + good.substr(0, 100) + good + good.substr(0, 50);
  const Decoded decoded = decode_p1(text, false);
  REQUIRE(decoded.telegrams.size() == 4);
  CHECK(decoded.refused() == 3);
  CHECK(decoded.telegrams[0].offset == 7);
  REQUIRE(decoded.telegrams[0].error.has_value());
  CHECK(decoded.telegrams[0].error->error == "crc");
  CHECK(decoded.telegrams[0].error->offset == 7 + good.size() - 2);
  CHECK_FALSE(decoded.telegrams[0].net_wh.has_value());
  CHECK(decoded.telegrams[1].offset == 7 + good.size());
  CHECK(decoded.telegrams[1].bytes == 100);
  CHECK(decoded.telegrams[1].error->error == "cut");
  CHECK(decoded.telegrams[2].offset == 107 + good.size());
  CHECK(decoded.telegrams[2].power_w == -20);
  CHECK(decoded.telegrams[3].error->error == "cut");
  CHECK(decoded.errors.at("noise") == 1);
  CHECK(printed(decoded, false).find("1 accepted, 3 refused, crc 1, cut 2, noise 1") != std::string::npos);
  CHECK(nlohmann::json::parse(printed(decoded, true))["telegrams"][0]["error"] == "crc");
}

TEST_CASE("decode quotes the text after '!', wherever in its line that is") {
  const Decoded decoded = decode_p1("/ABC5\\test\r\n\r\n\r!1234\r\n", false);
  REQUIRE(decoded.telegrams.size() == 1);
  CHECK(decoded.telegrams[0].error->message.find("after '!' is '1234'") != std::string::npos);
}

TEST_CASE("decode accepts a telegram without CRC when asked to") {
  const std::string bytes = read_file_bytes(own + "dsmr22-gas-two-lines.txt");
  CHECK(decode_p1(bytes, false).telegrams[0].error->error == "no_crc");
  CHECK(decode_p1(bytes, true).refused() == 0);
}

TEST_CASE("decode lists the values that were refused") {
  const Decoded decoded = decode_p1(read_file_bytes(own + "luxembourg-device-without-time.txt"), false);
  REQUIRE(decoded.telegrams.size() == 1);
  CHECK(decoded.telegrams[0].faults.size() == 4);
  CHECK(decoded.telegrams[0].faults[0].error == "time");
  CHECK(decoded.telegrams[0].faults[1].error == "unit");
}

TEST_CASE("the last line of a file may have no end") {
  const std::string good = read_file_bytes(own + "sweden-han.txt");
  CHECK(decode_p1(good.substr(0, good.size() - 2), false).refused() == 0);
  CHECK(decode_p1("", false).telegrams.empty());
}

TEST_CASE("a telegram is said to begin where its header does, whatever slashes are in the line") {
  const std::string good = read_file_bytes(own + "dsmr50-phases.txt");
  const auto offset_of = [&](const std::string& before) {
    const Decoded decoded = decode_p1(before + good, false);
    REQUIRE_FALSE(decoded.telegrams.empty());
    CHECK_FALSE(decoded.telegrams.back().error);
    CHECK(decoded.telegrams.back().header == decode_p1(good, false).telegrams[0].header);
    return decoded.telegrams.back().offset - before.size();
  };
  CHECK(offset_of("") == 0);
  CHECK(offset_of("/") == 0);
  CHECK(offset_of("/abc/def") == 0);
  CHECK(offset_of("/ABC5x\r\n\r\n1-0:1.8.1(00/") == 0);
  // Five bytes before it ends what was there: no Holley meter, whose header has both slashes in a line.
  const Decoded cut = decode_p1("/\n\n`./", false);
  REQUIRE(cut.telegrams.size() == 2);
  CHECK(cut.telegrams[0].error->error == "cut");
  CHECK(cut.telegrams[0].bytes == 5);
  CHECK(cut.telegrams[1].offset == 5);
  CHECK(decode_p1("/HLY5/D545-METER\r\n!\r\n", true).telegrams.at(0).header == "HLY5/D545-METER");
}

TEST_CASE("a file without telegrams is not a success, nor is a telegram without energy") {
  for (const char* none : {"", "hello\n", "1-0:1.8.0(000001.000*kWh)\r\n!1234\r\n"}) {
    CAPTURE(none);
    CHECK_FALSE(decode_p1(none, false).succeeded());
  }
  const auto decoded = [](const std::string& line) {
    return decode_p1("/XYZ5\\TEST\r\n\r\n" + line + "\r\n!\r\n", true);
  };
  CHECK(decoded("1-0:2.8.7(000001.000*kWh)").succeeded());
  CHECK(decoded("0-1:24.1.0(007)\r\n0-1:24.2.1(260115110000W)(1.5*m3)").succeeded());
  for (const char* line : {"1-0:1.7.0(00.500*kW)", "1-0:5.8.0(000001.000*kvarh)\r\n1-0:1.7.0(00.500*kW)"}) {
    const Decoded one = decoded(line);
    CHECK(one.without_energy() == 1);
    CHECK(one.accepted() == 0);
    CHECK(one.refused() == 0);
    CHECK_FALSE(one.succeeded());
  }
}

TEST_CASE("a CRC that is right with the line ends of a meter is recognised") {
  // CRC-16/ARC of the first with CR LF, by a bit loop of its own.
  const auto crc = [](const std::string& text) {
    unsigned sum = 0;
    for (const char c : text) {
      sum ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit) sum = (sum & 1) != 0 ? sum >> 1 ^ 0xA001 : sum >> 1;
    }
    return sum;
  };
  char tail[16];
  std::snprintf(tail, sizeof tail, "%04X", crc("/XYZ5\\TEST\r\n\r\n1-0:1.8.0(000001.000*kWh)\r\n!"));
  const auto message = [&](const std::string& end, const std::string& some) {
    return decode_p1("/XYZ5\\TEST" + end + end + "1-0:1.8.0(000001.000*kWh)" + some + "!" + tail + end, false)
        .telegrams.at(0)
        .error.value()
        .message;
  };
  CHECK(message("\n", "\n").find("lost its CRs") != std::string::npos);
  CHECK(message("\r\n", "\n").find("lost its CRs") != std::string::npos);
  CHECK(message("\r\r\n", "\r\n").find("other line ends") != std::string::npos);
  CHECK(message("\n", "x\n").find("line ends") == std::string::npos);
}
