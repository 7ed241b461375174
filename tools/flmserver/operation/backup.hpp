// A whole store, copied: backup, restore, and the way from one kind of database to the other.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "tools/flmserver/store/database.hpp"

namespace flm::server {

/// Copies all rows of all tables but sessions (who was logged in, logs in again), as they are at one moment;
/// other programs may go on meanwhile. One of the two is SQLite; both have the same version's tables. Throws
/// InputError unless `to` is empty. Belongs into a transaction of each: Mode::read of `from`, Mode::write of
/// `to`. Returns the number of rows.
std::uint64_t copy_store(Database& from, Database& to);

/// Writes a store into a new SQLite file, which is a store itself. Throws InputError where the file is there.
/// The file has its name once it is whole and on disk. Returns the number of rows.
std::uint64_t back_up(const std::string& url, const std::filesystem::path& file);
/// Fills an empty store from such a file, all or nothing, and brings it to this program's tables. Throws
/// InputError for what is no such file, and for a store that is not empty. Returns the number of rows.
std::uint64_t restore(const std::filesystem::path& file, const std::string& url);

}  // namespace flm::server
