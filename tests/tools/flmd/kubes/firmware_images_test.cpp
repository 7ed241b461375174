#include "tools/flmd/kubes/firmware_images.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "tests/sim/temporary_folder.hpp"

using namespace flm;
using namespace flm::flmd;

namespace {

constexpr const char* end_record = ":00000001FF\n";

/// A data record of Intel HEX.
std::string record(int address, const std::vector<int>& bytes) {
  std::string text = fmt::format(":{:02X}{:04X}00", bytes.size(), address);
  int sum = static_cast<int>(bytes.size()) + address / 256 + address % 256;
  for (const int byte : bytes) {
    text += fmt::format("{:02X}", byte);
    sum += byte;
  }
  return text + fmt::format("{:02X}\n", (256 - sum % 256) % 256);
}

std::string complaint(const TemporaryFolder& folder, const std::string& text) {
  try {
    (void)read_image(folder.file("flk01a-1.hex", text));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("an image is what its file says, filled to 16 bytes as erased flash is") {
  const TemporaryFolder folder;
  const auto image = read_image(folder.file("a.hex", record(0, {1, 2}) + record(4, {5}) + end_record));
  CHECK(image == std::vector<std::uint8_t>{1, 2, 0xFF, 0xFF, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                           0xFF, 0xFF, 0xFF, 0xFF});
  FirmwareImage text{1, {'1', '2', '3', '4', '5', '6', '7', '8', '9'}};
  CHECK(text.crc() == 0x4B37);  // CRC-16/MODBUS of "123456789": the same polynomial from 0xFFFF
}

TEST_CASE("a damaged or too large image is refused with its line") {
  const TemporaryFolder folder;
  const std::string good = record(0, {1, 2, 3, 4});
  std::string wrong = good;
  wrong[10] = '9';
  CHECK_THAT(complaint(folder, good + wrong + end_record), Catch::Contains("flk01a-1.hex:2: is damaged"));
  CHECK_THAT(complaint(folder, good), Catch::Contains("it is cut"));
  CHECK_THAT(complaint(folder, end_record), Catch::Contains("has no bytes"));
  CHECK_THAT(complaint(folder, "hello\n"), Catch::Contains(":1: is damaged"));
  CHECK_THAT(complaint(folder, ":02000004\n"), Catch::Contains(":1: is damaged"));
  CHECK(complaint(folder, record(static_cast<int>(image_max) - 1, {1}) + end_record).empty());
  CHECK_THAT(complaint(folder, record(static_cast<int>(image_max), {1}) + end_record),
             Catch::Contains("reaches to address 28673; allowed: 28672 bytes"));
  CHECK_THAT(complaint(folder, ":020000040001F9\n"), Catch::Contains("goes on above 64 KiB"));
}

TEST_CASE("the newest image that can be read is offered, and the others are complained of") {
  const TemporaryFolder folder;
  std::vector<std::string> complaints;
  const FirmwareImages images(folder.path(), [&](const std::string& line) { complaints.push_back(line); });
  CHECK(images.newest("flk01a").version == 0);
  folder.file("flk01a-2.hex", record(0, {2}) + end_record);
  folder.file("flk01a-10.hex", record(0, {10}) + end_record);
  folder.file("flk01b-99.hex", record(0, {99}) + end_record);
  CHECK(images.newest("flk01a").version == 10);
  CHECK(complaints.empty());
  folder.file("flk01a-11.hex", record(0, {11}));
  CHECK(images.newest("flk01a").version == 10);
  REQUIRE(complaints.size() == 1);
  CHECK_THAT(complaints[0],
             Catch::Contains("flk01a-11.hex") && Catch::Contains("it is not offered to kubes"));
  folder.file("flk01a-70000.hex", record(0, {1}) + end_record);
  CHECK(images.newest("flk01a").version == 10);
  CHECK_THAT(complaints[1], Catch::Contains("flk01a-70000.hex: has no version"));
}
