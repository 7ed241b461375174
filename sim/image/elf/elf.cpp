#include "sim/image/elf/elf.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include "tools/common/input_error.hpp"

namespace flm::sim {

void ElfFile::refuse(const std::string& why) const {
  throw InputError(fmt::format("{}: {}", path_.string(), why));
}

std::string_view ElfFile::bytes(std::uint64_t offset, std::uint64_t size) const {
  if (offset > data_.size() || size > data_.size() - offset) refuse("an ELF file that ends too early");
  return std::string_view(data_).substr(offset, size);
}

template <class T>
T ElfFile::at(std::uint64_t offset) const {
  T value;
  std::memcpy(&value, bytes(offset, sizeof value).data(), sizeof value);
  return value;
}

std::string ElfFile::text(std::string_view strings, std::uint32_t offset) const {
  if (offset >= strings.size()) return {};
  const std::string_view rest = strings.substr(offset);
  return std::string(rest.substr(0, rest.find('\0')));
}

ElfFile::ElfFile(const std::filesystem::path& file) : path_(file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file)) refuse("cannot be read; an AVR image (.elf) is needed");
  data_.assign(std::istreambuf_iterator<char>(in), {});
  if (data_.size() < SELFMAG || std::memcmp(data_.data(), ELFMAG, SELFMAG) != 0) refuse("is not an ELF file");
  if (data_.size() < sizeof(Elf32_Ehdr)) refuse("an ELF file that ends too early");
  const auto header = at<Elf32_Ehdr>(0);
  if (header.e_ident[EI_CLASS] != ELFCLASS32 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != EM_AVR)
    refuse("is an ELF file for a different processor, not for an AVR");

  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto segment = at<Elf32_Phdr>(header.e_phoff + std::uint64_t{i} * header.e_phentsize);
    if (segment.p_type == PT_LOAD && segment.p_filesz > 0)
      segments_.push_back({"", segment.p_paddr, segment.p_memsz, bytes(segment.p_offset, segment.p_filesz)});
  }

  std::vector<Elf32_Shdr> headers;
  for (unsigned i = 0; i < header.e_shnum; ++i)
    headers.push_back(at<Elf32_Shdr>(header.e_shoff + std::uint64_t{i} * header.e_shentsize));
  if (headers.empty()) return;
  if (header.e_shstrndx >= headers.size()) refuse("an ELF file whose section names are missing");
  const auto contents = [&](const Elf32_Shdr& section) { return bytes(section.sh_offset, section.sh_size); };
  const std::string_view names = contents(headers[header.e_shstrndx]);
  for (const Elf32_Shdr& section : headers) {
    const bool empty = section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL;
    sections_.push_back({text(names, section.sh_name), section.sh_addr, section.sh_size,
                         empty ? std::string_view() : contents(section)});
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= headers.size()) continue;
    const std::string_view strings = contents(headers[section.sh_link]);
    for (std::uint32_t offset = 0; offset + sizeof(Elf32_Sym) <= section.sh_size;
         offset += sizeof(Elf32_Sym)) {
      const auto symbol = at<Elf32_Sym>(section.sh_offset + offset);
      const bool code =
          ELF32_ST_TYPE(symbol.st_info) == STT_FUNC || ELF32_ST_BIND(symbol.st_info) == STB_GLOBAL;
      if (code && symbol.st_shndx != SHN_ABS && symbol.st_shndx != SHN_UNDEF && symbol.st_value < ram_base)
        symbols_.push_back({symbol.st_value, text(strings, symbol.st_name)});
    }
  }
  std::sort(symbols_.begin(), symbols_.end(),
            [](const Symbol& a, const Symbol& b) { return a.address < b.address; });
}

std::string ElfFile::board() const {
  for (const ElfPart& section : sections_)
    if (section.name == ".flm_board")
      return std::string(section.contents.substr(0, section.contents.find('\0')));
  return {};
}

ElfSizes ElfFile::sizes() const {
  ElfSizes sizes;
  for (const ElfPart& section : sections_) {
    const std::string& name = section.name;
    if (name == ".text" || name == ".data") sizes.flash += section.size;
    if (name == ".data" || name == ".bss" || name == ".noinit") sizes.ram += section.size;
    if (name == ".eeprom") sizes.eeprom += section.size;
  }
  return sizes;
}

std::string ElfFile::describe(std::uint32_t flash_address) const {
  const auto after =
      std::upper_bound(symbols_.begin(), symbols_.end(), flash_address,
                       [](std::uint32_t address, const Symbol& symbol) { return address < symbol.address; });
  if (after == symbols_.begin()) return fmt::format("0x{:04x}", flash_address);
  const Symbol& symbol = *std::prev(after);
  return fmt::format("0x{:04x} <{}+0x{:x}>", flash_address, symbol.name, flash_address - symbol.address);
}

ElfSizes read_sizes(const std::filesystem::path& elf) { return ElfFile(elf).sizes(); }

}  // namespace flm::sim
