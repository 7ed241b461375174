// A real file system that is full in the middle of a file.
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/history/made_up_house.hpp"
#include "tools/history/disk/disk.hpp"

using namespace flm::history;
using namespace flm::history::test;

namespace {

/// A file system of 512 KiB, below a folder, and a file in it that leaves as little place as is asked for.
class SmallDisk {
 public:
  explicit SmallDisk(std::filesystem::path place) : place_(std::move(place)) {
    std::filesystem::create_directory(place_);
    if (mount("tmpfs", place_.c_str(), "tmpfs", MS_NODEV | MS_NOEXEC | MS_NOSUID, "size=512k") != 0) {
      WARN("SKIPPED: a disk that is full, which needs root: " << std::strerror(errno));
      return;
    }
    is_there_ = true;
    fill_ = open((place_ / "fill").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fill_ >= 0);
  }
  ~SmallDisk() {
    ::close(fill_);
    if (is_there_) umount(place_.c_str());
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] bool is_there() const { return is_there_; }
  void leave(off_t pages) {
    empty();
    const std::string page(4096, 'x');
    off_t size = 0;
    while (write(fill_, page.data(), page.size()) == static_cast<ssize_t>(page.size())) size += 4096;
    REQUIRE(errno == ENOSPC);
    REQUIRE(ftruncate(fill_, std::max<off_t>(0, size - pages * 4096)) == 0);
  }
  void empty() {
    REQUIRE(ftruncate(fill_, 0) == 0);
    REQUIRE(lseek(fill_, 0, SEEK_SET) == 0);
  }

 private:
  std::filesystem::path place_;
  bool is_there_ = false;
  int fill_ = -1;
};

}  // namespace

TEST_CASE("a file system that is full in the middle of a block, or of the journal, loses and tears nothing") {
  const TemporaryFolder folder;
  SmallDisk small(folder.path() / "disk");
  if (!small.is_there()) return;
  PosixDisk disk((folder.path() / "disk" / "history").string());
  HistoryOptions options;
  options.settle_s = 0;    // compact at once
  options.free_bytes = 0;  // give nothing up for place
  std::map<Notice::Kind, int> notices;
  std::string first_failure;
  const auto notice = [&](const Notice& n) {
    ++notices[n.kind];
    if (n.kind == Notice::Kind::disk_failed && first_failure.empty()) first_failure = n.text;
  };
  // A journal's end is not whole after a power cut; nothing else is hurt.
  const auto torn = [&](const Notice& n) {
    INFO(n.text);
    CHECK(n.kind == Notice::Kind::torn_journal);
  };
  Points truth;
  constexpr std::int64_t start = 1'404'043'264 / 65'536 * 65'536, hours = 6 * 3'600;
  {
    History history(disk, options, {{}, notice});
    Dice dice(17);
    for (std::int64_t now = start; now < start + hours; ++now) {
      // A few minutes with place for some pages, then a few with more.
      if (now % 300 == 0 && now % 600 == 0)
        small.leave(dice.below(8));
      else if (now % 300 == 0)
        small.empty();
      for (const auto& [series, point] : readings_at(now)) {
        truth[series].push_back(point);
        REQUIRE(history.add(series, point) == History::Taken::stored);
      }
      history.tick(now);
      while (history.step()) {
      }
      if (now % 300 != 299) continue;
      REQUIRE(points_of(history) == truth);
      // What a power cut would leave here.
      if (now % 1'200 != 299) continue;
      const auto copy = folder.path() / std::to_string(now);
      std::filesystem::copy(folder.path() / "disk" / "history", copy,
                            std::filesystem::copy_options::recursive);
      PosixDisk left(copy.string());
      Points found = points_of(*std::make_unique<History>(left, options, History::Listeners{{}, torn}));
      for (const auto& [series, points] : found)
        REQUIRE(std::equal(points.begin(), points.end(), truth[series].begin()));
    }
    small.empty();
    for (std::int64_t now = start + hours; now < start + hours + 60; ++now) {
      history.tick(now);
      while (history.step()) {
      }
    }
    CHECK(history.blocks_after(clamp, {}).front() == BlockId{12, start});
  }
  CHECK(notices[Notice::Kind::disk_failed] > 10);
  CHECK(notices[Notice::Kind::disk_works] == notices[Notice::Kind::disk_failed]);
  CHECK(first_failure.find("No space left on device; it is tried again, and points are kept meanwhile") !=
        std::string::npos);
  History again(disk, options, {{}, notice});
  CHECK(points_of(again) == truth);
  for (const Notice::Kind kind :
       {Notice::Kind::damaged_block, Notice::Kind::odd_file, Notice::Kind::torn_journal,
        Notice::Kind::removed, Notice::Kind::late_points})
    CHECK(notices[kind] == 0);
}
