// A store of the test's own, as SQLite, as a backup, as the test's kind of database, and back.
#include "tools/flmserver/operation/backup.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>

#include "tests/tools/flmserver/store/store.hpp"
#include "tools/common/input_error.hpp"
#include "tools/flmserver/accounts/accounts.hpp"
#include "tools/flmserver/accounts/provision.hpp"
#include "tools/flmserver/api/api.hpp"
#include "tools/flmserver/store/schema.hpp"
#include "tools/web/exchange/json_input.hpp"

namespace {

using namespace flm;
using namespace flm::server::test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

const std::string device(32, 'd'), key(32, 'e');

std::string new_file() {
  static int count = 0;
  return (folder().path() / fmt::format("backup-{}", ++count)).string();
}

/// A store with a bit of everything: two people, a device, sensors whose history has pieces, blocks and days.
struct Town {
  Town() {
    const auto database = server::open_database(url);
    server::migrate(*database);
    server::Transaction transaction(*database, server::Database::Mode::write);
    server::Accounts accounts(*database);
    const auto icarus = accounts.add_account("icarus <b>'\"", "", "Europe/Brussels", now);
    const auto ada = accounts.add_account("Ada Ωmega", "hash", "UTC", now);
    token = icarus.token;
    uid = icarus.uid;
    accounts.follow(ada.uid, icarus.uid);
    accounts.add_device(device, key, "FL02B00042");
    accounts.give(icarus.uid, device);
    for (int i = 0; i < 3; ++i) {
      sids.push_back(new_sid());
      server::provision(
          accounts, *accounts.device(device), sids.back(),
          web::parse_json(R"({"class":"pulse","function":"zähler","constant":0.5,"kid":null})", "", 2), now);
      std::vector<history::Point> points;
      for (int at = 0; at < 3000; ++at) points.push_back({begin + at * 60, (at * 7 + i) * 1'000});
      server::SeriesStore(*database).add({sids.back(), 0}, points, now);
    }
    // More rows than are copied at once, of a table with one column as its key, and of one with three.
    for (int i = 0; i < 250; ++i) accounts.add_token(sids[0], "", now);
    const std::string daily = new_sid();
    std::vector<history::Point> each_day;
    for (int at = 0; at < 250; ++at) each_day.push_back({begin + at * 86'400, at * 1'000});
    server::SeriesStore(*database).add({daily, 0}, each_day, now);
    database->run("INSERT INTO session (token, uid, csrf, opened, used) VALUES ($1, $2, $3, $4, $5)",
                  {"secret", uid, "c", now, now});
    transaction.commit();
    keep_up(*database);
    server::Transaction late(*database, server::Database::Mode::write);
    server::SeriesStore(*database).add({sids[0], 0}, std::vector<history::Point>{{begin + 30, 500}}, now);
    late.commit();
  }
  std::string url = "sqlite:" + new_file(), token;
  std::int64_t uid = 0;
  std::vector<std::string> sids;
};

/// What the API answers to each question, by a store's URL.
std::map<std::string, std::string> answers(const Town& town, const std::string& url) {
  boost::asio::io_context loop(1);
  server::Workers workers(loop, {.url = url}, {});
  server::Api api(workers, {}, [] { return begin + 3000 * 60; });
  web::Router router;
  api.add_routes(router);
  const std::string access = "version=1.0&token=" + town.token;
  std::vector<std::string> questions{fmt::format("/user/{}/sensor?{}", town.uid, access),
                                     fmt::format("/user/{}/device?{}", town.uid, access),
                                     fmt::format("/device/{}/sensor?{}", device, access)};
  for (const std::string& sid : town.sids) {
    for (const char* interval : {"hour", "day", "month", "year", "night"})
      questions.push_back(fmt::format("/sensor/{}?interval={}&unit=watt&{}", sid, interval, access));
    questions.push_back(fmt::format("/sensor/{}?param=all&{}", sid, access));
    questions.push_back(fmt::format("/sensor/{}/tmpo/sync?rid=0&lvl=0&bid=0&{}", sid, access));
    questions.push_back(fmt::format("/sensor/{}/tmpo/0/16/{}?{}", sid, begin / 65536 * 65536, access));
  }
  std::map<std::string, std::string> result;
  for (const std::string& question : questions) {
    web::Request request;
    request.target = question;
    web::decode_target(request);
    std::string fault;
    const web::Route* const route = router.find(request);
    const web::Response waits = router.answer(route, request, fault);
    REQUIRE(waits.later);
    std::optional<web::Response> came;
    waits.later->on_answer = [&](web::Response answer) { came = std::move(answer); };
    while (!came) {
      loop.restart();
      loop.run_for(std::chrono::milliseconds(5));
    }
    result[question] = fmt::format("{} {}{}", came->status, came->body, came->fixed_body);
  }
  return result;
}

/// All rows of all tables but sessions.
std::string rows(const std::string& url) {
  const auto database = server::open_database(url);
  std::string text;
  const std::map<std::string, std::string> tables{{"account", "uid"},
                                                  {"device", "device"},
                                                  {"sensor", "sid"},
                                                  {"token", "token"},
                                                  {"follow", "uid"},
                                                  {"series", "sid"},
                                                  {"piece", "sid, rid, first"},
                                                  {"block", "sid, bid, level"},
                                                  {"day", "sid, day"}};
  for (const auto& [table, order] : tables) {
    text += "\n" + table + "\n";
    for (const server::Row& row : database->run("SELECT * FROM " + table + " ORDER BY " + order)) {
      for (const auto& column : row.columns)
        text += fmt::format("{}:{}/{}/{} ", static_cast<int>(column.type), column.integer, column.real,
                            column.text);
      text += "\n";
    }
  }
  return text;
}

}  // namespace

TEST_CASE("a store moves to a backup, another kind of database, and back, with all its rows and answers") {
  const Town town;
  const std::string file = new_file(), moved = empty_database(), second = new_file(), back = new_file();
  const std::uint64_t count = server::back_up(town.url, file);
  CHECK(server::restore(file, moved) == count);
  CHECK(server::back_up(moved, second) == count);
  CHECK(server::restore(second, "sqlite:" + back) == count);
  const std::string whole = rows(town.url);
  CHECK(rows(moved) == whole);
  CHECK(rows("sqlite:" + back) == whole);
  const auto before = answers(town, town.url), after = answers(town, moved);
  for (const auto& [question, answer] : before) {
    CAPTURE(question);
    CHECK(answer.starts_with("200 "));
    CHECK(after.at(question) == answer);
  }
}

TEST_CASE("a backup is a store itself, one file that only its owner reads, and nobody is logged in by it") {
  const Town town;
  const std::string file = new_file();
  server::back_up(town.url, file);
  CHECK((fs::status(file).permissions() & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none);
  for (const char* end : {".part", "-wal", "-shm", ".part-journal", ".part-wal"})
    CHECK_FALSE(fs::exists(file + end));
  CHECK(answers(town, "sqlite:" + file) == answers(town, town.url));
  CHECK(server::open_database("sqlite:" + file)->run("SELECT * FROM session").empty());
}

TEST_CASE("every table of the store is in a backup") {
  const Town town;
  const std::string file = new_file();
  server::back_up(town.url, file);
  const auto from = server::open_database(town.url), to = server::open_database("sqlite:" + file);
  for (const server::Row& row :
       from->run("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'session'")) {
    const std::string sql = "SELECT count(*) FROM " + row.text(0);
    CAPTURE(sql);
    CHECK(from->run(sql)[0].integer(0) > 0);
    CHECK(to->run(sql)[0].integer(0) == from->run(sql)[0].integer(0));
  }
}

TEST_CASE("a backup is of one moment, while others write") {
  const Town town;
  const auto from = server::open_database(town.url), to = server::open_database("sqlite:" + new_file());
  server::migrate(*to);
  const std::string before = rows(town.url);
  server::Transaction reading(*from, server::Database::Mode::read);
  CHECK(from->run("SELECT count(*) FROM account")[0].integer(0) == 2);
  const auto other = server::open_database(town.url);
  write(*other, [&] {
    server::SeriesStore(*other).remove(town.sids[0]);
    return 0;
  });
  server::Transaction writing(*to, server::Database::Mode::write);
  server::copy_store(*from, *to);
  CHECK(count(*to, "series", town.sids[0]) == 1);
  CHECK(count(*other, "series", town.sids[0]) == 0);
}

TEST_CASE("a file that is there is not written over, and a store that has rows is not restored into") {
  const Town town;
  const std::string file = new_file();
  server::back_up(town.url, file);
  CHECK_THROWS_WITH(server::back_up(town.url, file), Contains("is there already"));
  const std::string before = rows(town.url);
  CHECK_THROWS_WITH(server::restore(file, town.url), Contains("allowed: an empty one"));
  CHECK(rows(town.url) == before);
}

TEST_CASE("a restore that fails leaves an empty store") {
  const Town town;
  const std::string url = empty_database();
  const auto from = server::open_database(town.url), to = server::open_database(url);
  server::migrate(*to);
  FailingDatabase failing(*to);
  failing.left = 40;
  {
    const server::Transaction reading(*from, server::Database::Mode::read);
    server::Transaction writing(failing, server::Database::Mode::write);
    CHECK_THROWS_AS(server::copy_store(*from, failing), server::DatabaseError);
  }
  CHECK(to->run("SELECT count(*) FROM account")[0].integer(0) == 0);
}

TEST_CASE("what is no backup is refused, and says what is allowed") {
  const std::string file = new_file(), url = empty_database();
  CHECK_THROWS_WITH(server::restore(file, url), Contains("is no file; allowed"));
  CHECK_THROWS_WITH(server::back_up("sqlite:" + file, new_file()),
                    Contains("is no store of flmserver; allowed"));
  std::ofstream(file, std::ios::trunc) << std::string(10'000, 'x');
  CHECK_THROWS(server::restore(file, url));
}
