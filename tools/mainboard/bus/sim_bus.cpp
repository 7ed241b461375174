// A simulated board: flmsim in a process of its own, which serves its bus in lines (sim/run/serve.hpp).
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <vector>

#include "tools/common/files.hpp"
#include "tools/common/system/close_others.hpp"
#include "tools/mainboard/bus/clock.hpp"
#include "tools/mainboard/bus/transport.hpp"
#include "tools/mainboard/link/errors.hpp"

extern char** environ;

namespace flm::mainboard {
namespace {

namespace fs = std::filesystem;

constexpr Time answer_within = 20s;  ///< of a simulator that is not stuck, on a machine that has much to do

/// flmsim lies beside this program.
fs::path simulator() {
  fs::path beside = fs::read_symlink("/proc/self/exe").parent_path() / "flmsim";
  if (access(beside.c_str(), X_OK) != 0)
    throw InputError(
        fmt::format("{}: no simulator; a sim: port needs flmsim beside flmctl", beside.string()));
  return beside;
}

/// Two hex digits a byte; what is none counts as 0.
std::string bytes_of(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
    bytes += static_cast<char>(value);
  }
  return bytes;
}

class SimBus : public Bus {
 public:
  explicit SimBus(const Port& port) : path_(port.path), speed_(port.speed) {
    check_text(path_, "a scenario (.toml)");
    if (!port.image.empty()) check_input(port.image, "an AVR image (.elf)");
    FileUse files;
    files.reads(path_, "the scenario");
    files.reads(port.image, "the image");
    files.writes(port.eeprom, "eeprom=", eeprom_contents);
    const std::string program = simulator();
    std::vector<std::string> words = {program, "serve", path_, "--lines", "--engine", port.engine};
    if (port.configure) words.emplace_back("--configure");
    if (!port.eeprom.empty()) words.insert(words.end(), {"--eeprom", port.eeprom});
    if (!port.image.empty()) words.insert(words.end(), {"--image", port.image});
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);

    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      throw InputError(fmt::format("no socket: {}", std::strerror(errno)));
    fd_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    // Nothing else: a server's sockets would stay taken as long as the simulator lives.
    close_others(actions);
    // A group of its own: ctrl-C is for flmctl, which then ends the simulator in good order.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int failed =
        posix_spawn(&child_, program.c_str(), &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed != 0) {
      ::close(fd_);
      throw InputError(fmt::format("{}: cannot be started: {}", program, std::strerror(failed)));
    }
    paced_from_ = steady_now();
    try {
      time_ = paced_time_ = waited(0ns);
    } catch (...) {
      end();  // The destructor of an object that was not made is not called.
      throw;
    }
  }
  ~SimBus() override { end(); }
  SimBus(const SimBus&) = delete;
  SimBus& operator=(const SimBus&) = delete;

  [[nodiscard]] std::string clock(std::string_view bytes) override {
    std::string order = "clock ";
    for (const char byte : bytes) order += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    const std::string answer = ask(order);
    std::string received = bytes_of(answer);
    if (received.size() != bytes.size())
      throw NoAnswer(fmt::format("the simulator of {} answers '{}'", path_, answer));
    return received;
  }

  void wait(Time span) override {
    time_ = waited(span);
    if (speed_ > 0.0)
      sleep_for(paced_from_ + time_of(in_seconds(time_ - paced_time_) / speed_) - steady_now());
  }

  [[nodiscard]] Time now() override { return time_ = waited(0ns); }
  [[nodiscard]] bool live() const override { return false; }
  void pace(double speed) override {
    if (speed_ > 0.0) return;  // The port says how fast.
    speed_ = speed;
    paced_from_ = steady_now();
    paced_time_ = time_;
  }

  [[nodiscard]] std::unique_ptr<MeterLine> meter_line() override {
    if (ask("meter") == "none") return nullptr;
    return std::make_unique<SimMeterLine>(*this);
  }

