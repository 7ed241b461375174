// Radio packets as text.
#pragma once
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "protocol/jeenode.hpp"
#include "protocol/kube.hpp"

namespace flm::sim {

/// A kube's value: whole numbers and quarters (counters of 32 bits, pressures in Pa, light) with all their
/// digits, what a formula gives to six.
inline std::string value_text(double value) {
  return std::trunc(4.0 * value) == 4.0 * value ? fmt::format("{}", value) : fmt::format("{:.6g}", value);
}

/// A packet as text: sender, payload, and the values of a kube.
struct PacketView {
  bool whole = false;  ///< group, header, length and as many bytes as it says, and the right CRC
  int group = 0, node = 0;
  bool acknowledgement = false;
  std::span<const std::uint8_t> payload;
  const protocol::kube::Row* kube = nullptr;

  explicit PacketView(const std::vector<std::uint8_t>& frame) {
    namespace jeenode = protocol::jeenode;
    whole = jeenode::check_frame(frame.data(), frame.size()) == jeenode::Error::none;
    if (frame.size() < jeenode::head) return;
    group = frame[0];
    node = frame[1] & jeenode::header::node;
    acknowledgement = (frame[1] & jeenode::header::control) != 0;
    const std::size_t end =
        frame.size() >= jeenode::head + jeenode::tail ? frame.size() - jeenode::tail : frame.size();
    payload = std::span(frame).subspan(jeenode::head, end - jeenode::head);
    if (whole && !acknowledgement) kube = protocol::kube::find(0, payload.size());
  }
  /// The kube's values, name and text; without those that the formula has none for.
  [[nodiscard]] std::vector<std::pair<std::string, double>> values() const {
    std::vector<std::pair<std::string, double>> list;
    if (kube == nullptr) return list;
    const auto readings = protocol::kube::decode(*kube, payload.data());
    for (std::uint8_t i = 0; i < readings.count; ++i)
      if (readings.list[i].valid) list.emplace_back(readings.list[i].name, readings.list[i].value);
    return list;
  }
};

}  // namespace flm::sim
