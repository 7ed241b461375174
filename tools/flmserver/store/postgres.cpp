#include "tools/flmserver/store/postgres.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <map>
#include <utility>

namespace flm::server {
namespace {

// Types of values, as the catalogue pg_type numbers them.
constexpr Oid type_bool = 16, type_bytea = 17, type_int8 = 20, type_int2 = 21, type_int4 = 23, type_text = 25,
              type_float8 = 701;

// Who waits for a lock for long collides with somebody on another server of the three, where nobody sees that
// each waits for the other; a program that vanished must not keep its locks; a server that is too slow is as
// bad as one that is away. Each statement finds its rows by a key, whatever its values.
constexpr const char* settings =
    "SET statement_timeout = '60s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = "
    "'60s'; SET tcp_keepalives_idle = 30;"
    " SET plan_cache_mode = force_generic_plan; SET jit = off";

DatabaseError::Kind kind_of(std::string_view state) {
  using Kind = DatabaseError::Kind;
  if (state == "40001" || state == "40P01" || state == "55P03") return Kind::collision;
  if (state == "23505" || state == "42710" || state == "42P07")
    return Kind::not_unique;  // a row, a type, a table
  if (state.starts_with("08") || state.starts_with("57P0") || state == "53300" || state == "25P03")
    return Kind::away;
  return Kind::failed;
}

struct Close {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Close>;

/// libpq's words, which may have several lines, as one.
std::string in_one_line(std::string_view text) {
  std::string result;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const std::size_t first = line.find_first_not_of(" \t");
    if (first != line.npos) result += (result.empty() ? "" : "; ") + std::string(line.substr(first));
    begin = end + 1;
  }
  return result;
}

/// A number of a statement, most significant byte first.
template <class Bits>
Bits swapped(Bits bits) {
  if constexpr (std::endian::native == std::endian::big) return bits;
  if constexpr (sizeof bits == 8) return __builtin_bswap64(bits);
  if constexpr (sizeof bits == 4) return __builtin_bswap32(bits);
  if constexpr (sizeof bits == 2) return __builtin_bswap16(bits);
  return bits;
}

template <class Bits>
Bits bits_at(const char* bytes) {
  Bits bits = 0;
  std::memcpy(&bits, bytes, sizeof bits);
  return swapped(bits);
}

/// The values of a statement, as PQexecPrepared() wants them.
class Values {
 public:
  explicit Values(std::initializer_list<Bound> values) {
    if (values.size() > most) throw std::logic_error("a statement has too many values");
    for (const Bound& value : values) add(value);
  }
  int count = 0;
  static constexpr std::size_t most = 32;
  std::array<Oid, most> types{};
  std::array<const char*, most> bytes{};
  std::array<int, most> lengths{}, formats{};

 private:
  void add(const Bound& value) {
    const auto i = static_cast<std::size_t>(count++);
    formats[i] = 1;
    const auto put = [&](Oid type, const char* data, std::size_t size) {
      types[i] = type;
      bytes[i] = data;
      lengths[i] = static_cast<int>(size);
    };
    const auto number = [&](Oid type, std::uint64_t bits) {
      bits = swapped(bits);
      std::memcpy(numbers_[i].data(), &bits, sizeof bits);
      put(type, numbers_[i].data(), sizeof bits);
    };
    switch (value.type) {
      case Bound::Type::null: put(0, nullptr, 0); break;
      case Bound::Type::integer: number(type_int8, static_cast<std::uint64_t>(value.integer)); break;
      case Bound::Type::real: number(type_float8, std::bit_cast<std::uint64_t>(value.real)); break;
      case Bound::Type::text:
        put(type_text, value.text.empty() ? "" : value.text.data(), value.text.size());
        break;
      case Bound::Type::bytes:
        put(type_bytea, value.text.empty() ? "" : value.text.data(), value.text.size());
        break;
    }
  }

