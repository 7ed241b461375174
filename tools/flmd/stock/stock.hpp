// Coming from a stock main board, and going back.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace flm::flmd::stock {

struct Import {
  std::vector<std::filesystem::path> files;  ///< stock's `flukso`, `system`, and `kube` where there is one
  std::filesystem::path configuration;       ///< is written
  std::filesystem::path state_dir;           ///< is made; an empty folder gives its owner and permissions
  std::filesystem::path history;             ///< stock's, /usr/share/tmpo; empty: none
};

/// Writes configuration and state, all or nothing; stock's files are kept in the state's folder `stock`.
/// Returns lines for the user: what was done, then what is not as it was. Throws InputError: what is wrong,
/// what is allowed; a file or state that is there is never overwritten.
std::vector<std::string> import_stock(const Import&);

/// Writes stock's files of a configuration and its state into a folder, where none of them may be. Returns
/// lines for the user, as import_stock() does. Throws InputError.
std::vector<std::string> export_stock(const std::filesystem::path& configuration,
                                      const std::filesystem::path& folder);

}  // namespace flm::flmd::stock
