// Files and folders below one root, as the history uses them. Paths are relative to it. The one place that
// tests replace.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace flm::history {

/// What a file system refuses: path and reason.
class DiskError : public std::runtime_error {
 public:
  DiskError(const std::string& path, int number);
  [[nodiscard]] int number() const { return number_; }  ///< errno
  [[nodiscard]] bool is_full() const;

 private:
  int number_;
};

class Disk {
 public:
  struct Entry {
    std::string name;
    bool is_folder = false;
    std::uint64_t size = 0;  ///< bytes
  };

  virtual ~Disk() = default;
  // All throw DiskError.
  virtual std::string read(const std::string& file) = 0;  ///< at most 16 MiB
  virtual std::vector<Entry> list(
      const std::string& folder) = 0;               ///< by name; of a folder that is not there: nothing
  virtual int create(const std::string& file) = 0;  ///< empty, for writing; its handle
  virtual std::size_t write(int file,
                            std::string_view bytes) = 0;  ///< bytes written: one at least, perhaps not all
  virtual void sync(int file) = 0;                        ///< returns when all that was written is safe
  virtual void close(int file) noexcept = 0;
  virtual void rename(const std::string& from, const std::string& to) = 0;  ///< replaces
  virtual void remove(const std::string& file) = 0;                         ///< no error when it is not there
  virtual void make_folder(const std::string& folder) = 0;                  ///< no error when it is there
  virtual void sync_folder(
      const std::string& folder) = 0;  ///< returns when the names in it are safe; "": the root
  virtual std::uint64_t free_bytes() = 0;

  /// A file that is there whole or not at all, also after a power cut: written beside, made safe, renamed,
  /// made safe. The folder exists.
  void write_whole(const std::string& file, std::string_view bytes);
  void write_all(int file, std::string_view bytes);
};

/// A folder of a real file system, held by one process at a time.
class PosixDisk : public Disk {
 public:
  /// Makes the folder when it is not there. Throws InputError when another process has it, or when it cannot
  /// be made or written.
  explicit PosixDisk(std::string root);
  ~PosixDisk() override;
  PosixDisk(const PosixDisk&) = delete;
  PosixDisk& operator=(const PosixDisk&) = delete;

  std::string read(const std::string& file) override;
  std::vector<Entry> list(const std::string& folder) override;
  int create(const std::string& file) override;
  std::size_t write(int file, std::string_view bytes) override;
  void sync(int file) override;
  void close(int file) noexcept override;
  void rename(const std::string& from, const std::string& to) override;
  void remove(const std::string& file) override;
  void make_folder(const std::string& folder) override;
  void sync_folder(const std::string& folder) override;
  std::uint64_t free_bytes() override;

 private:
  [[nodiscard]] std::string path(const std::string& name) const;
  std::string root_;
  int lock_ = -1;
};

}  // namespace flm::history