  std::array<std::array<char, 8>, most> numbers_;
};

Row::Column column_of(const PGresult* result, int row, int number) {
  Row::Column column;
  if (PQgetisnull(result, row, number) != 0) return column;
  const char* const bytes = PQgetvalue(result, row, number);
  const auto size = static_cast<std::size_t>(PQgetlength(result, row, number));
  column.type = Bound::Type::integer;
  switch (PQftype(result, number)) {
    case type_int8: column.integer = static_cast<std::int64_t>(bits_at<std::uint64_t>(bytes)); break;
    case type_int4: column.integer = static_cast<std::int32_t>(bits_at<std::uint32_t>(bytes)); break;
    case type_int2: column.integer = static_cast<std::int16_t>(bits_at<std::uint16_t>(bytes)); break;
    case type_bool: column.integer = *bytes; break;
    case type_float8:
      column.type = Bound::Type::real;
      column.real = std::bit_cast<double>(bits_at<std::uint64_t>(bytes));
      break;
    case type_bytea:
      column.type = Bound::Type::bytes;
      column.text.assign(bytes, size);
      break;
    case type_text:
      column.type = Bound::Type::text;
      column.text.assign(bytes, size);
      break;
    default: throw std::logic_error("a column has a type that is none of the store's");
  }
  return column;
}

class Postgres final : public Database {
 public:
  explicit Postgres(const std::string& url) : url_(url) { connect(); }

  Rows run(std::string_view sql, std::initializer_list<Bound> values) override {
    connect_again();
    const Values bound(values);
    const Result result =
        begin_ != nullptr && is_prepared(sql, bound) ? begin_and_execute(sql, bound) : execute(sql, bound);
    changed_ = std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
    const int count = PQntuples(result.get()), columns = PQnfields(result.get());
    if (columns > 0) changed_ = 0;
    Rows rows(static_cast<std::size_t>(count));
    for (int row = 0; row < count; ++row) {
      auto& cells = rows[static_cast<std::size_t>(row)].columns;
      cells.reserve(static_cast<std::size_t>(columns));
      for (int column = 0; column < columns; ++column) cells.push_back(column_of(result.get(), row, column));
    }
    return rows;
  }

  std::int64_t changed() const override { return changed_; }

  void run_script(const std::string& sql) override {
    connect_again();
    send_begin();
    checked(PQexec(connection_.get(), sql.c_str()));
  }

  void begin(Mode mode) override {
    connect_again();
    begin_ = mode == Mode::write ? "BEGIN ISOLATION LEVEL READ COMMITTED"
                                 : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    in_transaction_ = true;
  }

  void commit() override {
    in_transaction_ = false;
    if (std::exchange(begin_, nullptr) != nullptr) return;  // nothing was done
    const Result result = checked(PQexec(connection_.get(), "COMMIT"));
    if (std::string_view(PQcmdStatus(result.get())) != "COMMIT")
      throw DatabaseError(DatabaseError::Kind::failed,
                          "PostgreSQL: a statement had failed, and all was rolled back");
  }

  void rollback() noexcept override {
    in_transaction_ = false;
    if (std::exchange(begin_, nullptr) != nullptr) return;
    if (PQstatus(connection_.get()) == CONNECTION_OK) Result(PQexec(connection_.get(), "ROLLBACK"));
  }

  std::string_view for_update() const override { return " FOR UPDATE"; }
  std::string_view bytes_type() const override { return "BYTEA"; }

 private:
  void connect() {
    statements_.clear();
    // The URL comes last: what it says of these holds.
    const std::array<const char*, 9> names = {"connect_timeout",
                                              "application_name",
                                              "client_encoding",
                                              "keepalives_idle",
                                              "keepalives_interval",
                                              "keepalives_count",
                                              "tcp_user_timeout",
                                              "dbname",
                                              nullptr};
    const std::array<const char*, 9> values = {"5", "flmserver", "UTF8",       "10",   "5",
                                               "3", "20000",     url_.c_str(), nullptr};
    connection_.reset(PQconnectdbParams(names.data(), values.data(), 1));
    if (!connection_) throw std::bad_alloc();
    if (PQstatus(connection_.get()) != CONNECTION_OK)
      throw DatabaseError(DatabaseError::Kind::away,
                          "PostgreSQL: " + in_one_line(PQerrorMessage(connection_.get())));
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
    checked(PQexec(connection_.get(), settings));
  }

