// The shelf: blocks on disk, `sensor/<sid>/<rid>/<level>/<start>` as stock keeps them, and a list of them in
// memory (16 bytes each).
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tools/history/disk/disk.hpp"
#include "tools/history/series.hpp"
#include "tools/history/tmpo_block.hpp"

namespace flm::history {

/// Where a series' block lies below the root.
std::string path_of(const Series&, BlockId);

class Shelf {
 public:
  /// Looks what is there. `odd`: called with each file or folder among the blocks that is none; it is left
  /// alone.
  Shelf(Disk&, const std::function<void(const std::string& path)>& odd);

  [[nodiscard]] std::vector<Series> series() const;
  /// Starts of a series' blocks of a level, ascending.
  [[nodiscard]] std::vector<BlockId> blocks(const Series&, int level) const;
  [[nodiscard]] bool has(const Series&, BlockId) const;
  /// The block that holds a time, the highest where a parent and its child are both there.
  [[nodiscard]] std::optional<BlockId> holding(const Series&, std::int64_t time) const;
  /// That block, or else the next one after the time.
  [[nodiscard]] std::optional<BlockId> next(const Series&, std::int64_t time) const;
  /// The last block that begins before a time, the highest of them where there are several.
  [[nodiscard]] std::optional<BlockId> before(const Series&, std::int64_t time) const;
  [[nodiscard]] std::optional<BlockId> newest(const Series&, int level) const;
  /// The oldest block of a level, of all series.
  [[nodiscard]] std::optional<std::pair<Series, BlockId>> oldest(int level) const;
  /// Bytes of all blocks, those set aside too.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  // All of these throw DiskError.
  std::string read(const Series&, BlockId) const;
  /// Adds a block that is not there; it is safe on return.
  void put(const Series&, BlockId, std::string_view bytes);
  void remove(const Series&, BlockId);
  /// Moves a block to the folder `damaged`, out of the way and not lost. Returns its new path.
  std::string set_aside(const Series&, BlockId);
  /// Deletes one of those; false: there is none.
  bool remove_set_aside();

 private:
  using Sizes = std::map<std::int64_t, std::uint32_t>;  ///< bytes by start
  using Levels = std::array<Sizes, levels.size()>;      ///< in the order of `levels`
  [[nodiscard]] const Sizes* sizes(const Series&, int level) const;
  void make_folders(const std::string& folder);
  void forget(const Series&, BlockId);

  Disk& disk_;
  std::map<Series, Levels> blocks_;
  std::map<std::string, std::uint64_t> aside_;  ///< bytes by name
  std::set<std::string> folders_;               ///< that are known to be there
  std::uint64_t bytes_ = 0;
};

}  // namespace flm::history
