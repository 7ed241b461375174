#include "tools/flmserver/accounts/accounts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "tools/api/claim_code.hpp"
#include "tools/common/input_error.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/history/query/zone.hpp"
#include "tools/web/access/passwords.hpp"  // random_hex, equal_in_constant_time
#include "tools/web/exchange/request.hpp"  // is_text

namespace flm::server {
namespace {

constexpr const char* account_columns =
    "uid, name, password, zone, price_eur, price_aud, token, created, settings";
constexpr const char* device_columns =
    "device, key, serial, uid, version, heartbeat, uptime, resets, upgrade, ip, port";
constexpr std::string_view sensor_columns =
    "sid, device, number, class, type, function, voltage, current, phase, constant_milli, kid, enabled, rid, "
    "data_type, port, config, shared, access, name";

/// `at`: number of its first column.
Account account_from(const Row& row, std::size_t at) {
  return {row.integer(at),
          row.text(at + 1),
          row.text(at + 2),
          row.text(at + 3),
          {row.real(at + 4), row.real(at + 5)},
          row.text(at + 6),
          row.integer(at + 7),
          row.text(at + 8)};
}
Account account_of(const Row& row) { return account_from(row, 0); }
Device device_of(const Row& row) {
  return {row.text(0),    row.text(1),          row.text(2),          row.maybe_integer(3),
          row.integer(4), row.maybe_integer(5), row.maybe_integer(6), row.integer(7),
          row.integer(8), row.text(9),          row.text(10)};
}
Sensor sensor_of(const Row& row) {
  Sensor s;
  s.sid = row.text(0);
  s.device = row.text(1);
  s.number = row.integer(2);
  s.sensor_class = row.text(3);
  s.type = row.text(4);
  s.function = row.text(5);
  s.voltage = row.maybe_integer(6);
  s.current = row.maybe_integer(7);
  s.phase = row.maybe_integer(8);
  s.constant_milli = row.maybe_integer(9);
  s.kid = row.maybe_integer(10);
  s.enabled = row.integer(11) != 0;
  s.rid = row.integer(12);
  s.data_type = row.text(13);
  s.port = row.text(14);
  s.config = row.text(15);
  s.shared = row.integer(16) != 0;
  s.access = row.maybe_integer(17);
  s.name = row.text(18);
  return s;
}

/// "a, b" as "table.a, table.b".
std::string of_table(std::string_view table, std::string_view columns) {
  std::string result = fmt::format("{}.", table);
  for (const char c : columns) {
    result += c;
    if (c == ' ') result += fmt::format("{}.", table);
  }
  return result;
}

template <class Of>
auto all_of(const Rows& rows, Of of) {
  std::vector<decltype(of(rows[0]))> result;
  for (const Row& row : rows) result.push_back(of(row));
  return result;
}
template <class Of>
auto first_of(const Rows& rows, Of of) {
  return rows.empty() ? std::nullopt : std::optional(of(rows[0]));
}

}  // namespace

bool is_id(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

bool Sensor::falls() const {
  // A smart meter's net counter: stock's sensor of class cosem, and the board's own of class uart.
  return sensor_class == "uart" || (sensor_class == "cosem" && config.find("\"derive\":1") != config.npos);
}

Account Accounts::add_account(std::string_view name, std::string_view password_hash, std::string_view zone,
                              std::int64_t now) {
  if (name.empty() || name.size() > 64 || !web::is_text(name) || name.front() == ' ' || name.back() == ' ')
    throw InputError("name: allowed: 1 to 64 bytes of text, no blanks at its ends");
  history::Zone check(zone);
  if (account_named(name)) throw InputError(fmt::format("name: '{}' is taken; allowed: another one", name));
  Account account;
  const Rows last = database_.run("SELECT max(uid) FROM account");
  account.uid = last[0].maybe_integer(0).value_or(0) + 1;
  account.name = name;
  account.password = password_hash;
  account.zone = zone;
  account.token = web::random_hex(16);
  account.created = now;
  account.settings = "{}";
  database_.run(
      "INSERT INTO account (uid, name, password, zone, price_eur, price_aud, token, created, settings) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {account.uid, account.name, account.password, account.zone, account.prices.eur, account.prices.aud,
       account.token, account.created, account.settings});
  return account;
}

std::optional<Account> Accounts::account(std::int64_t uid) {
  static const std::string sql = fmt::format("SELECT {} FROM account WHERE uid = $1", account_columns);
  return first_of(database_.run(sql, {uid}), account_of);
}
std::optional<Account> Accounts::account_named(std::string_view name) {
  static const std::string sql = fmt::format("SELECT {} FROM account WHERE name = $1", account_columns);
  return first_of(database_.run(sql, {name}), account_of);
}
std::optional<Account> Accounts::account_of_token(std::string_view token) {
  static const std::string sql = fmt::format("SELECT {} FROM account WHERE token = $1", account_columns);
  return first_of(database_.run(sql, {token}), account_of);
}
void Accounts::change(const Account& a) {
  database_.run(
      "UPDATE account SET name = $2, password = $3, zone = $4, price_eur = $5, price_aud = $6, "
      "token = $7, settings = $8 WHERE uid = $1",
      {a.uid, a.name, a.password, a.zone, a.prices.eur, a.prices.aud, a.token, a.settings});
}

std::vector<std::string> Accounts::remove(std::int64_t uid) {
  std::vector<std::string> sids;
  for (const Device& device : devices_of(uid))
    for (std::string& sid : release(device.device)) sids.push_back(std::move(sid));
  database_.run("DELETE FROM follow WHERE uid = $1 OR other = $1", {uid});
  database_.run("DELETE FROM session WHERE uid = $1", {uid});
  database_.run("DELETE FROM account WHERE uid = $1", {uid});
  return sids;
}

void Accounts::add_device(std::string_view device, std::string_view key, std::string_view serial) {
  if (!is_id(device)) throw InputError("device: allowed: 32 digits 0-9a-f");
  if (!is_id(key)) throw InputError("key: allowed: 32 digits 0-9a-f");
  if (serial.empty() || serial.size() > 16 ||
      !std::all_of(serial.begin(), serial.end(), [](unsigned char c) { return std::isalnum(c) != 0; }))
    throw InputError("serial: allowed: 1 to 16 letters and digits, as FL02B00042");
  const Rows known = database_.run("SELECT device, key, serial FROM device WHERE device = $1 OR serial = $2",
                                   {device, serial});
  for (const Row& row : known)
    if (row.text(0) != device || row.text(1) != key || row.text(2) != serial)
      throw InputError(fmt::format("{} {} is there already, with another {}",
                                   row.text(0) == device ? "device" : "serial",
                                   row.text(0) == device ? device : serial,
                                   row.text(0) != device ? "id"
                                   : row.text(1) != key  ? "key"
                                                         : "serial number"));
  if (!known.empty()) return;
  database_.run(
      "INSERT INTO device (device, key, serial, uid, version, heartbeat, uptime, resets, upgrade, ip, port) "
      "VALUES ($1, $2, $3, NULL, 0, NULL, NULL, 0, 0, '', '')",
      {device, key, serial});
}

void Accounts::claim(std::int64_t uid, std::string_view serial, std::string_view code) {
  static const std::string sql = fmt::format("SELECT {} FROM device WHERE serial = $1", device_columns);
  const std::optional<Device> found = first_of(database_.run(sql, {serial}), device_of);
  const std::string right = found ? api::claim_code(found->device, found->key) : std::string(12, '-');
  std::string plain;  // people write it in groups, and in capitals
  for (const char c : code)
    if (c != '-' && c != ' ') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool same = web::equal_in_constant_time(plain, right);
  if (!found || !same || (found->uid && *found->uid != uid))
    throw InputError(
        "no device has this serial number and code, or it is somebody's; its Status page shows both");
  database_.run("UPDATE device SET uid = $2 WHERE device = $1", {found->device, uid});
}

void Accounts::give(std::int64_t uid, std::string_view device) {
  const std::optional<Device> found = this->device(device);
  if (found && found->uid && *found->uid != uid)
    throw InputError(fmt::format("device {} is another account's; allowed: one that nobody has", device));
  database_.run("UPDATE device SET uid = $2 WHERE device = $1", {device, uid});
}

std::vector<std::string> Accounts::release(std::string_view device) {
  std::vector<std::string> sids;
  for (const Sensor& sensor : sensors_of_device(device)) {
    sids.push_back(sensor.sid);
    database_.run("DELETE FROM token WHERE sid = $1", {sensor.sid});
  }
  database_.run("DELETE FROM sensor WHERE device = $1", {device});
  database_.run("UPDATE device SET uid = NULL, ip = '', port = '' WHERE device = $1", {device});
  return sids;
}

std::optional<Device> Accounts::device(std::string_view device) {
  static const std::string sql = fmt::format("SELECT {} FROM device WHERE device = $1", device_columns);
  return first_of(database_.run(sql, {device}), device_of);
}
std::vector<Device> Accounts::devices_of(std::int64_t uid) {
  static const std::string sql =
      fmt::format("SELECT {} FROM device WHERE uid = $1 ORDER BY serial", device_columns);
  return all_of(database_.run(sql, {uid}), device_of);
}
std::vector<Device> Accounts::devices() {
  static const std::string sql = fmt::format("SELECT {} FROM device ORDER BY device", device_columns);
  return all_of(database_.run(sql), device_of);
}
void Accounts::change(const Device& d) {
  database_.run(
      "UPDATE device SET version = $2, heartbeat = $3, uptime = $4, resets = $5, upgrade = $6, ip = $7, port "
      "= $8 "
      "WHERE device = $1",
      {d.device, d.version, d.heartbeat, d.uptime, d.resets, d.upgrade, d.ip, d.port});
}

std::optional<Sensor> Accounts::sensor(std::string_view sid) {
  static const std::string sql = fmt::format("SELECT {} FROM sensor WHERE sid = $1", sensor_columns);
  return first_of(database_.run(sql, {sid}), sensor_of);
}
std::optional<std::pair<Sensor, std::optional<Account>>> Accounts::sensor_with_owner(std::string_view sid) {
  static const std::string sql = fmt::format(
      "SELECT {}, {} FROM sensor LEFT JOIN device ON device.device = sensor.device"
      " LEFT JOIN account ON account.uid = device.uid WHERE sensor.sid = $1",
      of_table("sensor", sensor_columns), of_table("account", account_columns));
  const Rows rows = database_.run(sql, {sid});
  if (rows.empty()) return {};
  constexpr auto account =  // its first column
      static_cast<std::size_t>(1 + std::count(sensor_columns.begin(), sensor_columns.end(), ','));
  std::pair<Sensor, std::optional<Account>> result{sensor_of(rows[0]), {}};
  if (!rows[0].is_null(account)) result.second = account_from(rows[0], account);
  return result;
}
std::vector<Sensor> Accounts::sensors_of_device(std::string_view device) {
  static const std::string sql =
      fmt::format("SELECT {} FROM sensor WHERE device = $1 ORDER BY number, sid", sensor_columns);
  return all_of(database_.run(sql, {device}), sensor_of);
}
std::vector<Sensor> Accounts::sensors_of(std::int64_t uid) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM sensor WHERE device IN (SELECT device FROM device WHERE uid = $1) "
      "ORDER BY device, number, sid",
      sensor_columns);
  return all_of(database_.run(sql, {uid}), sensor_of);
}

