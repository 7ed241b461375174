// Any bytes as a radio frame, and any payload in one:
//   1. What build() writes, check_frame() finds right and decode() gives back; a payload that is too long
//      builds nothing.
//   2. A frame is right only with the length that it states, no more than payload_max, and the CRC of its
//      bytes.
//   3. A right frame with up to three wrong bits, cut short, or with a byte added is not right.
//   4. A kube's values are those that its bits say: as many as the row names, finite where they are valid.
//   5. Nothing outside of the bytes is read.
#include <cmath>
#include <cstring>
#include <vector>

#include "protocol/jeenode.hpp"
#include "protocol/kube.hpp"
#include "tests/fuzz/promise.hpp"
#include "tools/mainboard/readings/packet_view.hpp"

using namespace flm::protocol;
using flm::fuzz::Dice;
using flm::fuzz::promise;
using Frame = std::vector<std::uint8_t>;

namespace {

bool is_right(const Frame& frame) {
  return jeenode::check_frame(frame.data(), frame.size()) == jeenode::Error::none;
}

/// CRC-16 of JeeLib by the bit (0xA001, from 0xFFFF), over group, header, length and payload.
bool has_crc(const Frame& frame) {
  unsigned crc = 0xFFFF;
  for (std::size_t i = 0; i + jeenode::tail < frame.size(); ++i) {
    crc ^= frame[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1;
  }
  return frame[frame.size() - 2] == (crc & 0xFF) && frame[frame.size() - 1] == crc >> 8;
}

void damaged(const Frame& right, Dice& dice) {
  Frame wrong = right;
  for (unsigned n = 1 + dice.below(3); n-- > 0;)
    wrong[dice.below(static_cast<unsigned>(wrong.size()))] ^= static_cast<std::uint8_t>(1u << dice.below(8));
  promise(wrong == right || !is_right(wrong), "3: a frame with up to three wrong bits is not right");
  wrong = right;
  wrong.resize(dice.below(static_cast<unsigned>(right.size())));
  promise(!is_right(wrong), "3: a frame that was cut is not right");
  wrong = right;
  wrong.push_back(static_cast<std::uint8_t>(dice.below(256)));
  promise(!is_right(wrong), "3: a frame with a byte more is not right");
}

void kubes(const Frame& payload) {
  for (const kube::Row& row : kube::table()) {
    if (row.length != payload.size()) continue;
    promise(kube::find(row.type, payload.size()) != nullptr, "4: a row is found by its type and length");
    const kube::Readings readings = kube::decode(row, payload.data());
    unsigned fields = 0, bits = 0;
    for (const kube::Field& field : row.fields) {
      if (field.name == nullptr) break;
      bits += field.bits;
      if (field.law != kube::Law::none)
        promise(std::strcmp(readings.list[fields++].name, field.name) == 0,
                "4: values come in the row's order");
    }
    promise(readings.count == fields && bits <= 8u * row.length, "4: as many values as the row names");
    for (unsigned i = 0; i < readings.count; ++i)
      promise(!readings.list[i].valid || std::isfinite(readings.list[i].value),
              "4: a value that is valid is finite", readings.list[i].name);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Dice dice(data, size);
  const Frame bytes(data, data + size);
  if (is_right(bytes)) {
    promise(size >= jeenode::head + jeenode::tail && bytes[2] <= jeenode::payload_max &&
                size == jeenode::head + jeenode::tail + std::size_t{bytes[2]},
            "2: a right frame has the length that it states");
    promise(has_crc(bytes), "2: a right frame has the CRC of its bytes");
    damaged(bytes, dice);
  }
  const flm::sim::PacketView view(bytes);
  promise(view.whole == is_right(bytes), "2: the view is whole when the frame is right");
  promise(view.values().empty() || view.whole, "4: only a right frame has values");

  const std::uint8_t group =
      dice.below(2) == 0 ? jeenode::default_group : static_cast<std::uint8_t>(dice.below(256));
  const std::uint8_t header = size > 0 ? data[0] : 0;
  Frame built(jeenode::frame_max);
  const std::uint8_t length = jeenode::build(built.data(), group, header, data, size);
  promise((length == 0) == (size > jeenode::payload_max),
          "1: a payload that is too long builds nothing, any other does");
  kubes(bytes);
  if (length == 0) return 0;
  built.resize(length);
  promise(is_right(built) && has_crc(built), "1: what was built is right");
  const jeenode::Packet packet = jeenode::decode(built.data());
  promise(packet.group == group && packet.header == header && packet.length == size &&
              std::memcmp(packet.payload, data, size) == 0,
          "1: what was built is given back");
  damaged(built, dice);
  return 0;
}

/// Gives the frame its length and CRC.
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (size < jeenode::head + jeenode::tail || Dice(seed).below(3) == 0) return size;
  data[2] = static_cast<std::uint8_t>(size - jeenode::head - jeenode::tail);
  const std::uint16_t crc = jeenode::frame_crc(data, size - jeenode::tail);
  data[size - 2] = static_cast<std::uint8_t>(crc & 0xFF);
  data[size - 1] = static_cast<std::uint8_t>(crc >> 8);
  return size;
}
