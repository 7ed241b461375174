#include "sim/world/recording.hpp"

#include <catch2/catch.hpp>

#include "sim/scenario/scenario.hpp"
#include "tests/sim/temporary_folder.hpp"

using namespace flm;
using namespace flm::sim;

namespace {

std::vector<double> samples(const std::string& text, int channel, std::optional<double> rate = 1000.0) {
  const TemporaryFolder folder;
  return read_recording(folder.file("i.csv", text), channel, rate).samples;
}

std::string complaint(const std::string& text, int channel = 0, std::optional<double> rate = 1000.0) {
  const TemporaryFolder folder;
  const auto file = folder.file("i.csv", text);
  try {
    static_cast<void>(read_recording(file, channel, rate));
  } catch (const InputError& error) {
    return std::string(error.what()).substr(folder.path().string().size() + 1);
  }
  return {};
}

using Values = std::vector<double>;

}  // namespace

TEST_CASE("one column with decimal commas is read as such, below its name") {
  CHECK(samples("Stroom\n0,7071\n-1,25\n3\n", 0) == Values{0.7071, -1.25, 3.0});
}

TEST_CASE("semicolons or tabs between columns make a comma a decimal comma, with names or without") {
  CHECK(samples("Zeit;L1;L2\n0,000;1,5;2\n0,001;-0,25;4,125\n", 1) == Values{1.5, -0.25});
  CHECK(samples("0,5;7\n0,75; 8\n", 0) == Values{0.5, 0.75});
  CHECK(samples("t\tI\n0\t-0,125\n1\t+12,5\n", 1) == Values{-0.125, 12.5});
  CHECK(samples("0.5;7.25\n0.75;8\n", 1) == Values{7.25, 8.0});
  CHECK(samples("sep=;\n0,5;1,5\n0,75;2,5\n", 1) == Values{1.5, 2.5});
}

TEST_CASE("decimal commas in quotes, as spreadsheets write them between commas") {
  CHECK(samples("\"Zeit, s\",\"Strom\"\n\"0,000\",\"1,4142\"\n\"0,001\",\"-1\"\n", 1) ==
        Values{1.4142, -1.0});
}

TEST_CASE("a time column with decimal commas gives the rate") {
  const TemporaryFolder folder;
  const Recording r = read_recording(folder.file("i.csv", "0,0000;1\n0,0005;2\n0,0010;3\n"), 1, std::nullopt);
  CHECK(r.rate == Approx(2000.0));
  CHECK(r.samples == Values{1.0, 2.0, 3.0});
}

TEST_CASE("a byte-order mark is skipped before a number, a name, a comment and nothing") {
  const std::string mark = "\xEF\xBB\xBF";
  CHECK(samples(mark + "0.5\n0.75\n", 0) == Values{0.5, 0.75});
  CHECK(samples(mark + "I\n0.5\n0.75\n", 0) == Values{0.5, 0.75});
  CHECK(samples(mark + "# scope\r\n0.5\r\n0.75\r\n", 0) == Values{0.5, 0.75});
  CHECK(samples(mark + "\n0.5\n0.75\n", 0) == Values{0.5, 0.75});
  const TemporaryFolder folder;
  const auto edges = read_edges(folder.file("e.csv", mark + "1,5;0\n2;1\n"));
  REQUIRE(edges.size() == 2);
  CHECK(edges[0].time == 1.5);
  CHECK_FALSE(edges[0].level);
  CHECK(edges[1].level);
}

TEST_CASE("columns that are halves of numbers are refused, not replayed as a wrong current") {
  CHECK(complaint("Zeit,Strom\n0,000,1,414\n0,001,1,390\n") ==
        "i.csv:2: 4 columns where the first line has 2: a decimal comma?; allowed: as many in every line, "
        "and with decimal commas semicolons between them");
  CHECK(complaint("0,0000\n0,1110\n-1,0212\n") ==
        "i.csv:1: columns that look like halves of numbers: decimal commas? allowed: decimal points, "
        "semicolons between columns, or a line of names first");
  CHECK_THAT(complaint("12,5\n-3,25\n0,5\n"),
             Catch::StartsWith("i.csv:1: columns that look like halves of numbers"));
  CHECK_THAT(complaint("0,001,0,500\n0,002,0,625\n"),
             Catch::StartsWith("i.csv:1: columns that look like halves of numbers"));
  CHECK(complaint("0,5\n1\n1,5\n") ==
        "i.csv:2: 1 columns where the first line has 2: a decimal comma?; allowed: as many in every line, "
        "and with decimal commas semicolons between them");
  CHECK(complaint("0;1\n1;2;3\n") ==
        "i.csv:2: 3 columns where the first line has 2; allowed: as many in every line, and with decimal "
        "commas semicolons between them");
}

TEST_CASE("columns of whole numbers are no halves") {
  CHECK(samples("0,10\n1,20\n2,30\n", 1) == Values{10.0, 20.0, 30.0});
  CHECK(samples("0,100\n1,7\n2,1024\n", 1) == Values{100.0, 7.0, 1024.0});
  CHECK(samples("0,0\n1,1\n2,0\n", 1) == Values{0.0, 1.0, 0.0});
  CHECK(samples("-5,-3\n4,2\n", 0) == Values{-5.0, 4.0});
  CHECK(samples("a,b\n-5,3\n4,2\n", 0) == Values{-5.0, 4.0});
}

TEST_CASE("a field that is not a number is reported with its place, thousands' points too") {
  CHECK(complaint("I\n1.234,5\n") == "i.csv:2: column 0: '1.234,5' is not a number");
  CHECK(complaint("a;b\n1;2\n3;x\n") == "i.csv:3: column 1: 'x' is not a number");
  CHECK(complaint("I\n1,2,3\n") == "i.csv:2: column 0: '1,2,3' is not a number");
  CHECK(complaint(std::string("\xFF\xFE") + "1\n2\n") == "i.csv: is UTF-16; allowed: ASCII or UTF-8");
}
