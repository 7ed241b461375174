#include "tools/history/disk/shelf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace flm::history {
namespace {

constexpr const char* root_folder = "sensor";
constexpr const char* damaged_folder = "damaged";

std::size_t place_of(int level) {
  return static_cast<std::size_t>(std::find(levels.begin(), levels.end(), level) - levels.begin());
}

/// A name that is a decimal number as it would be written.
template <class Number>
std::optional<Number> number_of(const std::string& name) {
  Number number{};
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || fmt::format("{}", number) != name ||
      number < 0)
    return std::nullopt;
  return number;
}

}  // namespace

std::string path_of(const Series& series, BlockId id) {
  return fmt::format("{}/{}/{}/{}/{}", root_folder, series.sid, series.rid, id.level, id.start);
}

Shelf::Shelf(Disk& disk, const std::function<void(const std::string& path)>& odd) : disk_(disk) {
  const std::string root = root_folder;
  for (const Disk::Entry& sensor : disk_.list(root)) {
    const std::string sensor_path = root + "/" + sensor.name;
    if (!sensor.is_folder || !is_right(Series{sensor.name})) {
      odd(sensor_path);
      continue;
    }
    for (const Disk::Entry& recycled : disk_.list(sensor_path)) {
      const std::string series_path = sensor_path + "/" + recycled.name;
      const auto rid = number_of<int>(recycled.name);
      if (!recycled.is_folder || !rid) {
        odd(series_path);
        continue;
      }
      for (const Disk::Entry& folder : disk_.list(series_path)) {
        const std::string level_path = series_path + "/" + folder.name;
        const auto level = number_of<int>(folder.name);
        if (!folder.is_folder || !level || place_of(*level) == levels.size()) {
          odd(level_path);
          continue;
        }
        folders_.insert(level_path);
        for (const Disk::Entry& file : disk_.list(level_path)) {
          const auto start = number_of<std::int64_t>(file.name);
          if (file.is_folder || !start || !BlockId{*level, *start}.is_right()) {
            odd(level_path + "/" + file.name);
            continue;
          }
          blocks_[{sensor.name, *rid}][place_of(*level)][*start] = static_cast<std::uint32_t>(file.size);
          bytes_ += file.size;
        }
      }
    }
  }
  for (const Disk::Entry& file : disk_.list(damaged_folder)) {
    aside_[file.name] = file.size;
    bytes_ += file.size;
  }
}

const Shelf::Sizes* Shelf::sizes(const Series& series, int level) const {
  const auto found = blocks_.find(series);
  return found == blocks_.end() ? nullptr : &found->second[place_of(level)];
}

std::vector<Series> Shelf::series() const {
  std::vector<Series> all;
  for (const auto& [series, blocks] : blocks_) all.push_back(series);
  return all;
}

std::vector<BlockId> Shelf::blocks(const Series& series, int level) const {
  std::vector<BlockId> all;
  if (const Sizes* const found = sizes(series, level))
    for (const auto& [start, size] : *found) all.push_back({level, start});
  return all;
}

bool Shelf::has(const Series& series, BlockId id) const {
  const Sizes* const found = sizes(series, id.level);
  return found != nullptr && found->contains(id.start);
}

std::optional<BlockId> Shelf::holding(const Series& series, std::int64_t time) const {
  for (const int level : levels)
    if (const BlockId id = BlockId::at(level, time); has(series, id)) return id;
  return std::nullopt;
}

std::optional<BlockId> Shelf::next(const Series& series, std::int64_t time) const {
  if (const auto now = holding(series, time)) return now;
  std::optional<BlockId> first;
  for (const int level : levels) {
    const Sizes* const found = sizes(series, level);
    if (found == nullptr) break;
    const auto after = found->upper_bound(time);
    if (after != found->end() && (!first || after->first < first->start)) first = {level, after->first};
  }
  return first;
}

std::optional<BlockId> Shelf::before(const Series& series, std::int64_t time) const {
  std::optional<BlockId> last;
  for (const int level : levels) {
    const Sizes* const found = sizes(series, level);
    if (found == nullptr) break;
    const auto after = found->lower_bound(time);
    if (after != found->begin() && (!last || std::prev(after)->first > last->start))
      last = {level, std::prev(after)->first};
  }
  // A child that is still there belongs to its parent.
  return last ? holding(series, last->start) : last;
}

std::optional<BlockId> Shelf::newest(const Series& series, int level) const {
  const Sizes* const found = sizes(series, level);
  if (found == nullptr || found->empty()) return std::nullopt;
  return BlockId{level, found->rbegin()->first};
}

std::optional<std::pair<Series, BlockId>> Shelf::oldest(int level) const {
  std::optional<std::pair<Series, BlockId>> first;
  for (const auto& [series, all] : blocks_)
    if (const Sizes& found = all[place_of(level)];
        !found.empty() && (!first || found.begin()->first < first->second.start))
      first = {series, BlockId{level, found.begin()->first}};
  return first;
}

std::string Shelf::read(const Series& series, BlockId id) const { return disk_.read(path_of(series, id)); }

/// Makes a folder and those above it, each safe before the next.
void Shelf::make_folders(const std::string& folder) {
  if (folders_.contains(folder)) return;
  const std::size_t above = folder.rfind('/');
  const std::string parent = above == folder.npos ? "" : folder.substr(0, above);
  if (!parent.empty()) make_folders(parent);
  disk_.make_folder(folder);
  disk_.sync_folder(parent);
  folders_.insert(folder);
}

void Shelf::put(const Series& series, BlockId id, std::string_view bytes) {
  const std::string path = path_of(series, id);
  make_folders(path.substr(0, path.rfind('/')));
  disk_.write_whole(path, bytes);
  blocks_[series][place_of(id.level)][id.start] = static_cast<std::uint32_t>(bytes.size());
  bytes_ += bytes.size();
}

void Shelf::forget(const Series& series, BlockId id) {
  Sizes& all = blocks_[series][place_of(id.level)];
  if (const auto found = all.find(id.start); found != all.end()) {
    bytes_ -= found->second;
    all.erase(found);
  }
}

void Shelf::remove(const Series& series, BlockId id) {
  disk_.remove(path_of(series, id));
  forget(series, id);
}

std::string Shelf::set_aside(const Series& series, BlockId id) {
  make_folders(damaged_folder);
  const std::string name = fmt::format("{}-{}-{}-{}", series.sid, series.rid, id.level, id.start);
  const std::string path = std::string(damaged_folder) + "/" + name;
  disk_.rename(path_of(series, id), path);
  disk_.sync_folder(damaged_folder);
  const std::uint32_t size = blocks_[series][place_of(id.level)][id.start];
  forget(series, id);
  bytes_ += size - aside_[name];
  aside_[name] = size;
  return path;
}

bool Shelf::remove_set_aside() {
  if (aside_.empty()) return false;
  const auto first = aside_.begin();
  disk_.remove(std::string(damaged_folder) + "/" + first->first);
  bytes_ -= first->second;
  aside_.erase(first);
  return true;
}

}  // namespace flm::history