void Accounts::put(const Sensor& s) {
  const std::optional<Sensor> known = sensor(s.sid);
  if (known && known->device != s.device)
    throw InputError(fmt::format("sensor {} belongs to another device", s.sid));
  if (known) {
    if (known->falls() != s.falls()) SeriesStore(database_).forget_days(s.sid);
    database_.run(
        "UPDATE sensor SET number = $2, class = $3, type = $4, function = $5, voltage = $6, "
        "current = $7, phase = $8, constant_milli = $9, kid = $10, enabled = $11, rid = $12, "
        "data_type = $13, port = $14, config = $15 WHERE sid = $1",
        {s.sid, s.number, s.sensor_class, s.type, s.function, s.voltage, s.current, s.phase, s.constant_milli,
         s.kid, s.enabled, s.rid, s.data_type, s.port, s.config});
    return;
  }
  database_.run(
      "INSERT INTO sensor (sid, device, number, class, type, function, voltage, current, phase, "
      "constant_milli, kid, enabled, rid, data_type, port, config, shared, access, name) VALUES ($1, $2, "
      "$3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
      {s.sid, s.device, s.number, s.sensor_class, s.type, s.function, s.voltage, s.current, s.phase,
       s.constant_milli, s.kid, s.enabled, s.rid, s.data_type, s.port, s.config, s.shared, s.access, s.name});
}

