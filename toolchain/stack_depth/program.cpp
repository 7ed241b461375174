#include "toolchain/stack_depth/program.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace flm::stack_depth {

void fail(const std::string& what) { throw std::runtime_error(what); }
std::string hex(Address address) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%x", address);
  return text;
}

std::string readable(const std::string& name) {
  for (const Source& source : sources)
    if (name == "__vector_" + std::to_string(source.vector)) return source.name;
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> whole(
      abi::__cxa_demangle(name.substr(0, name.find('.')).c_str(), nullptr, nullptr, &status), std::free);
  if (status != 0) return name;
  std::string text;
  int nested = 0;
  for (const char* at = whole.get(); *at != '\0' && !(nested == 0 && *at == '('); ++at) {
    if (*at == '<') ++nested;
    if (nested == 0) text += *at;
    if (*at == '>') --nested;
  }
  // The last two names.
  size_t start = text.rfind("::");
  if (start != std::string::npos && start > 0) start = text.rfind("::", start - 1);
  return start == std::string::npos ? text : text.substr(start + 2);
}

Program read_elf(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto number = [&](size_t at, int count) {
    if (at + static_cast<size_t>(count) > bytes.size()) fail("not an ELF file of an AVR, or cut short");
    uint32_t value = 0;
    for (int i = count - 1; i >= 0; --i)
      value = value << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
    return value;
  };
  const auto text = [&](size_t at) {
    std::string found;
    while (at < bytes.size() && bytes[at] != '\0') found += bytes[at++];
    return found;
  };
  if (number(0, 4) != 0x464C457F || number(18, 2) != 83) fail("not an ELF file of an AVR");

  Program program;
  const size_t sections = number(32, 4), entry = number(46, 2), count = number(48, 2);
  const auto field = [&](size_t section, size_t index) {
    return number(sections + section * entry + 4 * index, 4);
  };
  const size_t names = field(number(50, 2), 4);
  enum { name_of, type, flags, address, offset, size, link };
  constexpr uint32_t data_space = 0x800000, eeprom_space = 0x810000;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t start = field(i, address), length = field(i, size);
    const bool allocated = (field(i, flags) & 2) != 0;
    if (allocated && length > 0 && start < data_space && field(i, type) == 1) {
      if (start + length > 0x10000) fail("more than 64 KiB of code");
      program.words.resize(std::max<size_t>(program.words.size(), (start + length + 1) / 2));
      for (uint32_t at = 0; at + 1 < length; at += 2)
        program.words[(start + at) / 2] = static_cast<uint16_t>(number(field(i, offset) + at, 2));
    } else if (allocated && start >= data_space && start < eeprom_space) {
      program.ram_used += length;
    } else if (text(names + field(i, name_of)) == ".note.gnu.avr.deviceinfo") {
      const size_t facts = field(i, offset) + 16;
      program.ram_start = number(facts + 8, 4);
      program.ram_size = number(facts + 12, 4);
    } else if (field(i, type) == 2) {
      const size_t strings = field(field(i, link), offset);
      for (uint32_t at = 0; at < length; at += 16) {
        const size_t symbol = field(i, offset) + at;
        const uint32_t value = number(symbol + 4, 4), kind = number(symbol + 12, 1) & 15,
                       section = number(symbol + 14, 2);
        const std::string name = text(strings + number(symbol, 4));
        const bool weak = number(symbol + 12, 1) >> 4 == 2;
        if (weak && name.compare(0, 9, "__vector_") == 0)
          continue;  // avr-libc's, for an interrupt without a handler
        if (name.empty() || name[0] == '.' || kind > 2 || kind == 1 || section == 0 || section >= 0xFF00 ||
            value >= data_space)
          continue;
        auto [place, is_new] =
            program.symbols.try_emplace(value, Symbol{value + number(symbol + 8, 4), name, kind == 2});
        if (!is_new && kind == 2 && !place->second.function)
          place->second = {value + number(symbol + 8, 4), name, true};
      }
    }
  }
  if (program.words.empty() || program.ram_size == 0)
    fail("no code in it, or not a word of its controller's RAM");
  return program;
}

}  // namespace flm::stack_depth
