// A sensor board as a host sees it: commands in, numbers out; with checks, retries and typed errors.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mainboard/board/link.hpp"
#include "tools/mainboard/link/errors.hpp"
#include "tools/mainboard/link/message.hpp"
#include "tools/mainboard/readings/reports.hpp"

namespace flm::mainboard {

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
  int sensor_of[6] = {};                           ///< 1..6 by port (place 0: port 1); 0: none
  bool enabled[6] = {};                            ///< place 0: sensor 1
  bool analog = true;                              ///< switched ports are clamps
  const BoardFacts* board = &all_boards().back();  ///< an unknown one is taken for the newest
  [[nodiscard]] SensorKind port_kind(int port) const;
  /// By the first of its ports; none without one.
  [[nodiscard]] SensorKind sensor_kind(int sensor) const;
  [[nodiscard]] std::vector<int> ports_of(int sensor) const;
  /// Whether a clamp of this sensor was clipped.
  [[nodiscard]] bool is_clipped(const Health&, int sensor) const;
};

class Board {
 public:
  /// `name`: the port, for messages.
  Board(Bus& bus, std::string name, const LinkPolicy& policy = careful_policy);

  /// Takes the board for this one without asking it; the facts outlive this object.
  void assume(const BoardFacts&);
  /// Finds out which board this is, and keeps to its timing from then on. Throws NoAnswer.
  const Identity& identify();
  /// What the last identify() found.
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

  /// Sensors that changed since the last call (`gd`), asked at time t; the layout says what they are.
  std::vector<Reading> poll(const Layout&, double t = 0.0);
  /// What a smart meter reports (`gz`); nothing of a board that does not know it.
  std::optional<MeterReport> meter(double t = 0.0);
  /// Errors since reset (`gx`); nothing for a board with stock firmware.
  std::optional<ErrorCounters> errors();
  /// How it fares; nothing for a board with stock firmware.
  std::optional<Health> health();
  /// Saves settings and counters (`ct`). Throws NotStored when the board cannot: what was set holds until its
  /// next reset.
  void commit();
  Layout layout();
  /// A clamp's last whole second, 1..3. Waits for it, up to 3 s. Throws BoardRefused for a board without.
  ClampStatistics statistics(int port);
  /// Bytes down the `u` channel: a radio packet, or bytes for RS-485.
  void send_channel(std::string_view hex);
  /// For its `u` channel, and to read without a message.
  [[nodiscard]] Link& link() { return link_; }
  [[nodiscard]] const LinkCounters& counters() const { return link_.counters(); }
  /// Lets time pass. Throws Cancelled when a signal ended it.
  void wait(Time);
  /// Time on the bus's clock.
  [[nodiscard]] Time now() { return bus_.now(); }
  [[nodiscard]] Bus& bus() { return bus_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  void set_reply_wait(Time);
  void adapt(const BoardFacts&);
  void take_identity(const std::vector<std::uint32_t>& version);
  Message exchange(const Message&, int tries);
  [[noreturn]] void fail(const std::string& line, const Seen& seen, int tries) const;

  Bus& bus_;
  Link link_;
  std::string name_;
  Identity identity_;
  Time reply_wait_{};
};

}  // namespace flm::mainboard
