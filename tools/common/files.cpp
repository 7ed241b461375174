#include "tools/common/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace flm {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLookedAt = 65536;  ///< bytes

/// Begins with `start`, after blanks and a byte-order mark, in any case.
bool begins(std::string_view bytes, std::string_view start) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  while (!bytes.empty() && std::isspace(static_cast<unsigned char>(bytes.front())) != 0)
    bytes.remove_prefix(1);
  return bytes.size() >= start.size() &&
         std::equal(start.begin(), start.end(), bytes.begin(),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

std::string first_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes(kLookedAt, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

/// Links followed as far as there are files.
fs::path resolved(const fs::path& path) {
  std::error_code error;
  const fs::path result = fs::weakly_canonical(fs::absolute(path, error), error);
  return error ? path : result;
}

/// Also by a different name of it: a link of either sort.
bool same(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return resolved(a) == resolved(b) || (fs::equivalent(a, b, error) && !error);
}

[[noreturn]] void cannot_write(const fs::path& path, std::string_view why) {
  throw InputError(fmt::format("{}: cannot write: {}", path.string(), why));
}

void check_target(const fs::path& target, const fs::path& named, std::string_view option,
                  const FileKind& kind) {
  struct stat status {};
  if (stat(target.c_str(), &status) != 0) {
    if (errno != ENOENT) cannot_write(named, reason(errno));
    if (!named.has_filename()) cannot_write(named, "is the name of a folder");
    const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
    if (stat(folder.c_str(), &status) != 0)
      cannot_write(named,
                   errno == ENOENT ? fmt::format("there is no folder {}", folder.string()) : reason(errno));
    if (!S_ISDIR(status.st_mode)) cannot_write(named, fmt::format("{} is not a folder", folder.string()));
    if (access(folder.c_str(), W_OK | X_OK) != 0)
      cannot_write(named, fmt::format("folder {}: {}", folder.string(), reason(errno)));
    return;
  }
  if (S_ISDIR(status.st_mode)) cannot_write(named, reason(EISDIR));
  if (!S_ISREG(status.st_mode)) cannot_write(named, "not a regular file");
  if (access(target.c_str(), W_OK) != 0) cannot_write(named, reason(errno));
  if (access(target.parent_path().c_str(), W_OK | X_OK) != 0)
    cannot_write(named, fmt::format("folder {}: {}", target.parent_path().string(), reason(errno)));
  const auto size = static_cast<std::uintmax_t>(status.st_size);
  if (size == 0) return;
  const bool fits =
      (kind.size == 0 || kind.size == size) && (kind.is == nullptr || kind.is(first_bytes(target)));
  if (!fits)
    throw InputError(
        fmt::format("{}: is there and is not {}: {} does not replace it; allowed: a new name, or {}",
                    named.string(), kind.name, option, kind.name));
}

}  // namespace

const FileKind html_page = {"an HTML page", [](std::string_view bytes) {
                              return begins(bytes, "<!doctype html") || begins(bytes, "<html");
                            }};
const FileKind value_change_dump = {"a value change dump", [](std::string_view bytes) {
                                      return (begins(bytes, "$date") || begins(bytes, "$version") ||
                                              begins(bytes, "$timescale") || begins(bytes, "$comment")) &&
                                             bytes.find("$end") != bytes.npos;
                                    }};
const FileKind xml_file = {"JUnit XML", [](std::string_view bytes) {
                             return (begins(bytes, "<?xml") || begins(bytes, "<testsuite")) &&
                                    bytes.find("<testsuite") != bytes.npos;
                           }};
const FileKind eeprom_contents = {"an EEPROM's 512 bytes", nullptr, 512};

std::string reason(int error_number) {
  switch (error_number) {
    case ENOENT: return "no such file";
    case EACCES:
    case EPERM: return "no permission";
    case EISDIR: return "is a folder";
    case ENOTDIR: return "is in no folder: a part of its path is a file";
    case EROFS: return "the file system is read-only";
    case EBADF: return "is closed";
    default: return std::strerror(error_number);
  }
}

void check_input(const fs::path& path, std::string_view allowed) {
  const auto refuse = [&](const std::string& why) {
    throw InputError(fmt::format("{}: {}; allowed: {}", path.string(), why, allowed));
  };
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) refuse(reason(errno));
  struct stat status {};
  const bool known = fstat(file, &status) == 0;
  const int number = errno;
  close(file);
  if (!known) refuse(reason(number));
  if (S_ISDIR(status.st_mode)) refuse(reason(EISDIR));
  if (S_ISREG(status.st_mode) && status.st_size == 0) refuse("is empty");
}

std::string no_text(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) return "is UTF-16: save it as UTF-8";
  if (bytes.starts_with("\x7F"
                        "ELF"))
    return "is a program or an image, not text";
  if (bytes.find('\0') != bytes.npos) return "is not text";
  return {};
}

void check_text(const fs::path& path, std::string_view allowed) {
  check_input(path, allowed);
  if (!fs::is_regular_file(path)) return;  // A pipe is read once.
  if (const std::string what = no_text(first_bytes(path)); !what.empty())
    throw InputError(fmt::format("{}: {}; allowed: {}", path.string(), what, allowed));
}

void refuse_to_replace(const std::filesystem::path& path) {
  if (fs::exists(fs::symlink_status(path)))
    throw InputError(fmt::format("{}: is there already; allowed: a new file", path.string()));
}

void FileUse::reads(const fs::path& path, std::string_view what) {
  if (!path.empty()) uses_.push_back({path, std::string(what), false});
}

void FileUse::writes(const fs::path& path, std::string_view option, const FileKind& kind) {
  if (path.empty()) return;
  for (const Use& use : uses_) {
    if (!same(use.path, path)) continue;
    if (use.written)
      throw InputError(fmt::format("{}: {} and {} would write the same file; allowed: a name for each",
                                   path.string(), use.what, option));
    throw InputError(fmt::format("{}: is {}, which {} would overwrite; allowed: a different name",
                                 path.string(), use.what, option));
  }
  check_target(resolved(path), path, option, kind);
  uses_.push_back({path, std::string(option), true});
}

void hold_standard_files() {
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(file, F_GETFD) < 0)
      static_cast<void>(
          open("/dev/null", file == STDERR_FILENO ? O_WRONLY : O_RDONLY));  // The lowest number that is free.
}

void flush_output() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    const int number = errno;
    throw OutputFull(fmt::format("standard output: {}", number != 0 ? reason(number) : "cannot be written"));
  }
}

}  // namespace flm
