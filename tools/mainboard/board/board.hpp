// A sensor board as a host sees it: commands in, numbers out; with checks, retries and typed errors.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/p1/registers.hpp"  // power_not_told
#include "tools/mainboard/bus/transport.hpp"
#include "tools/mainboard/link/errors.hpp"
#include "tools/mainboard/link/message.hpp"

namespace flm::ctl {

enum class SensorKind { none, clamp, pulse, meter };
/// As a configuration file names it: none, analog, pulse, p1.
std::string_view name_of(SensorKind);

/// One sensor's part of a `gd` reply.
struct Reading {
  int sensor = 0;             ///< 1..6
  std::uint32_t counter = 0;  ///< Wh or litre; of a smart meter in two's complement
  std::uint16_t milli = 0;    ///< thousandths
  std::uint32_t extra = 0;    ///< W, of a smart meter in two's complement; pulse: ms since reset

  [[nodiscard]] double count(SensorKind kind) const {
    return (kind == SensorKind::meter ? double{static_cast<double>(static_cast<std::int32_t>(counter))}
                                      : double(counter)) +
           milli / 1000.0;
  }
  [[nodiscard]] std::int64_t power(SensorKind kind) const {
    return kind == SensorKind::meter ? std::int64_t{static_cast<std::int32_t>(extra)} : std::int64_t{extra};
  }
  /// Not of a smart meter that does not tell its power.
  [[nodiscard]] bool has_power(SensorKind kind) const {
    return kind != SensorKind::meter || extra != protocol::p1::power_not_told;
  }
};

/// What a board says of itself.
struct Identity {
  const BoardFacts* facts = nullptr;  ///< nullptr: says that it is none that this program knows
  int hardware_major = 0, hardware_minor = 0, software_major = 0, software_minor = 0;
  bool extended = false;  ///< runs OpenFLM, and has a version and features
  int version_major = 0, version_minor = 0, version_patch = 0;
  std::uint16_t features = 0;  ///< protocol::feature

  [[nodiscard]] std::string board() const { return facts != nullptr ? facts->name : "unknown"; }
  [[nodiscard]] std::string version() const;
  /// Names of the features, as in protocol::feature.
  [[nodiscard]] std::vector<std::string> feature_names() const;
  /// The firmware's version is over this program's.
  [[nodiscard]] bool newer() const;
};

/// Which ports feed which sensors, as they are switched now.
struct Layout {
  int sensor_of[6] = {};  ///< 1..6 by port (place 0: port 1); 0: none
  bool enabled[6] = {};   ///< place 0: sensor 1
  bool analog = true;     ///< ports 2 and 3 are clamps
  [[nodiscard]] SensorKind port_kind(int port) const;
  /// By the first of its ports; none without one.
  [[nodiscard]] SensorKind sensor_kind(int sensor) const;
  [[nodiscard]] std::vector<int> ports_of(int sensor) const;
};

/// How a board has fared since its reset (`gr`).
struct Health {
  std::uint32_t reset_cause = 0;  ///< 1 power on, 2 external, 4 brown-out, 8 watchdog
  std::uint32_t uptime_s = 0;
  struct Now {
    bool supply_low = false;                    ///< below the power-fail threshold
    bool worn = false;                          ///< an EEPROM cell has not taken its value since reset
    bool clipped[3] = {};                       ///< by clamp port: samples at full scale in its last second
    std::optional<std::uint32_t> unused_stack;  ///< bytes never used since reset; absent: not known
    std::uint16_t eeprom_writes = 0;            ///< bytes since reset, modulo 2^16
  };
  std::optional<Now> now;  ///< absent: the first firmware does not tell

  /// Whether a clamp of this sensor was clipped.
  [[nodiscard]] bool clipped(const Layout&, int sensor) const;
};

/// A clamp's last second, raw (`ga`).
struct ClampStatistics {
  std::uint32_t samples = 0, largest = 0, smallest = 0, last = 0,
                clipped = 0;  ///< codes; `clipped`: how many at full scale
  std::uint32_t sum = 0, step_squares = 0, squares = 0;
};

/// How the link fared, as this program saw it.
struct LinkCounters {
  unsigned messages = 0;  ///< sent, retries among them
  unsigned retries = 0;   ///< sent again
  unsigned garbled = 0;   ///< replies with a wrong CRC, or to something else
  unsigned rejected = 0;  ///< `zz`: messages that the board found malformed
};

class Board {
 public:
  /// `name`: the port, for messages.
  Board(Bus& bus, std::string name);

  /// Finds out which board this is, and keeps to its timing from then on. Throws NoAnswer.
  const Identity& identify();
  /// Of the last identify().
  [[nodiscard]] const Identity& identity() const { return identity_; }

  /// Sends a message and gives its reply. Sent again where the line is at fault. Throws BoardRefused when the
  /// board knows no such command, sensor, clamp or port, or the value is out of range; NoAnswer.
  Message request(const Message&);
  /// Like request(), but nothing is returned when the board refuses.
  std::optional<Message> ask(const Message&);
  /// Like request(), for a command line as host software writes it ("gc 0"), and the reply ("gc 0 1234").
  /// Throws InputError for what is no command.
  std::string request(std::string_view line);
  /// Values of a property or report: `get('c', 0)` is {1234}.
  std::vector<std::uint32_t> get(char letter, std::optional<int> index = {});
  std::optional<std::vector<std::uint32_t>> try_get(char letter, std::optional<int> index = {});
  void set(char letter, std::optional<int> index, std::vector<std::uint32_t> values);

  /// Sensors that changed since the last call (`gd`).
  std::vector<Reading> poll();
  /// How it fares; nothing for a board with stock firmware.
  std::optional<Health> health();
  /// Saves settings and counters (`ct`). BoardRefused: it cannot (NotStored says why), and what was set holds
  /// until its next reset.
  void commit();
  Layout layout();
  /// A clamp's last whole second, 1..3. Waits for it, up to 3 s. Throws BoardRefused for a board without.
  ClampStatistics statistics(int port);
  /// Bytes down the `u` channel: a radio packet, or bytes for RS-485.
  void send_channel(std::string_view hex);
  /// Reads what waits on either channel.
  void listen();

  /// What the `u` channel brings with replies.
  std::function<void(const std::vector<std::uint8_t>&)> on_channel;

  [[nodiscard]] const LinkCounters& counters() const { return counters_; }
  [[nodiscard]] Bus& bus() { return bus_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  enum class Outcome { reply, silence, garbled, other, rejected };
  struct Seen;

  void adapt(const BoardFacts&);
  void take_identity(const std::vector<std::uint32_t>& version);
  Message exchange(const Message&, int tries);
  Outcome fetch(const Message&, double first_wait, double patience, Message& reply, Seen& seen);
  std::string read(Seen& seen);
  [[noreturn]] void fail(const std::string& line, const Seen& seen, int tries) const;

  Bus& bus_;
  std::string name_;
  Identity identity_;
  double reply_wait_ = 0.020;
  LinkCounters counters_;
};

}  // namespace flm::ctl
