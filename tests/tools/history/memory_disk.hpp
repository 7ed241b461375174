// A disk in memory that fails, writes less than it is asked, and loses power: with what was not made safe
// gone, or there in part.
#pragma once
#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tools/history/disk/disk.hpp"

namespace flm::history::test {

class MemoryDisk : public Disk {
 public:
  /// Called before each operation that changes something, and in the middle of each write; may look at
  /// after_cut().
  std::function<void(const char* operation, const std::string& path)> watch;
  /// errno with which an operation fails; 0: it does not.
  std::function<int(const char* operation, const std::string& path)> fail;
  bool writes_little = false;  ///< at most seven bytes at a time
  std::uint64_t free = std::uint64_t{1} << 40;
  std::uint64_t bytes_written = 0, pages_written = 0, syncs = 0, operations = 0;

  /// What a power cut now leaves, by a dice's numbers: only what is safe, everything, names without contents,
  /// or part of each.
  [[nodiscard]] std::unique_ptr<MemoryDisk> after_cut(const std::function<unsigned(unsigned)>& below) const {
    auto left = std::make_unique<MemoryDisk>();
    const unsigned kind = below(4);
    left->safe_ = safe_;
    const std::size_t applied = kind == 0   ? 0
                                : kind == 2 ? below(static_cast<unsigned>(pending_.size() + 1))
                                            : pending_.size();
    for (std::size_t i = 0; i < applied; ++i) apply(pending_[i], left->safe_);
    std::map<const File*, std::shared_ptr<File>> copies;
    for (auto& [name, file] : left->safe_.files) {
      std::shared_ptr<File>& copy = copies[file.get()];
      if (!copy) {
        copy = std::make_shared<File>(*file);
        const std::size_t unsafe = file->bytes.size() - file->safe;
        const std::size_t kept = kind == 1   ? unsafe
                                 : kind == 2 ? below(static_cast<unsigned>(unsafe + 1))
                                             : 0;
        copy->bytes.resize(file->safe + kept);
        if (kind == 2 && below(4) == 0)
          copy->bytes.append(unsafe - kept, '\0');  // Its length was safe, the bytes were not.
        copy->safe = copy->bytes.size();
      }
      file = copy;
    }
    left->now_ = left->safe_;
    return left;
  }

  std::string read(const std::string& file) override {
    check("read", file);
    return find(file)->bytes;
  }
  std::vector<Entry> list(const std::string& folder) override {
    check("list", folder);
    std::map<std::string, Entry> entries;
    const std::string start = folder + "/";
    const auto add = [&](const std::string& path, bool is_folder, std::uint64_t size) {
      if (path.starts_with(start) && path.find('/', start.size()) == path.npos)
        entries[path.substr(start.size())] = {path.substr(start.size()), is_folder, size};
    };
    for (const auto& [path, file] : now_.files) add(path, false, file->bytes.size());
    for (const std::string& path : now_.folders) add(path, true, 0);
    std::vector<Entry> result;
    for (const auto& [name, entry] : entries) result.push_back(entry);
    return result;
  }
  int create(const std::string& file) override {
    change("create", file);
    need_folder(file);
    auto created = std::make_shared<File>();
    do_now({folder_of(file), file, {}, created, false});
    open_[++last_handle_] = {file, created};
    return last_handle_;
  }
  std::size_t write(int file, std::string_view bytes) override {
    auto& [name, content] = open_.at(file);
    change("write", name);
    if (writes_little) bytes = bytes.substr(0, 7);
    const std::string_view first = bytes.substr(0, bytes.size() / 2);
    content->bytes += first;
    if (watch && bytes.size() > 1) watch("half a write", name);
    content->bytes += bytes.substr(first.size());
    bytes_written += bytes.size();
    return bytes.size();
  }
  void sync(int file) override {
    auto& [name, content] = open_.at(file);
    change("sync", name);
    // Pages of 4096 bytes from the last one on that was not full.
    if (content->safe != content->bytes.size())
      pages_written += (content->bytes.size() - 1) / 4096 - content->safe / 4096 + 1;
    content->safe = content->bytes.size();
    ++syncs;
  }
  void close(int file) noexcept override { open_.erase(file); }
  void rename(const std::string& from, const std::string& to) override {
    change("rename", to);
    need_folder(to);
    do_now({folder_of(to), to, from, find(from), false});
  }
  void remove(const std::string& file) override {
    if (!now_.files.contains(file)) return;
    change("remove", file);
    do_now({folder_of(file), file, {}, nullptr, false});
  }
  void make_folder(const std::string& folder) override {
    if (now_.folders.contains(folder)) return;
    change("make_folder", folder);
    do_now({folder_of(folder), folder, {}, nullptr, true});
  }
  void sync_folder(const std::string& folder) override {
    change("sync_folder", folder);
    std::vector<Change> left;
    for (const Change& change : pending_)
      if (change.folder == folder)
        apply(change, safe_);
      else
        left.push_back(change);
    pending_ = left;
    ++syncs;
  }
  std::uint64_t free_bytes() override { return free; }

  // For tests: as another program would.
  void put(const std::string& file, std::string bytes) {
    for (std::size_t slash = file.find('/'); slash != file.npos; slash = file.find('/', slash + 1)) {
      now_.folders.insert(file.substr(0, slash));
      safe_.folders.insert(file.substr(0, slash));
    }
    auto created = std::make_shared<File>();
    created->safe = bytes.size();
    created->bytes = std::move(bytes);
    now_.files[file] = safe_.files[file] = created;
  }
  [[nodiscard]] std::vector<std::string> files(const std::string& start = "") const {
    std::vector<std::string> names;
    for (const auto& [name, file] : now_.files)
      if (name.starts_with(start)) names.push_back(name);
    return names;
  }
  [[nodiscard]] const std::string& bytes(const std::string& file) const { return now_.files.at(file)->bytes; }

 private:
  struct File {
    std::string bytes;
    std::size_t safe = 0;
  };
  struct Names {
    std::map<std::string, std::shared_ptr<File>> files;
    std::set<std::string> folders;
  };
  /// A name that comes, changes or goes (no file).
  struct Change {
    std::string folder, name, from;
    std::shared_ptr<File> file;
    bool is_folder;
  };

  static std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == path.npos ? "" : path.substr(0, slash);
  }
  static void apply(const Change& change, Names& names) {
    // What lies in a folder that is not safe is gone with it.
    if (!change.folder.empty() && !names.folders.contains(change.folder)) return;
    if (change.is_folder)
      names.folders.insert(change.name);
    else if (change.file)
      names.files[change.name] = change.file;
    else
      names.files.erase(change.name);
    if (!change.from.empty()) names.files.erase(change.from);
  }
  void do_now(const Change& change) {
    apply(change, now_);
    pending_.push_back(change);
  }
  std::shared_ptr<File> find(const std::string& file) const {
    const auto found = now_.files.find(file);
    if (found == now_.files.end()) throw DiskError(file, ENOENT);
    return found->second;
  }
  void need_folder(const std::string& path) const {
    if (!folder_of(path).empty() && !now_.folders.contains(folder_of(path))) throw DiskError(path, ENOENT);
  }
  void check(const char* operation, const std::string& path) const {
    if (const int number = fail ? fail(operation, path) : 0; number != 0) throw DiskError(path, number);
  }
  void change(const char* operation, const std::string& path) {
    ++operations;
    if (watch) watch(operation, path);
    check(operation, path);
  }

  Names now_, safe_;
  std::vector<Change> pending_;
  std::map<int, std::pair<std::string, std::shared_ptr<File>>> open_;
  int last_handle_ = 0;
};

}  // namespace flm::history::test
