// Power cuts at every operation on the disk, and processes killed: no block torn, no point lost that is older
// than 10 s, none twice.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <new>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/history/made_up_house.hpp"
#include "tests/tools/history/memory_disk.hpp"

using namespace flm::history;
using namespace flm::history::test;

namespace {

/// End of a block of 12.1 days, and so of one of each level.
constexpr std::int64_t boundary = 1'404'043'264 / 1'048'576 * 1'048'576 + 1'048'576;

/// What is found when a history begins again on a disk; notices of damage are faults.
Points found_on(Disk& disk, std::vector<std::string>& damage) {
  History history(disk, {},
                  {{}, [&](const Notice& notice) {
                     if (notice.kind == Notice::Kind::damaged_block || notice.kind == Notice::Kind::odd_file)
                       damage.push_back(notice.text);
                   }});
  return points_of(history);
}

}  // namespace

TEST_CASE("a power cut at any operation on the disk loses no point older than 10 s, and tears nothing") {
  MemoryDisk disk;
  Dice dice(1);
  Points truth;
  std::int64_t now = boundary - 2 * 3'600 - 1'800;
  std::map<std::string, int> cuts;
  bool is_cut = false;
  disk.watch = [&](const char* operation, const std::string&) {
    ++cuts[operation];
    if (is_cut) return;
    const auto left = disk.after_cut([&](unsigned end) { return dice.below(end); });
    std::vector<std::string> damage;
    const std::string lost = what_is_lost(truth, found_on(*left, damage), now);
    if (lost.empty() && damage.empty()) return;
    is_cut = true;
    FAIL_CHECK(operation << " at " << boundary - now << " s before the boundary: " << lost
                         << (damage.empty() ? "" : damage.front()));
  };
  History history(disk, {}, {});
  for (const std::int64_t end = boundary + 900; now < end && !is_cut; ++now) {
    for (const auto& [series, point] : readings_at(now)) {
      truth[series].push_back(point);
      REQUIRE(history.add(series, point) == History::Taken::stored);
    }
    history.tick(now);
    while (history.step()) {
    }
  }
  // Everything was done that the disk is used for, and there was one block of 12.1 days of each series in the
  // end.
  for (const char* operation :
       {"create", "write", "half a write", "sync", "rename", "remove", "make_folder", "sync_folder"})
    CHECK(cuts[operation] > 10);
  int all = 0;
  for (const auto& [operation, count] : cuts) all += count;
  CHECK(all > 3'000);
  CHECK(history.blocks_after(clamp, {}).front() == BlockId::at(20, boundary - 1));
  CHECK(points_of(history) == truth);
}

TEST_CASE("a history lives on after each of a hundred power cuts") {
  Dice dice(2);
  auto disk = std::make_unique<MemoryDisk>();
  Points truth;
  std::int64_t now = boundary - 10 * 3'600;
  for (int life = 0; life < 100; ++life) {
    struct Cut {};
    std::unique_ptr<MemoryDisk> left;
    unsigned operations = 20 + dice.below(400);
    disk->watch = [&](const char*, const std::string&) {
      if (--operations != 0) return;
      left = disk->after_cut([&](unsigned end) { return dice.below(end); });
      throw Cut();
    };
    try {
      History history(*disk, {},
                      {{}, [&](const Notice& notice) { CHECK(notice.kind == Notice::Kind::torn_journal); }});
      for (;; ++now) {
        history.tick(now);
        for (const auto& [series, point] : readings_at(now)) {
          REQUIRE(history.add(series, point) == History::Taken::stored);
          truth[series].push_back(point);
        }
        while (history.step()) {
        }
        history.tick(now);
      }
    } catch (const Cut&) {
    }
    disk = std::move(left);
    std::vector<std::string> damage;
    Points found = found_on(*disk, damage);
    REQUIRE(what_is_lost(truth, found, now) == "");
    REQUIRE(damage.empty());
    truth = std::move(found);
    now += 1 + dice.below(900);
  }
  CHECK(truth.at(clamp).size() > 1'000);
}

namespace {

/// A process that writes a house's history is killed at least that many times, each at a random moment within
/// so many ms, and begun again, until so many seconds of its own time have passed.
void kill_writers(int kills, unsigned longest_ms, std::int64_t seconds) {
  const TemporaryFolder folder;
  const std::string root = (folder.path() / "history").string();
  // Where the writer is in its time: all readings before it were added.
  auto* const shared = static_cast<std::atomic<std::int64_t>*>(mmap(
      nullptr, sizeof(std::atomic<std::int64_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(shared != MAP_FAILED);
  // Blocks of every level are made on the way.
  const std::int64_t begin = boundary - 60;
  HistoryOptions options;
  options.settle_s = 0;
  new (shared) std::atomic<std::int64_t>(begin);
  Dice dice(3);
  Points truth;
  for (int kill = 0; kill < kills || *shared < begin + seconds; ++kill) {
    const std::int64_t start = *shared;
    const pid_t writer = fork();
    REQUIRE(writer >= 0);
    if (writer == 0) {
      PosixDisk disk(root);
      History history(disk, options, {});
      for (std::int64_t now = start;; ++now) {
        history.tick(now);
        for (const auto& [series, point] : readings_at(now)) history.add(series, point);
        *shared = now + 1;
        while (history.step()) {
        }
      }
    }
    usleep(5'000 + dice.below(longest_ms * 1'000));
    ::kill(writer, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(writer, &status, 0) == writer);
    REQUIRE(WIFSIGNALED(status));
    // It may have added the second that it was at.
    const std::int64_t now = *shared;
    for (std::int64_t time = start; time <= now; ++time)
      for (const auto& [series, point] : readings_at(time)) truth[series].push_back(point);
    PosixDisk disk(root);
    std::vector<std::string> damage;
    Points found = found_on(disk, damage);
    REQUIRE(what_is_lost(truth, found, now) == "");
    REQUIRE(damage.empty());
    truth = std::move(found);
    *shared = now + 1;
  }
  CHECK(*shared > begin + 80);
  munmap(shared, sizeof *shared);
}

}  // namespace

TEST_CASE("a process killed at any moment leaves every point older than 10 s") { kill_writers(40, 20, 80); }

TEST_CASE("a process killed at 1 000 random moments of a day leaves every point older than 10 s",
          "[.campaign]") {
  kill_writers(1'000, 200, 86'400);
}
