// flmserver: HTTP and a broker -> workers -> the store.
#pragma once
#include <filesystem>

namespace flm::server {

/// Runs until SIGTERM or SIGINT; 0. Throws InputError before anything runs, DatabaseError for a store that
/// does not open.
int run_server(const std::filesystem::path& configuration);

}  // namespace flm::server
