#include "tools/flmserver/store/database.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <limits>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/flmserver/store/store.hpp"
#include "tools/common/input_error.hpp"

using namespace flm;
using namespace flm::server;
using namespace flm::server::test;

namespace {

namespace fs = std::filesystem;

DatabaseError::Kind kind_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const DatabaseError& error) {
    INFO(error.what());
    return error.kind();
  }
  FAIL("nothing was thrown");
  return {};
}

}  // namespace

TEST_CASE("a URL that is none is refused with what is allowed") {
  for (const char* const url : {"", "sqlite:", "flmserver.db", "mysql://root@host/flm", "SQLITE:file"})
    CHECK_THROWS_AS(open_database(url), InputError);
  CHECK_THROWS_WITH(open_database("mysql://h/d"),
                    "'mysql://h/d' is no database; allowed: sqlite:FILE, postgresql://USER@HOST/DATABASE");
}

TEST_CASE("SQLite: a new file is for its owner only, and one that cannot be made says why") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "store.db";
  const mode_t before = umask(0);
  {
    const auto database = open_database("sqlite:" + file.string());
    database->run("CREATE TABLE t (n INTEGER)", {});
    for (const char* const end : {"", "-wal", "-shm"})
      CHECK((fs::status(file.string() + end).permissions() & fs::perms::all) ==
            (fs::perms::owner_read | fs::perms::owner_write));
  }
  umask(before);
  CHECK_THROWS_WITH(open_database("sqlite:" + (folder.path() / "none" / "store.db").string()),
                    Catch::EndsWith("store.db): no such file"));
}

TEST_CASE("a value is what it was when it comes back") {
  const auto database = open_database(empty_database());
  database->run_script(std::string("CREATE TABLE t (i BIGINT, r DOUBLE PRECISION, t TEXT, b ") +
                       std::string(database->bytes_type()) + ")");
  const std::string all_bytes = [] {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
  }();
  const std::string text = "'; DROP TABLE t; -- \"\\ <b>Küche</b> €";
  constexpr auto most = std::numeric_limits<std::int64_t>::max(),
                 least = std::numeric_limits<std::int64_t>::min();
  database->run("INSERT INTO t (i, r, t, b) VALUES ($1, $2, $3, $4)",
                {most, 0.25, text, Bound::bytes(all_bytes)});
  CHECK(database->changed() == 1);
  database->run("INSERT INTO t (i, r, t, b) VALUES ($1, $2, $3, $4)",
                {least, -1.5e300, "", Bound::bytes("")});
  database->run("INSERT INTO t (i, r, t, b) VALUES ($1, $2, $3, $4)",
                {std::nullopt, std::nullopt, std::nullopt, std::nullopt});
  database->run("INSERT INTO t (i, r, t, b) VALUES ($1, $2, $3, $4)",
                {true, 3.0, std::optional<std::string>(), std::optional<std::string>()});
  const Rows rows = database->run("SELECT i, r, t, b FROM t WHERE i = $1 OR i = $2", {least, most});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].integer(0) == most);
  CHECK(rows[0].real(1) == 0.25);
  CHECK(rows[0].text(2) == text);
  CHECK(rows[0].text(3) == all_bytes);
  CHECK(rows[1].integer(0) == least);
  CHECK(rows[1].real(1) == -1.5e300);
  CHECK(rows[1].text(2).empty());
  CHECK(rows[1].text(3).empty());
  CHECK_FALSE(rows[1].is_null(3));
  const Rows nulls =
      database->run("SELECT i, t, r FROM t WHERE t IS NULL AND b IS NULL ORDER BY coalesce(i, 5)");
  REQUIRE(nulls.size() == 2);
  CHECK(nulls[0].integer(0) == 1);
  CHECK(nulls[0].real(2) == 3);
  CHECK(nulls[1].maybe_integer(0) == std::nullopt);
  CHECK(nulls[1].maybe_text(1) == std::nullopt);
  CHECK_THROWS_AS(nulls[1].integer(0), std::logic_error);
  CHECK_THROWS_AS(nulls[0].text(0), std::logic_error);
  database->run("DELETE FROM t WHERE i > $1 OR i < $1", {0});
  CHECK(database->changed() == 3);
}

TEST_CASE("values are bound by their numbers, in any order and more than once") {
  const auto database = connect();
  const Rows rows =
      database->run("SELECT uid FROM account WHERE uid > $2 AND uid < $1 AND uid <> $2", {3, 1});
  CHECK(rows.empty());
  const Rows sum =
      database->run("SELECT count(*) FROM account WHERE uid = $2 AND uid = $2 AND name = $1", {"x", 7});
  CHECK(sum.front().integer(0) == 0);
}

