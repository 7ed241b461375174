// What differs when the series are distributed over several PostgreSQL servers.
#include <catch2/catch.hpp>

#include "tests/tools/flmserver/store/store.hpp"
#include "tools/flmserver/store/schema.hpp"

using namespace flm;
using namespace flm::server;
using namespace flm::server::test;
using history::Point;
using history::Series;

namespace {

const std::vector<Point> some{{begin, 1'000}, {begin + 60, 2'000}};

std::int64_t rows_on(Database& database, int server) {
  return database.run("SELECT count(*) FROM series_" + std::to_string(server)).front().integer(0);
}

/// A new series with points, which lies on a server.
Series series_on(Database& database, int server) {
  SeriesStore store(database);
  const std::string sql = "SELECT sid FROM series_" + std::to_string(server) + " WHERE sid = $1";
  for (;;) {
    const Series series{new_sid(), 0};
    write(database, [&] { return store.add(series, some, now); });
    if (!database.run(sql, {series.sid}).empty()) return series;
  }
}

}  // namespace

TEST_CASE("a store of one server is distributed over three, with all that it has") {
  if (shards().empty()) return;
  const std::string url = empty_database(), name = url.substr(url.rfind('/') + 1);
  const auto database = open_database(url);
  migrate(*database);
  SeriesStore store(*database);
  std::vector<Series> all;
  const auto add = [&] {
    for (int i = 0; i < 30; ++i) {
      all.push_back({new_sid(), 0});
      write(*database, [&] { return store.add(all.back(), some, now); });
    }
  };
  add();
  distribute(*database, name);
  add();
  for (const Series& series : all) CHECK(points(*database, series) == some);
  for (int server = 0; server < 3; ++server) CHECK(rows_on(*database, server) > 8);
  CHECK(rows_on(*database, 0) + rows_on(*database, 1) + rows_on(*database, 2) == 60);
}

TEST_CASE("a distributed store of version 2 comes to now, with all that it has") {
  if (shards().empty()) return;
  const std::string url = empty_database(), name = url.substr(url.rfind('/') + 1);
  const auto database = open_database(url);
  migrate(*database, 2);
  distribute(*database, name, 2);
  std::vector<Series> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back({new_sid(), 0});
    add_as_version_2(*database, all.back(), some);
  }
  migrate_shards(name);  // first, as sharding.md says
  migrate(*database);
  SeriesStore store(*database);
  for (const Series& series : all) {
    CHECK(points(*database, series) == some);
    const auto later = begin + 3 * 86'400;
    write(*database, [&] { return store.add(series, std::vector<Point>{{later, 3'000}}, now); });
  }
  keep_up(*database);
  for (const Series& series : all) CHECK(count(*database, "day", series.sid) == 1);
}

TEST_CASE("two senders that wait for each other on two servers collide, and both get through") {
  if (shards().empty()) return;
  const auto database = connect();
  const std::vector<Series> pair{series_on(*database, 1), series_on(*database, 2)};
  std::atomic<int> locked = 0;
  const auto send = [&](Series first, Series second, std::int64_t time) {
    const auto connection = connect();
    SeriesStore store(*connection);
    bool is_first_try = true;
    write(*connection, [&] {
      store.add(first, std::vector<Point>{{time, 3'000}}, now);
      if (is_first_try)
        for (++locked; locked < 2;) std::this_thread::yield();
      is_first_try = false;
      return store.add(second, std::vector<Point>{{time, 3'000}}, now);
    });
  };
  std::thread other([&] { send(pair[1], pair[0], begin + 200); });
  send(pair[0], pair[1], begin + 300);
  other.join();
  for (const Series& series : pair)
    CHECK(points(*database, series) ==
          std::vector<Point>{some[0], some[1], {begin + 200, 3'000}, {begin + 300, 3'000}});
}

TEST_CASE("a server that is lost in the midst of a transaction takes it along, and the next one works") {
  if (shards().empty()) return;
  const auto database = connect(), shard = connect_to_shard(0);
  const Series series = series_on(*database, 1), other = series_on(*database, 0);
  SeriesStore store(*database);
  const auto lose = [&] {
    shard->run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postgres_fdw'");
    while (!shard->run("SELECT 1 FROM pg_stat_activity WHERE application_name = 'postgres_fdw'").empty())
      std::this_thread::yield();
  };
  const std::vector<Point> more{{begin + 120, 3'000}};
  const auto send = [&](bool lost_before_commit) {
    Transaction transaction(*database, Database::Mode::write);
    store.add(other, more, now);
    if (!lost_before_commit) {
      shard->run("SELECT 1");
      database->run("SELECT count(*) FROM series WHERE sid = $1", {series.sid});
      lose();
    }
    store.add(series, more, now);
    if (lost_before_commit) lose();
    transaction.commit();
  };
  for (const bool lost_before_commit : {false, true}) {
    CHECK_THROWS_AS(send(lost_before_commit), DatabaseError);
    CHECK(points(*database, series) == some);
    CHECK(points(*database, other) == some);
  }
  lose();  // between two transactions
  write(*database, [&] { return store.add(other, more, now), store.add(series, more, now); });
  CHECK(points(*database, series) == std::vector<Point>{some[0], some[1], more[0]});
  CHECK(points(*database, other) == points(*database, series));
}
