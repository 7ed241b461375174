#include "tools/mainboard/bus/lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tools/mainboard/link/errors.hpp"

namespace flm::mainboard {
namespace {

namespace fs = std::filesystem;

fs::path lock_folder() {
  if (access("/run/lock", W_OK) == 0) return "/run/lock";
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && access(runtime, W_OK) == 0)
    return runtime;
  return "/tmp";
}

/// The same for every name of a device: links are followed.
std::string lock_name(const std::string& path) {
  std::error_code error;
  std::string name = fs::weakly_canonical(path, error).string();
  if (error) name = path;
  for (char& c : name)
    if (c == '/') c = '-';
  return fmt::format("flmctl{}.lock", name);
}

/// Why the port cannot be had, from what its holder has written: "PROCESS PROGRAM SOCKET". An earlier flmctl
/// wrote its process only.
PortHeld held(const std::string& device, const std::string& holder) {
  std::istringstream words(holder);
  long process = 0;
  std::string program, socket;
  words >> process >> program >> std::ws;
  std::getline(words, socket);
  const std::string who = process > 0 ? fmt::format(" (process {})", process) : "";
  if (program != "flmd")
    return {fmt::format("{}: another flmctl is using it{}; allowed: one at a time: wait for it, or end it",
                        device, who),
            ""};
  return {fmt::format("{}: flmd{} is using it; allowed: --port flmd:, which asks that flmd, or end it: "
                      "'systemctl stop flmd'",
                      device, who),
          socket};
}

/// A stock daemon that opens a device of a kind.
struct StockDaemon {
  std::string_view name, kind;
};
constexpr StockDaemon kStock[] = {{"spid", "/dev/spidev"}, {"parsed", "/dev/tty"}, {"wwd", "/dev/tty"}};

/// A process's program: stock's are scripts, of which the file that was started tells.
const StockDaemon* stock_daemon(const fs::path& process) {
  std::ifstream in(process / "cmdline", std::ios::binary);
  // getline() stops where the process ends meanwhile; a stream's iterator would throw.
  for (std::string word; std::getline(in, word, '\0');)
    for (const StockDaemon& daemon : kStock)
      if (fs::path(word).stem() == daemon.name) return &daemon;
  return nullptr;
}

/// Throws PortHeld when a stock daemon has the device.
void refuse_stock(const std::string& device) {
  if (const std::string who = device.empty() ? "" : stock_holder(device); !who.empty())
    throw PortHeld(
        fmt::format("{}: stock's {} is using it; allowed: one at a time: '/etc/init.d/flukso stop' ends "
                    "stock's daemons, '/etc/init.d/flukso start' brings them back",
                    device, who),
        "");
}

}  // namespace

std::string stock_holder(const std::string& device, const fs::path& processes) {
  std::error_code error;
  fs::path wanted = fs::weakly_canonical(device, error);
  if (error) wanted = device;
  for (fs::directory_iterator i(processes, error), end; !error && i != end; i.increment(error)) {
    const std::string number = i->path().filename().string();
    if (number.find_first_not_of("0123456789") != number.npos) continue;
    const StockDaemon* daemon = stock_daemon(i->path());
    if (daemon == nullptr) continue;
    std::error_code closed, ignored;
    bool has_it = false;
    for (fs::directory_iterator file(i->path() / "fd", closed), last; !closed && file != last;
         file.increment(closed))
      has_it = has_it || fs::read_symlink(file->path(), ignored) == wanted;
    if (has_it || (closed && wanted.string().starts_with(daemon->kind)))
      return fmt::format("{} (process {})", daemon->name, number);
  }
  return {};
}

PortLock::PortLock(const Port& port, const std::string& program, const std::string& socket) {
  const std::string& device = port.kind == Port::Kind::sim    ? port.eeprom
                              : port.kind == Port::Kind::flmd ? std::string()
                                                              : port.path;
  if (device.empty()) return;
  if (port.kind != Port::Kind::sim) {
    refuse_stock(device);
    refuse_stock(port.meter);
  }
  const fs::path file = lock_folder() / lock_name(device);
  // Without O_CREAT first: in a sticky folder not even root may create what another user has there.
  fd_ = ::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd_ < 0 && errno == ENOENT) {
    fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd_ >= 0) fchmod(fd_, 0666);
  }
  if (fd_ < 0)
    throw InputError(fmt::format("{}: cannot lock {}: {}", file.string(), device, std::strerror(errno)));
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    char holder[512] = {};
    const ssize_t count = pread(fd_, holder, sizeof holder - 1, 0);
    ::close(fd_);
    throw held(device, std::string(holder, count > 0 ? static_cast<std::size_t>(count) : 0));
  }
  const std::string own = fmt::format("{} {} {}\n", getpid(), program, socket);
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, own.data(), own.size(), 0) < 0) {
    // Only who holds the lock would not be told.
  }
}

PortLock::~PortLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace flm::mainboard
