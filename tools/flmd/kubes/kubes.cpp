#include "tools/flmd/kubes/kubes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tools/history/history.hpp"  // earliest_time

namespace flm::flmd {
namespace {

namespace jeenode = protocol::jeenode;

constexpr int first_number = 7, last_number = 64;
constexpr std::int64_t pairing_ms = 20'000, again_ms = 2'000;
constexpr std::size_t longest_name = 32;

std::string hex(const std::uint8_t* bytes, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

/// As stock derives it: 1 to 210.
int group_of(const std::string& device_id) {
  return std::stoi(device_id.substr(0, 2), nullptr, 16) % 210 + 1;
}

/// At most so many characters of UTF-8.
std::string shortened(const std::string& text, std::size_t most) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && ++characters > most) return text.substr(0, i);
  return text;
}

}  // namespace

void read_kube_types(KubeTypes& types, const std::filesystem::path& file) {
  if (!file.empty()) types.add(file);
}

Kubes::Kubes(const KubeTypes& types, Sensors& sensors, State& ids, Options options, Listeners listeners)
    : types_(types),
      sensors_(sensors),
      ids_(ids),
      options_(std::move(options)),
      listeners_(std::move(listeners)),
      images_(options_.firmware, listeners_.log),
      state_(read_kube_state(kube_state_file(options_.state_dir))) {
  for (const auto& [number, slot] : state_.slots)
    if (slot.kid != 0) put_sensor(number, slot, nullptr);
}

int Kubes::collect_group() const { return options_.group ? *options_.group : state_.collect_group; }

void Kubes::board_answers() {
  if (pairing_until_)
    listeners_.listen(jeenode::default_group);
  else if (const int group = collect_group(); group != 0)
    listeners_.listen(group);
}

// ---- packets

void Kubes::take(const mainboard::RadioPacket& record, Moment at) {
  if (jeenode::check_frame(record.frame.data(), record.frame.size()) != jeenode::Error::none) return;
  const Packet packet = jeenode::decode(record.frame.data());
  const jeenode::Boot request = jeenode::boot_request(packet.header, packet.length);
  if (request == jeenode::Boot::pairing) return pair(packet, at);
  // What is addressed is another main board's, and a number in it is no sender's.
  if ((packet.header & jeenode::header::destination) != 0) return;
  if (request == jeenode::Boot::upgrade) return offer_firmware(packet);
  if (request == jeenode::Boot::download) return send_block(packet);
  if ((packet.header & jeenode::header::control) != 0 || packet.length == 0) return;
  measure(packet, at);
}

void Kubes::measure(const Packet& packet, Moment at) {
  const int kid = packet.node();
  // While it listens for pairing, a packet is that of another network, whose numbers are not ours.
  const bool ours = collect_group() == 0 || packet.group == collect_group();
  const auto known = ours ? state_.kubes.find(kid) : state_.kubes.end();
  const KubeType* type = known == state_.kubes.end() ? nullptr : types_.find(known->second.hw_type);
  const KubePacket* layout = type == nullptr ? nullptr : type->packet(packet.length);
  if (layout == nullptr) return ours ? show(packet, at, known != state_.kubes.end()) : void();
  Heard& heard = heard_[kid];
  heard.at = at.unix_ms / 1000;
  heard.payload.clear();
  if (heard.at < history::earliest_time) return;
  const auto measured = layout->measure(packet.payload);
  if (make_sensors(kid, *layout, measured)) listeners_.sensors_changed();
  for (const KubePacket::Measured& m : measured) {
    const KubeValue& value = layout->values[m.index];
    const auto number = slot_of(kid, value.type);
    if (!number) continue;
    std::optional<history::Point>& last = last_[*number].point;
    const history::Point point{heard.at, m.value};
    if (last && (last->time == point.time || (value.counter && last->value == point.value))) continue;
    last = point;
    listeners_.reading({sensors_.by_number(*number), value.counter ? Quantity::counter : Quantity::gauge,
                        point, value.unit});
  }
}

void Kubes::show(const Packet& packet, Moment at, bool known) {
  Heard& heard = heard_[packet.node()];
  heard.payload = hex(packet.payload, packet.length);
  heard.at = at.unix_ms / 1000;
  if (known || collect_group() != 0) listeners_.unknown(packet.node(), heard.payload);
}

