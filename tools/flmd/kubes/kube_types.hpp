// The types of kubes as data: which packets each sends, and what their bits mean.
#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/kube.hpp"
#include "tools/common/input_error.hpp"  // InputError: what reading a file throws
#include "tools/history/point.hpp"

namespace flm::flmd {

/// What a field of a packet measures.
struct KubeValue {
  std::string_view type;  ///< SiteSensor's
  std::string_view unit;  ///< may be empty
  bool counter = false;   ///< else a gauge
  int decimals = 0;       ///< 0 to 3
};

struct KubePacket {
  protocol::kube::Row row{};      ///< names of its fields are sensor types
  std::vector<KubeValue> values;  ///< of the fields that measure something, in their order

  /// A value with its place in `values`, rounded half up as stock does.
  struct Measured {
    std::size_t index;
    history::Milli value;
  };
  /// Of `row.length` bytes; without values that a formula does not have there.
  [[nodiscard]] std::vector<Measured> measure(const std::uint8_t* payload) const;
};

struct KubeType {
  int type = 0;          ///< as the kube has it in its pairing request, 1 to 65535
  std::string name;      ///< "FLK01B"
  std::string firmware;  ///< images are <firmware>-<version>.hex; empty: none are served
  std::vector<KubePacket> packets;

  [[nodiscard]] const KubePacket* packet(std::size_t length) const;
  /// Types of sensors that it may come to have.
  [[nodiscard]] std::set<std::string_view> sensor_types() const;
};

class KubeTypes {
 public:
  /// Those that are part of the program.
  KubeTypes();
  KubeTypes(const KubeTypes&) = delete;
  KubeTypes& operator=(const KubeTypes&) = delete;

  /// Adds those of a file; one of a type that is there already takes its place. Throws InputError with file,
  /// line, key, what is wrong and what is allowed; then nothing has changed.
  void add(const std::filesystem::path& file);
  /// The same for a text, that of `file`.
  void add(const std::filesystem::path& file, std::string_view text);

  [[nodiscard]] const KubeType* find(int type) const;
  [[nodiscard]] const std::map<int, KubeType>& all() const { return types_; }
  /// "FLK01B", or "type 19300".
  [[nodiscard]] std::string name(int type) const;

 private:
  std::map<int, KubeType> types_;
  std::set<std::string> units_;  ///< what `unit`s point to
};

}  // namespace flm::flmd
