// Radio packets as JeeNodes send them (github.com/jeelabs/jeelib, RF12 driver), and the remote boot protocol
// in them (github.com/flukso/kube, src/boot/packet.h).
//
// On the air: preamble 0xAA ..., sync 0x2D, then the frame: group, header, length, payload, CRC-16 low,
// CRC-16 high.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "protocol/crc16.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace protocol {
namespace jeenode {

constexpr uint8_t preamble = 0xAA;
constexpr uint8_t sync = 0x2D;
constexpr uint8_t payload_max = 66;
constexpr uint8_t default_group =
    0xD4;  ///< group of an RFM12B after power-up, and of unconfigured JeeNodes: 212
/// Bytes of a frame before the payload (group, header, length), and after it.
constexpr uint8_t head = 3, tail = 2;
constexpr uint8_t frame_max = head + payload_max + tail;

/// Bits of a header; the other five are a node's number: the sender's, or with `destination` the receiver's.
namespace header {
constexpr uint8_t control = 0x80, destination = 0x40, acknowledge = 0x20, node = 0x1F;
}

/// Whether the sender wants an acknowledgement.
FLM_NODISCARD constexpr bool wants_acknowledgement(uint8_t h) { return (h & header::acknowledge) != 0; }
/// Housekeeping of the remote boot protocol.
FLM_NODISCARD constexpr bool is_housekeeping(uint8_t h) {
  return (h & (header::control | header::acknowledge)) == (header::control | header::acknowledge);
}
/// The header that acknowledges a packet with header `h`: addressed to the sender of a broadcast, and from
/// the receiver of what was addressed. `acknowledge` stays for housekeeping only. 21, 61, a1, e1 give c1, 81,
/// e1, a1, as recorded from a stock FLM02B.
FLM_NODISCARD constexpr uint8_t acknowledgement(uint8_t h) {
  return static_cast<uint8_t>((h ^ header::destination ^ (is_housekeeping(h) ? 0 : h & header::acknowledge)) |
                              header::control);
}

/// The CRC's value before the header of a frame in this group.
FLM_NODISCARD inline uint16_t crc_of_group(uint8_t group) { return crc16_arc(0xFFFF, group); }
/// CRC of a frame's first `size` bytes. Over a whole good frame it is 0.
FLM_NODISCARD inline uint16_t frame_crc(const uint8_t* frame, size_t size) {
  uint16_t crc = 0xFFFF;
  for (size_t i = 0; i < size; ++i) crc = crc16_arc(crc, frame[i]);
  return crc;
}

enum class Error : uint8_t {
  none,
  too_short,     ///< not even a head (and a tail, in a frame)
  too_long,      ///< a length of more than payload_max
  wrong_length,  ///< not as many bytes as the length says
  wrong_crc
};

/// Error of a packet without CRC, as the host passes it down: group, header, length, payload.
FLM_NODISCARD constexpr Error check_packet(const uint8_t* packet, size_t size) {
  return size < head                                     ? Error::too_short
         : packet[2] > payload_max                       ? Error::too_long
         : size != static_cast<size_t>(head) + packet[2] ? Error::wrong_length
                                                         : Error::none;
}
/// Error of a frame with CRC, as it is on the air and as the board passes it up.
FLM_NODISCARD inline Error check_frame(const uint8_t* frame, size_t size) {
  if (size < head + tail) return Error::too_short;
  const Error error = check_packet(frame, size - tail);
  if (error != Error::none) return error;
  return frame_crc(frame, size) == 0 ? Error::none : Error::wrong_crc;
}

/// A frame taken apart; `payload` points into it.
struct Packet {
  uint8_t group;
  uint8_t header;
  uint8_t length;
  const uint8_t* payload;
  FLM_NODISCARD constexpr uint8_t node() const {
    return static_cast<uint8_t>(header & jeenode::header::node);
  }
};
/// The parts of a frame that check_frame() has found right.
FLM_NODISCARD constexpr Packet decode(const uint8_t* frame) {
  return Packet{frame[0], frame[1], frame[2], frame + head};
}

/// Writes a frame with its CRC; `frame` has room for frame_max bytes. How many it became; 0 when the payload
/// is too long.
FLM_NODISCARD inline uint8_t build(uint8_t* frame, uint8_t group, uint8_t h, const uint8_t* payload,
                                   size_t length) {
  if (length > payload_max) return 0;
  frame[0] = group;
  frame[1] = h;
  frame[2] = static_cast<uint8_t>(length);
  for (size_t i = 0; i < length; ++i) frame[head + i] = payload[i];
  const uint16_t crc = frame_crc(frame, head + length);
  frame[head + length] = static_cast<uint8_t>(crc & 0xFF);
  frame[head + length + 1] = static_cast<uint8_t>(crc >> 8);
  return static_cast<uint8_t>(head + length + tail);
}

// The remote boot protocol. The board passes requests up and replies down unchanged: these are for the PC.
// Numbers are little endian.

/// Kind of a housekeeping packet, by its length.
enum class Boot : uint8_t { none, pairing, upgrade, download };
constexpr uint8_t pairing_request_size = 22, pairing_reply_size = 20, upgrade_size = 8,
                  download_request_size = 4;
constexpr uint8_t download_block_max = 64;

FLM_NODISCARD constexpr Boot boot_request(uint8_t h, size_t length) {
  return !is_housekeeping(h)               ? Boot::none
         : length == pairing_request_size  ? Boot::pairing
         : length == upgrade_size          ? Boot::upgrade
         : length == download_request_size ? Boot::download
                                           : Boot::none;
}

struct PairingRequest {
  uint16_t hardware_type;
  uint8_t group, node;
  uint16_t check;
  uint8_t hardware_id[16];
};
struct PairingReply {
  uint16_t hardware_type;
  uint8_t group, node;
  uint8_t key[16];
};
/// Request and reply alike.
struct Upgrade {
  uint16_t hardware_type, software_version;
  uint16_t software_size;  ///< in units of 16 bytes
  uint16_t software_crc;
};
struct DownloadRequest {
  uint16_t software_version, block;
};

namespace detail {
FLM_NODISCARD constexpr uint16_t get16(const uint8_t* bytes) {
  return static_cast<uint16_t>(bytes[0] | bytes[1] << 8);
}
constexpr void put16(uint8_t* bytes, uint16_t value) {
  bytes[0] = static_cast<uint8_t>(value & 0xFF);
  bytes[1] = static_cast<uint8_t>(value >> 8);
}
constexpr void copy(uint8_t* to, const uint8_t* from, size_t count) {
  for (size_t i = 0; i < count; ++i) to[i] = from[i];
}
}  // namespace detail

/// Readers of payloads of exactly the sizes above.
FLM_NODISCARD constexpr PairingRequest pairing_request(const uint8_t* payload) {
  PairingRequest request{detail::get16(payload), payload[2], payload[3], detail::get16(payload + 4), {}};
  detail::copy(request.hardware_id, payload + 6, sizeof request.hardware_id);
  return request;
}
FLM_NODISCARD constexpr Upgrade upgrade(const uint8_t* payload) {
  return Upgrade{detail::get16(payload), detail::get16(payload + 2), detail::get16(payload + 4),
                 detail::get16(payload + 6)};
}
FLM_NODISCARD constexpr DownloadRequest download_request(const uint8_t* payload) {
  return DownloadRequest{detail::get16(payload), detail::get16(payload + 2)};
}

/// Write a reply's payload; how many bytes it became.
FLM_NODISCARD constexpr uint8_t put(uint8_t* payload, const PairingReply& reply) {
  detail::put16(payload, reply.hardware_type);
  payload[2] = reply.group;
  payload[3] = reply.node;
  detail::copy(payload + 4, reply.key, sizeof reply.key);
  return pairing_reply_size;
}
FLM_NODISCARD constexpr uint8_t put(uint8_t* payload, const Upgrade& reply) {
  detail::put16(payload, reply.hardware_type);
  detail::put16(payload + 2, reply.software_version);
  detail::put16(payload + 4, reply.software_size);
  detail::put16(payload + 6, reply.software_crc);
  return upgrade_size;
}
/// The block that was asked for; 0 when it has more than download_block_max bytes.
FLM_NODISCARD constexpr uint8_t put(uint8_t* payload, const DownloadRequest& request, const uint8_t* block,
                                    size_t size) {
  if (size > download_block_max) return 0;
  detail::put16(payload, static_cast<uint16_t>(request.software_version ^ request.block));
  detail::copy(payload + 2, block, size);
  return static_cast<uint8_t>(2 + size);
}

}  // namespace jeenode
}  // namespace protocol
}  // namespace flm
