#include "tools/flmserver/operation/backup.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <span>
#include <utility>
#include <vector>

#include "tools/common/files.hpp"
#include "tools/common/input_error.hpp"
#include "tools/flmserver/store/schema.hpp"

namespace flm::server {
namespace {

namespace fs = std::filesystem;

constexpr std::array tables{"account", "device", "sensor", "token", "follow",
                            "series",  "piece",  "block",  "day"};
/// Rows that are in memory at once; a block has some MB at most.
constexpr int rows_at_once = 100;

struct Columns {
  std::vector<std::string> all, key;
};

/// Those of the key come first.
Columns columns_of(Database& sqlite, std::string_view table) {
  Columns columns;
  for (const Row& row :
       sqlite.run("SELECT name, pk FROM pragma_table_info($1) ORDER BY pk = 0, pk, cid", {table})) {
    columns.all.push_back(row.text(0));
    if (row.integer(1) > 0) columns.key.push_back(row.text(0));
  }
  return columns;
}

Bound bound(const Row::Column& column) {
  switch (column.type) {
    case Bound::Type::null: break;
    case Bound::Type::integer: return column.integer;
    case Bound::Type::real: return column.real;
    case Bound::Type::text: return column.text;
    case Bound::Type::bytes: return Bound::bytes(column.text);
  }
  return std::nullopt;
}

/// Runs a statement with as many values as a row has.
template <std::size_t count = 0>
Rows run_with(Database& database, std::string_view sql, std::span<const Bound> values) {
  if (values.size() == count) return [&]<std::size_t... at>(std::index_sequence<at...>) {
      return database.run(sql, {values[at]...});
    }
  (std::make_index_sequence<count>());
  if constexpr (count < 40)
    return run_with<count + 1>(database, sql, values);
  else
    throw std::logic_error("a table has more columns than are known here");
}

/// "$1, $2, $3".
std::string places(std::size_t count) {
  std::string text;
  for (std::size_t i = 1; i <= count; ++i) text += fmt::format("{}${}", i > 1 ? ", " : "", i);
  return text;
}

/// In the order of the key, a part at a time, so that no statement takes long.
std::uint64_t copy_table(Database& from, Database& to, std::string_view table) {
  const Columns columns = columns_of(from.bytes_type() == "BLOB" ? from : to, table);
  const std::string all = fmt::format("{}", fmt::join(columns.all, ", ")),
                    key = fmt::format("{}", fmt::join(columns.key, ", "));
  const std::string first =
      fmt::format("SELECT {} FROM {} ORDER BY {} LIMIT {}", all, table, key, rows_at_once);
  const std::string next = fmt::format("SELECT {} FROM {} WHERE ({}) > ({}) ORDER BY {} LIMIT {}", all, table,
                                       key, places(columns.key.size()), key, rows_at_once);
  const std::string insert =
      fmt::format("INSERT INTO {} ({}) VALUES ({})", table, all, places(columns.all.size()));
  if (!to.run(fmt::format("SELECT 1 FROM {} LIMIT 1", table)).empty())
    throw InputError(fmt::format("the store has rows already (of table {}); allowed: an empty one", table));
  std::uint64_t count = 0;
  std::vector<Bound> values;
  Rows rows = from.run(first);
  while (!rows.empty()) {
    for (const Row& row : rows) {
      values.clear();
      for (const Row::Column& column : row.columns) values.push_back(bound(column));
      run_with(to, insert, values);
      ++count;
    }
    const std::vector<Row::Column> last = std::move(rows.back().columns);  // the key comes first
    values.clear();
    for (std::size_t i = 0; i < columns.key.size(); ++i) values.push_back(bound(last[i]));
    rows = run_with(from, next, values);
  }
  return count;
}

int version_of(Database& database, const std::string& what) {
  constexpr const char* allowed = "is no store of flmserver; allowed: one that has its tables";
  try {
    const Rows rows = database.run("SELECT max(version) FROM schema_version");
    if (const auto version = rows.front().maybe_integer(0)) return static_cast<int>(*version);
  } catch (const DatabaseError& error) {
    if (error.kind() == DatabaseError::Kind::away) throw;
  }
  throw InputError(fmt::format("{}: {}", what, allowed));
}

/// What one of them has at one moment; it is on disk in the other at the end.
std::uint64_t copy(Database& from, Database& to) {
  const Transaction reading(from, Database::Mode::read);
  Transaction writing(to, Database::Mode::write);
  const std::uint64_t count = copy_store(from, to);
  writing.commit();
  return count;
}

}  // namespace

std::uint64_t copy_store(Database& from, Database& to) {
  std::uint64_t count = 0;
  for (const std::string_view table : tables) count += copy_table(from, to, table);
  return count;
}

std::uint64_t back_up(const std::string& url, const fs::path& file) {
  refuse_to_replace(file);
  const std::unique_ptr<Database> from = open_database(url);
  const int version = version_of(*from, "the store");
  const fs::path part = file.string() + ".part";
  const auto forget = [&] {
    std::error_code ignored;
    for (const char* end : {"", "-wal", "-shm", "-journal"}) fs::remove(part.string() + end, ignored);
  };
  forget();
  std::uint64_t count = 0;
  try {
    // Keys and tokens are in it: it is its owner's from the beginning.
    const int made = ::open(part.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (made < 0) throw InputError(fmt::format("{}: {}", part.string(), reason(errno)));
    ::close(made);
    const std::unique_ptr<Database> to = open_database("sqlite:" + part.string());
    to->run_script("PRAGMA journal_mode = DELETE");  // one file, and on disk once it is committed
    migrate(*to, version);
    count = copy(*from, *to);
  } catch (...) {
    forget();
    throw;
  }
  if (std::rename(part.c_str(), file.c_str()) != 0)
    throw InputError(fmt::format("{}: {}", file.string(), reason(errno)));
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  if (const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); opened >= 0) {
    ::fsync(opened);
    ::close(opened);
  }
  return count;
}

std::uint64_t restore(const fs::path& file, const std::string& url) {
  if (!fs::is_regular_file(file))
    throw InputError(
        fmt::format("{}: is no file; allowed: one that `flmserver backup` has written", file.string()));
  const std::unique_ptr<Database> from = open_database("sqlite:" + file.string());
  const int version = version_of(*from, file.string());
  if (version > newest_version()) migrate(*from);  // says so
  const std::unique_ptr<Database> to = open_database(url);
  migrate(*to, version);
  if (version_of(*to, "the store") != version)
    throw InputError(fmt::format(
        "{}: has tables of version {}, the store has newer ones; allowed: a database without tables",
        file.string(), version));
  const std::uint64_t count = copy(*from, *to);
  migrate(*to);
  return count;
}

}  // namespace flm::server
