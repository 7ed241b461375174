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
  const history::Series series{new_sid(), 0};
  const std::vector<history::Point> some{{begin, 1'000}, {begin + 60, 2'000}};
  add_as_version_2(*database, series, some);
  migrate(*database);
  CHECK(version_of(*database) == newest_version());
  CHECK(points(*database, series) == some);
}

TEST_CASE("readings of a database of version 2 are answered and merged as others are") {
  using history::BlockId;
  const auto database = open_database(empty_database());
  migrate(*database, 2);
  const history::Series series{new_sid(), 0};
  std::vector<history::Point> some;
  for (int i = 0; i < 30; ++i) some.push_back({begin + 500 * i, 1'000 * i});
  const auto first = std::vector(some.begin(), some.begin() + 9);
  const std::string block = history::encode("{}", first);
  write(*database, [&] {
    database->run("INSERT INTO block (sid, rid, bid, level, own, gzip) VALUES ($1, 0, $2, 12, 1, $3)",
                  {series.sid, begin, Bound::bytes(block)});
    return 0;
  });
  add_as_version_2(*database, series, std::vector(some.begin() + 9, some.end()));
  migrate(*database);
  SeriesStore store(*database);
  CHECK(points(*database, series) == some);
  CHECK(store.block(series, {12, begin}) == block);
  // A program of version 2 that still runs finds no series, before it makes anything of them.
  CHECK_THROWS_AS(database->run("SELECT rolled_until FROM series"), DatabaseError);
  keep_up(*database);
  CHECK(points(*database, series) == some);
  CHECK(count(*database, "block", series.sid) == 3);
  CHECK(store.block(series, {12, begin}) == block);
  // And once they are 16: all as one.
  std::vector<history::Point> more;
  for (int i = 30; i < 200; ++i) more.push_back({begin + 500 * i, 1'000 * i});
  write(*database, [&] { return store.add(series, more, now).stored; });
  some.insert(some.end(), more.begin(), more.end());
  keep_up(*database);
  CHECK(points(*database, series) == some);
  const auto merged = store.block(series, {16, begin});
  REQUIRE(merged);
  const std::size_t within = 132;  // points of 65 536 s
  CHECK(history::decode(*merged, {16, begin}, series.sid).points ==
        std::vector<history::Point>(some.begin(), some.begin() + within));
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
