// An RFM12B: commands, receiver with synchron pattern and 16-bit FIFO, transmit register, request line
// (RFM12B data sheet).
#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include "sim/scenario/time.hpp"
#include "sim/world/air.hpp"

namespace flm::sim {

/// Knows no engine: it takes a command at a time, and has a request line to look at. Times do not decrease.
///
/// While it listens to an empty air, the receiver makes bits of the noise, and one pattern of 16 in 2^16 is
/// the synchron pattern: the FIFO fills with noise then, once in 3.4 s at 19.2 kbit/s, once in 1.3 s at 49.2,
/// and what comes meanwhile is not heard.
///
/// Left out: the wake-up timer, the low-battery detector, AFC, and the data quality detector.
class RadioChip {
 public:
  /// Delays of the transmitter and receiver with crystal and synthesizer on, and of the crystal (typical,
  /// data sheet "AC").
  static constexpr Nanoseconds turn_on = 250'000, crystal_start = 2'000'000;

  /// Rate of false synchron patterns: as many as there are in random bits.
  static constexpr double by_data_rate = -1.0;
  /// `seed`: seed of the noise, which depends on nothing else but time. `false_syncs`: false synchron
  /// patterns a second; 0 for a bench that is about something else.
  explicit RadioChip(const Air& air, std::uint64_t seed = 1, double false_syncs = by_data_rate)
      : air_(air), seed_(seed), false_syncs_(false_syncs) {}

  /// Lets the chip run up to time t.
  void advance(Nanoseconds t) {
    now_ = std::max(now_, t);
    if (!quiet()) catch_up();
  }
  /// Shifts a command word in at the time that advance() has reached; returns the word that came out.
  std::uint16_t word(std::uint16_t command);
  /// True while nIRQ is low.
  [[nodiscard]] bool request() const;
  /// The next time at which nIRQ may change by itself, or kNever.
  [[nodiscard]] Nanoseconds next_event() const { return quiet() ? quiet_until_ : event_after_now(); }

  /// A transmission of the board, from the transmitter's first bit; whole bytes only.
  struct Sent {
    Nanoseconds start = 0, end = 0;
    Nanoseconds bit = 0;
    std::vector<std::uint8_t> bytes;
    bool underrun = false;  ///< the transmit register was not filled in time
  };
  [[nodiscard]] const std::vector<Sent>& sent() const { return sent_; }
  [[nodiscard]] bool transmitting() const { return sending_; }
  /// Supply current now, mA: asleep, with its crystal running, receiving or sending at full power (data
  /// sheet, "DC characteristics", typical at 868 MHz).
  [[nodiscard]] double milliamperes() const;
  /// Bytes that came when the FIFO was full.
  [[nodiscard]] int overflows() const { return overflows_; }
  /// Number of configurations of the chip (command 80xx).
  [[nodiscard]] int configured() const { return configured_; }

  // Faults.
  enum class Fault {
    none,
    hung,   ///< hears no command, answers nothing, asks for nothing
    stuck,  ///< nIRQ stays low
  };
  /// until_set_up: the next configuration command heals it; else it lasts.
  void break_down(Fault, bool until_set_up = true);
  /// The supply has dipped: registers as after power-up. A chip that says so sets the power-on bit.
  void lose_configuration(bool says_so = true);

 private:
  [[nodiscard]] bool receiving() const { return (power_ & 0x80) != 0; }
  [[nodiscard]] bool register_mode() const { return (configuration_ & 0x80) != 0; }
  [[nodiscard]] bool fifo_mode() const { return (configuration_ & 0x40) != 0; }
  [[nodiscard]] bool fifo_ready() const { return fifo_mode() && receiving() && fifo_bits_ >= fifo_level(); }
  [[nodiscard]] int fifo_level() const { return fifo_command_ >> 4 & 0xF; }
  [[nodiscard]] bool transmit_ready() const { return sending_ && register_mode() && !held_full_; }
  [[nodiscard]] Nanoseconds bit_time() const {
    return Nanoseconds{2'900} * ((data_rate_ & 0x7F) + 1) * ((data_rate_ & 0x80) != 0 ? 8 : 1);
  }
  [[nodiscard]] bool quiet() const { return now_ < quiet_until_ && air_.senders() == senders_; }
  void catch_up();
  [[nodiscard]] Nanoseconds event_after_now() const;
  void power(std::uint8_t);
  void fifo(std::uint8_t);
  void empty_fifo();
  std::uint8_t read_fifo();
  std::uint16_t status();
  void receive_until(Nanoseconds);
  void take_bit(bool);
  void send_until(Nanoseconds);
  [[nodiscard]] bool noise() const;
  [[nodiscard]] Nanoseconds next_false_sync(Nanoseconds) const;

  const Air& air_;
  std::uint64_t seed_;
  double false_syncs_;
  Nanoseconds now_ = 0;
  Nanoseconds quiet_until_ =
      0;  ///< nIRQ does not change before; what happens until then is made up for then, or when a word asks
  std::size_t senders_ = 0;  ///< number of senders that this was found for
  Fault fault_ = Fault::none;
  bool healed_by_set_up_ = false;
  // Registers as after power-up (data sheet, each command's "POR" value).
  std::uint16_t configuration_ = 0x8008;
  std::uint8_t power_ = 0x08, fifo_command_ = 0x80, data_rate_ = 0x23, group_ = 0xD4;
  bool power_on_ = true;  ///< latched until the status is read
  bool overrun_ = false;  ///< like the one before: FIFO overflow, or transmit register underrun
  int configured_ = 0;
  // Receiver.
  Nanoseconds next_bit_ = 0;   ///< end of the bit that comes in
  Nanoseconds locked_ = -1;    ///< start of the sender whose bits the clock follows
  std::uint16_t pattern_ = 0;  ///< the last bits
  bool filling_ = false;
  int fifo_bits_ = 0;
  std::uint32_t fifo_ = 0;
  int overflows_ = 0;
  mutable Nanoseconds searched_from_ = 0,
                      false_sync_ = 0;  ///< span that next_false_sync() has searched: there is none in it
  // Transmitter.
  bool sending_ = false;  ///< the transmitter is on, or starting
  Nanoseconds byte_end_ = 0;
  std::uint8_t shifted_ = 0, held_ = 0;
  bool held_full_ = false;
  std::vector<Sent> sent_;
};

}  // namespace flm::sim
