#include "tools/mainboard/link/meanings.hpp"

#include <fmt/format.h>

namespace flm::mainboard {
namespace {

std::string index_name(protocol::Index index) {
  switch (index) {
    case protocol::Index::clamp: return "CLAMP";
    case protocol::Index::sensor: return "SENSOR";
    case protocol::Index::port: return "PORT";
    default: return "";
  }
}

}  // namespace

const protocol::Property* find_property(char letter) {
  const std::size_t place = protocol::PropertyTable::find(letter);
  return place == protocol::PropertyTable::count ? nullptr : &protocol::PropertyTable::properties[place];
}

std::string subject_of(const Message& message) {
  const protocol::Property* row = find_property(message.letter);
  if (row == nullptr) return {message.verb, message.letter};
  const int number = message.index.value_or(0) + 1;
  switch (row->index) {
    case protocol::Index::none: return row->name;
    case protocol::Index::sensor: return fmt::format("sensor {} {}", number, row->name);
    case protocol::Index::clamp: return fmt::format("clamp {} {}", number, row->name);
    case protocol::Index::port: break;
  }
  return fmt::format("port {} {}", number, row->name);
}

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
      commands.push_back({std::string("g") + row.letter, index, row.name});
    if (row.access != protocol::Access::get)
      commands.push_back({std::string("s") + row.letter, index + (index.empty() ? values.substr(1) : values),
                          std::string("set ") + row.name});
  }
  for (const protocol::Report& row : protocol::ReportTable::reports)
    commands.push_back({std::string("g") + row.letter, index_name(row.index), row.name});
  commands.push_back({"ct", "", "save settings and counters"});
  return commands;
}

}  // namespace flm::mainboard
