#include "tools/mainboard/bus/lock.hpp"

#include <catch2/catch.hpp>

#include <fstream>

#include "tests/sim/temporary_folder.hpp"

using namespace flm;
using namespace flm::mainboard;
namespace fs = std::filesystem;

namespace {

/// A folder as /proc, with one process and one open file.
void process(const fs::path& processes, const std::string& number, const std::string& command,
             const fs::path& file) {
  fs::create_directories(processes / number);
  std::ofstream(processes / number / "cmdline", std::ios::binary) << command << '\0';
  if (file.empty()) return;  // its files cannot be looked at
  fs::create_directories(processes / number / "fd");
  fs::create_symlink(file, processes / number / "fd" / "5");
}

}  // namespace

TEST_CASE("the stock daemon that has a device is named") {
  const TemporaryFolder folder;
  const fs::path proc = folder.path();
  process(proc, "7", "/usr/sbin/cat", "/dev/spidev1.0");
  CHECK(stock_holder("/dev/spidev1.0", proc).empty());
  SECTION("by its open files, whatever runs the script") {
    const std::string command = GENERATE(as<std::string>(), "/usr/sbin/spid", "spid",
                                         std::string("/usr/bin/lua\0/usr/sbin/spid.lua\0-u", 35));
    process(proc, "681", command, "/dev/spidev1.0");
    CHECK(stock_holder("/dev/spidev1.0", proc) == "spid (process 681)");
    CHECK(stock_holder("/dev/spidev0.0", proc).empty());
  }
  SECTION("by the kind of device, where its files are for root only") {
    process(proc, "682", "/usr/sbin/parsed", "");
    CHECK(stock_holder("/dev/ttyS0", proc) == "parsed (process 682)");
    CHECK(stock_holder("/dev/spidev1.0", proc).empty());
  }
  SECTION("beside a process that ends meanwhile: its files can be opened, and not be read") {
    fs::create_directories(proc / "20" / "cmdline");  // a folder is so, too
    process(proc, "684", "/usr/sbin/spid", "/dev/spidev1.0");
    CHECK(stock_holder("/dev/spidev1.0", proc) == "spid (process 684)");
    CHECK(stock_holder("/dev/spidev0.0", proc).empty());
  }
  SECTION("a program that only has a stock name in a longer one") {
    process(proc, "683", "/usr/sbin/spidev_test", "/dev/spidev1.0");
    CHECK(stock_holder("/dev/spidev1.0", proc).empty());
  }
}
