#include "tools/flmserver/store/schema.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "tests/tools/flmserver/store/store.hpp"
#include "tools/common/input_error.hpp"

using namespace flm;
using namespace flm::server;
using namespace flm::server::test;

namespace {

std::int64_t version_of(Database& database) {
  return database.run("SELECT max(version) FROM schema_version").front().integer(0);
}

}  // namespace

TEST_CASE("a new database gets all tables, and keeps them when it is opened again") {
  const auto database = open_database(empty_database());
  migrate(*database);
  CHECK(version_of(*database) == newest_version());
  for (const char* const table :
       {"series", "piece", "block", "day", "account", "device", "sensor", "token", "follow", "session"})
    CHECK(database->run(std::string("SELECT count(*) FROM ") + table).front().integer(0) == 0);
  database->run("INSERT INTO account (uid, name) VALUES ($1, $2)", {1, "Ada"});
  migrate(*database);
  CHECK(database->run("SELECT name FROM account").front().text(0) == "Ada");
}

TEST_CASE("a database of version 1 keeps its readings on the way to now") {
  const auto database = open_database(empty_database());
  migrate(*database, 1);
  CHECK(version_of(*database) == 1);
  CHECK_THROWS_AS(database->run("SELECT count(*) FROM account"), DatabaseError);
  SeriesStore store(*database);
  const history::Series series{new_sid(), 0};
  const std::vector<history::Point> some{{begin, 1'000}, {begin + 60, 2'000}};
  write(*database, [&] { return store.add(series, some, now); });
  migrate(*database);
  CHECK(version_of(*database) == newest_version());
  CHECK(points(*database, series) == some);
}

TEST_CASE("a database that is newer than the program is refused, and left alone") {
  const auto database = open_database(empty_database());
  migrate(*database);
  database->run("INSERT INTO schema_version (version) VALUES ($1)", {newest_version() + 1});
  CHECK_THROWS_WITH(migrate(*database), Catch::Contains("use a newer one"));
  CHECK_THROWS_AS(migrate(*database), InputError);
  CHECK(version_of(*database) == newest_version() + 1);
}

TEST_CASE("a migration that fails leaves the version before it") {
  const auto database = open_database(empty_database());
  database->run_script("CREATE TABLE follow (something_else BIGINT)");  // in the way of version 2
  CHECK_THROWS_AS(migrate(*database), DatabaseError);
  CHECK(version_of(*database) == 1);
  CHECK_THROWS_AS(database->run("SELECT count(*) FROM account"), DatabaseError);
  database->run_script("DROP TABLE follow");
  migrate(*database);
  CHECK(version_of(*database) == newest_version());
}

TEST_CASE("several programs that start at once make the tables once") {
  const std::string url = empty_database();
  std::vector<std::thread> threads;
  std::atomic<int> ready = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      const auto database = open_database(url);
      migrate(*database);
      ready += version_of(*database) == newest_version() ? 1 : 0;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(ready == 4);
}
