// protocol/README.md against the tables that it describes.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "protocol/commands.hpp"

using namespace flm::protocol;

namespace {

std::string readme() {
  std::ifstream file(FLM_SOURCE_DIR "/protocol/README.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const char* name(Index index) {
  return index == Index::clamp    ? "clamp"
         : index == Index::sensor ? "sensor"
         : index == Index::port   ? "port"
                                  : "board";
}

/// The beginning of a row: letter, what it is of, digits.
template <class Fields>
std::string row(char letter, Index index, const Fields& fields) {
  std::string text = std::string("| ") + letter + " | " + name(index) + " | [";
  for (const std::uint8_t digits : fields)
    if (digits != 0) text += (text.back() == '[' ? "" : " ") + std::to_string(digits);
  return text + "]";
}

/// The last column of a property: the feature that a board needs, and whether a stock board knows it.
std::string remark(const Property& property) {
  std::string text = property.needs == feature::port_configuration ? "port configuration"
                     : property.needs == feature::radio            ? "radio"
                                                                   : "";
  if (property.since == Since::openflm) text += text.empty() ? "extension" : ", extension";
  return text.empty() ? text : text + " ";
}

/// A row's last column.
std::string remark(const std::string& text, std::size_t place) {
  const std::string line = text.substr(place, text.find('\n', place) - place);
  const std::size_t last = line.rfind('|'), before = line.rfind('|', last - 1);
  return line.substr(before + 2, last - before - 2);
}

}  // namespace

TEST_CASE(
    "protocol/README.md has a row for every property and every report, with its digits, and marks "
    "extensions") {
  const std::string text = readme();
  REQUIRE_FALSE(text.empty());
  for (const Property& property : PropertyTable::properties) {
    const std::size_t place = text.find(row(property.letter, property.index, property.field_digits));
    CAPTURE(property.letter);
    REQUIRE(place != text.npos);
    CHECK(remark(text, place) == remark(property));
  }
  for (const Report& report : ReportTable::reports) {
    const std::size_t place = text.find(row(report.letter, report.index, report.field_digits));
    CAPTURE(report.letter);
    REQUIRE(place != text.npos);
    CHECK(remark(text, place) == (report.extension ? "extension " : ""));
  }
}
