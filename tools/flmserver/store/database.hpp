// A database, SQLite or PostgreSQL, as the store sees it: statements in the SQL that both have, with values
// bound by number.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace flm::server {

/// The database failed: away, full, restarted in the middle of a transaction, or two transactions that cannot
/// both be. Nothing of the transaction is kept.
class DatabaseError : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t {
    failed,     ///< for another reason; the text says which
    away,       ///< no connection: the next begin() tries to connect again
    collision,  ///< with another transaction (serialisation, deadlock, busy): the same again may succeed
    not_unique  ///< a row with this key, or a table of this name, is there already
  };
  DatabaseError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

/// A value that is bound: nothing, a whole number, a real number, text (UTF-8 without NUL) or bytes. A view:
/// what it shows outlives the call.
class Bound {
 public:
  enum class Type : std::uint8_t { null, integer, real, text, bytes };
  Bound(std::nullopt_t) {}
  Bound(std::int64_t value) : type(Type::integer), integer(value) {}
  Bound(int value) : Bound(std::int64_t{value}) {}
  Bound(bool value) : Bound(std::int64_t{value}) {}  ///< columns of yes and no are whole numbers, 0 and 1
  Bound(double value) : type(Type::real), real(value) {}
  Bound(std::string_view value) : type(Type::text), text(value) {}
  Bound(const std::string& value) : Bound(std::string_view(value)) {}
  Bound(const char* value) : Bound(std::string_view(value)) {}
  template <class T>
  Bound(const std::optional<T>& value) {
    if (value) *this = Bound(*value);
  }
  static Bound bytes(std::string_view value) {
    Bound bound(value);
    bound.type = Type::bytes;
    return bound;
  }

  Type type = Type::null;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text{};  ///< or the bytes
};

/// A row of an answer, columns from 0. Throws std::logic_error for a column that is not there, or is of
/// another type.
class Row {
 public:
  [[nodiscard]] bool is_null(std::size_t column) const;
  [[nodiscard]] std::int64_t integer(std::size_t column) const;
  [[nodiscard]] double real(std::size_t column) const;              ///< or of a whole number
  [[nodiscard]] const std::string& text(std::size_t column) const;  ///< or bytes
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(std::size_t column) const;
  [[nodiscard]] std::optional<std::string> maybe_text(std::size_t column) const;

  struct Column {
    Bound::Type type = Bound::Type::null;
    std::int64_t integer = 0;
    double real = 0;
    std::string text{};
  };
  std::vector<Column> columns;

 private:
  [[nodiscard]] const Column& column(std::size_t, Bound::Type) const;
};
using Rows = std::vector<Row>;

/// One connection, for one thread at a time. Statements are in the SQL common to both: values are `$1`, `$2`,
/// each once or more; columns are BIGINT, DOUBLE PRECISION, TEXT, or what bytes_type() names. All functions
/// but rollback() throw DatabaseError.
class Database {
 public:
  virtual ~Database() = default;

  /// Runs one statement and gives its rows. It is prepared once and kept: give it texts of a program, not of
  /// a user. Outside of a transaction it is one of its own.
  virtual Rows run(std::string_view sql, std::initializer_list<Bound> values = {}) = 0;
  /// Rows that the last statement inserted, updated or deleted.
  [[nodiscard]] virtual std::int64_t changed() const = 0;
  /// Runs several statements without values, as a migration has them.
  virtual void run_script(const std::string& sql) = 0;

  enum class Mode : std::uint8_t { read, write };
  /// Begins a transaction: all of it is kept, on disk once commit() returns, or nothing. One that reads sees
  /// one state of the database. Connects again where the connection was lost; that may be found out by the
  /// first statement.
  virtual void begin(Mode) = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;

  /// " FOR UPDATE" where rows are locked one by one; empty where a transaction that writes has the database
  /// for itself.
  [[nodiscard]] virtual std::string_view for_update() const = 0;
  /// "BYTEA" or "BLOB".
  [[nodiscard]] virtual std::string_view bytes_type() const = 0;
};

/// Opens "sqlite:FILE" (made when it is not there; relative to the process's folder) or
/// "postgresql://user@host/database" (all that libpq takes). Throws InputError for a URL of neither kind,
/// DatabaseError when it does not open.
std::unique_ptr<Database> open_database(const std::string& url);

/// Waits before a transaction that collided is done again: up to 20 ms after the first attempt (0), twice as
/// long with each further one, drawn at random, so that two that waited for each other do not meet again.
void pause_after_collision(int attempt);

/// begin() and, at its end, rollback() unless commit() came.
class Transaction {
 public:
  Transaction(Database& database, Database::Mode mode) : database_(database) { database_.begin(mode); }
  ~Transaction() {
    if (!done_) database_.rollback();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    database_.commit();
    done_ = true;
  }

 private:
  Database& database_;
  bool done_ = false;
};

}  // namespace flm::server
