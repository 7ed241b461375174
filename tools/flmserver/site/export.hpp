// All of an account as one file.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tools/flmserver/accounts/accounts.hpp"

namespace flm::server {

/// A file of files: ustar (POSIX.1-1988), which every tar reads. It grows on the disk, not in memory, and is
/// gone when nobody looks at it any more.
class TarFile {
 public:
  /// Throws std::runtime_error where no file can be made.
  TarFile();
  ~TarFile();
  TarFile(const TarFile&) = delete;
  TarFile& operator=(const TarFile&) = delete;

  /// `path`: up to 99 bytes, relative. Throws std::runtime_error where the disk is full.
  void add(std::string_view path, std::string_view content, std::int64_t time);

  struct Content {
    std::string_view bytes;
    std::shared_ptr<const void> owner;  ///< of the bytes
  };
  /// All of it, and its end.
  Content finish();

 private:
  void write(std::string_view);
  int file_;
  std::size_t size_ = 0;
};

/// What an account has:
///
///     account.json                           name, settings, devices, tokens, whom it follows
///     config/<device>.json                   what the device said of its sensors, by their numbers
///     sensor/<sid>/<rid>/<level>/<bid>.gz    readings: TMPO blocks (tools/history/README.md)
///     sensor/<sid>/<rid>/newest.csv          those that are in no block yet: Unix s, value
void write_account(TarFile&, Database&, const Account&, std::int64_t now);

}  // namespace flm::server
