// A file that appears under its name only when it is complete.
#pragma once
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace flm {

/// Writes to a temporary file beside the target; commit() renames it. Without commit() nothing stays. All
/// members throw InputError naming the target and the reason.
class AtomicFile {
 public:
  /// Creates the temporary file. Refuses a target that exists and is not a regular file (a directory, a
  /// device).
  explicit AtomicFile(const std::filesystem::path& target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view text);
  void commit();

 private:
  [[noreturn]] void fail(int error_number) const;

  std::filesystem::path target_, temporary_;
  std::FILE* stream_ = nullptr;
};

}  // namespace flm
