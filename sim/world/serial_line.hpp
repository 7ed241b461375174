// Bytes on the serial line of port 6, as a smart meter or an RS-485 device sends them.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/scenario/time.hpp"

namespace flm::sim {

/// Files sent at line speed, with noise. A pure function of time: any number of readers follow it, each with
/// its own place.
class SerialLine {
 public:
  /// Loads the files. `seed`: of noise and losses.
  SerialLine(const std::vector<SerialTraffic>&, std::uint64_t seed);

  struct Byte {
    Nanoseconds end = 0;         ///< end of its stop bit
    Nanoseconds bit = 0;         ///< duration of a bit
    std::uint8_t data = 0;       ///< the byte, with the parity in bit 7 for 7E1
    bool framing_error = false;  ///< its stop bit was flipped
  };
  /// Follows the line from its first byte on.
  class Reader {
   public:
    explicit Reader(const SerialLine& line) : line_(line), places_(line.sources_.size()) {
      for (std::size_t i = 0; i < places_.size(); ++i) skip_lost(i);
    }
    /// End of the next byte, or kNever.
    [[nodiscard]] Nanoseconds next() const;
    /// The byte that ends at next().
    Byte take();

   private:
    struct Place {
      std::int64_t number = 0;  ///< number of the byte, from 0
    };
    void skip_lost(std::size_t source);
    const SerialLine& line_;
    std::vector<Place> places_;
  };

 private:
  struct Source {
    SerialTraffic traffic;
    std::vector<std::uint8_t> bytes;
    std::vector<Nanoseconds> ends;  ///< end of each byte, since the file's begin
    Nanoseconds bit = 0;
    Nanoseconds period = 0;  ///< time from one begin to the next; 0: once
  };
  [[nodiscard]] std::optional<Nanoseconds> end_of(const Source&, std::int64_t number) const;
  [[nodiscard]] bool lost(std::size_t source, std::int64_t number) const;
  [[nodiscard]] Byte byte(std::size_t source, std::int64_t number) const;

  std::vector<Source> sources_;
  std::uint64_t seed_;
};

}  // namespace flm::sim
