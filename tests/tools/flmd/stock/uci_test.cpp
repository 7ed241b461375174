#include "tools/flmd/stock/uci.hpp"

#include <catch2/catch.hpp>

using namespace flm;
using namespace flm::flmd;

TEST_CASE("a uci file is read in each way to write a value") {
  const uci::Package package = uci::parse("flukso",
                                          "# stock's\n\npackage flukso\r\n"
                                          "config settings main\n"
                                          "\toption hw_major 2   # bare\n"
                                          "\toption function 'it'\\''s ours'\n"
                                          "\toption exit_string \"no \\\"synchronisation\\\"\"\n"
                                          "config system\n"
                                          "\tlist port '1'\n\tlist port 2\n"
                                          "\toption last ''");
  REQUIRE(package.sections.size() == 2);
  const uci::Section* main = package.find("main");
  REQUIRE(main != nullptr);
  CHECK(main->type == "settings");
  CHECK(main->line == 4);
  CHECK(main->value("hw_major") == "2");
  CHECK(main->value("function") == "it's ours");
  CHECK(main->value("exit_string") == "no \"synchronisation\"");
  CHECK(main->find("exit_string")->line == 7);
  const uci::Section& system = package.sections[1];
  CHECK(system.name.empty());
  CHECK(system.find("port")->values == std::vector<std::string>{"1", "2"});
  CHECK(system.find("port")->is_list);
  CHECK(system.find("last")->values.front().empty());
}

TEST_CASE("what is written is read the same") {
  uci::Package package;
  uci::Section& sensor = package.section("sensor", "4");
  sensor.set("function", "it's \"\\ # ours");
  sensor.set_list("port", {"1", "2"});
  sensor.set("enable", "0");
  sensor.set("enable", "1");
  sensor.set("gone", "1");
  sensor.remove("gone");
  package.section("system", "").set("key", "");
  const std::string text = uci::text_of(package);
  const uci::Package again = uci::parse("flukso", text);
  CHECK(uci::text_of(again) == text);
  CHECK(again.find("4")->value("function") == "it's \"\\ # ours");
  CHECK(again.find("4")->value("enable") == "1");
  CHECK(again.find("4")->find("gone") == nullptr);
}

TEST_CASE("a uci file that is wrong is refused with its line, and with what is allowed") {
  const auto [text, complaint] = GENERATE(table<std::string, std::string>({
      {"option a 1\n", "flukso:1: option stands before any section; allowed: config first"},
      {"config a b\nconfig c b\n",
       "flukso:2: section 'b' stands in line 1 already; allowed: each section once"},
      {"config a b\n\toption c 1\n\toption c 2\n",
       "flukso:3: option 'c' stands in line 2 already; allowed: "},
      {"config a b\n\tlist c 1\n\toption c 2\n", "flukso:3: option 'c' stands in line 2 already; allowed: "},
      {"config a b\n\toption c\n", "flukso:2: option has 1 words after it; allowed: option NAME 'VALUE'"},
      {"config a b\n\toption c two words\n",
       "flukso:2: option has 3 words after it; allowed: option NAME 'VALUE'"},
      {"config a b\n\toption c 'open\n", "flukso:2: ' is not closed; allowed: a value that ends on its line"},
      {"config a b\n\toption c open\\", "flukso:2: the line ends with '\\'; allowed: "},
      {"config a ../b\n", "flukso:1: '../b' is no section's name; allowed: letters, digits and _"},
      {"config a b\n\toption c-d 1\n", "flukso:2: 'c-d' is no option's name; allowed: letters, digits and _"},
      {"config\n", "flukso:1: config has 0 words after it; allowed: "},
      {"board = \"flm02b\"\n", "flukso:1: 'board' begins no line; allowed: config, option, list"},
      {"config a b\n\toption c 'a\x01'\n", "flukso:2: has a control character; allowed: text"},
      {"config a b\n\toption c '\xFF'\n", "flukso:2: is no UTF-8; allowed: text in UTF-8"},
  }));
  CHECK_THROWS_WITH(uci::parse("flukso", text), Catch::StartsWith(complaint));
}

TEST_CASE("a file of more than a megabyte is no configuration") {
  CHECK_THROWS_WITH(uci::parse("flukso", std::string(uci::largest_file + 1, '\n')),
                    Catch::StartsWith("flukso: has 1048577 bytes; allowed: "));
}
