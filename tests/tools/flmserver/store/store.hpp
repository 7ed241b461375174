// The database that the store's tests run on: a new SQLite file, or what FLM_STORE_URL names, a PostgreSQL
// server started for the test by with_postgres.sh, and those of FLM_STORE_SHARDS beside it. It is one for all
// test cases: each has sensors of its own.
#pragma once
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/sim/temporary_folder.hpp"
#include "tools/flmserver/store/database.hpp"
#include "tools/flmserver/store/schema.hpp"
#include "tools/flmserver/store/series_store.hpp"

namespace flm::server::test {

/// A moment in 2023 at which a block of level 20 begins.
inline constexpr std::int64_t begin = 1'700'790'272;
/// The tests' present: no point of theirs is later.
inline constexpr std::int64_t now = begin + 400 * 86'400;

bool is_sqlite();
/// Folders of the sockets of further PostgreSQL servers, over which the series are distributed.
const std::vector<std::string>& shards();
/// A connection to a further server itself.
std::unique_ptr<Database> connect_to_shard(std::size_t number);
/// Distributes the series of a database, `name`, over all servers, by the script that sharding.md describes.
/// `version`: of the further servers' tables.
void distribute(Database& coordinator, const std::string& name, int version = newest_version());
/// Brings the further servers' tables to now.
void migrate_shards(const std::string& name);
const TemporaryFolder& folder();
/// URL of the database, which has all tables.
const std::string& store_url();
/// URL of a new database without tables.
std::string empty_database();
/// A connection to the database, for this test case.
std::unique_ptr<Database> connect();
/// A sensor that no other test case has.
std::string new_sid();

/// Runs work as a transaction that writes, again where it collides with another one.
template <class Work>
auto write(Database& database, Work work) {
  for (int tries = 0;; ++tries) try {
      Transaction transaction(database, Database::Mode::write);
      auto result = work();
      transaction.commit();
      return result;
    } catch (const DatabaseError& error) {
      if (error.kind() != DatabaseError::Kind::collision || tries == 100) throw;
      pause_after_collision(tries);
    }
}

/// Points of [from, to), with the one before.
std::vector<history::Point> points(Database&, const history::Series&, std::int64_t from = 0,
                                   std::int64_t to = now);
/// Adds points to a new series as a program did that knew versions of the tables up to 2: as TMPO blocks.
void add_as_version_2(Database&, const history::Series&, const std::vector<history::Point>&);
/// All rows of a sensor, as text, in the order of their keys.
std::string rows_of(Database&, std::string_view sid);
/// A table's rows of a sensor.
std::int64_t count(Database&, std::string_view table, std::string_view sid);
/// Runs upkeep until nothing is to do.
void keep_up(Database&, bool falls = false);

/// A database that fails before one of its statements.
class FailingDatabase final : public Database {
 public:
  explicit FailingDatabase(Database& database) : database_(database) {}
  /// Statements that still pass.
  int left = 1'000'000;

  Rows run(std::string_view sql, std::initializer_list<Bound> values) override {
    pass();
    return database_.run(sql, values);
  }
  std::int64_t changed() const override { return database_.changed(); }
  void run_script(const std::string& sql) override { database_.run_script(sql); }
  void begin(Mode mode) override { database_.begin(mode); }
  void commit() override {
    pass();
    database_.commit();
  }
  void rollback() noexcept override { database_.rollback(); }
  std::string_view for_update() const override { return database_.for_update(); }
  std::string_view bytes_type() const override { return database_.bytes_type(); }

 private:
  void pass() {
    if (left-- == 0) throw DatabaseError(DatabaseError::Kind::failed, "as the test wants it");
  }
  Database& database_;
};

}  // namespace flm::server::test

namespace flm::history {

inline std::ostream& operator<<(std::ostream& out, const Point& point) {
  return out << point.time << ": " << point.value;
}
inline std::ostream& operator<<(std::ostream& out, const BlockId& id) {
  return out << id.level << "/" << id.start;
}

}  // namespace flm::history

namespace flm::server {

inline std::ostream& operator<<(std::ostream& out, const SeriesStore::Listed& listed) {
  return out << listed.rid << "/" << listed.id.level << "/" << listed.id.start;
}

}  // namespace flm::server
