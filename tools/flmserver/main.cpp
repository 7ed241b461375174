// flmserver: the Flukso API and a dash for any number of meters.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <type_traits>

#include "tools/common/atomic_file.hpp"
#include "tools/common/command_line.hpp"
#include "tools/common/files.hpp"
#include "tools/common/input_error.hpp"
#include "tools/flmserver/accounts/accounts.hpp"
#include "tools/flmserver/config.hpp"
#include "tools/flmserver/daemon.hpp"
#include "tools/flmserver/operation/backup.hpp"
#include "tools/flmserver/operation/broker_access.hpp"
#include "tools/flmserver/site/export.hpp"
#include "tools/flmserver/store/schema.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/web/access/passwords.hpp"

namespace flm::server {
namespace {

namespace fs = std::filesystem;

constexpr int kFailed = 1;  ///< exit status: the store said no
constexpr int kWrong = 2;   ///< command line, file, or an address that is taken

int complain(int status, const std::string& what) {
  fmt::print(stderr, "flmserver: {}\n", what);
  return status;
}

/// The store of a configuration, with its tables, in one transaction. `use` takes accounts, these and the
/// series, or these and the database.
template <class Use>
void with_store(const fs::path& configuration, Use use, Database::Mode mode = Database::Mode::write) {
  const std::unique_ptr<Database> database = open_database(read_config(configuration).store);
  migrate(*database);
  Transaction transaction(*database, mode);
  Accounts accounts(*database);
  if constexpr (std::is_invocable_v<Use, Accounts&>) {
    use(accounts);
  } else if constexpr (std::is_invocable_v<Use, Accounts&, Database&>) {
    use(accounts, *database);
  } else {
    SeriesStore series(*database);
    use(accounts, series);
  }
  transaction.commit();
}

Account user_of(Accounts& accounts, const std::string& name) {
  std::optional<Account> account = accounts.account_named(name);
  if (!account)
    throw InputError(fmt::format("user: nobody is called '{}'; `flmserver user add` adds one", name));
  return *std::move(account);
}

std::string password_of(const std::string& file) {
  if (file.empty()) return {};
  check_text(file, "a file whose first line is the password");
  std::string line;
  std::getline(std::ifstream(file) >> std::ws, line);
  return line.substr(0, line.find('\r'));
}

int run(int argc, char** argv) {
  CLI::App app{"Answers the Flukso API for any number of meters, and shows them.", "flmserver"};
  app.set_version_flag("--version", "flmserver " FLM_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 done; 1 the store said no, or does not answer; 2 wrong usage or file, or an address "
      "that is taken.");
  int status = 0;
  std::string file, name, password_file, zone = "UTC", serial, device, key, copy;
  const auto with_config = [&](CLI::App* command) {
    command->add_option("--config", file, "configuration (.toml); flmserver(8) has every key")->required();
  };

  auto* run = app.add_subcommand("run", "Run in the foreground until SIGTERM or ctrl-C");
  run->add_option("CONFIG", file, "configuration (.toml); flmserver(8) has every key")->required();
  run->callback([&] { status = run_server(file); });
  auto* check = app.add_subcommand("check", "Say what is wrong with a configuration");
  check->add_option("CONFIG", file, "configuration (.toml); flmserver(8) has every key")->required();
  check->callback([&] {
    const Config config = read_config(file);
    fmt::print("{}: right: {} on {}, {}\n", file, config.tls ? "HTTPS" : "HTTP", config.listen.front(),
               config.store.substr(0, config.store.find(':')));
  });

  auto* user = app.add_subcommand("user", "Accounts")->require_subcommand(1);
  auto* add = user->add_subcommand("add", "Add an account; prints its uid and its token");
  add->add_option("NAME", name, "1 to 64 bytes")->required();
  with_config(add);
  add->add_option("--password-file", password_file,
                  "file whose first line is the password; without it nobody can log in");
  add->add_option("--time-zone", zone, "as Europe/Brussels; of nights and months")->capture_default_str();
  add->callback([&] {
    const std::string password = password_of(password_file);
    const std::string hash = password_file.empty() ? "" : web::hash_password(password);
    with_store(file, [&](Accounts& accounts) {
      const Account account = accounts.add_account(name, hash, zone, std::time(nullptr));
      fmt::print("{} {}\n", account.uid, account.token);
    });
  });

  auto* remove = user->add_subcommand("remove", "Remove an account with its sensors and all their readings");
  remove->add_option("NAME", name, "account")->required();
  with_config(remove);
  remove->callback([&] {
    with_store(file, [&](Accounts& accounts, SeriesStore& series) {
      std::vector<std::string> sids = accounts.remove(user_of(accounts, name).uid);
      std::sort(sids.begin(), sids.end());  // as everybody who locks several
      for (const std::string& sid : sids) series.remove(sid);
      fmt::print("{}: removed, with {} sensors\n", visible(name), sids.size());
    });
  });

  auto* give =
      user->add_subcommand("export", "Write all that an account has into a file, while flmserver runs");
  give->add_option("NAME", name, "account")->required();
  with_config(give);
  give->add_option("--to", copy, "new file: tar; flmserver(8) says what is in it")->required();
  give->callback([&] {
    refuse_to_replace(copy);
    with_store(
        file,
        [&](Accounts& accounts, Database& database) {
          TarFile tar;
          write_account(tar, database, user_of(accounts, name), std::time(nullptr));
          const TarFile::Content content = tar.finish();
          AtomicFile written(copy, 0600);  // it has tokens
          written.write(content.bytes);
          written.commit_durably();
          fmt::print("{}: {} bytes\n", copy, content.bytes.size());
        },
        Database::Mode::read);
  });

  auto* devices = app.add_subcommand("device", "Devices")->require_subcommand(1);
  auto* add_device = devices->add_subcommand("add", "Add a device and give it to an account");
  with_config(add_device);
  add_device->add_option("--user", name,
                         "account; without it, whoever has the code of its Status page may claim it");
  add_device->add_option("--serial", serial, "serial number, as FL02B00042")->required();
  add_device->add_option("--device", device, "its id, 32 digits 0-9a-f")->required();
  add_device->add_option("--key", key, "its key, 32 digits 0-9a-f")->required();
  add_device->callback([&] {
    with_store(file, [&](Accounts& accounts) {
      std::optional<Account> account;
      if (!name.empty()) account = user_of(accounts, name);
      accounts.add_device(device, key, serial);
      if (account) accounts.give(account->uid, device);
    });
  });

  auto* sensors = app.add_subcommand("sensor", "Sensors")->require_subcommand(1);
  auto* list = sensors->add_subcommand("list", "List an account's sensors: sid, token, type, name");
  with_config(list);
  list->add_option("--user", name, "account")->required();
  list->callback([&] {
    with_store(file, [&](Accounts& accounts) {
      for (const Sensor& sensor : accounts.sensors_of(user_of(accounts, name).uid)) {
        const std::vector<Token> tokens = accounts.tokens_of(sensor.sid);
        fmt::print("{} {} {} {}\n", sensor.sid, tokens.empty() ? "-" : tokens.front().token, sensor.type,
                   visible(sensor.function));
      }
    });
  });

  auto* backup = app.add_subcommand("backup", "Write the whole store into a file, while flmserver runs");
  with_config(backup);
  backup->add_option("--to", copy, "new file: SQLite, itself a store")->required();
  backup->callback([&] { fmt::print("{} rows\n", back_up(read_config(file).store, copy)); });
  auto* from_backup =
      app.add_subcommand("restore", "Fill an empty store from a backup, of either kind of database");
  with_config(from_backup);
  from_backup->add_option("--from", copy, "file that `flmserver backup` has written")->required();
  from_backup->callback([&] { fmt::print("{} rows\n", restore(copy, read_config(file).store)); });

  auto* broker = app.add_subcommand("broker", "The MQTT broker")->require_subcommand(1);
  auto* access = broker->add_subcommand("access", "Print mosquitto's access list: who may publish what");
  with_config(access);
  access->callback([&] {
    const Config config = read_config(file);
    with_store(file, [&](Accounts& accounts) {
      fmt::print("{}", broker_access(accounts, config.broker.value_or(mqtt::Broker{}).username));
    });
  });

  try {
    app.parse(argc, argv);
    flush_output();
    return status;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return complain(kWrong, usage_complaint(app, error, argc, argv));
    const int shown = app.exit(error);  // --help, --version
    return std::cout.flush() ? shown : complain(kWrong, "standard output: cannot be written");
  } catch (const DatabaseError& error) {
    return complain(kFailed, fmt::format("the store: {}", error.what()));
  } catch (const std::exception& error) {
    return complain(kWrong, error.what());
  }
}

}  // namespace
}  // namespace flm::server

int main(int argc, char** argv) {
  flm::hold_standard_files();
  return flm::server::run(argc, argv);
}
