// Who there is and what is whose: accounts, their devices, those's sensors, tokens, and whom they follow.
// Rows of the store.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/flmserver/store/database.hpp"
#include "tools/history/query/unit.hpp"  // Prices

namespace flm::server {

struct Account {
  std::int64_t uid = 0;  ///< 1 and up
  std::string name;      ///< 1 to 64 characters of UTF-8
  std::string password;  ///< its hash; empty: nobody can log in
  std::string zone;      ///< name of a time zone; of nights and months
  history::Prices prices{};
  std::string token;  ///< 32 hex digits: reads all sensors of the account
  std::int64_t created = 0;
  std::string settings;  ///< of the dash: JSON
};

struct Device {
  std::string device;               ///< 32 hex digits
  std::string key;                  ///< 32 hex digits, shared with the device
  std::string serial;               ///< "FL02B00042"
  std::optional<std::int64_t> uid;  ///< nothing: not claimed yet
  std::int64_t version = 0;         ///< of its firmware, as the heartbeat says
  std::optional<std::int64_t> heartbeat, uptime;
  std::int64_t resets = 0;
  std::int64_t upgrade = 0;  ///< version that the next heartbeat is told; 0: none
  std::string ip, port;      ///< of its local interface, where it said so
};

struct Sensor {
  std::string sid, device;
  std::int64_t number = 0;
  std::string sensor_class, type, function;
  std::optional<std::int64_t> voltage, current, phase, constant_milli, kid;
  bool enabled = true;
  std::int64_t rid = 0;
  std::string data_type;               ///< "counter" or "gauge"
  std::string port;                    ///< JSON: a list of numbers, or a text
  std::string config;                  ///< JSON: all that the device said of it
  std::string name;                    ///< that its owner gave it; empty: none
  bool shared = false;                 ///< whoever follows the account may see it
  std::optional<std::int64_t> access;  ///< Unix s of the last POST
  [[nodiscard]] bool falls() const;    ///< a net counter
  /// The owner's name for it, else the device's.
  [[nodiscard]] const std::string& shown_name() const { return name.empty() ? function : name; }
};

struct Token {
  std::string token, sid, name;
  std::int64_t created = 0;
};

/// Calls belong into a transaction of their caller. Throws DatabaseError, and InputError for what is not
/// allowed, with what is.
class Accounts {
 public:
  explicit Accounts(Database& database) : database_(database) {}

  /// Adds an account with a token. Throws InputError for a name that is taken or none, a password that is
  /// none, a zone that is not known.
  Account add_account(std::string_view name, std::string_view password_hash, std::string_view zone,
                      std::int64_t now);
  [[nodiscard]] std::optional<Account> account(std::int64_t uid);
  [[nodiscard]] std::optional<Account> account_named(std::string_view name);
  void change(const Account&);  ///< all but uid and created
  /// Deletes the account with all that is its own; its devices can be claimed anew. Gives the sids whose
  /// series are to be removed.
  std::vector<std::string> remove(std::int64_t uid);

  /// Adds a device that nobody has claimed; the same again changes nothing. Throws InputError for ids that
  /// are none, or that another has.
  void add_device(std::string_view device, std::string_view key, std::string_view serial);
  /// Gives a device to an account. `code`: claim_code() of it. Throws InputError: no such serial number,
  /// wrong code, or another's (one text for all three).
  void claim(std::int64_t uid, std::string_view serial, std::string_view code);
  void give(std::int64_t uid, std::string_view device);
  /// Takes a device from its account, with its sensors; it can be claimed anew. Gives the sids whose series
  /// are to be removed, so that the next owner sees nothing of them.
  std::vector<std::string> release(std::string_view device);
  [[nodiscard]] std::optional<Device> device(std::string_view device);
  [[nodiscard]] std::vector<Device> devices_of(std::int64_t uid);
  [[nodiscard]] std::vector<Device> devices();  ///< all, claimed or not
  void change(const Device&);

  [[nodiscard]] std::optional<Sensor> sensor(std::string_view sid);
  /// A sensor, and the account that its device belongs to, where there is one.
  [[nodiscard]] std::optional<std::pair<Sensor, std::optional<Account>>> sensor_with_owner(
      std::string_view sid);
  [[nodiscard]] std::vector<Sensor> sensors_of_device(std::string_view device);
  [[nodiscard]] std::vector<Sensor> sensors_of(std::int64_t uid);
  /// Adds a sensor, or changes what its device tells of it: not name, shared and access. Throws InputError
  /// for a sid of another device.
  void put(const Sensor&);
  void set_name(std::string_view sid, std::string_view name);
  void share(std::string_view sid, bool shared);
  /// Account that a sensor's device belongs to.
  [[nodiscard]] std::optional<std::int64_t> owner_of(const Sensor&);

  /// A new token that reads one sensor.
  Token add_token(std::string_view sid, std::string_view name, std::int64_t now);
  [[nodiscard]] std::vector<Token> tokens_of(std::string_view sid);
  void revoke(std::string_view token);
  [[nodiscard]] std::optional<Token> token(std::string_view token);
  [[nodiscard]] std::optional<Account> account_of_token(std::string_view token);

  void follow(std::int64_t uid, std::int64_t other);
  void unfollow(std::int64_t uid, std::int64_t other);
  [[nodiscard]] std::vector<Account> followed_by(std::int64_t uid);
  /// Whether an account may see a sensor: its own, or a shared one of whom it follows.
  [[nodiscard]] bool may_see(std::int64_t uid, const Sensor&);

 private:
  Database& database_;
};

/// 32 lower-case hex digits.
bool is_id(std::string_view);

}  // namespace flm::server
