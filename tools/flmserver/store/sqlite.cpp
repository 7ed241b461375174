#include "tools/flmserver/store/sqlite.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <map>

#include "tools/common/files.hpp"  // reason

namespace flm::server {
namespace {

constexpr int busy_ms = 5'000;  // for which a transaction waits for another one

DatabaseError::Kind kind_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return DatabaseError::Kind::collision;
    case SQLITE_CANTOPEN: return DatabaseError::Kind::away;
    default: break;
  }
  if (code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE ||
      code == SQLITE_CONSTRAINT_ROWID)
    return DatabaseError::Kind::not_unique;
  return DatabaseError::Kind::failed;
}

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

/// A statement that was prepared, and the place of each value in it.
struct Statement {
  std::unique_ptr<sqlite3_stmt, Close> statement;
  std::vector<int> places;
};

Row::Column column_of(sqlite3_stmt* statement, int number) {
  Row::Column column;
  const auto text = [&](const void* bytes) {
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, number));
    return size == 0 ? std::string() : std::string(static_cast<const char*>(bytes), size);
  };
  switch (sqlite3_column_type(statement, number)) {
    case SQLITE_INTEGER:
      column.type = Bound::Type::integer;
      column.integer = sqlite3_column_int64(statement, number);
      break;
    case SQLITE_FLOAT:
      column.type = Bound::Type::real;
      column.real = sqlite3_column_double(statement, number);
      break;
    case SQLITE_TEXT:
      column.type = Bound::Type::text;
      column.text = text(sqlite3_column_text(statement, number));
      break;
    case SQLITE_BLOB:
      column.type = Bound::Type::bytes;
      column.text = text(sqlite3_column_blob(statement, number));
      break;
    default: break;
  }
  return column;
}

class Sqlite final : public Database {
 public:
  explicit Sqlite(const std::string& file) : file_(file) {
    make(file);
    sqlite3* database = nullptr;
    const int status = sqlite3_open_v2(
        file.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    database_.reset(database);
    if (status != SQLITE_OK) fail(status);
    sqlite3_extended_result_codes(database, 1);
    sqlite3_busy_timeout(database, busy_ms);
    run_script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000");
  }

  Rows run(std::string_view sql, std::initializer_list<Bound> values) override {
    const Statement& prepared = prepare(sql);
    sqlite3_stmt* const statement = prepared.statement.get();
    if (values.size() != prepared.places.size())
      throw std::logic_error("a statement has another number of values");
    auto place = prepared.places.begin();
    for (const Bound& value : values) check(bind(statement, *place++, value));

    Rows rows;
    int status = SQLITE_OK;
    while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
      Row& row = rows.emplace_back();
      const int count = sqlite3_column_count(statement);
      row.columns.reserve(static_cast<std::size_t>(count));
      for (int i = 0; i < count; ++i) row.columns.push_back(column_of(statement, i));
    }
    changed_ = sqlite3_stmt_readonly(statement) != 0 ? 0 : sqlite3_changes64(database_.get());
    sqlite3_reset(statement);  // its status is step()'s
    sqlite3_clear_bindings(statement);
    if (status != SQLITE_DONE) fail(status);
    return rows;
  }

  std::int64_t changed() const override { return changed_; }

  void run_script(const std::string& sql) override {
    check(sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr));
  }

  void begin(Mode mode) override { run(mode == Mode::write ? "BEGIN IMMEDIATE" : "BEGIN", {}); }
  void commit() override { run("COMMIT", {}); }
  void rollback() noexcept override {
    // Some errors have rolled it back already.
    if (sqlite3_get_autocommit(database_.get()) == 0)
      sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }

  std::string_view for_update() const override { return ""; }
  std::string_view bytes_type() const override { return "BLOB"; }

 private:
  /// Keys, tokens and hashes are in it: a new file is readable for its owner only, and so are those that
  /// SQLite makes beside it.
  static void make(const std::string& file) {
    if (file == ":memory:") return;
    const int made = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (made < 0) throw DatabaseError(DatabaseError::Kind::away, "SQLite (" + file + "): " + reason(errno));
    close(made);
  }

  [[noreturn]] void fail(int status) const {
    throw DatabaseError(
        kind_of(status),
        "SQLite (" + file_ + "): " + (database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(status)));
  }
  void check(int status) const {
    if (status != SQLITE_OK) fail(status);
  }

  const Statement& prepare(std::string_view sql) {
    if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
    sqlite3_stmt* made = nullptr;
    check(sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &made, nullptr));
    Statement statement{std::unique_ptr<sqlite3_stmt, Close>(made), {}};
    // "$1" is a name to SQLite.
    const int count = sqlite3_bind_parameter_count(made);
    for (int i = 1; i <= count; ++i)
      statement.places.push_back(sqlite3_bind_parameter_index(made, ("$" + std::to_string(i)).c_str()));
    return statements_.emplace(sql, std::move(statement)).first->second;
  }

  static int bind(sqlite3_stmt* statement, int place, const Bound& value) {
    switch (value.type) {
      case Bound::Type::null: return sqlite3_bind_null(statement, place);
      case Bound::Type::integer: return sqlite3_bind_int64(statement, place, value.integer);
      case Bound::Type::real: return sqlite3_bind_double(statement, place, value.real);
      case Bound::Type::text:
        return sqlite3_bind_text64(statement, place, value.text.empty() ? "" : value.text.data(),
                                   value.text.size(), SQLITE_STATIC, SQLITE_UTF8);
      case Bound::Type::bytes:
        return sqlite3_bind_blob64(statement, place, value.text.empty() ? "" : value.text.data(),
                                   value.text.size(), SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
  }

  std::string file_;
  std::unique_ptr<sqlite3, Close> database_;
  std::map<std::string, Statement, std::less<>> statements_;  // finalized before the database is closed
  std::int64_t changed_ = 0;
};

}  // namespace

std::unique_ptr<Database> open_sqlite(const std::string& file) { return std::make_unique<Sqlite>(file); }

}  // namespace flm::server
