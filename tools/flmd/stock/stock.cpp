#include "tools/flmd/stock/stock.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <set>

#include "tools/common/atomic_file.hpp"
#include "tools/common/files.hpp"
#include "tools/flmd/kubes/kube_state.hpp"
#include "tools/flmd/site/site.hpp"
#include "tools/flmd/site/state.hpp"
#include "tools/flmd/stock/blocks.hpp"
#include "tools/flmd/stock/give_back.hpp"
#include "tools/flmd/stock/take_over.hpp"
#include "tools/history/disk/disk.hpp"

namespace flm::flmd::stock {
namespace {

namespace fs = std::filesystem;

constexpr std::array kNames = {"flukso", "system", "kube"};

void write(const fs::path& file, std::string_view text, mode_t mode) {
  AtomicFile out(file, mode);
  out.write(text);
  out.commit_durably();
}

/// A folder beside the one that it becomes, removed unless it does.
class NewFolder {
 public:
  /// Throws InputError: the target has something in it, or nothing can be made beside it.
  explicit NewFolder(const fs::path& target) : target_(fs::absolute(target).lexically_normal()) {
    if (!target_.has_filename()) target_ = target_.parent_path();  // "state/"
    if (struct stat facts{}; ::lstat(target_.c_str(), &facts) == 0) {
      std::error_code error;
      if (!S_ISDIR(facts.st_mode) || !fs::is_empty(target_, error) || error)
        throw InputError(
            fmt::format("{}: is there; allowed: a folder that is empty or not there yet", target.string()));
      owner_ = facts;
    } else {
      std::error_code error;
      fs::create_directories(target_.parent_path(), error);
      if (error) throw InputError(fmt::format("{}: {}", target_.parent_path().string(), error.message()));
    }
    std::string name = target_.string() + ".XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
      throw InputError(fmt::format("{}: {}", target.string(), reason(errno)));
    path_ = name;
  }
  ~NewFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

  void commit() {
    ::chmod(path_.c_str(), owner_ ? owner_->st_mode & 07777 : 0750);
    if (owner_) {
      own(path_);
      for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path_)) own(entry.path());
    }
    if (::rename(path_.c_str(), target_.c_str()) != 0)
      throw InputError(fmt::format("{}: {}", target_.string(), reason(errno)));
    path_.clear();
  }

 private:
  void own(const fs::path& path) const {
    if (::lchown(path.c_str(), owner_->st_uid, owner_->st_gid) != 0)
      throw InputError(fmt::format("{}: its owner cannot be set: {}", path.string(), reason(errno)));
  }

  fs::path target_, path_;
  std::optional<struct stat> owner_;
};

std::map<std::string, fs::path> by_name(const std::vector<fs::path>& files) {
  std::map<std::string, fs::path> named;
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    if (std::find(kNames.begin(), kNames.end(), name) == kNames.end())
      throw InputError(
          fmt::format("{}: is none of stock's files; allowed: {}", file.string(), fmt::join(kNames, ", ")));
    if (!named.emplace(name, file).second)
      throw InputError(fmt::format("{}: is a second file {}; allowed: one of each", file.string(), name));
  }
  for (const char* name : {"flukso", "system"})
    if (!named.contains(name))
      throw InputError(
          fmt::format("the file {} is missing; allowed: flukso, system and, where there is one, kube, of "
                      "stock's /etc/config",
                      name));
  return named;
}

/// What was taken over once; nothing where flmd began by itself.
Packages before(const fs::path& state_dir) {
  Packages packages;
  const fs::path folder = state_dir / "stock";
  std::error_code ignored;
  if (fs::exists(folder / "flukso", ignored)) packages.flukso = uci::read(folder / "flukso");
  if (fs::exists(folder / "system", ignored)) packages.system = uci::read(folder / "system");
  if (fs::exists(folder / "kube", ignored)) packages.kube = uci::read(folder / "kube");
  return packages;
}

void check_is_new(const fs::path& file, std::string_view allowed) {
  struct stat facts {};
  if (::lstat(file.c_str(), &facts) == 0)
    throw InputError(
        fmt::format("{}: is there, and is not overwritten; allowed: {}", file.string(), allowed));
}

}  // namespace