void Accounts::set_name(std::string_view sid, std::string_view name) {
  database_.run("UPDATE sensor SET name = $2 WHERE sid = $1", {sid, name});
}
void Accounts::share(std::string_view sid, bool shared) {
  database_.run("UPDATE sensor SET shared = $2 WHERE sid = $1", {sid, shared});
}

std::optional<std::int64_t> Accounts::owner_of(const Sensor& sensor) {
  const Rows rows = database_.run("SELECT uid FROM device WHERE device = $1", {sensor.device});
  return rows.empty() ? std::nullopt : rows[0].maybe_integer(0);
}

Token Accounts::add_token(std::string_view sid, std::string_view name, std::int64_t now) {
  Token made{web::random_hex(16), std::string(sid), std::string(name), now};
  database_.run("INSERT INTO token (token, sid, name, created) VALUES ($1, $2, $3, $4)",
                {made.token, made.sid, made.name, made.created});
  return made;
}
std::vector<Token> Accounts::tokens_of(std::string_view sid) {
  return all_of(
      database_.run("SELECT token, sid, name, created FROM token WHERE sid = $1 ORDER BY created, token",
                    {sid}),
      [](const Row& r) {
        return Token{r.text(0), r.text(1), r.text(2), r.integer(3)};
      });
}
void Accounts::revoke(std::string_view token) {
  database_.run("DELETE FROM token WHERE token = $1", {token});
}
std::optional<Token> Accounts::token(std::string_view token) {
  return first_of(database_.run("SELECT token, sid, name, created FROM token WHERE token = $1", {token}),
                  [](const Row& r) {
                    return Token{r.text(0), r.text(1), r.text(2), r.integer(3)};
                  });
}

void Accounts::follow(std::int64_t uid, std::int64_t other) {
  if (uid == other) throw InputError("one does not follow oneself");
  if (!account(other)) throw InputError("no such user");
  if (database_.run("SELECT 1 FROM follow WHERE uid = $1 AND other = $2", {uid, other}).empty())
    database_.run("INSERT INTO follow (uid, other) VALUES ($1, $2)", {uid, other});
}
void Accounts::unfollow(std::int64_t uid, std::int64_t other) {
  database_.run("DELETE FROM follow WHERE uid = $1 AND other = $2", {uid, other});
}
std::vector<Account> Accounts::followed_by(std::int64_t uid) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM account WHERE uid IN (SELECT other FROM follow WHERE uid = $1) ORDER BY name",
      account_columns);
  return all_of(database_.run(sql, {uid}), account_of);
}
bool Accounts::may_see(std::int64_t uid, const Sensor& sensor) {
  const std::optional<std::int64_t> owner = owner_of(sensor);
  if (!owner) return false;
  if (*owner == uid) return true;
  return sensor.shared &&
         !database_.run("SELECT 1 FROM follow WHERE uid = $1 AND other = $2", {uid, *owner}).empty();
}

}  // namespace flm::server
