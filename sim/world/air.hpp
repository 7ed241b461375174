// Packets on the air: each sender's bytes at its time; two at once destroy each other.
#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "sim/scenario/time.hpp"

namespace flm::sim {

/// Time of a bit at the data rates of FLM02B and of classic JeeNodes: 10 MHz / 29 / 18, and / 7.
inline constexpr Nanoseconds kBit19_2 = 52'200, kBit49_2 = 20'300;

/// One sender, from its first bit to its last. Bits go out most significant first.
struct Transmission {
  Nanoseconds start = 0;
  Nanoseconds bit = kBit19_2;
  std::vector<std::uint8_t> bytes;

  [[nodiscard]] Nanoseconds end() const { return start + bit * 8 * static_cast<Nanoseconds>(bytes.size()); }
  [[nodiscard]] bool bit_at(Nanoseconds t) const {
    const auto number = static_cast<std::size_t>((t - start) / bit);
    return (bytes[number / 8] >> (7 - number % 8) & 1) != 0;
  }
};

/// The air at the place of the board. Fast for times that hardly decrease, right for any.
class Air {
 public:
  /// Adds a sender.
  void add(Transmission);
  /// Adds a frame (group, header, length, payload, CRC) after three bytes of preamble and the synchron byte.
  void add_frame(Nanoseconds start, const std::vector<std::uint8_t>& frame, Nanoseconds bit = kBit19_2);

  [[nodiscard]] std::size_t senders() const { return transmissions_.size(); }

  struct Moment {
    bool carrier = false;                ///< a sender is on the air
    const Transmission* only = nullptr;  ///< that sender, if it is the only one
  };
  [[nodiscard]] Moment at(Nanoseconds) const;
  /// The first start after t, or kNever.
  [[nodiscard]] Nanoseconds next_start(Nanoseconds t) const;

 private:
  std::vector<Transmission> transmissions_;  ///< in order of their starts
  Nanoseconds longest_ = 0;
  mutable std::size_t cursor_ = 0;  ///< index of the first that starts after the time asked for last
};

/// A frame of a `[[radio]]` file.
struct AirFrame {
  double seconds = 0;
  std::vector<std::uint8_t>
      bytes;  ///< group, header, length, payload, CRC; whatever the file says, right or not
};
/// Reads lines `seconds  hex`; empty lines and what follows a # are left out. Throws InputError with file,
/// line and what is allowed.
std::vector<AirFrame> read_air(const std::filesystem::path&);

}  // namespace flm::sim