  void connect_again() {
    if (!in_transaction_ && PQstatus(connection_.get()) != CONNECTION_OK) connect();
  }

  /// The transaction's begin by itself, where it is not sent yet.
  void send_begin() {
    if (begin_ == nullptr) return;
    Result result(PQexec(connection_.get(), begin_));
    if (PQstatus(connection_.get()) != CONNECTION_OK) {  // it was lost since the last transaction
      connect();
      result.reset(PQexec(connection_.get(), begin_));
    }
    checked(result.release());
    begin_ = nullptr;
  }

  Result execute(std::string_view sql, const Values& bound) {
    send_begin();
    const std::string& name = prepare(sql, bound);
    return checked(PQexecPrepared(connection_.get(), name.c_str(), bound.count, bound.bytes.data(),
                                  bound.lengths.data(), bound.formats.data(), 1));
  }

  /// The transaction's begin and its first statement, of which the server's answer is waited for once.
  Result begin_and_execute(std::string_view sql, const Values& bound) {
    PGconn* const connection = connection_.get();
    const std::string& name = prepare(sql, bound);
    PQenterPipelineMode(connection);
    Result first, second;
    if (PQsendQueryParams(connection, begin_, 0, nullptr, nullptr, nullptr, nullptr, 0) != 0 &&
        PQsendQueryPrepared(connection, name.c_str(), bound.count, bound.bytes.data(), bound.lengths.data(),
                            bound.formats.data(), 1) != 0 &&
        PQpipelineSync(connection) != 0) {
      first = received();
      second = received();
      Result(PQgetResult(connection));  // of the synchronisation
    }
    PQexitPipelineMode(connection);
    // It was lost since the last transaction: once more, on another one.
    if (PQstatus(connection) != CONNECTION_OK || !second) {
      connect();
      return execute(sql, bound);
    }
    checked(first.release());
    begin_ = nullptr;
    return checked(second.release());
  }

  /// A statement's result in a pipeline, and what ends it.
  Result received() {
    Result result(PQgetResult(connection_.get()));
    if (result) Result(PQgetResult(connection_.get()));
    return result;
  }

  Result checked(PGresult* made) {
    Result result(made);
    const ExecStatusType status = PQresultStatus(made);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
    const char* const state = PQresultErrorField(made, PG_DIAG_SQLSTATE);
    const bool is_lost = PQstatus(connection_.get()) != CONNECTION_OK;
    const char* const message = PQresultErrorMessage(made);
    throw DatabaseError(
        is_lost ? DatabaseError::Kind::away : kind_of(state == nullptr ? "" : state),
        "PostgreSQL: " + in_one_line(*message != '\0' ? message : PQerrorMessage(connection_.get())));
  }

  /// What a statement is kept by: with values of other types it is another one.
  static std::string key_of(std::string_view sql, const Values& values) {
    std::string key(sql);
    for (int i = 0; i < values.count; ++i)
      key += static_cast<char>(values.types[static_cast<std::size_t>(i)]);
    return key;
  }
  [[nodiscard]] bool is_prepared(std::string_view sql, const Values& values) const {
    return statements_.contains(key_of(sql, values));
  }

  /// Name of a statement for values of these types.
  const std::string& prepare(std::string_view sql, const Values& values) {
    std::string key = key_of(sql, values);
    if (const auto found = statements_.find(key); found != statements_.end()) return found->second;
    std::string name = fmt::format("s{}", statements_.size());
    checked(PQprepare(connection_.get(), name.c_str(), std::string(sql).c_str(), values.count,
                      values.types.data()));
    return statements_.emplace(std::move(key), std::move(name)).first->second;
  }

  std::string url_;
  std::unique_ptr<PGconn, Close> connection_;
  std::map<std::string, std::string> statements_;
  bool in_transaction_ = false;
  const char* begin_ = nullptr;  // of a transaction: not sent yet
  std::int64_t changed_ = 0;
};

}  // namespace

std::unique_ptr<Database> open_postgres(const std::string& url) { return std::make_unique<Postgres>(url); }

}  // namespace flm::server
