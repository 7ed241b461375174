// For targets that read files: the input as a file, and what a reader may do with it.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "tests/fuzz/promise.hpp"
#include "tests/sim/temporary_folder.hpp"
#include "tools/common/input_error.hpp"

namespace flm::fuzz {

/// A folder in memory where there is one: there a file a run costs next to nothing, on a disk most of the
/// time.
inline const TemporaryFolder& folder() {
  static const bool in_memory =
      std::filesystem::is_directory("/dev/shm") && ::setenv("TMPDIR", "/dev/shm", 0) == 0;
  static_cast<void>(in_memory);
  static const TemporaryFolder folder;
  return folder;
}

/// The input in a file of that name.
inline std::filesystem::path file_of(const char* name, const std::string& content) {
  return folder().file(name, content);
}
inline std::filesystem::path file_of(const char* name, const std::uint8_t* data, std::size_t size) {
  return file_of(name, std::string(reinterpret_cast<const char*>(data), size));
}

/// The reader's result, or nothing where it complains as it should: an InputError that begins with the
/// file's name and says more. Any other exception ends the program.
template <class Read>
auto read_or_complain(const std::filesystem::path& file, Read read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const InputError& error) {
    const std::string what = error.what();
    promise(what.starts_with(file.string() + ":") && what.size() > file.string().size() + 5,
            "a complaint names the file, and says what is wrong", what);
    return std::nullopt;
  }
}

}  // namespace flm::fuzz
