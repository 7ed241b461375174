#include "tools/fleet/devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/fleet/curves.hpp"
#include "tools/flmserver/accounts/accounts.hpp"
#include "tools/flmserver/accounts/provision.hpp"

namespace flm::fleet {
namespace {

enum : std::uint64_t { id_of, key_of, token_of, house_of, sid_of };

std::string digits(const Devices& devices, std::uint64_t what, int device, int sensor = 0) {
  const std::uint64_t which = static_cast<std::uint64_t>(device) << 32 | static_cast<std::uint32_t>(sensor);
  return fmt::format("{:016x}{:016x}", hash(devices.seed, 2 * what, which),
                     hash(devices.seed, 2 * what + 1, which));
}

}  // namespace

std::string Devices::id(int device) const { return digits(*this, id_of, device); }
std::string Devices::key(int device) const { return digits(*this, key_of, device); }
std::string Devices::serial(int device) const { return fmt::format("FL{:02}F{:05}", seed % 100, device); }
std::string Devices::user(int device) const { return fmt::format("fleet-{}-{}", seed, device); }
std::string Devices::token(int device) const { return digits(*this, token_of, device); }
std::string Devices::sid(int device, int sensor) const { return digits(*this, sid_of, device, sensor); }
std::uint64_t Devices::house(int device) const {
  return hash(seed, house_of, static_cast<std::uint64_t>(device));
}

void add_to_store(server::Database& database, const Devices& devices, std::int64_t now) {
  constexpr int at_once = 300;
  for (int device = 0; device < devices.count;) {
    server::Transaction transaction(database, server::Database::Mode::write);
    server::Accounts accounts(database);
    for (const int end = std::min(devices.count, device + at_once); device < end; ++device) {
      const std::string id = devices.id(device);
      if (!accounts.device(id)) {
        server::Account account = accounts.add_account(devices.user(device), "", "UTC", now);
        account.token = devices.token(device);
        accounts.change(account);
        accounts.add_device(id, devices.key(device), devices.serial(device));
        accounts.give(account.uid, id);
      }
      const auto added = accounts.device(id);
      for (int sensor = 0; sensor < devices.sensors; ++sensor) {
        const std::string sid = devices.sid(device, sensor);
        if (accounts.sensor(sid)) continue;
        const Kind& kind = kinds[static_cast<std::size_t>(sensor) % kinds.size()];
        server::provision(
            accounts, *added, sid,
            {{"class", kind.sensor_class},
             {"type", kind.type},
             {"function", kind.function},
             {"constant", kind.sensor_class == "pulse" ? nlohmann::json(1.0) : nlohmann::json()},
             {"number", sensor + 1},
             {"enable", 1}},
            now);
      }
    }
    transaction.commit();
  }
}

}  // namespace flm::fleet
