#include "tools/flmserver/site/export.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "tools/common/files.hpp"  // reason
#include "tools/flmserver/site/visit.hpp"
#include "tools/flmserver/store/point_reader.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/web/exchange/response.hpp"

namespace flm::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t block_size = 512;

/// ustar's numbers: octal digits and a NUL.
void octal(char* field, std::size_t size, std::uint64_t value) {
  const std::string digits = fmt::format("{:0{}o}", value, size - 1);
  std::memcpy(field, digits.c_str(), size);
}

std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json or_null(const std::optional<std::int64_t>& number) { return number ? Json(*number) : Json(); }

}  // namespace

TarFile::TarFile() : file_(open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
  if (file_ < 0) throw std::runtime_error(fmt::format("/var/tmp: no file can be made: {}", reason(errno)));
}
TarFile::~TarFile() { close(file_); }

void TarFile::write(std::string_view bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw std::runtime_error(fmt::format("/var/tmp: cannot be written: {}", reason(errno)));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void TarFile::add(std::string_view path, std::string_view content, std::int64_t time) {
  std::array<char, block_size> head{};
  if (path.empty() || path.size() > 99)
    throw std::logic_error(fmt::format("'{}' is no path of a tar file", path));
  std::memcpy(head.data(), path.data(), path.size());
  octal(&head[100], 8, 0644);
  octal(&head[108], 8, 0);
  octal(&head[116], 8, 0);
  octal(&head[124], 12, content.size());
  octal(&head[136], 12, static_cast<std::uint64_t>(time));
  std::memset(&head[148], ' ', 8);  // its own sum counts as blanks
  head[156] = '0';                  // a file
  std::memcpy(&head[257],
              "ustar\0"
              "00",
              8);
  std::uint64_t sum = 0;
  for (const char c : head) sum += static_cast<unsigned char>(c);
  octal(&head[148], 7, sum);
  write({head.data(), head.size()});
  write(content);
  write(std::string((block_size - content.size() % block_size) % block_size, '\0'));
}

TarFile::Content TarFile::finish() {
  write(std::string(2 * block_size, '\0'));
  void* const bytes = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_, 0);
  if (bytes == MAP_FAILED)
    throw std::runtime_error(fmt::format("/var/tmp: cannot be read: {}", reason(errno)));
  return {{static_cast<const char*>(bytes), size_},
          std::shared_ptr<const void>(
              bytes, [size = size_](const void* of) { munmap(const_cast<void*>(of), size); })};
}

void write_account(TarFile& tar, Database& database, const Account& account, std::int64_t now) {
  Accounts accounts(database);
  SeriesStore store(database);
  Json devices = Json::array(), following = Json::array();
  for (const Account& other : accounts.followed_by(account.uid)) following.push_back(other.name);
  for (const Device& device : accounts.devices_of(account.uid)) {
    Json sensors = Json::array(), config = Json::object();
    for (const Sensor& sensor : accounts.sensors_of_device(device.device)) {
      Json tokens = Json::array();
      for (const Token& token : accounts.tokens_of(sensor.sid))
        tokens.push_back({{"token", token.token}, {"name", token.name}});
      sensors.push_back({{"sid", sensor.sid},
                         {"name", sensor.shown_name()},
                         {"type", sensor.type},
                         {"shared", sensor.shared},
                         {"tokens", tokens}});
      config[sensor.number ? std::to_string(sensor.number) : sensor.sid] =
          Json::parse(sensor.config.empty() ? "{}" : sensor.config, nullptr, false);

      std::set<int> rids{static_cast<int>(sensor.rid)};
      for (const SeriesStore::Listed& each : store.blocks_after(sensor.sid, 0, {0, 0})) {
        rids.insert(each.rid);
        if (const auto gzip = store.block({sensor.sid, each.rid}, each.id))
          tar.add(fmt::format("sensor/{}/{}/{}/{}.gz", sensor.sid, each.rid, each.id.level, each.id.start),
                  *gzip, now);
      }
      for (const int rid : rids) {
        const Rows pieces =
            database.run("SELECT first, gzip FROM piece WHERE sid = $1 AND rid = $2 ORDER BY first",
                         {sensor.sid, std::int64_t{rid}});
        if (pieces.empty()) continue;
        std::string csv;
        for (const history::Point& point : points_of_pieces(pieces))
          csv += fmt::format("{},{}\r\n", point.time, history::decimal(point.value));
        tar.add(fmt::format("sensor/{}/{}/newest.csv", sensor.sid, rid), csv, now);
      }
    }
    devices.push_back({{"device", device.device},
                       {"serial", device.serial},
                       {"version", device.version},
                       {"heartbeat", or_null(device.heartbeat)},
                       {"ip", device.ip},
                       {"port", device.port},
                       {"sensors", sensors}});
    tar.add(fmt::format("config/{}.json", device.device), text_of(config), now);
  }
  tar.add("account.json",
          text_of({{"uid", account.uid},
                   {"name", account.name},
                   {"created", account.created},
                   {"zone", account.zone},
                   {"price_eur", account.prices.eur},
                   {"price_aud", account.prices.aud},
                   {"token", account.token},
                   {"settings", Json::parse(account.settings, nullptr, false)},
                   {"following", following},
                   {"devices", devices}}),
          now);
}

web::Response Site::export_account(Visit& visit) {
  const std::unique_lock one(exporting_, std::try_to_lock);
  if (!one.owns_lock())
    return web::text(503, "somebody else's data are being written; again in a minute")
        .with("Retry-After", "60");
  TarFile tar;
  write_account(tar, visit.database, visit.self, visit.now);
  TarFile::Content content = tar.finish();
  web::Response response{
      .content_type = "application/x-tar", .fixed_body = content.bytes, .owner = std::move(content.owner)};
  response.with("Content-Disposition",
                fmt::format("attachment; filename=\"openflm-{}.tar\"", visit.self.uid));
  return response;
}

}  // namespace flm::server
