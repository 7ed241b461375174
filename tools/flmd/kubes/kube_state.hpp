// What is kept of the kubes: their network, who is paired, and which sensors are theirs.
#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "tools/common/input_error.hpp"  // InputError: what reading and writing throw

namespace flm::flmd {

struct KubeRecord {
  std::string hw_id;   ///< 32 lower-case hex digits
  int hw_type = 0;     ///< 1 to 65535
  int sw_version = 0;  ///< of its firmware, as it said last; 0: not yet
  std::string name;    ///< up to 32 characters; may be empty
  bool operator==(const KubeRecord&) const = default;
};

/// A sensor's number that a kube's value has, or once had: its sid is State's.
struct KubeSlot {
  int kid = 0;       ///< 0: it is free
  std::string type;  ///< "temperature"
  int rid = 0;       ///< raised each time the number is given to another value
  bool operator==(const KubeSlot&) const = default;
};

struct KubeState {
  std::string key;                  ///< of the kubes' network, 32 hex digits; empty: none was ever paired
  int collect_group = 0;            ///< 1 to 250; 0: none was ever paired
  std::map<int, KubeRecord> kubes;  ///< by kid, 1 to kids_max
  std::map<int, KubeSlot> slots;    ///< by sensor number, 7 to 64
  bool operator==(const KubeState&) const = default;
};
inline constexpr int kids_max = 30;

/// Throws InputError: it is damaged (it is never replaced by a new one: the kubes would have to be paired
/// again, and their history would end). A file that is not there is an empty state.
KubeState read_kube_state(const std::filesystem::path& file);
/// Whole or not at all, and for the folder's owner only.
void write_kube_state(const std::filesystem::path& file, const KubeState&);

/// "kubes.json" below the state folder.
std::filesystem::path kube_state_file(const std::filesystem::path& state_dir);

}  // namespace flm::flmd
