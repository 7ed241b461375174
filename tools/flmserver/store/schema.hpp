// The tables, in versions.
#pragma once
#include "tools/flmserver/store/database.hpp"

namespace flm::server {

/// Version of the tables that this program works with.
int newest_version();

/// Brings a database's tables to a version, one version a transaction; a new one gets them all. Any number of
/// programs may do it at once. Throws InputError for a database that is newer than this program.
void migrate(Database&, int version = newest_version());

}  // namespace flm::server
