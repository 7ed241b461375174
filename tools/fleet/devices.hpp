// Who the fleet's devices are: ids, keys and tokens from numbers alone, so that whoever adds them to a store
// and whoever plays them agree.
#pragma once
#include <cstdint>
#include <string>

namespace flm::server {
class Database;
}

namespace flm::fleet {

struct Devices {
  std::uint64_t seed = 1;  ///< another seed, another fleet
  int count = 100;
  int sensors = 8;  ///< of each

  [[nodiscard]] std::string id(int device) const;
  [[nodiscard]] std::string key(int device) const;
  [[nodiscard]] std::string serial(int device) const;
  [[nodiscard]] std::string user(int device) const;   ///< name of its account
  [[nodiscard]] std::string token(int device) const;  ///< of its account
  [[nodiscard]] std::string sid(int device, int sensor) const;
  [[nodiscard]] std::uint64_t house(int device) const;  ///< of its curves
};

/// Adds an account, a device and its sensors each to a store that has its tables, some hundred in a
/// transaction. Those that are there stay. Throws DatabaseError.
void add_to_store(server::Database&, const Devices&, std::int64_t now);

}  // namespace flm::fleet
