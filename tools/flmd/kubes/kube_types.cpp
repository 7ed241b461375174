#include "tools/flmd/kubes/kube_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "protocol/jeenode.hpp"
#include "tools/common/toml_reader.hpp"
#include "tools/web/pages.hpp"  // EmbeddedFile

namespace flm::flmd {

std::span<const web::EmbeddedFile> kube_type_files();  // made of types/ by the build

namespace {

namespace kube = protocol::kube;

/// Types of sensors that a kube may have.
const std::vector<std::string_view> sensor_types = {
    "temperature", "humidity",    "pressure", "light", "battery", "error",   "movement", "vibration",
    "proximity",   "electricity", "gas",      "water", "heat",    "voltage", "current"};

/// A number that a history can hold.
constexpr double greatest = 9e12;

class Reader {
 public:
  Reader(const std::filesystem::path& file, std::set<std::string>& units) : file_(file), units_(units) {}

  std::map<int, KubeType> read(const toml::table& root) {
    const TableReader top(file_, root, "", {"kube"});
    for (const toml::table* table : tables(top, "kube", "[[kube]]")) type(*table);
    return std::move(types_);
  }

 private:
  /// The tables of a list; `form` is how it is written.
  static std::vector<const toml::table*> tables(const TableReader& t, const char* key, const char* form) {
    const toml::array* array = t.array(key);
    if (array == nullptr || array->empty() || !array->is_homogeneous<toml::table>())
      t.fail(key, t.has(key) ? "is no list of tables" : "is missing", form);
    std::vector<const toml::table*> all;
    for (const toml::node& node : *array) all.push_back(node.as_table());
    return all;
  }

  void type(const toml::table& table) {
    const TableReader t(file_, table, "[[kube]] ", {"type", "name", "firmware", "packet"});
    KubeType type;
    type.type = static_cast<int>(t.required("type", t.integer("type", 1, 65535), "1 to 65535"));
    if (types_.contains(type.type))
      t.fail("type", fmt::format("is {} a second time", type.type), "each once");
    type.name = t.required("name", t.text("name"), "1 to 32 letters, digits, blanks, '-', '_'");
    const auto plain = [](const std::string& text, bool blank) {
      return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
               c == '_' || (blank && c == ' ');
      });
    };
    if (!plain(type.name, true)) t.fail("name", "is no name", "1 to 32 letters, digits, blanks, '-', '_'");
    type.firmware = t.text("firmware").value_or("");
    if (t.has("firmware") && !plain(type.firmware, false))
      t.fail("firmware", "is no beginning of a file's name", "1 to 32 letters, digits, '-', '_'");
    for (const toml::table* one : tables(t, "packet", "[[kube.packet]]")) packet(type, *one);
    types_.emplace(type.type, std::move(type));
  }

