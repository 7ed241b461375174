#include "tools/flmserver/store/schema.hpp"

#include <fmt/format.h>

#include <array>

#include "tools/common/input_error.hpp"

namespace flm::server {
namespace {

// Each brings the version before it to the next one, and is never changed once it was released. `{bytes}` is
// the type of bytes. Lines that begin with `--pg` are for PostgreSQL alone.
constexpr std::array<std::string_view, 3> versions = {
    // 1: series. What each column means: README.md. No foreign keys, nor keys without sid: the tables can be
    // partitioned by it.
    R"(
CREATE TABLE series (
  sid TEXT NOT NULL, rid BIGINT NOT NULL,
  newest_time BIGINT NOT NULL, newest_value BIGINT NOT NULL, merged_until BIGINT NOT NULL, rolled_until BIGINT NOT NULL,
  PRIMARY KEY (sid, rid));
CREATE TABLE piece (
  sid TEXT NOT NULL, rid BIGINT NOT NULL, first BIGINT NOT NULL, gzip {bytes} NOT NULL,
  PRIMARY KEY (sid, rid, first));
CREATE TABLE block (
  sid TEXT NOT NULL, rid BIGINT NOT NULL, bid BIGINT NOT NULL, level BIGINT NOT NULL, own BIGINT NOT NULL, gzip {bytes} NOT NULL,
  PRIMARY KEY (sid, rid, bid, level));
CREATE TABLE day (
  sid TEXT NOT NULL, rid BIGINT NOT NULL, day BIGINT NOT NULL, bins {bytes} NOT NULL,
  PRIMARY KEY (sid, rid, day));
--pg ALTER TABLE series SET (fillfactor = 70);
--pg ALTER TABLE piece ALTER COLUMN gzip SET STORAGE EXTERNAL;
--pg ALTER TABLE block ALTER COLUMN gzip SET STORAGE EXTERNAL;
)",
    // 2: accounts.
    R"(
CREATE TABLE account (
  uid BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT, zone TEXT, price_eur DOUBLE PRECISION,
  price_aud DOUBLE PRECISION, token TEXT UNIQUE, created BIGINT, settings TEXT);
CREATE TABLE device (
  device TEXT PRIMARY KEY, key TEXT, serial TEXT UNIQUE, uid BIGINT, version BIGINT, heartbeat BIGINT, uptime BIGINT,
  resets BIGINT, ip TEXT, port TEXT, upgrade BIGINT);
CREATE TABLE sensor (
  sid TEXT PRIMARY KEY, device TEXT, number BIGINT, class TEXT, type TEXT, function TEXT, voltage BIGINT, current BIGINT,
  phase BIGINT, constant_milli BIGINT, enabled BIGINT, kid BIGINT, rid BIGINT, data_type TEXT, port TEXT, config TEXT,
  name TEXT, shared BIGINT, access BIGINT);
CREATE TABLE token (token TEXT PRIMARY KEY, sid TEXT, name TEXT, created BIGINT);
CREATE TABLE follow (uid BIGINT, other BIGINT, PRIMARY KEY (uid, other));
CREATE TABLE session (token TEXT PRIMARY KEY, uid BIGINT, csrf TEXT, opened BIGINT, used BIGINT);
CREATE INDEX device_uid ON device (uid);
CREATE INDEX sensor_device ON sensor (device);
CREATE INDEX token_sid ON token (sid);
CREATE INDEX session_uid ON session (uid);
)",
    // 3: packed blocks, and rows of 32 days, which are made anew. A program of version 2 that still runs
    // would take them for damaged: it finds no series any more, since a column has another name. Statistics
    // of bytes are of no use.
    R"(
DELETE FROM day;
ALTER TABLE series RENAME COLUMN rolled_until TO days_until;
UPDATE series SET days_until = 0;
--pg ALTER TABLE day ALTER COLUMN bins SET STORAGE EXTERNAL;
--pg ALTER TABLE piece ALTER COLUMN gzip SET STATISTICS 0;
--pg ALTER TABLE block ALTER COLUMN gzip SET STATISTICS 0;
--pg ALTER TABLE day ALTER COLUMN bins SET STATISTICS 0;
)"};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
    text.replace(at, from.size(), to);
}

std::string script_of(int version, const Database& database) {
  std::string script(versions[static_cast<std::size_t>(version - 1)]);
  replace_all(script, "{bytes}", database.bytes_type());
  if (database.bytes_type() != "BYTEA") return script;
  replace_all(script, "--pg ", "");
  return "SET LOCAL statement_timeout = 0;" + script;  // much may have to be changed
}

}  // namespace

int newest_version() { return static_cast<int>(versions.size()); }

namespace {

/// One version more, or true when there is nothing left to do.
bool is_at(Database& database, int version) {
  Transaction transaction(database, Database::Mode::write);
  database.run_script("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)");
  const int now = static_cast<int>(
      database.run("SELECT max(version) FROM schema_version").front().maybe_integer(0).value_or(0));
  if (now > newest_version())
    throw InputError(fmt::format(
        "the database's tables are of version {}; this program knows versions up to {}: use a newer one", now,
        newest_version()));
  if (now >= version) return true;
  // First this row, because of which another program waits, and then fails.
  database.run("INSERT INTO schema_version (version) VALUES ($1)", {now + 1});
  database.run_script(script_of(now + 1, database));
  transaction.commit();
  return false;
}

}  // namespace

void migrate(Database& database, int version) {
  for (int failures = 0;;) try {
      if (is_at(database, version)) return;
    } catch (const DatabaseError& error) {
      using Kind = DatabaseError::Kind;
      if ((error.kind() != Kind::collision && error.kind() != Kind::not_unique) || ++failures == 10) throw;
    }
}

}  // namespace flm::server
