// How flmctl reaches a board: bytes clocked to it and back, and time.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "tools/mainboard/bus/meter_line.hpp"
#include "tools/mainboard/link/board_facts.hpp"
#include "tools/mainboard/link/time.hpp"

namespace flm::mainboard {

/// A bus with one board on it. Throws NoAnswer when nothing at all comes back.
class Bus {
 public:
  virtual ~Bus() = default;
  /// Clocks bytes to the board; as many come back.
  [[nodiscard]] virtual std::string clock(std::string_view bytes) = 0;
  /// Lets time pass; all of it, ctrl-C or not.
  virtual void wait(Time) = 0;
  /// Time since a moment of the bus's choice; a simulated board's own time.
  [[nodiscard]] virtual Time now() = 0;
  /// The board is known, or assumed: its byte gap and SPI mode.
  virtual void adapt(const BoardFacts&) {}
  /// True if the bus has SPI modes: a board answers only in its own.
  [[nodiscard]] virtual bool has_modes() const { return false; }
  /// Time passes by itself.
  [[nodiscard]] virtual bool live() const { return true; }
  /// For simulated buses: simulated seconds per real second from now on; 0: as fast as possible.
  virtual void pace(double /*speed*/) {}
  /// The smart meter's line of a bus that brings one along: a simulated board's. It belongs to the bus.
  [[nodiscard]] virtual std::unique_ptr<MeterLine> meter_line() { return nullptr; }
  /// Ends the session; a simulated board keeps its EEPROM then. Throws when that fails.
  virtual void close() {}
};

/// Lets time pass until a StopOnSignal has noticed a signal: false then.
[[nodiscard]] bool wait_unless_stopped(Bus&, Time);

/// A port as users write it: `spi:/dev/spidevB.C`, a serial device or pseudo terminal, `sim:SCENARIO.toml`,
/// or `flmd:` and the socket of an flmd that has the board; then options, `,name=value` each.
struct Port {
  enum class Kind { spi, serial, sim, flmd };
  Kind kind = Kind::serial;
  std::string text;                   ///< as written
  std::string path;                   ///< device, scenario, or socket
  const BoardFacts* board = nullptr;  ///< spi: `board=flm02a`, when it is not to be found out
  int hz = 1'000'000;                 ///< spi: clock
  int baud = 115'200;                 ///< serial: 8N1
  std::string meter;  ///< spi, serial: device of a smart meter's line that ends at this machine, or empty
  int meter_baud = 115'200;                      ///< or 9600
  std::string engine = "native", eeprom, image;  ///< sim
  bool configure = true;  ///< sim: as a stock main board does from the scenario's sensors
  double speed = 0.0;     ///< sim: simulated seconds a second, 0: as fast as it can
};

/// Throws InputError with what is allowed.
Port parse_port(const std::string& text);

/// Opens a port. Throws InputError for one that is not there or may not be used, with the way out.
std::unique_ptr<Bus> open_bus(const Port&);
/// The same without a smart meter's line: whoever wants one sees to it (Bus::meter_line(), forwarding()).
std::unique_ptr<Bus> open_without_meter(const Port&);

std::unique_ptr<Bus> open_spidev(const Port&);
std::unique_ptr<Bus> open_serial(const Port&);
std::unique_ptr<Bus> open_simulator(const Port&);
std::unique_ptr<Bus> open_flmd(const Port&);

/// Why a device cannot be opened, from errno, and what can be done.
[[noreturn]] void cannot_open(const std::string& path, int error_number);

}  // namespace flm::mainboard
