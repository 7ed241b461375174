#include "tools/flmserver/store/database.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "tools/common/input_error.hpp"
#include "tools/flmserver/store/postgres.hpp"
#include "tools/flmserver/store/sqlite.hpp"

namespace flm::server {

const Row::Column& Row::column(std::size_t number, Bound::Type type) const {
  if (number >= columns.size()) throw std::logic_error("a row has no such column");
  if (columns[number].type != type) throw std::logic_error("a column is of another type");
  return columns[number];
}

bool Row::is_null(std::size_t number) const { return columns.at(number).type == Bound::Type::null; }

std::int64_t Row::integer(std::size_t number) const { return column(number, Bound::Type::integer).integer; }

double Row::real(std::size_t number) const {
  if (columns.at(number).type == Bound::Type::integer)
    return static_cast<double>(columns[number].integer);  // SQLite's way to keep 1.0
  return column(number, Bound::Type::real).real;
}

const std::string& Row::text(std::size_t number) const {
  const bool is_bytes = columns.at(number).type == Bound::Type::bytes;
  return column(number, is_bytes ? Bound::Type::bytes : Bound::Type::text).text;
}

std::optional<std::int64_t> Row::maybe_integer(std::size_t number) const {
  if (is_null(number)) return {};
  return integer(number);
}

std::optional<std::string> Row::maybe_text(std::size_t number) const {
  if (is_null(number)) return {};
  return text(number);
}

std::unique_ptr<Database> open_database(const std::string& url) {
  constexpr std::string_view sqlite = "sqlite:";
  if (url.starts_with(sqlite) && url.size() > sqlite.size()) return open_sqlite(url.substr(sqlite.size()));
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) return open_postgres(url);
  throw InputError("'" + url + "' is no database; allowed: sqlite:FILE, postgresql://USER@HOST/DATABASE");
}

void pause_after_collision(int attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int longest_ms = 20 << std::min(attempt, 5);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(std::uniform_int_distribution<int>(0, longest_ms)(random)));
}

}  // namespace flm::server
