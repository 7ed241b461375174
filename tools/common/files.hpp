// Files that the user names: read only if they are of the right kind, written only where nothing is lost.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tools/common/input_error.hpp"  // InputError: what all of these throw

namespace flm {

/// An errno in words: "no such file", "no permission", "is a folder", "is in no folder: a part of its path is
/// a file".
std::string reason(int error_number);

/// Throws InputError unless the file can be read and has a byte: what it is instead, and `allowed`, "a
/// scenario (.toml)".
void check_input(const std::filesystem::path&, std::string_view allowed);

/// Like check_input(), for a file of text: throws for a program, a picture or UTF-16, and names it so.
void check_text(const std::filesystem::path&, std::string_view allowed);
/// Name of what the bytes are instead of text, such as a picture; empty when they may be text.
std::string no_text(std::string_view bytes);

/// Throws InputError when there is something of that name.
void refuse_to_replace(const std::filesystem::path&);

/// A kind of file and how it is recognised, so that an output only replaces its own kind.
struct FileKind {
  std::string_view name;                         ///< "an HTML page"
  bool (*is)(std::string_view bytes) = nullptr;  ///< test of a file's first 64 KiB
  std::uintmax_t size = 0;                       ///< size of each file of this kind, bytes; 0: any
};
extern const FileKind html_page, value_change_dump, xml_file, eeprom_contents;  ///< an EEPROM has 512 bytes

/// The files of one command. First name all that it reads, then all that it writes, before the work begins.
///
///     FileUse files;
///     files.reads(scenario, "the scenario");
///     files.writes(report, "--report", html_page);  // throws when `report` is the scenario, by whatever
///     name
class FileUse {
 public:
  /// `what`: its name in messages, "the scenario". An empty path stands for no file.
  void reads(const std::filesystem::path&, std::string_view what);
  /// `option`: the option that named it, "--report". An empty path stands for no file. Throws InputError for
  /// a file that is read or written already, for one that is there and is not of that kind (an empty file is
  /// of every kind), for a folder or device, and for a place where nothing can be written.
  void writes(const std::filesystem::path&, std::string_view option, const FileKind&);

 private:
  struct Use {
    std::filesystem::path path;
    std::string what;
    bool written;
  };
  std::vector<Use> uses_;
};

/// Closed standard files (`<&-`, `>&-`) become ones that are at their end or cannot be written: else the next
/// file that is opened takes their place, and a program reads its answers from a board, or prints into one.
/// First thing in main().
void hold_standard_files();

/// Standard output is full, or closed.
class OutputFull : public InputError {
  using InputError::InputError;
};

/// Writes out what is printed. Throws OutputFull.
void flush_output();

}  // namespace flm