void Kubes::reply(const Packet& request, const std::uint8_t* payload, std::size_t size) const {
  std::vector<std::uint8_t> packet = {request.group, jeenode::acknowledgement(request.header),
                                      static_cast<std::uint8_t>(size)};
  packet.insert(packet.end(), payload, payload + size);
  listeners_.send(std::move(packet));
}

// ---- sensors

std::optional<int> Kubes::slot_of(int kid, std::string_view type) const {
  for (const auto& [number, slot] : state_.slots)
    if (slot.kid == kid && slot.type == type) return number;
  return {};
}

std::optional<int> Kubes::free_number(const KubeState& state) const {
  for (int number = first_number; number <= last_number; ++number) {
    const auto slot = state.slots.find(number);
    if (slot != state.slots.end() ? slot->second.kid == 0 : sensors_.by_number(number) == nullptr) {
      // A register of the smart meter may have come to a number that a kube once had.
      const SiteSensor* sensor = sensors_.by_number(number);
      if (sensor == nullptr || sensor->sensor_class.empty()) return number;
    }
  }
  return {};
}

std::size_t Kubes::free_numbers() const {
  KubeState state = state_;
  std::size_t count = 0;
  for (auto number = free_number(state); number; number = free_number(state), ++count)
    state.slots[*number].kid = kids_max;
  return count;
}

bool Kubes::make_sensors(int kid, const KubePacket& layout,
                         const std::vector<KubePacket::Measured>& measured) {
  KubeState next = state_;
  std::vector<std::pair<int, const KubeValue*>> made;
  for (const KubePacket::Measured& m : measured) {
    const KubeValue& value = layout.values[m.index];
    if (slot_of(kid, value.type)) continue;
    const auto number = free_number(next);
    if (!number) {
      std::string line = fmt::format("kube {}: its {} has no sensor: all 64 are taken", kid, value.type);
      if (line != complaint_) listeners_.log(complaint_ = std::move(line));
      break;
    }
    const auto before = next.slots.find(*number);
    const int rid = before == next.slots.end() ? 0 : before->second.rid + 1;
    next.slots[*number] = {kid, std::string(value.type), rid};
    made.emplace_back(*number, &value);
  }
  if (made.empty()) return false;
  for (const auto& [number, value] : made) ids_.ids().sid(number);
  try {
    ids_.save();
    keep(std::move(next));
  } catch (const InputError& error) {
    // Without its number kept, a series could be continued by another sensor: none is begun.
    if (error.what() != complaint_) listeners_.log(complaint_ = error.what());
    return false;
  }
  for (const auto& [number, value] : made) {
    last_.erase(number);
    put_sensor(number, state_.slots[number], value);
  }
  return true;
}

/// `value`: null where only the state says what it is.
void Kubes::put_sensor(int number, const KubeSlot& slot, const KubeValue* value) {
  const std::string& sid = ids_.ids().sid(number);
  if (slot.kid == 0) {
    sensors_.put({number, sid, "", "", "", true, slot.rid, false, nlohmann::json::object(), false});
    return;
  }
  bool counter = value != nullptr && value->counter;
  const auto kube = state_.kubes.find(slot.kid);
  const KubeType* type =
      kube == state_.kubes.end() || value != nullptr ? nullptr : types_.find(kube->second.hw_type);
  if (type != nullptr)
    for (const KubePacket& packet : type->packets)
      for (const KubeValue& known : packet.values)
        if (known.type == slot.type) counter = known.counter;
  const std::string of = kube == state_.kubes.end() || kube->second.name.empty()
                             ? fmt::format("kube {}", slot.kid)
                             : kube->second.name;
  const std::string name =
      fmt::format("{} {}", shortened(of, longest_name - slot.type.size() - 1), slot.type);
  sensors_.put({number, sid, name, slot.type, "kube", counter, slot.rid, true, {{"kid", slot.kid}}, false});
}

void Kubes::keep(KubeState next) {
  if (next == state_) return;
  write_kube_state(kube_state_file(options_.state_dir), next);
  state_ = std::move(next);
}

// ---- pairing