  void packet(KubeType& type, const toml::table& table) {
    const TableReader t(file_, table, "[[kube.packet]] ", {"length", "fields"});
    KubePacket packet;
    constexpr int most = protocol::jeenode::payload_max;
    const auto length =
        t.required("length", t.integer("length", 1, most), fmt::format("1 to {} bytes", most));
    packet.row.length = static_cast<std::uint8_t>(length);
    packet.row.type = static_cast<std::uint16_t>(type.type);
    if (type.packet(packet.row.length) != nullptr)
      t.fail("length", fmt::format("is {} a second time of {}", length, type.name), "each once");
    const auto fields = tables(t, "fields", "[{sensor = \"temperature\", bits = 14}, ...]");
    if (fields.size() > kube::fields_max)
      t.fail("fields", fmt::format("are {}", fields.size()), fmt::format("1 to {}", kube::fields_max));
    int bits = 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      packet.row.fields[i] = field(packet, *fields[i]);
      bits += packet.row.fields[i].bits;
    }
    if (bits != 8 * length)
      t.fail("fields", fmt::format("have {} bits in all", bits),
             fmt::format("{} for {} bytes", 8 * length, length));
    type.packets.push_back(std::move(packet));
  }

  kube::Field field(KubePacket& packet, const toml::table& table) {
    const TableReader t(file_, table, "fields ",
                        {"sensor", "unit", "bits", "scale", "divisor", "offset", "exponent", "signed",
                         "counter", "decimals"});
    kube::Field f{};
    f.bits = static_cast<std::uint8_t>(t.required("bits", t.integer("bits", 1, 32), "1 to 32"));
    f.name = "";
    f.law = kube::Law::none;
    if (!t.has("sensor")) {
      for (const auto& [key, node] : table)
        if (key.str() != "bits") t.fail(key.str(), "stands without a sensor", "sensor too; or bits alone");
      return f;
    }
    const std::string_view type = sensor_types[*t.one_of("sensor", sensor_types)];
    for (const KubeValue& other : packet.values)
      if (other.type == type) t.fail("sensor", fmt::format("is {} a second time", type), "each once");
    f.name = type.data();
    f.law = t.has("exponent") ? kube::Law::power : kube::Law::linear;
    f.scale = t.number("scale", -1e9, 1e9).value_or(1) / t.number("divisor", 1e-9, 1e10).value_or(1);
    f.offset = t.number("offset", -1e9, 1e9).value_or(0);
    f.exponent = t.number("exponent", -4, 4).value_or(1);
    f.is_signed = t.truth("signed").value_or(false);

    KubeValue value;
    value.type = type;
    const std::string unit = t.text("unit").value_or("");
    if (unit.size() > 16 || unit.find_first_of("\"\\") != unit.npos ||
        std::any_of(unit.begin(), unit.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }))
      t.fail("unit", "is no unit", "up to 16 bytes of text without quotes");
    value.unit = *units_.insert(unit).first;
    value.counter = t.truth("counter").value_or(false);
    value.decimals = static_cast<int>(t.integer("decimals", 0, 3).value_or(0));
    packet.values.push_back(value);
    return f;
  }

  const std::filesystem::path& file_;
  std::set<std::string>& units_;
  std::map<int, KubeType> types_;
};

}  // namespace

std::vector<KubePacket::Measured> KubePacket::measure(const std::uint8_t* payload) const {
  const kube::Readings readings = kube::decode(row, payload);
  std::vector<Measured> all;
  for (std::size_t i = 0; i < readings.count && i < values.size(); ++i) {
    constexpr double tens[] = {1, 10, 100, 1000};
    const double ten = tens[values[i].decimals], value = readings.list[i].value;
    if (!readings.list[i].valid || !(std::abs(value) < greatest)) continue;
    all.push_back({i, static_cast<history::Milli>(std::floor(value * ten + 0.5)) *
                          static_cast<history::Milli>(1000 / ten)});
  }
  return all;
}

const KubePacket* KubeType::packet(std::size_t length) const {
  for (const KubePacket& packet : packets)
    if (packet.row.length == length) return &packet;
  return nullptr;
}

std::set<std::string_view> KubeType::sensor_types() const {
  std::set<std::string_view> all;
  for (const KubePacket& packet : packets)
    for (const KubeValue& value : packet.values) all.insert(value.type);
  return all;
}

KubeTypes::KubeTypes() {
  for (const web::EmbeddedFile& file : kube_type_files())
    add(std::string(file.path.substr(1)), web::unpacked(file));
}

void KubeTypes::add(const std::filesystem::path& file) {
  auto read = Reader(file, units_).read(parse_toml(file));
  for (auto& [type, kube] : read) types_.insert_or_assign(type, std::move(kube));
}

void KubeTypes::add(const std::filesystem::path& file, std::string_view text) {
  auto read = Reader(file, units_).read(parse_toml(file, text));
  for (auto& [type, kube] : read) types_.insert_or_assign(type, std::move(kube));
}

const KubeType* KubeTypes::find(int type) const {
  const auto found = types_.find(type);
  return found == types_.end() ? nullptr : &found->second;
}

std::string KubeTypes::name(int type) const {
  const KubeType* known = find(type);
  return known != nullptr ? known->name : fmt::format("type {}", type);
}

}  // namespace flm::flmd