TEST_CASE("a transaction is kept wholly or not at all") {
  const auto database = connect(), other = connect();
  const std::string sid = new_sid();
  const auto insert = [&](int number) {
    database->run("INSERT INTO token (token, sid) VALUES ($1, $2)", {sid + std::to_string(number), sid});
  };
  const auto seen = [&] { return count(*other, "token", sid); };
  {
    Transaction transaction(*database, Database::Mode::write);
    insert(1);
    CHECK(seen() == 0);
  }
  CHECK(seen() == 0);
  {
    Transaction transaction(*database, Database::Mode::write);
    insert(1);
    insert(2);
    transaction.commit();
  }
  CHECK(seen() == 2);
  CHECK_THROWS_AS(
      [&] {
        Transaction transaction(*database, Database::Mode::write);
        insert(3);
        insert(1);  // is there already
        transaction.commit();
      }(),
      DatabaseError);
  CHECK(seen() == 2);
  insert(4);  // a transaction of its own
  CHECK(seen() == 3);
}

TEST_CASE("an error says of what kind it is") {
  const auto database = connect();
  const std::string sid = new_sid();
  using Kind = DatabaseError::Kind;
  database->run("INSERT INTO token (token, sid) VALUES ($1, $2)", {sid, sid});
  CHECK(kind_of([&] {
          database->run("INSERT INTO token (token, sid) VALUES ($1, $2)", {sid, sid});
        }) == Kind::not_unique);
  CHECK(kind_of([&] { database->run("SELECT nothing FROM nowhere"); }) == Kind::failed);
  CHECK(kind_of([&] { database->run_script("SELEC"); }) == Kind::failed);
  CHECK(database->run("SELECT sid FROM token WHERE token = $1", {sid}).size() == 1);
}

TEST_CASE("a transaction that reads sees one state, whatever is written meanwhile") {
  const auto reader = connect(), writer = connect();
  const std::string sid = new_sid();
  Transaction transaction(*reader, Database::Mode::read);
  CHECK(count(*reader, "token", sid) == 0);
  writer->run("INSERT INTO token (token, sid) VALUES ($1, $2)", {sid, sid});
  CHECK(count(*reader, "token", sid) == 0);
  transaction.commit();
  CHECK(count(*reader, "token", sid) == 1);
}

TEST_CASE("a statement with too few values is a mistake of the program") {
  const auto database = connect();
  CHECK_THROWS(database->run("SELECT uid FROM account WHERE uid = $1", {}));
}