void Kubes::start_pairing(Moment at) {
  pairing_until_ = at.steady_ms + pairing_ms;
  listeners_.listen(jeenode::default_group);
  listeners_.log(fmt::format("kubes: listens for a new one for {} s", pairing_ms / 1000));
}

int Kubes::pairing_left(Moment at) const {
  return pairing_until_ && *pairing_until_ > at.steady_ms
             ? static_cast<int>((*pairing_until_ - at.steady_ms + 999) / 1000)
             : 0;
}

void Kubes::tick(Moment at) {
  if (!pairing_until_ || at.steady_ms < *pairing_until_) return;
  pairing_until_.reset();
  listeners_.log("kubes: listens for new ones no more");
  board_answers();
}

void Kubes::pair(const Packet& packet, Moment at) {
  if (pairing_left(at) == 0 || packet.group != jeenode::default_group) return;
  const jeenode::PairingRequest request = jeenode::pairing_request(packet.payload);
  const std::string hw_id = hex(request.hardware_id, sizeof request.hardware_id);
  if (request.hardware_type == 0) return;

  KubeState next = state_;
  auto kube = std::find_if(next.kubes.begin(), next.kubes.end(),
                           [&](const auto& entry) { return entry.second.hw_id == hw_id; });
  if (kube == next.kubes.end()) {
    int kid = 1;
    while (next.kubes.contains(kid)) ++kid;
    if (kid > kids_max)
      return listeners_.log(fmt::format("kubes: {} is not paired: {} are; allowed: {}, remove one",
                                        types_.name(request.hardware_type), kids_max, kids_max));
    const KubeType* type = types_.find(request.hardware_type);
    if (const std::size_t needed = type == nullptr ? 0 : type->sensor_types().size(); needed > free_numbers())
      return listeners_.log(
          fmt::format("kubes: {} is not paired: it needs {} sensors, and {} are free; remove a kube",
                      type->name, needed, free_numbers()));
    if (type == nullptr)
      listeners_.log(fmt::format(
          "kubes: type {} is not known: its packets are shown as they are; [kubes] types can say what they "
          "mean",
          request.hardware_type));
    kube = next.kubes.emplace(kid, KubeRecord{hw_id, request.hardware_type, 0, ""}).first;
    heard_.erase(kid);
  } else {
    kube->second.hw_type = request.hardware_type;
  }
  const int kid = kube->first;
  if (next.key.empty()) next.key = draw_id();
  if (options_.group)
    next.collect_group = *options_.group;
  else if (next.collect_group == 0)
    next.collect_group = group_of(options_.device_id);
  try {
    keep(std::move(next));
  } catch (const InputError& error) {
    return listeners_.log(fmt::format("kubes: none is paired: {}", error.what()));
  }

  jeenode::PairingReply answer{request.hardware_type,
                               static_cast<std::uint8_t>(state_.collect_group),
                               static_cast<std::uint8_t>(kid),
                               {}};
  for (std::size_t i = 0; i < sizeof answer.key; ++i)
    answer.key[i] = static_cast<std::uint8_t>(std::stoi(state_.key.substr(2 * i, 2), nullptr, 16));
  std::uint8_t payload[jeenode::pairing_reply_size];
  reply(packet, payload, jeenode::put(payload, answer));
  pairing_until_ = std::min(*pairing_until_, at.steady_ms + again_ms);
  listeners_.log(fmt::format("kubes: {} is paired as kube {}", types_.name(request.hardware_type), kid));
  listeners_.kubes_changed();
}

// ---- firmware

