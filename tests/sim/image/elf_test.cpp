#include "sim/image/elf/elf.hpp"

#include <catch2/catch.hpp>

#include <fstream>

#include "sim/scenario/scenario.hpp"
#include "tests/sim/image/probe_board.hpp"

using namespace flm::sim;
using namespace flm::sim::test;
using Catch::Matchers::Contains;

namespace {
std::filesystem::path file_with(const std::string& bytes) {
  const auto path = std::filesystem::temp_directory_path() / "openflm_elf_test.bin";
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}
}  // namespace

TEST_CASE("a file that is not an AVR program is refused by name, and with what is wrong") {
  CHECK_THROWS_WITH(ElfFile("/nowhere/image.elf"),
                    Contains("/nowhere/image.elf") && Contains("cannot be read"));
  CHECK_THROWS_WITH(ElfFile("/tmp"), Contains("cannot be read"));
  CHECK_THROWS_WITH(ElfFile(file_with("hello")),
                    Contains("openflm_elf_test.bin") && Contains("not an ELF file"));
  CHECK_THROWS_WITH(ElfFile(file_with("\x7f"
                                      "ELF")),
                    Contains("ends too early"));
  CHECK_THROWS_WITH(ElfFile("/proc/self/exe"), Contains("a different processor"));
  CHECK_THROWS_AS(ElfFile(file_with("hello")), InputError);
}

TEST_CASE("a program that was cut off is refused, at whatever length") {
  std::ifstream in(probe("hang"), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  REQUIRE(whole.size() > 500);
  for (std::size_t length = 4; length < whole.size(); length += 61) {
    try {
      const ElfFile cut(file_with(whole.substr(0, length)));
    } catch (const InputError&) {
      continue;
    }
    FAIL("a file cut off after " << length << " of " << whole.size() << " bytes was accepted");
  }
}

TEST_CASE("sizes and board come from the sections") {
  const ElfFile image(probe("hang"));
  CHECK(image.board() == "flm02b");
  CHECK(ElfFile(probe("adc")).board().empty());
  const ElfSizes sizes = read_sizes(probe("hang"));
  CHECK(sizes.ram == 10 + 7);  // data[10], zeros[7] of probes/hang.cpp; avr-ld may align
  CHECK(sizes.flash > 100);
  CHECK(sizes.flash < 400);
  CHECK(sizes.eeprom == 0);
}

TEST_CASE("an address is named with the function that it is in") {
  const ElfFile image(probe("hang"));
  CHECK_THAT(image.describe(0x90), Contains("0x0090 <"));
}
