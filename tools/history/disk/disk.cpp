#include "tools/history/disk/disk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "tools/common/files.hpp"
#include "tools/common/input_error.hpp"

namespace flm::history {
namespace {

constexpr off_t longest_file = 16 << 20;  ///< bytes: what the stock server takes

/// A handle that is closed.
class Handle {
 public:
  explicit Handle(int number) : number_(number) {}
  ~Handle() {
    if (number_ >= 0) ::close(number_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

DiskError::DiskError(const std::string& path, int number)
    : std::runtime_error(fmt::format("{}: {}", path, reason(number))), number_(number) {}

bool DiskError::is_full() const { return number_ == ENOSPC || number_ == EDQUOT; }

void Disk::write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) bytes.remove_prefix(write(file, bytes));
}

void Disk::write_whole(const std::string& file, std::string_view bytes) {
  const std::string beside = "new";
  const int handle = create(beside);
  try {
    write_all(handle, bytes);
    sync(handle);
  } catch (...) {
    close(handle);
    throw;
  }
  close(handle);
  rename(beside, file);
  const std::size_t folder = file.rfind('/');
  sync_folder(folder == file.npos ? "" : file.substr(0, folder));
}

PosixDisk::PosixDisk(std::string root) : root_(std::move(root)) {
  std::error_code error;
  std::filesystem::create_directories(root_, error);
  const std::string lock = path("lock");
  lock_ = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) throw InputError(fmt::format("{}: cannot keep a history: {}", root_, reason(errno)));
  if (flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
  const int number = errno;
  ::close(lock_);
  throw InputError(
      number == EWOULDBLOCK
          ? fmt::format("{}: another process keeps its history here; allowed: one at a time", root_)
          : fmt::format("{}: {}", lock, reason(number)));
}

PosixDisk::~PosixDisk() { ::close(lock_); }

std::string PosixDisk::path(const std::string& name) const {
  return name.empty() ? root_ : root_ + "/" + name;
}

std::string PosixDisk::read(const std::string& file) {
  const std::string name = path(file);
  const Handle handle(open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (handle.number() < 0 || fstat(handle.number(), &status) != 0) throw DiskError(name, errno);
  if (!S_ISREG(status.st_mode)) throw DiskError(name, EISDIR);
  if (status.st_size > longest_file) throw DiskError(name, EFBIG);
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t count = ::read(handle.number(), bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw DiskError(name, errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  bytes.resize(size);
  return bytes;
}

std::vector<Disk::Entry> PosixDisk::list(const std::string& folder) {
  const std::string name = path(folder);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(name.c_str()), closedir);
  if (!stream) {
    if (errno == ENOENT) return {};
    throw DiskError(name, errno);
  }
  std::vector<Entry> entries;
  errno = 0;
  while (const dirent* const found = readdir(stream.get())) {
    const std::string entry = found->d_name;
    struct stat status {};
    if (entry != "." && entry != ".." &&
        fstatat(dirfd(stream.get()), found->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
      entries.push_back({entry, S_ISDIR(status.st_mode), static_cast<std::uint64_t>(status.st_size)});
    errno = 0;
  }
  if (errno != 0) throw DiskError(name, errno);
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

int PosixDisk::create(const std::string& file) {
  const std::string name = path(file);
  const int handle = open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (handle < 0) throw DiskError(name, errno);
  return handle;
}

std::size_t PosixDisk::write(int file, std::string_view bytes) {
  for (;;) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) throw DiskError(root_, ENOSPC);
    if (errno != EINTR) throw DiskError(root_, errno);
  }
}

void PosixDisk::sync(int file) {
  if (fdatasync(file) != 0) throw DiskError(root_, errno);
}

void PosixDisk::close(int file) noexcept { ::close(file); }

void PosixDisk::rename(const std::string& from, const std::string& to) {
  if (::rename(path(from).c_str(), path(to).c_str()) != 0) throw DiskError(path(to), errno);
}

void PosixDisk::remove(const std::string& file) {
  if (unlink(path(file).c_str()) != 0 && errno != ENOENT) throw DiskError(path(file), errno);
}

void PosixDisk::make_folder(const std::string& folder) {
  if (mkdir(path(folder).c_str(), 0755) != 0 && errno != EEXIST) throw DiskError(path(folder), errno);
}

void PosixDisk::sync_folder(const std::string& folder) {
  const std::string name = path(folder);
  const Handle handle(open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.number() < 0 || fsync(handle.number()) != 0) throw DiskError(name, errno);
}

std::uint64_t PosixDisk::free_bytes() {
  struct statvfs status {};
  if (statvfs(root_.c_str(), &status) != 0) throw DiskError(root_, errno);
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace flm::history