void Kubes::offer_firmware(const Packet& packet) {
  const int kid = packet.node();
  const auto kube = state_.kubes.find(kid);
  if (kube == state_.kubes.end() || packet.group != collect_group()) return;
  const jeenode::Upgrade has = jeenode::upgrade(packet.payload);
  if (has.hardware_type != kube->second.hw_type)
    return listeners_.log(fmt::format("kube {}: asks for firmware of {}, and is {}; it gets none", kid,
                                      types_.name(has.hardware_type), types_.name(kube->second.hw_type)));
  if (has.software_version != kube->second.sw_version) {
    KubeState next = state_;
    next.kubes[kid].sw_version = has.software_version;
    try {
      keep(std::move(next));
      listeners_.kubes_changed();
    } catch (const InputError& error) {
      listeners_.log(error.what());
    }
  }
  const KubeType* type = types_.find(has.hardware_type);
  FirmwareImage image;
  if (type != nullptr) image = images_.newest(type->firmware);
  // Never back to an older one, unless it has none.
  if (has.software_size != 0 && image.version < has.software_version) image = {};
  jeenode::Upgrade answer = has;
  if (image.version != 0) {
    answer.software_version = static_cast<std::uint16_t>(image.version);
    answer.software_size = image.size16();
    answer.software_crc = image.crc();
    if (image.version != has.software_version || answer.software_crc != has.software_crc)
      listeners_.log(
          fmt::format("kube {}: gets firmware {} in place of {}", kid, image.version, has.software_version));
  } else if (has.software_size == 0) {
    return listeners_.log(
        fmt::format("kube {}: has no firmware, and there is none for {} in [kubes] firmware", kid,
                    types_.name(has.hardware_type)));
  }
  heard_[kid].offered = std::move(image);
  std::uint8_t payload[jeenode::upgrade_size];
  reply(packet, payload, jeenode::put(payload, answer));
}

void Kubes::send_block(const Packet& packet) {
  const auto heard = heard_.find(packet.node());
  if (heard == heard_.end() || heard->second.offered.version == 0 || packet.group != collect_group()) return;
  const FirmwareImage& image = heard->second.offered;
  const jeenode::DownloadRequest request = jeenode::download_request(packet.payload);
  constexpr std::size_t size = jeenode::download_block_max;
  const std::size_t begin = std::size_t{request.block} * size;
  if (request.software_version != image.version || begin >= image.bytes.size()) return;
  std::uint8_t block[size];
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint8_t byte = begin + i < image.bytes.size() ? image.bytes[begin + i] : 0xFF;
    block[i] = static_cast<std::uint8_t>(byte ^ (211 * i));  // whitened: no long runs of equal bits
  }
  std::uint8_t payload[2 + size];
  reply(packet, payload, jeenode::put(payload, request, block, size));
}

// ---- what users see and change

std::vector<Kubes::Kube> Kubes::list() const {
  std::vector<Kube> all;
  for (const auto& [kid, record] : state_.kubes) {
    Kube kube{kid, record, types_.name(record.hw_type), {}, {}, {}};
    for (const auto& [number, slot] : state_.slots)
      if (const SiteSensor* sensor = sensors_.by_number(number); slot.kid == kid && sensor != nullptr)
        kube.sensors.push_back(sensor->sid);
    if (const auto heard = heard_.find(kid); heard != heard_.end()) {
      if (heard->second.at > 0) kube.heard = heard->second.at;
      kube.unknown = heard->second.payload;
    }
    all.push_back(std::move(kube));
  }
  return all;
}

std::vector<Kubes::Stranger> Kubes::strangers() const {
  std::vector<Stranger> all;
  for (const auto& [node, heard] : heard_)
    if (!state_.kubes.contains(node)) all.push_back({node, heard.payload, heard.at});
  return all;
}

bool Kubes::rename(int kid, const std::string& name) {
  KubeState next = state_;
  const auto kube = next.kubes.find(kid);
  if (kube == next.kubes.end()) return false;
  kube->second.name = name;
  keep(std::move(next));
  for (const auto& [number, slot] : state_.slots)
    if (slot.kid == kid) put_sensor(number, slot, nullptr);
  listeners_.sensors_changed();
  listeners_.kubes_changed();
  return true;
}

bool Kubes::remove(int kid) {
  KubeState next = state_;
  if (next.kubes.erase(kid) == 0) return false;
  std::vector<int> freed;
  for (auto& [number, slot] : next.slots)
    if (slot.kid == kid) {
      slot.kid = 0;
      slot.type.clear();
      freed.push_back(number);
    }
  keep(std::move(next));
  heard_.erase(kid);
  for (const int number : freed) {
    last_.erase(number);
    put_sensor(number, state_.slots[number], nullptr);
  }
  listeners_.log(fmt::format("kubes: kube {} is removed", kid));
  listeners_.sensors_changed();
  listeners_.kubes_changed();
  return true;
}

}  // namespace flm::flmd
