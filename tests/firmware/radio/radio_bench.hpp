// The radio's driver between a chip with its air and a host that polls: interrupts at their time, the main
// loop every 0.16 ms.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "firmware/radio/radio.hpp"
#include "protocol/jeenode.hpp"
#include "protocol/link.hpp"
#include "sim/native/pc_radio.hpp"

namespace flm::test {

using Bytes = std::vector<std::uint8_t>;
using sim::Nanoseconds;
inline constexpr Nanoseconds ms = 1'000'000, second = 1000 * ms;

/// A frame with its CRC. Wire formats are held against recordings in tests/protocol/jeenode_test.cpp.
inline Bytes frame(std::uint8_t header, const Bytes& payload, std::uint8_t group = 212) {
  Bytes bytes(protocol::jeenode::frame_max);
  bytes.resize(protocol::jeenode::build(bytes.data(), group, header, payload.data(), payload.size()));
  return bytes;
}
inline std::string hex(const Bytes& bytes) {
  std::string text;
  for (const unsigned byte : bytes) (text += "0123456789abcdef"[byte >> 4]) += "0123456789abcdef"[byte & 15];
  return text;
}

struct RadioHal : hal::PcRadioWords {
  struct Critical {
    Critical() {}
    ~Critical() {}
  };
};

class RadioBench {
 public:
  using Radio = radio::Radio<RadioHal>;
  /// ns from one SPI byte to the next: 16 us at 500 kHz, and the 50 us that a stock main board leaves.
  static constexpr Nanoseconds spi_byte = 66'000;

  /// `false_syncs`: as RadioChip has them by default, or none, so that what is counted and lost has no other
  /// cause than a test's own.
  explicit RadioBench(std::uint8_t group = 212, radio::Rate rate = radio::Rate::kbit_19_2,
                      double false_syncs = 0.0, std::uint64_t seed = 1)
      : chip(air, seed, false_syncs) {
    hal.radio = &line;
    bit = rate == radio::Rate::kbit_19_2 ? sim::kBit19_2 : sim::kBit49_2;
    link.start(hal, group, rate);
  }

  void run_until(Nanoseconds t) {
    while (next_step_ <= t) {
      sim::run_radio(line, next_step_, [this] { interrupt(); });
      if (main_loop_runs) link.step(hal, static_cast<std::uint8_t>(next_step_ / ms));
      next_step_ += step_period;
    }
    sim::run_radio(line, t, [this] { interrupt(); });
    now = t;
  }
  void run(Nanoseconds time) { run_until(now + time); }

  /// Puts a frame on the air; it begins now, or `later`.
  void send(const Bytes& bytes, Nanoseconds later = 0) { air.add_frame(now + later, bytes, bit); }
  /// Time of a frame on the air, with what comes before it.
  [[nodiscard]] Nanoseconds air_time(const Bytes& bytes) const {
    return static_cast<Nanoseconds>(4 + bytes.size()) * 8 * bit;
  }

  /// One SPI byte, which takes its time.
  char clock(char out) {
    run(spi_byte);
    const std::uint8_t in = loaded_;
    loaded_ = link.answer(static_cast<std::uint8_t>(out));
    link.exchange(static_cast<std::uint8_t>(out));
    return static_cast<char>(in);
  }
  void write(const std::string& bytes) {
    for (const char byte : bytes) clock(byte);
  }
  /// Turns the line around and reads: the payload of the `u` channel, or "?" and what came when the framing
  /// is not right.
  std::string poll() {
    clock('\0');
    clock('\0');
    std::string in;
    do in += clock('\0');
    while (in.back() != 0 && in.size() < 1000);
    clock('\0');
    const std::size_t u = in.find('u');
    return in[0] == 'l' && u != std::string::npos ? in.substr(u + 1, in.size() - u - 2) : '?' + in;
  }
  /// Writes a packet on the `u` channel, and reads.
  std::string host_sends(const std::string& digits) {
    write('u' + digits);
    return poll();
  }
  [[nodiscard]] protocol::ChannelCounters counters() const { return link.counters(); }
  /// Bytes that the board has sent, from the synchron byte on.
  [[nodiscard]] std::vector<Bytes> sent() const {
    std::vector<Bytes> frames;
    for (const auto& one : chip.sent()) {
      std::size_t begin = 0;
      while (begin < one.bytes.size() && one.bytes[begin] == 0xAA) ++begin;
      if (begin < 2 || begin == one.bytes.size() || one.underrun)
        frames.push_back({});
      else
        frames.emplace_back(one.bytes.begin() + static_cast<std::ptrdiff_t>(begin), one.bytes.end());
    }
    return frames;
  }

  sim::Air air;
  sim::RadioChip chip;
  sim::PcRadio line{chip};
  RadioHal hal;
  protocol::LinkPort<Radio> link;
  Nanoseconds now = 0, bit = sim::kBit19_2, step_period = 160'000;
  bool main_loop_runs = true;
  int interrupts = 0;

 private:
  void interrupt() {
    ++interrupts;
    line.interrupt(false);
    link.on_interrupt(hal);
    line.interrupt(true);
  }

  Nanoseconds next_step_ = 160'000;
  std::uint8_t loaded_ = 0;
};

}  // namespace flm::test
