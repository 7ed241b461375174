// flmserver's store as the bench programs fill it: its size on disk, and its database's processor time.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "tests/tools/fleet/running_server.hpp"
#include "tools/flmserver/store/database.hpp"
#include "tools/flmserver/store/schema.hpp"

namespace flm::bench {

class ServerStore {
 public:
  /// Opens it and makes its tables. Throws DatabaseError.
  explicit ServerStore(std::string url) : url_(std::move(url)), database_(server::open_database(url_)) {
    server::migrate(*database_);
    if (is_postgres()) postgres_ = test::postgres_of(*database_);
  }
  [[nodiscard]] bool is_postgres() const { return database_->bytes_type() == "BYTEA"; }
  [[nodiscard]] const std::string& url() const { return url_; }
  server::Database& database() { return *database_; }
  /// s that the PostgreSQL server has taken; 0 with SQLite, which works in the process that asks.
  [[nodiscard]] double processor_s() const { return postgres_ > 0 ? test::processor_s(postgres_) : 0; }
  /// As autovacuum does now and then.
  void clean() {
    if (is_postgres()) database_->run_script("VACUUM ANALYZE");
  }
  /// On disk, indexes included, once all that was written lies in the database's files.
  double bytes() {
    if (is_postgres()) {
      clean();
      database_->run_script("CHECKPOINT");
      return static_cast<double>(
          database_->run("SELECT pg_database_size(current_database())").front().integer(0));
    }
    database_->run_script("PRAGMA wal_checkpoint(TRUNCATE)");
    return static_cast<double>(std::filesystem::file_size(url_.substr(7)));
  }

 private:
  std::string url_;
  std::unique_ptr<server::Database> database_;
  pid_t postgres_ = -1;
};

}  // namespace flm::bench
