#include "tools/common/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tools/common/input_error.hpp"

namespace flm {

AtomicFile::AtomicFile(const std::filesystem::path& target, mode_t mode) {
  std::error_code error;
  // A symbolic link keeps pointing where it did: its destination is what is replaced.
  target_ = std::filesystem::weakly_canonical(target, error);
  if (error) target_ = target;
  if (std::filesystem::exists(target_, error) && !std::filesystem::is_regular_file(target_, error))
    throw InputError(fmt::format("{}: cannot write: not a regular file", target.string()));

  std::string name = target_.string() + ".XXXXXX";
  const int descriptor = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) fail(errno);
  temporary_ = name;
  // mkstemp makes private files; what it becomes has the permissions that any new file gets.
  const mode_t mask = umask(0);
  umask(mask);
  fchmod(descriptor, mode & ~mask);
  stream_ = fdopen(descriptor, "wb");
  if (stream_ == nullptr) {
    const int number = errno;
    close(descriptor);
    std::filesystem::remove(temporary_, error);
    fail(number);
  }
}

AtomicFile::~AtomicFile() {
  if (stream_ != nullptr) std::fclose(stream_);
  std::error_code error;
  if (!temporary_.empty()) std::filesystem::remove(temporary_, error);
}

void AtomicFile::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stream_) != text.size()) fail(errno);
}

void AtomicFile::commit() {
  std::FILE* stream = stream_;
  stream_ = nullptr;
  if (std::fclose(stream) != 0) fail(errno);
  std::error_code error;
  std::filesystem::rename(temporary_, target_, error);
  if (error) fail(error.value());
  temporary_.clear();
}

void AtomicFile::commit_durably() {
  if (std::fflush(stream_) != 0 || fsync(fileno(stream_)) != 0) fail(errno);
  const std::filesystem::path folder = target_.parent_path();
  commit();
  const int descriptor = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail(errno);
  // Not all file systems synchronise a folder; those need not.
  const int error_number = fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno;
  close(descriptor);
  if (error_number != 0) fail(error_number);
}

void AtomicFile::fail(int error_number) const {
  throw InputError(fmt::format("{}: cannot write: {}", target_.string(), std::strerror(error_number)));
}

}  // namespace flm