  void close() override {
    const int status = end();
    if (status != 0) throw InputError(fmt::format("the simulator of {} ended with status {}", path_, status));
  }

 private:
  /// The UART of the simulated main board.
  class SimMeterLine : public MeterLine {
   public:
    explicit SimMeterLine(SimBus& bus) : bus_(bus) {}
    [[nodiscard]] std::string read() override {
      const std::string answer = bus_.ask("meter");
      constexpr std::string_view line = "line ";
      if (!answer.starts_with(line))
        throw NoAnswer(fmt::format("the simulator of {} answers '{}'", bus_.path_, answer));
      return bytes_of(std::string_view(answer).substr(line.size()));
    }

   private:
    SimBus& bus_;
  };

  Time waited(Time span) {
    // Both engines are faster than the time that they simulate.
    const std::string answer = ask(fmt::format("wait {:.9f}", in_seconds(std::max(span, Time{}))), span);
    constexpr std::string_view now = "now ";
    double time = 0.0;
    if (!answer.starts_with(now) ||
        std::from_chars(answer.data() + now.size(), answer.data() + answer.size(), time).ec != std::errc{})
      throw NoAnswer(fmt::format("the simulator of {} answers '{}'", path_, answer));
    return time_of(time);
  }

  /// A line there, a line back; `longest`: what may pass beside the time that any answer takes.
  std::string ask(std::string line, Time longest = Time{}) {
    const Time until = steady_now() + answer_within + std::max(longest, Time{});
    line += '\n';
    for (std::size_t sent = 0; sent < line.size();) {
      const ssize_t count = send(fd_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) gone();
      sent += static_cast<std::size_t>(count);
    }
    while (true) {
      if (const auto end = buffer_.find('\n'); end != buffer_.npos) {
        std::string answer = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return answer;
      }
      pollfd answer{fd_, POLLIN, 0};
      if (poll(&answer, 1, static_cast<int>(std::max(until - steady_now(), Time{}) / 1ms)) == 0) stuck();
      char part[1024];
      const ssize_t count = recv(fd_, part, sizeof part, MSG_DONTWAIT);
      if (count < 0 && errno == EAGAIN) continue;
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) gone();
      buffer_.append(part, static_cast<std::size_t>(count));
    }
  }

  /// The simulator has ended by itself; it has said why.
  [[noreturn]] void gone() {
    const int status = end();
    if (status == wrong) throw InputError(fmt::format("{}: the simulator refused to start", path_));
    throw NoAnswer(fmt::format("the simulator of {} has gone (status {})", path_, status));
  }

  /// Its answer would come in the place of a later one's.
  [[noreturn]] void stuck() {
    ::kill(child_, SIGKILL);
    end();
    throw NoAnswer(fmt::format("the simulator of {} has not answered for {} s", path_, answer_within / 1s));
  }

  /// Ends the simulator as a closed terminal does, waits for it, and gives its exit status, each time. One
  /// that is stuck is killed.
  int end() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    if (child_ <= 0) return status_;
    int status = 0;
    const Time until = steady_now() + answer_within;
    while (true) {
      const pid_t ended = waitpid(child_, &status, steady_now() < until ? WNOHANG : 0);
      if (ended == child_ || (ended < 0 && errno != EINTR)) break;
      sleep_for(5ms);
      if (steady_now() >= until) ::kill(child_, SIGKILL);
    }
    child_ = 0;
    return status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::string path_;
  double speed_;
  int fd_ = -1;
  pid_t child_ = 0;
  int status_ = 0;  // once it has ended
  Time time_{};
  Time paced_from_{}, paced_time_{};  ///< this machine's time and the board's when pacing began
  std::string buffer_;
};

}  // namespace

std::unique_ptr<Bus> open_simulator(const Port& port) { return std::make_unique<SimBus>(port); }

}  // namespace flm::mainboard
