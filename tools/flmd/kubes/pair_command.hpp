// `flmd pair`: asks the flmd that runs to listen for a new kube. A file of the state folder says so: whoever
// may write there owns the device, and no password is needed.
#pragma once
#include <filesystem>

namespace flm::flmd {

/// Whether somebody has asked since the last call. For the daemon, each second.
bool take_pair_request(const std::filesystem::path& state_dir);

/// Asks, and prints what came of it. 0: a kube was paired; 1: none asked. Throws InputError: nobody takes the
/// request.
int pair_kube(const std::filesystem::path& state_dir);

}  // namespace flm::flmd
