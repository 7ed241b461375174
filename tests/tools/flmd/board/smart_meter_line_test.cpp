// A smart meter's line on a pseudo terminal, which is pulled and plugged in again.
#include "tools/flmd/board/smart_meter_line.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/sim/temporary_folder.hpp"

using namespace flm;
using namespace flm::flmd;
using namespace std::chrono_literals;
using Catch::Matchers::EndsWith;

namespace {

/// The meter's end of a line, plugged in under a name that stays.
class Cable {
 public:
  explicit Cable(std::filesystem::path device)
      : device_(std::move(device)), end_(posix_openpt(O_RDWR | O_NOCTTY)) {
    REQUIRE(end_ >= 0);
    REQUIRE(grantpt(end_) == 0);
    REQUIRE(unlockpt(end_) == 0);
    std::filesystem::create_symlink(ptsname(end_), device_);
  }
  ~Cable() {
    std::filesystem::remove(device_);
    ::close(end_);
  }
  Cable(const Cable&) = delete;
  Cable& operator=(const Cable&) = delete;
  void say(const std::string& bytes) const {
    REQUIRE(write(end_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }

 private:
  std::filesystem::path device_;
  int end_;
};

std::string heard(mainboard::MeterLine& line, std::size_t bytes) {
  std::string all;
  for (int tries = 0; all.size() < bytes && tries < 200; ++tries) {
    all += line.read();
    std::this_thread::sleep_for(5ms);
  }
  return all;
}

}  // namespace

TEST_CASE("a smart meter's line that is pulled is said once, and heard again when it is back") {
  const TemporaryFolder folder;
  mainboard::Port port;
  port.meter = folder.path() / "meter";
  std::vector<std::string> notes;
  std::string overheard_bytes;
  const auto line = overheard(patient_meter_line(
                                  port, [&](std::string note) { notes.push_back(std::move(note)); }, 20ms),
                              [&](std::string bytes) { overheard_bytes += bytes; });
  // Absent from the start: the board is not hindered, and one line is written.
  for (int i = 0; i < 10; ++i) {
    CHECK(line->read().empty());
    std::this_thread::sleep_for(10ms);
  }
  REQUIRE(notes.size() == 1);
  CHECK_THAT(notes[0], Catch::StartsWith(port.meter + ": no such device") &&
                           EndsWith("; the smart meter's line is tried again every 0 s"));
  for (int times = 0; times < 2; ++times) {
    notes.clear();
    {
      const Cable cable(port.meter);
      for (int i = 0; i < 50 && notes.empty(); ++i) {
        CHECK(line->read().empty());
        std::this_thread::sleep_for(5ms);
      }
      CHECK(notes == std::vector<std::string>{port.meter + ": the smart meter's line is back"});
      cable.say("/ISk5 x\n");
      CHECK(heard(*line, 8) == "/ISk5 x\n");
    }
    notes.clear();
    for (int i = 0; i < 10; ++i) {
      CHECK(line->read().empty());
      std::this_thread::sleep_for(10ms);
    }
    REQUIRE(notes.size() == 1);
    CHECK_THAT(notes[0], Catch::StartsWith(port.meter + ": the smart meter's line has gone; "));
  }
  CHECK(overheard_bytes == "/ISk5 x\n/ISk5 x\n");
}