std::vector<std::string> import_stock(const Import& import) try {
  const auto named = by_name(import.files);
  std::map<std::string, uci::Package> packages;
  for (const auto& [name, file] : named) packages[name] = uci::read(file);
  check_is_new(import.configuration, "a file that is not there yet");
  TakenOver taken =
      take_over(packages.at("flukso"), packages.at("system"),
                packages.contains("kube") ? &packages.at("kube") : nullptr, fs::absolute(import.state_dir));
  (void)read_site(import.configuration, taken.configuration);  // what is written can be read

  NewFolder folder(import.state_dir);
  {
    State state(folder.path());
    state.ids() = taken.ids;
    state.save();
  }
  fs::remove(folder.path() / "lock");
  if (taken.kubes) write_kube_state(kube_state_file(folder.path()), *taken.kubes);
  fs::create_directory(folder.path() / "stock");
  for (const auto& [name, package] : packages)
    write(folder.path() / "stock" / name, uci::text_of(package), 0600);
  Copied copied;
  if (!import.history.empty()) {
    std::set<std::string> sids;
    for (const auto* ids : {&taken.ids.sensors, &taken.ids.spare})
      for (const auto& [number, sid] : *ids) sids.insert(sid);
    copied = copy_blocks(import.history, folder.path() / "history", sids);
  }

  write(import.configuration, taken.configuration, 0644);
  try {
    folder.commit();
  } catch (...) {
    std::error_code ignored;
    fs::remove(import.configuration, ignored);
    throw;
  }

  std::vector<std::string> lines = {
      fmt::format("{}: written", import.configuration.string()),
      fmt::format("{}: ids, {} kubes, {} blocks of history ({} kB); stock's files are in {}",
                  import.state_dir.string(), taken.kubes ? taken.kubes->kubes.size() : 0, copied.blocks,
                  copied.bytes / 1000, (import.state_dir / "stock").string())};
  for (const Counter& counter : taken.counters) {
    const auto newest = copied.newest.find(counter.sid);
    const std::string value =
        newest != copied.newest.end() ? history::decimal(newest->second.value) : counter.value;
    if (!value.empty())
      lines.push_back(fmt::format(
          "sensor {}: its counter was {}{}: once the board runs OpenFLM, flmctl counter set {} {}",
          counter.sensor, value,
          newest != copied.newest.end() ? fmt::format(" at {}", newest->second.time) : "", counter.sensor,
          value.substr(0, value.find('.'))));
  }
  for (const auto* notes : {&taken.notes, &copied.notes})
    lines.insert(lines.end(), notes->begin(), notes->end());
  return lines;
} catch (const history::DiskError& error) {
  throw InputError(fmt::format("the history is not copied: {}; nothing was written", error.what()));
}

std::vector<std::string> export_stock(const fs::path& configuration, const fs::path& folder) {
  const Site site = read_site(configuration);
  const GivenBack given = give_back(site, read_ids(site.state_dir),
                                    read_kube_state(kube_state_file(site.state_dir)), before(site.state_dir));
  const Packages& packages = given.packages;
  const std::vector<std::pair<std::string, const uci::Package*>> all = {
      {"flukso", &packages.flukso},
      {"system", &packages.system},
      {"kube", packages.kube ? &*packages.kube : nullptr}};
  for (const char* name : kNames) check_is_new(folder / name, "a folder without flukso, system and kube");
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw InputError(fmt::format("{}: {}", folder.string(), error.message()));
  std::vector<std::string> lines;
  try {
    for (const auto& [name, package] : all) {
      if (package == nullptr) continue;
      write(folder / name, uci::text_of(*package), 0600);  // keys are among it
      lines.push_back(fmt::format("{}: written, for /etc/config/{} of stock's main board",
                                  (folder / name).string(), name));
    }
  } catch (...) {
    for (const char* name : kNames) fs::remove(folder / name, error);
    throw;
  }
  if (!fs::exists(site.state_dir / "stock" / "system", error))
    lines.emplace_back(
        "system: has only what tells one Fluksometer from another: give stock's own file these options "
        "(uci set system.@system[0].device=...)");
  lines.push_back(
      fmt::format("history: copy {} to /usr/share/tmpo while no flmd runs, and own it to stock's user flukso",
                  (site.state_dir / "history" / "sensor").string()));
  lines.insert(lines.end(), given.notes.begin(), given.notes.end());
  return lines;
}

}  // namespace flm::flmd::stock
