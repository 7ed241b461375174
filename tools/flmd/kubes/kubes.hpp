// Kubes: radio sensors. From the packets that the board's radio receives to readings; pairing, names,
// removal, and their firmware.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/jeenode.hpp"
#include "tools/flmd/board/clock.hpp"
#include "tools/flmd/kubes/firmware_images.hpp"
#include "tools/flmd/kubes/kube_state.hpp"
#include "tools/flmd/kubes/kube_types.hpp"
#include "tools/flmd/site/reading.hpp"
#include "tools/flmd/site/sensors.hpp"
#include "tools/mainboard/readings/records.hpp"

namespace flm::flmd {

/// Rules, as stock has them (its kubed) unless said otherwise:
///
/// * Pairing listens for 20 s on the group of unpaired kubes, 212. A kube gets the first free number of 1 to
///   30, the network's key and group; one that is known gets its own number again. The first one ends it 2 s
///   later, in which it may ask again.
/// * A value gets a sensor when it comes first (stock: all at pairing): the first free number of 7 to 64,
/// with
///   the id that this number has, and a recycle id that no series of it had before.
/// * A gauge is given with each packet, a counter when it has changed; one reading of a second.
/// * A packet that nobody can decode is shown as it is: `unknown`, and last of list(). Stock drops it.
///
/// The board's radio is left alone as long as no kube was ever paired.
class Kubes {
 public:
  struct Listeners {
    std::function<void(const Reading&)> reading;
    std::function<void()> sensors_changed;  ///< before the first reading of a new sensor
    std::function<void()> kubes_changed;    ///< what list() says of those that are paired, but `heard`
    /// To the board: a packet without its CRC.
    std::function<void(std::vector<std::uint8_t>)> send;
    std::function<void(int group)> listen;                        ///< the board's radio to this group
    std::function<void(int node, std::string_view hex)> unknown;  ///< a payload that cannot be decoded
    std::function<void(const std::string&)> log;
  };
  struct Options {
    std::filesystem::path state_dir;
    std::filesystem::path firmware;  ///< folder of images; empty: none
    std::optional<int> group;        ///< of the configuration; else by the device's id, as stock
    std::string device_id;           ///< 32 hex digits
  };

  /// Throws InputError: kubes.json is damaged. `types` outlives this object.
  Kubes(const KubeTypes& types, Sensors&, State&, Options, Listeners);
  Kubes(const Kubes&) = delete;
  Kubes& operator=(const Kubes&) = delete;

  void take(const mainboard::RadioPacket&, Moment);
  /// Each second.
  void tick(Moment);
  /// The board answers (again): its radio is set.
  void board_answers();

  void start_pairing(Moment);
  /// Seconds, rounded up; 0: it is closed.
  [[nodiscard]] int pairing_left(Moment) const;

  struct Kube {
    int kid;
    KubeRecord record;
    std::string type;                   ///< "FLK01B"
    std::vector<std::string> sensors;   ///< sids
    std::optional<std::int64_t> heard;  ///< Unix s; nothing: not since the start
    std::string unknown;                ///< hex of the last payload, if it cannot be decoded
  };
  [[nodiscard]] std::vector<Kube> list() const;
  /// A node of the group that is not paired.
  struct Stranger {
    int node;
    std::string payload;  ///< hex
    std::int64_t heard;
  };
  [[nodiscard]] std::vector<Stranger> strangers() const;
  /// That kubes send to; 0: none was ever paired, and none is configured.
  [[nodiscard]] int collect_group() const;

  /// Whether there is such a kube. `name`: 1 to 32 characters. Throws InputError if it cannot be kept; then
  /// nothing has changed.
  bool rename(int kid, const std::string& name);
  bool remove(int kid);

 private:
  struct Heard {
    std::int64_t at = 0;
    std::string payload;    ///< hex, of what cannot be decoded
    FirmwareImage offered;  ///< for its download
  };
  struct Last {
    std::optional<history::Point> point;
  };
  using Packet = protocol::jeenode::Packet;

  void pair(const Packet&, Moment);
  void offer_firmware(const Packet&);
  void send_block(const Packet&);
  void measure(const Packet&, Moment);
  void show(const Packet&, Moment, bool known);
  void reply(const Packet& request, const std::uint8_t* payload, std::size_t size) const;

  [[nodiscard]] std::optional<int> slot_of(int kid, std::string_view type) const;
  [[nodiscard]] std::optional<int> free_number(const KubeState&) const;
  [[nodiscard]] std::size_t free_numbers() const;
  bool make_sensors(int kid, const KubePacket&, const std::vector<KubePacket::Measured>&);
  void put_sensor(int number, const KubeSlot&, const KubeValue*);
  void keep(KubeState next);

  const KubeTypes& types_;
  Sensors& sensors_;
  State& ids_;
  Options options_;
  Listeners listeners_;
  FirmwareImages images_;
  KubeState state_;
  std::map<int, Heard> heard_;                 ///< by node, 0 to 31
  std::map<int, Last> last_;                   ///< by sensor number
  std::optional<std::int64_t> pairing_until_;  ///< steady ms
  std::string complaint_;
};

/// What `types` and the program's own say together. Throws InputError; an empty path adds nothing.
void read_kube_types(KubeTypes&, const std::filesystem::path& types);

}  // namespace flm::flmd