TEST_CASE("a file of SQLite that cannot be opened, or has no place left, is an error that says so") {
  if (!is_sqlite()) return;
  CHECK(kind_of([] { open_database("sqlite:/nowhere/at/all.db"); }) == DatabaseError::Kind::away);
  const std::string url = empty_database();
  const auto database = open_database(url);
  database->run_script("CREATE TABLE t (b BLOB); PRAGMA max_page_count = 20");
  const std::string bytes(5'000, 'x');
  const auto fill = [&] {
    Transaction transaction(*database, Database::Mode::write);
    for (int i = 0; i < 30; ++i) database->run("INSERT INTO t (b) VALUES ($1)", {Bound::bytes(bytes)});
    transaction.commit();
  };
  CHECK_THROWS_WITH(fill(), Catch::Contains("full"));
  CHECK(database->run("SELECT count(*) FROM t").front().integer(0) == 0);
  database->run_script("PRAGMA max_page_count = 1000");
  fill();
  CHECK(open_database(url)->run("SELECT count(*) FROM t").front().integer(0) == 30);
}

TEST_CASE("of two transactions that write, the second one waits for the first in SQLite") {
  if (!is_sqlite()) return;
  const auto database = connect(), other = connect();
  other->run_script("PRAGMA busy_timeout = 10");
  Transaction transaction(*database, Database::Mode::write);
  CHECK(kind_of([&] { other->begin(Database::Mode::write); }) == DatabaseError::Kind::collision);
  transaction.commit();
  Transaction now_it_works(*other, Database::Mode::write);
  now_it_works.commit();
}

TEST_CASE("a connection that is lost takes its transaction along, and the next one works") {
  if (is_sqlite()) return;
  const auto database = connect(), other = connect();
  const std::string sid = new_sid();
  const auto terminate = [&] {
    const auto pid = database->run("SELECT pg_backend_pid()").front().integer(0);
    other->run("SELECT pg_terminate_backend(CAST($1 AS INTEGER))", {pid});
    while (!other->run("SELECT 1 FROM pg_stat_activity WHERE pid = $1", {pid}).empty()) {
    }
  };
  const auto insert = [&] { database->run("INSERT INTO token (token, sid) VALUES ($1, $1)", {sid}); };
  CHECK(kind_of([&] {
          Transaction transaction(*database, Database::Mode::write);
          insert();
          terminate();
          transaction.commit();
        }) == DatabaseError::Kind::away);
  CHECK(count(*other, "token", sid) == 0);
  CHECK(kind_of([&] {
          Transaction transaction(*database, Database::Mode::write);
          terminate();
          insert();
        }) == DatabaseError::Kind::away);
  terminate();  // and between two transactions
  {
    Transaction transaction(*database, Database::Mode::write);
    insert();
    transaction.commit();
  }
  CHECK(count(*other, "token", sid) == 1);
}

TEST_CASE("a server that is not there is away") {
  if (is_sqlite()) return;
  CHECK(kind_of([] { open_database("postgresql://flm@127.0.0.1:1/flm"); }) == DatabaseError::Kind::away);
  CHECK(kind_of([] { open_database("postgresql://flm@%2Fnowhere/flm"); }) == DatabaseError::Kind::away);
}

TEST_CASE("a transaction in which a statement failed is not kept, even by commit") {
  if (is_sqlite()) return;
  const auto database = connect();
  const std::string sid = new_sid();
  Transaction transaction(*database, Database::Mode::write);
  database->run("INSERT INTO token (token, sid) VALUES ($1, $1)", {sid});
  CHECK_THROWS_AS(database->run("SELECT nothing FROM nowhere"), DatabaseError);
  CHECK_THROWS_AS(transaction.commit(), DatabaseError);
  CHECK(count(*database, "token", sid) == 0);
}

TEST_CASE("two transactions that wait for each other collide, and one of them can go on") {
  if (is_sqlite()) return;
  const auto database = connect(), other = connect();
  const std::string first = new_sid(), second = new_sid();
  for (const std::string& sid : {first, second})
    database->run("INSERT INTO token (token, created) VALUES ($1, 0)", {sid});
  const auto lock = [](Database& connection, const std::string& sid) {
    connection.run("SELECT created FROM token WHERE token = $1 FOR UPDATE", {sid});
  };
  std::atomic<int> collisions = 0, waiting = 0;
  const auto run = [&](Database& connection, const std::string& one, const std::string& two) {
    try {
      Transaction transaction(connection, Database::Mode::write);
      lock(connection, one);
      for (++waiting; waiting < 2;) std::this_thread::yield();
      lock(connection, two);
      transaction.commit();
    } catch (const DatabaseError& error) {
      if (error.kind() == DatabaseError::Kind::collision) ++collisions;
    }
  };
  std::thread thread([&] { run(*other, second, first); });
  run(*database, first, second);
  thread.join();
  CHECK(collisions == 1);
}

TEST_CASE("a server that is killed has all that it acknowledged when it is back") {
  if (is_sqlite()) return;
  std::vector<std::unique_ptr<Database>> servers;
  servers.push_back(connect());
  for (std::size_t i = 0; i < shards().size(); ++i) servers.push_back(connect_to_shard(i));
  std::atomic<bool> goes_on = true;
  std::atomic<int> acknowledged = 0, lost = 0;
  std::vector<history::Series> all;
  for (int i = 0; i < 10; ++i) all.push_back({new_sid(), 0});
  const auto batch = [](int number) {
    std::vector<history::Point> points;
    for (int i = 0; i < 60; ++i) points.push_back({begin + 60 * number + i, 1'000 * number + i});
    return points;
  };
  std::thread sender([&] {
    const auto database = connect();
    SeriesStore store(*database);
    for (int number = 0; goes_on; ++number)
      for (const history::Series& series : all)
        for (bool is_done = false; !is_done;) try {
            write(*database, [&] { return store.add(series, batch(number), now); });
            is_done = true;
            ++acknowledged;
          } catch (const DatabaseError& error) {
            ++lost;
            ::usleep(20'000);
          }
  });
  for (const auto& server : servers) {
    const auto pid = server->run("SELECT pg_backend_pid()").front().integer(0);
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string word, parent;
    for (int i = 0; i < 4; ++i) stat >> word, parent = word;  // number, name, state, parent
    const int before = lost, sent = acknowledged;
    while (acknowledged < sent + 20) ::usleep(1'000);
    ::kill(std::stoi(parent), SIGKILL);
    for (int i = 0; i < 1'000 && lost == before; ++i) ::usleep(1'000);
    const int then = acknowledged;
    while (acknowledged < then + 20) ::usleep(1'000);
  }
  goes_on = false;
  sender.join();
  const auto database = connect();
  int there = 0;
  for (const history::Series& series : all) {
    const auto its = points(*database, series);
    CHECK(its.size() % 60 == 0);
    for (std::size_t i = 0; i < its.size(); ++i) {
      const int number = static_cast<int>(i) / 60, second = static_cast<int>(i) % 60;
      if (its[i] != history::Point{begin + 60 * number + second, 1'000 * number + second})
        FAIL("a point is not right");
    }
    there += static_cast<int>(its.size()) / 60;
  }
  CHECK(there == acknowledged);
}
