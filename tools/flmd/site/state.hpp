// What flmd keeps beside the history: its ids, drawn once, and that no second flmd uses them.
#pragma once
#include <filesystem>
#include <map>
#include <string>

namespace flm::flmd {

/// Identity of the device and of its sensors. Ids are 16 random bytes, as 32 lower-case hex digits.
struct Ids {
  std::string device, key;
  std::map<int, std::string> sensors;    ///< sid by sensor number, 1 to 64; from 7 on: numbers that are taken
  std::map<std::string, int> registers;  ///< number of a smart meter's register by its name, 7 and up
  std::map<std::string, int> rids;       ///< recycle ids that are not 0, by sid; a kube's is in kubes.json
  std::map<int, std::string> spare;      ///< sids that the device was given for numbers that are free
  /// Sid of a number: the one it has, else the one that is spare for it, else a new one.
  std::string& sid(int number);
  [[nodiscard]] int rid(const std::string& sid) const;
  bool operator==(const Ids&) const = default;
};

class State {
 public:
  /// Makes the folder if need be, and holds its lock until the end. Throws InputError: another flmd has it,
  /// no permission, ids.json is damaged or cannot be read (it is never replaced by a new one: the history
  /// would end).
  explicit State(std::filesystem::path folder);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] Ids& ids() { return ids_; }
  /// Writes ids.json, whole or not at all, to the disk, if something has changed. Throws InputError.
  void save();

 private:
  std::filesystem::path folder_;
  int lock_ = -1;
  Ids ids_, saved_;
};

/// ids.json of a state folder, also while a flmd runs; empty when there is none. Throws InputError.
Ids read_ids(const std::filesystem::path& state_dir);

/// 32 lower-case hex digits of the system's random numbers.
std::string draw_id();

}  // namespace flm::flmd
