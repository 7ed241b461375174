#include "tools/mainboard/bus/transport.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <type_traits>
#include <vector>

#include "tools/common/files.hpp"
#include "tools/common/nearest.hpp"
#include "tools/common/stop_on_signal.hpp"
#include "tools/mainboard/link/errors.hpp"

namespace flm::mainboard {
namespace {

constexpr const char* kPortForms = "spi:/dev/spidevB.C, a serial device, sim:SCENARIO.toml";
/// Where flmd.service has its socket.
constexpr const char* kFlmdSocket = "/run/flmd/bus";

struct Option {
  std::string_view name, value;
};

template <class Number>
Number number_of(const Port& port, const Option& option, Number low, Number high) {
  Number number{};
  const auto result = std::from_chars(option.value.data(), option.value.data() + option.value.size(), number);
  if (result.ec != std::errc{} || result.ptr != option.value.data() + option.value.size() ||
      !(number >= low && number <= high))
    throw InputError(fmt::format("port '{}': {} is '{}'; allowed: a {} from {} to {}", port.text, option.name,
                                 option.value, std::is_integral_v<Number> ? "whole number" : "number", low,
                                 high));
  return number;
}

/// One of the words; the first is number 0.
std::size_t word_of(const Port& port, const Option& option, const std::vector<std::string_view>& words) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == option.value) return i;
  throw InputError(fmt::format("port '{}': {} is '{}'; allowed: {}", port.text, option.name, option.value,
                               fmt::join(words, ", ")));
}

std::vector<std::string_view> options_of(Port::Kind kind) {
  switch (kind) {
    case Port::Kind::spi: return {"board", "hz", "meter", "meter_baud"};
    case Port::Kind::serial: return {"baud", "meter", "meter_baud"};
    case Port::Kind::flmd: return {};
    default: return {"engine", "eeprom", "image", "configure", "speed"};
  }
}

void take_option(Port& port, const Option& option) {
  const auto& name = option.name;
  if (name == "board") {
    std::vector<std::string_view> names;
    for (const BoardFacts& board : all_boards()) names.push_back(board.name);
    port.board = &all_boards()[word_of(port, option, names)];
  }
  if (name == "hz") port.hz = number_of(port, option, 1'000, 1'000'000);
  if (name == "baud") port.baud = number_of(port, option, 300, 4'000'000);
  if (name == "meter") port.meter = option.value;
  if (name == "meter_baud")
    port.meter_baud = word_of(port, option, {"115200", "9600"}) == 0 ? 115'200 : 9'600;
  if (name == "engine") port.engine = word_of(port, option, {"native", "image"}) == 0 ? "native" : "image";
  if (name == "eeprom") port.eeprom = option.value;
  if (name == "image") port.image = option.value;
  if (name == "configure") port.configure = word_of(port, option, {"no", "yes"}) == 1;
  if (name == "speed") port.speed = number_of(port, option, 0.001, 10'000.0);
}

}  // namespace

Port parse_port(const std::string& text) {
  Port port;
  port.text = text;
  std::string_view rest = text;
  if (rest.starts_with("spi:")) {
    port.kind = Port::Kind::spi;
    rest.remove_prefix(4);
  } else if (rest.starts_with("sim:")) {
    port.kind = Port::Kind::sim;
    rest.remove_prefix(4);
  } else if (rest.starts_with("flmd:")) {
    port.kind = Port::Kind::flmd;
    port.path = rest.substr(5);
    if (port.path.empty()) port.path = kFlmdSocket;
    return port;
  }
  const auto comma = rest.find(',');
  port.path = rest.substr(0, comma);
  if (port.path.empty())
    throw InputError(fmt::format("port '{}' names nothing; allowed: {}", text, kPortForms));
  rest = comma == rest.npos ? std::string_view{} : rest.substr(comma);
  const auto known = options_of(port.kind);
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view piece = rest.substr(0, rest.find(','));
    rest.remove_prefix(piece.size());
    const auto equals = piece.find('=');
    if (piece.empty())
      throw InputError(fmt::format("port '{}': nothing stands behind a comma; allowed: {}=...", text,
                                   fmt::join(known, "=..., ")));
    const Option option{piece.substr(0, equals),
                        equals == piece.npos ? std::string_view{} : piece.substr(equals + 1)};
    const bool is_known = std::find(known.begin(), known.end(), option.name) != known.end();
    if (is_known && option.value.empty())
      throw InputError(fmt::format("port '{}': option '{}' has no value; allowed: {}=...", text, option.name,
                                   option.name));
    if (!is_known) {
      const auto meant = nearest(option.name, known);
      throw InputError(fmt::format("port '{}': option '{}' is not known{}; allowed: {}=...", text, piece,
                                   meant ? fmt::format(" (did you mean '{}'?)", *meant) : "",
                                   fmt::join(known, "=..., ")));
    }
    take_option(port, option);
  }
  return port;
}

std::unique_ptr<Bus> open_without_meter(const Port& port) {
  switch (port.kind) {
    case Port::Kind::spi: return open_spidev(port);
    case Port::Kind::serial: return open_serial(port);
    case Port::Kind::flmd: return open_flmd(port);
    default: return open_simulator(port);
  }
}

std::unique_ptr<Bus> open_bus(const Port& port) {
  std::unique_ptr<Bus> bus = open_without_meter(port);
  std::unique_ptr<MeterLine> line =
      port.meter.empty() ? bus->meter_line() : open_meter_line(port.meter, port.meter_baud);
  return line == nullptr ? std::move(bus) : forwarding(std::move(bus), std::move(line));
}

bool wait_unless_stopped(Bus& bus, Time span) {
  constexpr Time kSlice = 100ms;  ///< until ctrl-C is noticed, at most
  const Time end = bus.now() + span;
  Time left = span;
  for (; left > kSlice && !stopped(); left = end - bus.now()) bus.wait(kSlice);
  if (!stopped()) bus.wait(left);
  return !stopped();
}

void cannot_open(const std::string& path, int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENODEV:
    case ENXIO: {
      const auto meant = nearest(path.substr(0, path.find(':')), {"spi", "sim"});
      const bool prefixed = path.find(':') != path.npos && meant;
      throw InputError(fmt::format("{}: no such device{}; allowed: {} ('flmctl ports' lists what is here)",
                                   path, prefixed ? fmt::format(" (did you mean '{}:'?)", *meant) : "",
                                   kPortForms));
    }
    case EACCES:
    case EPERM: {
      struct stat status {};
      const group* owner =
          stat(path.c_str(), &status) == 0 && (status.st_mode & 0060) == 0060 && status.st_gid != 0
              ? getgrgid(status.st_gid)
              : nullptr;
      if (owner != nullptr)
        throw InputError(
            fmt::format("{}: no permission; its group '{}' may: 'sudo adduser $USER {}', then log in again",
                        path, owner->gr_name, owner->gr_name));
      throw InputError(
          fmt::format("{}: no permission; the udev rule 60-openflm.rules opens it to group dialout: install "
                      "it, 'sudo adduser $USER dialout', "
                      "then log in again (flmctl(1), DEVICES)",
                      path));
    }
    case EBUSY:
      throw InputError(fmt::format("{}: is in use by another program, which holds it for itself", path));
    default: throw InputError(fmt::format("{}: cannot be opened: {}", path, reason(error_number)));
  }
}

}  // namespace flm::mainboard
