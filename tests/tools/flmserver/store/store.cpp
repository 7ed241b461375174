#include "tests/tools/flmserver/store/store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "tools/flmserver/store/schema.hpp"
#include "tools/flmserver/store/upkeep.hpp"

namespace flm::server::test {
namespace {

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int numbers = 0;

std::string url_of(std::string_view socket_folder, std::string_view name) {
  std::string url = "postgresql://flm@";
  for (const char c : socket_folder) url += c == '/' ? std::string("%2F") : std::string(1, c);
  return fmt::format("{}/{}", url, name);
}

std::string output_of(const std::string& command) {
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  std::string output;
  char bytes[4096];
  while (const std::size_t count = std::fread(bytes, 1, sizeof bytes, pipe)) output.append(bytes, count);
  if (::pclose(pipe) != 0) throw std::runtime_error(command + " failed");
  return output;
}

}  // namespace

const std::vector<std::string>& shards() {
  static const std::vector<std::string> folders = [] {
    std::istringstream words{std::string(variable("FLM_STORE_SHARDS"))};
    std::vector<std::string> result;
    for (std::string word; words >> word;) result.push_back(word);
    return result;
  }();
  return folders;
}

std::unique_ptr<Database> connect_to_shard(std::size_t number) {
  return open_database(url_of(shards()[number], "flm"));
}

void distribute(Database& coordinator, const std::string& name, int version) {
  std::string command = FLM_SOURCE_DIR "/tools/flmserver/store/shard.sh";
  for (const std::string& shard : shards()) {
    if (name != "flm") open_database(url_of(shard, "flm"))->run_script("CREATE DATABASE " + name);
    migrate(*open_database(url_of(shard, name)), version);
    command += fmt::format(" 'host={} dbname={} user=flm'", shard, name);
  }
  Transaction transaction(coordinator, Database::Mode::write);
  coordinator.run_script(output_of(command));
  transaction.commit();
}

void migrate_shards(const std::string& name) {
  for (const std::string& shard : shards()) migrate(*open_database(url_of(shard, name)));
}

bool is_sqlite() { return variable("FLM_STORE_URL").empty(); }

const TemporaryFolder& folder() {
  static const TemporaryFolder made;
  return made;
}

const std::string& store_url() {
  static const std::string url = [] {
    std::string made = is_sqlite() ? "sqlite:" + (folder().path() / "store.db").string()
                                   : std::string(variable("FLM_STORE_URL"));
    const auto database = open_database(made);
    migrate(*database);
    if (!shards().empty()) distribute(*database, "flm");
    return made;
  }();
  return url;
}

std::string empty_database() {
  const std::string name = fmt::format("empty_{}_{}", ::getpid(), ++numbers);
  if (is_sqlite()) return "sqlite:" + (folder().path() / name).string();
  const std::string url(variable("FLM_STORE_URL"));
  open_database(url)->run_script("CREATE DATABASE " + name);
  const std::size_t path = url.rfind('/'), query = url.find('?', path);
  return url.substr(0, path + 1) + name + (query == url.npos ? "" : url.substr(query));
}

std::unique_ptr<Database> connect() {
  auto database = open_database(store_url());
  if (is_sqlite()) database->run_script("PRAGMA synchronous = OFF");  // these tests cut no power
  return database;
}

std::string new_sid() {
  return fmt::format("{:08x}{:024x}", static_cast<unsigned>(++numbers) * 2'654'435'761u, ::getpid());
}

std::vector<history::Point> points(Database& database, const history::Series& series, std::int64_t from,
                                   std::int64_t to) {
  std::vector<history::Point> result;
  Transaction transaction(database, Database::Mode::read);
  SeriesStore(database).points(series, from, to, [&](history::Point point) { result.push_back(point); });
  transaction.commit();
  return result;
}

void add_as_version_2(Database& database, const history::Series& series,
                      const std::vector<history::Point>& points) {
  write(database, [&] {
    const std::int64_t first = points.front().time;
    database.run(
        "INSERT INTO series (sid, rid, newest_time, newest_value, merged_until, rolled_until)"
        " VALUES ($1, $2, $3, $4, $5, 0)",
        {series.sid, series.rid, points.back().time, points.back().value,
         history::BlockId::at(12, first).start});
    for (auto from = points.begin(); from != points.end();) {
      const std::int64_t end = history::BlockId::at(12, from->time).end();
      const auto to = std::find_if(from, points.end(), [&](const auto& point) { return point.time >= end; });
      const std::string gzip = history::encode("{}", std::vector(from, to));
      database.run("INSERT INTO piece (sid, rid, first, gzip) VALUES ($1, $2, $3, $4)",
                   {series.sid, series.rid, from->time, Bound::bytes(gzip)});
      from = to;
    }
    return 0;
  });
}

std::string rows_of(Database& database, std::string_view sid) {
  std::string text;
  for (const std::string_view sql : {"SELECT * FROM series WHERE sid = $1 ORDER BY rid",
                                     "SELECT * FROM piece WHERE sid = $1 ORDER BY rid, first",
                                     "SELECT * FROM block WHERE sid = $1 ORDER BY rid, bid, level",
                                     "SELECT * FROM day WHERE sid = $1 ORDER BY rid, day"})
    for (const Row& row : database.run(sql, {sid})) {
      for (const Row::Column& column : row.columns) {
        if (column.type == Bound::Type::integer)
          text += fmt::format("{} ", column.integer);
        else
          text += column.text + " ";
      }
      text += "\n";
    }
  return text;
}

std::int64_t count(Database& database, std::string_view table, std::string_view sid) {
  return database.run(fmt::format("SELECT count(*) FROM {} WHERE sid = $1", table), {sid}).front().integer(0);
}

void keep_up(Database& database, bool falls) {
  Upkeep upkeep(database, [=](const std::string&) { return falls; });
  while (upkeep.step()) {
  }
}

}  // namespace flm::server::test
