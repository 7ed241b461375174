// The controller's pins and their ends: pulse contacts, the heartbeat LED, the switch of the analog front
// end.
#pragma once
#include <array>
#include <cstdint>
#include <functional>

#include "sim/image/chip/chip.hpp"
#include "sim/scenario/board_model.hpp"

namespace flm::sim {

/// Pulse contacts pull a pin to ground against its pull-up; a pin without pull-up reads low. Ports 2 and 3 of
/// a board with switchable inputs follow their contacts only while the front end is off: else the clamp's
/// signal, at most 1.1 V, reads low.
class Ports {
 public:
  struct Contacts {
    std::function<bool(int port, Nanoseconds)> open;  ///< level of a contact at a time
    std::function<Nanoseconds(Nanoseconds)>
        next_edge;  ///< first change of any contact after a time, or kNever
  };

  Ports(Chip&, const BoardModel&, Contacts);

  [[nodiscard]] bool led() const;
  [[nodiscard]] bool analog_front_end() const;
  [[nodiscard]] bool inverts_rx() const;

 private:
  /// Registers of one I/O port: PINx, DDRx, PORTx.
  struct Watch {
    Ports* owner = nullptr;
    char io_port = 'B';
    std::array<Chip::WriteHook, 3> hooks;
    void write(std::uint16_t address, std::uint8_t value);
  };
  void watch(Watch&, char io_port);
  void start();
  void edge();
  void schedule_edge();
  /// Sets what the contacts make of the pins of an I/O port with these output and direction bits.
  void apply(char io_port, std::uint8_t output, std::uint8_t direction);
  void apply_now(char io_port);
  void led_changed(std::uint32_t output) const;

  Chip& chip_;
  const BoardModel& board_;
  Contacts contacts_;
  Event edge_;
  Watch watch_c_, watch_d_;
  Nanoseconds time_ = 0;  ///< time of the last edge applied
  Nanoseconds next_time_ = kNever;
};

}  // namespace flm::sim
