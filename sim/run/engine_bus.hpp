// An engine's SPI as a main board's bus: simulated time, to the nanosecond.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "sim/engine/engine.hpp"
#include "tools/mainboard/bus/transport.hpp"

namespace flm::sim {

class EngineBus : public mainboard::Bus {
 public:
  /// Sees every byte: when it began, what went to the board, and what came back.
  using Observer = std::function<void(Nanoseconds start, std::uint8_t mosi, std::uint8_t miso)>;

  /// Keeps to the gap between bytes that a stock main board leaves.
  EngineBus(const BoardModel& board, Engine& engine, Observer observer = {})
      : engine_(engine),
        observer_(std::move(observer)),
        byte_time_(board.spi_byte_time),
        byte_gap_(board.byte_gap.count()) {}

  [[nodiscard]] std::string clock(std::string_view bytes) override {
    std::string back;
    for (const char byte : bytes) back += static_cast<char>(clock_byte(static_cast<std::uint8_t>(byte)));
    return back;
  }
  std::uint8_t clock_byte(std::uint8_t mosi) {
    const std::uint8_t miso = engine_.transfer(time_, mosi);
    if (observer_) observer_(time_, mosi, miso);
    time_ += byte_time_ + byte_gap_;
    return miso;
  }
  void wait(mainboard::Time span) override {
    if (span > mainboard::Time{}) time_ += span.count();
  }
  void wait_until(Nanoseconds time) {
    if (time > time_) time_ = time;
  }
  [[nodiscard]] mainboard::Time now() override { return mainboard::Time{time_}; }
  /// When the bus is free.
  [[nodiscard]] Nanoseconds time() const { return time_; }
  [[nodiscard]] bool live() const override { return false; }

  /// From the end of a byte to the start of the next.
  void set_byte_gap(Nanoseconds gap) { byte_gap_ = gap; }

 private:
  Engine& engine_;
  Observer observer_;
  Nanoseconds byte_time_, byte_gap_;
  Nanoseconds time_ = 0;
};

}  // namespace flm::sim
