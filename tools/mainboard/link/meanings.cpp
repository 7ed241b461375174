#include "tools/mainboard/link/meanings.hpp"

#include <algorithm>

#include "protocol/commands.hpp"

namespace flm::ctl {
namespace {

struct Meaning {
  char letter;
  const char* text;
};

constexpr Meaning properties[] = {{'h', "hardware version"},
                                  {'s', "software version"},
                                  {'e', "enabled"},
                                  {'p', "sensors of ports 1 to 6"},
                                  {'c', "counter"},
                                  {'m', "meter constant"},
                                  {'f', "thousandths"},
                                  {'w', "watchdog resets"},
                                  {'b', "power failures"},
                                  {'k', "lines"},
                                  {'i', "LED"},
                                  {'g', "radio group"},
                                  {'y', "radio rate"},
                                  {'q', "port 6"},
                                  {'t', "time constant"},
                                  {'n', "noise"},
                                  {'o', "offset"},
                                  {'j', "debounce"}};

constexpr Meaning reports[] = {
    {'d', "sensors that changed"}, {'a', "last second, raw"}, {'r', "reset cause, up-time, state"},
    {'x', "errors since reset"},   {'z', "smart meter"},      {'v', "firmware version"}};

template <std::size_t Count>
std::string find(const Meaning (&list)[Count], char letter) {
  const auto found =
      std::find_if(std::begin(list), std::end(list), [&](const Meaning& m) { return m.letter == letter; });
  return found == std::end(list) ? std::string(1, letter) : found->text;
}

std::string index_name(protocol::Index index) {
  switch (index) {
    case protocol::Index::clamp: return "CLAMP";
    case protocol::Index::sensor: return "SENSOR";
    case protocol::Index::port: return "PORT";
    default: return "";
  }
}

}  // namespace

std::string meaning_of_property(char letter) { return find(properties, letter); }
std::string meaning_of_report(char letter) { return find(reports, letter); }

std::string meaning_of_reset(std::uint32_t cause) {
  constexpr const char* names[] = {"power on", "external", "brown-out", "watchdog"};
  std::string causes;
  for (std::size_t bit = 0; bit < std::size(names); ++bit)
    if ((cause >> bit & 1) != 0) causes += (causes.empty() ? "" : ", ") + std::string(names[bit]);
  return causes.empty() ? "unknown" : causes;
}

std::vector<CommandHelp> link_commands() {
  std::vector<CommandHelp> commands;
  for (const protocol::Property& row : protocol::PropertyTable::properties) {
    const std::string index = index_name(row.index);
    std::string values;
    for (const std::uint8_t digits : row.field_digits)
      if (digits != 0) values += " N";
    if (row.access != protocol::Access::set)
      commands.push_back({std::string("g") + row.letter, index, meaning_of_property(row.letter)});
    if (row.access != protocol::Access::get)
      commands.push_back({std::string("s") + row.letter, index + (index.empty() ? values.substr(1) : values),
                          "set " + meaning_of_property(row.letter)});
  }
  for (const protocol::Report& row : protocol::ReportTable::reports)
    commands.push_back({std::string("g") + row.letter, index_name(row.index), meaning_of_report(row.letter)});
  commands.push_back({"ct", "", "save settings and counters"});
  return commands;
}

}  // namespace flm::ctl
