// A file that appears under its name only when it is complete.
#pragma once
#include <sys/types.h>

#include <cstdio>
#include <filesystem>
#include <string_view>

namespace flm {

/// Writes to a temporary file beside the target; commit() renames it. Without commit() nothing stays. All
/// members throw InputError naming the target and the reason.
class AtomicFile {
 public:
  /// Creates the temporary file. Refuses a target that exists and is not a regular file (a directory, a
  /// device). `mode`: permissions of what it becomes, less the umask; 0600 for secrets.
  explicit AtomicFile(const std::filesystem::path& target, mode_t mode = 0666);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view text);
  void commit();
  /// Like commit(), and returns only when file and name are on the disk: a power cut leaves the old file or
  /// the new one, both whole.
  void commit_durably();

 private:
  [[noreturn]] void fail(int error_number) const;

  std::filesystem::path target_, temporary_;
  std::FILE* stream_ = nullptr;
};

}  // namespace flm
