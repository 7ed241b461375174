// SQLite: the store of one machine, a file.
#pragma once
#include <memory>
#include <string>

#include "tools/flmserver/store/database.hpp"

namespace flm::server {

/// Opens a file, or makes it.
std::unique_ptr<Database> open_sqlite(const std::string& file);

}  // namespace flm::server
