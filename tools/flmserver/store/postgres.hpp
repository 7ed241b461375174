// PostgreSQL: the store of as many servers as there are.
#pragma once
#include <memory>
#include <string>

#include "tools/flmserver/store/database.hpp"

namespace flm::server {

/// Connects to what a URL names, with all that libpq takes:
/// postgresql://user@host:port/database?sslmode=verify-full
std::unique_ptr<Database> open_postgres(const std::string& url);

}  // namespace flm::server
