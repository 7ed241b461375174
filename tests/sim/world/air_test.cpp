#include "sim/world/air.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "sim/scenario/scenario.hpp"
#include "tests/sim/temporary_folder.hpp"

using namespace flm::sim;
using Catch::Matchers::Contains;

TEST_CASE("the air is quiet, one sender's, or several senders'") {
  Air air;
  air.add({1000, 10, {0xF0}});  // until 1080
  air.add({1040, 10, {0x00, 0x00}});
  CHECK_FALSE(air.at(999).carrier);
  CHECK(air.at(1000).only != nullptr);
  CHECK(air.at(1000).only->bit_at(1039));
  CHECK_FALSE(air.at(1000).only->bit_at(1040));
  CHECK(air.at(1079).carrier);
  CHECK(air.at(1079).only == nullptr);
  CHECK(air.at(1080).only->start == 1040);
  CHECK_FALSE(air.at(1200).carrier);
  CHECK(air.next_start(0) == 1000);
  CHECK(air.next_start(1000) == 1040);
  CHECK(air.next_start(1040) == kNever);
  CHECK(air.next_start(999) == 1000);
}

TEST_CASE("a sender that is added between two others is heard in its place") {
  Air air;
  air.add({3000, 10, {1}});
  air.add({1000, 10, {2}});
  CHECK(air.at(3000).only->bytes[0] == 1);
  air.add({2000, 10, {3}});
  CHECK(air.at(2000).only->bytes[0] == 3);
  CHECK(air.next_start(1000) == 2000);
}

TEST_CASE("a frame goes out after preamble and synchron byte") {
  Air air;
  air.add_frame(0, {0xD4, 1});
  CHECK(air.at(0).only->bytes == std::vector<std::uint8_t>{0xAA, 0xAA, 0xAA, 0x2D, 0xD4, 1});
}

TEST_CASE("a file of frames is read line by line") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "packets.txt";
  std::ofstream(file) << "# two packets\n0.5  d4 01 00 ff00\n\n12.25\tD40100  # the second\n";
  const auto frames = read_air(file);
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].seconds == 0.5);
  CHECK(frames[0].bytes == std::vector<std::uint8_t>{0xD4, 1, 0, 0xFF, 0});
  CHECK(frames[1].seconds == 12.25);
  CHECK(frames[1].bytes.size() == 3);
}

TEST_CASE("what is wrong in a file of frames is named with file and line") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "packets.txt";
  const auto said = [&](const std::string& line) -> std::string {
    std::ofstream(file) << "1 d4\n" << line << "\n";
    try {
      static_cast<void>(read_air(file));
    } catch (const InputError& error) {
      return error.what();
    }
    return "nothing";
  };
  CHECK_THAT(said("soon d40100"), Contains("packets.txt:2: 'soon' is not a time"));
  CHECK_THAT(said("-1 d40100"), Contains("is not a time"));
  CHECK_THAT(said("nan d40100"), Contains("is not a time"));
  CHECK_THAT(said("1.0"), Contains("0 hex digits"));
  CHECK_THAT(said("1.0 d4010"), Contains("5 hex digits"));
  CHECK_THAT(said("1.0 d40g"), Contains("'0g' is not hex"));
  CHECK_THAT(said("1.0 " + std::string(600, '0')), Contains("300 bytes"));
  CHECK_THROWS_AS(read_air(folder.path() / "absent.txt"), InputError);
}

TEST_CASE("a file of packets may begin with a byte-order mark") {
  const TemporaryFolder folder;
  const auto frames = read_air(folder.file("air.txt",
                                           "\xEF\xBB\xBF"
                                           "1.5 d402010f0000\n"));
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].seconds == 1.5);
}
