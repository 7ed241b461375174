// AVR ELF files: what an image holds, for which board it is, and how large it is.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace flm::sim {

/// Sizes of a program in the ATmega168P's 16 KiB flash, 1 KiB RAM and 512 B EEPROM, from its section
/// headers.
struct ElfSizes {
  std::uint32_t flash = 0;   ///< .text + .data, in bytes
  std::uint32_t ram = 0;     ///< .data + .bss + .noinit: static RAM, without the stack
  std::uint32_t eeprom = 0;  ///< .eeprom
};

/// A section or segment as avr-ld lays it out.
struct ElfPart {
  std::string name;           ///< a section's name; empty for a segment
  std::uint32_t address = 0;  ///< a section's run address, a segment's load address
  std::uint32_t size = 0;     ///< bytes in memory
  std::string_view contents;  ///< bytes in the file; empty for .bss
};

/// An AVR ELF file, read into memory. avr-ld places RAM at 0x800000 and EEPROM at 0x810000.
class ElfFile {
 public:
  static constexpr std::uint32_t ram_base = 0x800000, eeprom_base = 0x810000, eeprom_end = 0x820000;

  /// Throws InputError: the file is missing, not an ELF file, not for AVR or cut off.
  explicit ElfFile(const std::filesystem::path& file);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const std::vector<ElfPart>& sections() const { return sections_; }
  /// Parts that are loaded: flash below ram_base, EEPROM from eeprom_base.
  [[nodiscard]] const std::vector<ElfPart>& segments() const { return segments_; }
  /// Contents of the section .flm_board, which names the image's board; empty when there is none.
  [[nodiscard]] std::string board() const;
  [[nodiscard]] ElfSizes sizes() const;
  /// "0x01a4 <main+0x12>": a byte address in flash with the symbol before it.
  [[nodiscard]] std::string describe(std::uint32_t flash_address) const;

 private:
  struct Symbol {
    std::uint32_t address;
    std::string name;
  };
  [[noreturn]] void refuse(const std::string& why) const;
  template <class T>
  [[nodiscard]] T at(std::uint64_t offset) const;
  [[nodiscard]] std::string_view bytes(std::uint64_t offset, std::uint64_t size) const;
  [[nodiscard]] std::string text(std::string_view strings, std::uint32_t offset) const;

  std::filesystem::path path_;
  std::string data_;
  std::vector<ElfPart> sections_, segments_;
  std::vector<Symbol> symbols_;  ///< code, by address
};

/// Sizes of a program from its ELF file; throws InputError as ElfFile does.
ElfSizes read_sizes(const std::filesystem::path& elf);

}  // namespace flm::sim
