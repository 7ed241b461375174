#include "sim/run/serve.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <system_error>

#include "sim/run/engine_bus.hpp"
#include "sim/run/main_board.hpp"
#include "sim/run/meter_uart.hpp"
#include "tools/common/atomic_file.hpp"
#include "tools/common/files.hpp"
#include "tools/common/stop_on_signal.hpp"

namespace flm::sim {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw InputError(fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

/// A pseudo terminal that passes every byte as it is, and a link of a chosen name to it.
class PseudoTerminal {
 public:
  explicit PseudoTerminal(const fs::path& link) : link_(link) {
    if (fs::symlink_status(link).type() != fs::file_type::not_found)
      throw InputError(fmt::format("{}: exists; allowed: a name that is free", link.string()));
    if (const fs::path folder = fs::absolute(link).parent_path(); !fs::is_directory(folder))
      throw InputError(fmt::format("{}: there is no folder {}; allowed: a name in a folder that is there",
                                   link.string(), folder.string()));
    termios raw{};
    cfmakeraw(&raw);
    char name[128];
    if (openpty(&master_, &slave_, name, &raw, nullptr) != 0) fail(link, "no pseudo terminal");
    fcntl(master_, F_SETFL, O_NONBLOCK);
    std::error_code error;
    fs::create_symlink(name, link, error);
    if (error) {
      close(master_);
      close(slave_);
      throw InputError(fmt::format("{}: {}", link.string(), error.message()));
    }
    name_ = name;
  }
  ~PseudoTerminal() {
    std::error_code ignored;
    fs::remove(link_, ignored);
    close(master_);
    close(slave_);  // Held open, so that hosts can come and go.
  }
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;

  [[nodiscard]] int fd() const { return master_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  fs::path link_;
  std::string name_;
  int master_ = -1, slave_ = -1;
};

void serve_pty(const ServeOptions& options, const BoardModel& board, Engine& engine, EngineBus& bus,
               MeterUart& meter) {
  using Clock = std::chrono::steady_clock;
  const PseudoTerminal terminal(options.pty);
  std::optional<PseudoTerminal> meter_terminal;
  if (!options.meter.empty()) {
    if (!meter.connected())
      throw InputError(
          fmt::format("--meter-pty {}: no smart meter's line ends at the main board; allowed: {}, and a "
                      "scenario with [[serial]]",
                      options.meter.string(), mainboard::board_names([](const mainboard::BoardFacts& facts) {
                        return facts.meter_line == boards::MeterLine::main_board;
                      })));
    meter_terminal.emplace(options.meter);
  }
  const StopOnSignal stop_on_signal;
  fmt::print(stderr, "{} on the {} engine: its bus is {} ({}), {:g} x real time; ctrl-C ends it\n",
             board.name, options.engine == EngineKind::native ? "native" : "image", options.pty.string(),
             terminal.name(), options.speed);
  const auto start = Clock::now();
  const auto due = [&] {
    return static_cast<Nanoseconds>(std::chrono::duration<double, std::nano>(Clock::now() - start).count() *
                                    options.speed);
  };
  bool late = false;
  while (!stopped()) {
    pollfd wait{terminal.fd(), POLLIN, 0};
    poll(&wait, 1, 5);
    if (const Nanoseconds now = due(); now > bus.time()) {
      bus.wait_until(now);
      engine.run_until(now);
      // A UART waits for nobody: what does not fit is lost.
      if (const auto bytes = meter.take(now, SIZE_MAX); meter_terminal && !bytes.empty())
        if (write(meter_terminal->fd(), bytes.data(), bytes.size()) < 0 && errno != EAGAIN && errno != EINTR)
          fail(options.meter, "cannot be written");
      if (!late && due() - now > 1'000'000'000) {
        late = true;
        fmt::print(stderr,
                   "warning: this machine cannot simulate {} {:g} times as fast as real time: simulated time "
                   "lags behind\n",
                   board.name, options.speed);
      }
    }
    std::uint8_t bytes[256];
    const ssize_t count = read(terminal.fd(), bytes, sizeof bytes);
    if (count <= 0) continue;
    for (ssize_t i = 0; i < count; ++i) bytes[i] = bus.clock_byte(bytes[i]);
    for (ssize_t sent = 0; sent < count && !stopped();) {
      const ssize_t part = write(terminal.fd(), bytes + sent, static_cast<std::size_t>(count - sent));
      if (part > 0) {
        sent += part;
        continue;
      }
      if (part < 0 && errno != EAGAIN && errno != EINTR) fail(options.pty, "cannot be written");
      pollfd room{terminal.fd(), POLLOUT, 0};
      poll(&room, 1, 100);
    }
  }
}

/// The bytes of a row of hex digits; nothing when it is none.
std::optional<std::string> bytes_of(std::string_view digits) {
  std::string bytes;
  if (digits.empty() || digits.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned value = 0;
    const auto result = std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
    if (result.ec != std::errc{} || result.ptr != digits.data() + i + 2) return std::nullopt;
    bytes += static_cast<char>(value);
  }
  return bytes;
}

std::string hex(std::string_view bytes) {
  std::string digits;
  for (const char byte : bytes) digits += fmt::format("{:02x}", static_cast<std::uint8_t>(byte));
  return digits;
}

std::string answer(const std::string& line, Engine& engine, EngineBus& bus, MeterUart& meter) {
  constexpr std::string_view clock = "clock ", wait = "wait ";
  const std::string_view text = line;
  if (text.starts_with(clock)) {
    if (const auto bytes = bytes_of(text.substr(clock.size()))) return hex(bus.clock(*bytes));
  } else if (text.starts_with(wait)) {
    constexpr double longest = 1e6;
    double time = 0.0;
    const std::string_view number = text.substr(wait.size());
    const auto result = std::from_chars(number.data(), number.data() + number.size(), time);
    if (result.ec == std::errc{} && result.ptr == number.data() + number.size() && time >= 0.0 &&
        time <= longest) {
      bus.wait_until(bus.time() + nanoseconds(time));
      engine.run_until(bus.time());
      return fmt::format("now {:.9f}", seconds(bus.time()));
    }
  }
  if (text == "meter") {
    constexpr std::size_t most = 2048;
    if (!meter.connected()) return "none";
    const auto bytes = meter.take(bus.time(), most);
    return "line " + hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return fmt::format("error '{}' is none of: clock HEXDIGITS, two a byte; wait SECONDS, 0 to 1000000; meter",
                     text.substr(0, 40));
}

void serve_lines(Engine& engine, EngineBus& bus, MeterUart& meter) {
  const StopOnSignal stop_on_signal;  // The EEPROM is kept then, too.
  std::string line;
  while (!stopped() && std::getline(std::cin, line)) {
    std::fputs((answer(line, engine, bus, meter) + "\n").c_str(), stdout);
    flush_output();
  }
}

/// What a stock main board does once; then the board stands as its owner would find it.
void configure(const Scenario& scenario, const BoardModel& board, Engine& engine, EngineBus& bus) {
  bus.wait_until(configure_at);
  mainboard::Board far_end(bus, board.name, mainboard::stock_policy);
  far_end.assume(board);
  for (const Message& message : setup(scenario, board)) (void)far_end.link().exchange(message);
  engine.run_until(bus.time());
}

}  // namespace

void serve(const Scenario& scenario, const ServeOptions& options) {
  const BoardModel& board = board_model(scenario.board);
  Environment environment(scenario, board);
  const std::unique_ptr<Engine> engine = make_engine(options.engine, board, environment, options.image);
  std::optional<AtomicFile> eeprom;
  bool kept = false;
  if (!options.eeprom.empty()) {
    kept = fs::exists(options.eeprom);
    if (kept) engine->set_eeprom(read_eeprom(options.eeprom));
    eeprom.emplace(options.eeprom);
  }
  EngineBus bus(board, *engine);
  MeterUart meter(scenario, board, *engine);
  if (options.configure && !kept) configure(scenario, board, *engine, bus);
  if (options.pty.empty())
    serve_lines(*engine, bus, meter);
  else
    serve_pty(options, board, *engine, bus, meter);
  if (!eeprom) return;
  const std::vector<std::uint8_t> contents = engine->eeprom();
  eeprom->write({reinterpret_cast<const char*>(contents.data()), contents.size()});
  eeprom->commit();
}

}  // namespace flm::sim
