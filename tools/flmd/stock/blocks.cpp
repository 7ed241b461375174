#include "tools/flmd/stock/blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "tools/common/input_error.hpp"
#include "tools/history/disk/disk.hpp"
#include "tools/history/disk/shelf.hpp"

namespace flm::flmd::stock {
namespace {

namespace fs = std::filesystem;
using history::Damage;
using history::DiskError;
using history::Fault;

/// A folder that is only read.
class ReadOnlyDisk final : public history::Disk {
 public:
  explicit ReadOnlyDisk(fs::path root) : root_(std::move(root)) {}

  std::string read(const std::string& file) override {
    const std::size_t most = std::size_t{16} << 20;
    std::FILE* stream = std::fopen((root_ / file).c_str(), "rb");
    if (stream == nullptr) throw DiskError(file, errno);
    std::string bytes(most, '\0');
    bytes.resize(std::fread(bytes.data(), 1, most, stream));
    const bool failed = std::ferror(stream) != 0;
    std::fclose(stream);
    if (failed) throw DiskError(file, EIO);
    return bytes;
  }
  std::vector<Entry> list(const std::string& folder) override {
    std::vector<Entry> entries;
    std::error_code error;
    for (fs::directory_iterator i(root_ / folder, error), end; !error && i != end; i.increment(error)) {
      Entry entry{i->path().filename().string()};
      std::error_code ignored;
      entry.is_folder = !i->is_regular_file(ignored);  // a pipe is no block either
      if (!entry.is_folder) entry.size = i->file_size(ignored);
      entries.push_back(std::move(entry));
    }
    if (error && error.value() != ENOENT) throw DiskError(folder, error.value());
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return entries;
  }
  int create(const std::string& file) override { refuse(file); }
  std::size_t write(int, std::string_view) override { refuse(""); }
  void sync(int) override { refuse(""); }
  void close(int) noexcept override {}
  void rename(const std::string& from, const std::string&) override { refuse(from); }
  void remove(const std::string& file) override { refuse(file); }
  void make_folder(const std::string& folder) override { refuse(folder); }
  void sync_folder(const std::string& folder) override { refuse(folder); }
  std::uint64_t free_bytes() override { return 0; }

 private:
  [[noreturn]] static void refuse(const std::string& file) { throw DiskError(file, EROFS); }

  fs::path root_;
};

struct Looked {
  std::optional<history::Point> last;  ///< nothing: not one point can be read
  std::optional<Damage> damage;        ///< the first
};

/// Reads a block as far as it goes.
Looked look(std::string_view bytes, history::BlockId id, const std::string& sid) {
  history::BlockReader reader(bytes, id, sid);
  std::array<history::Point, 1024> points;
  Looked looked;
  while (const std::size_t count = reader.read(points)) looked.last = points[count - 1];
  looked.damage = reader.damage();
  return looked;
}

}  // namespace

Copied copy_blocks(const fs::path& from, const fs::path& to, const std::set<std::string>& sids) {
  std::error_code error;
  if (!fs::is_directory(from / "sensor", error))
    throw InputError(
        fmt::format("{}: has no folder 'sensor'; allowed: stock's history, /usr/share/tmpo", from.string()));
  Copied copied;
  ReadOnlyDisk source(from);
  const history::Shelf there(source, [&](const std::string& path) {
    copied.notes.push_back(fmt::format("{}: is no block: not copied", (from / path).string()));
  });
  history::PosixDisk disk(to.string());
  history::Shelf here(disk, [](const std::string&) {});
  std::map<std::string, std::size_t> unknown;
  std::size_t old_joins = 0;
  for (const history::Series& series : there.series()) {  // by sid and rid, ascending
    history::Point newest{};
    for (const int level : history::levels)
      for (const history::BlockId id : there.blocks(series, level)) {
        if (!sids.contains(series.sid)) {
          ++unknown[series.sid];
          continue;
        }
        const std::string bytes = there.read(series, id);
        const auto [last, damage] = look(bytes, id, series.sid);
        here.put(series, id, bytes);
        ++copied.blocks;
        copied.bytes += bytes.size();
        if (damage && damage->fault == Fault::repeated_joins)
          ++old_joins;
        else if (damage)
          copied.notes.push_back(fmt::format(
              "{}: is damaged, {}: {}", (from / history::path_of(series, id)).string(), text_of(*damage),
              last ? "copied, and read as far as it goes" : "copied to " + here.set_aside(series, id)));
        if (last && last->time > newest.time) newest = *last;
      }
    if (newest.time != 0) copied.newest[series.sid] = newest;
  }
  for (const auto& [sid, count] : unknown)
    copied.notes.push_back(
        fmt::format("{}: {} blocks of a sensor that the configuration does not have: not copied",
                    (from / "sensor" / sid).string(), count));
  if (old_joins != 0)
    copied.notes.push_back(
        fmt::format("{}: {} blocks have the fault that stock made until 2014-09; all of each is read",
                    from.string(), old_joins));
  return copied;
}

}  // namespace flm::flmd::stock
