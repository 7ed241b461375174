// LEDs on a file tree that stands for /sys/class/leds.
#include "tools/flmd/device/led.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <vector>

namespace flm::flmd {
namespace {

namespace fs = std::filesystem;

struct Tree {
  Tree() {
    char name[] = "/tmp/flm_led_XXXXXX";
    folder = mkdtemp(name);
  }
  ~Tree() { fs::remove_all(folder); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  void put(const char* file, const char* text) const { std::ofstream(folder / file) << text; }
  [[nodiscard]] std::string read(const char* file) const {
    std::string text;
    std::getline(std::ifstream(folder / file), text);
    return text;
  }
  void make_led() const {
    put("trigger", "heartbeat");
    put("brightness", "7");
  }

  fs::path folder;
};

TEST_CASE("an LED goes on and off, and the kernel's trigger no longer moves it") {
  const Tree tree;
  tree.make_led();
  Led led(tree.folder, [](const std::string& line) { FAIL(line); });
  led.set(true);
  CHECK(tree.read("trigger") == "none");
  CHECK(tree.read("brightness") == "1");
  led.set(false);
  CHECK(tree.read("brightness") == "0");
}

TEST_CASE("an LED that is not there is said once, makes no file, and works when it comes") {
  const Tree tree;
  std::vector<std::string> lines;
  Led led(tree.folder, [&](const std::string& line) { lines.push_back(line); });
  led.set(true);
  led.set(false);
  led.set(true);
  CHECK(lines == std::vector{"LED " + tree.folder.string() +
                             ": trigger: No such file or directory; it is tried again"});
  CHECK(fs::is_empty(tree.folder));
  tree.make_led();
  led.set(true);
  CHECK(tree.read("brightness") == "1");
}

TEST_CASE("without a path there is no LED, and nothing is said") {
  Led led({}, [](const std::string& line) { FAIL(line); });
  led.set(true);
}

TEST_CASE("an interface is up when the kernel says so, and not when it is down or absent") {
  const Tree tree;
  tree.put("operstate", "up\n");
  CHECK(interface_up(tree.folder / "operstate"));
  tree.put("operstate", "dormant\n");
  CHECK_FALSE(interface_up(tree.folder / "operstate"));
  CHECK_FALSE(interface_up(tree.folder / "absent"));
}

}  // namespace
}  // namespace flm::flmd
