// A bus with the native engine's board on it, noise on the line, and faults that a test asks for.
#pragma once
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "protocol/commands.hpp"
#include "sim/run/engine_bus.hpp"
#include "sim/run/main_board.hpp"
#include "sim/world/environment.hpp"
#include "tests/protocol/messages.hpp"
#include "tools/mainboard/bus/transport.hpp"
#include "tools/mainboard/link/message.hpp"

namespace flm::test {

/// A reply as a board writes it: the fields of its row, in hex.
inline std::string written(const Message& reply) {
  std::string body{reply.verb, reply.letter};
  if (reply.index) body += hex(static_cast<std::uint64_t>(*reply.index), 2);
  const auto property = protocol::PropertyTable::find(reply.letter);
  const auto report = protocol::ReportTable::find(reply.letter);
  std::vector<int> digits;
  const auto take = [&digits](const auto& row) {
    for (const std::uint8_t d : row.field_digits)
      if (d != 0) digits.push_back(d);
  };
  if (property < protocol::PropertyTable::count)
    take(protocol::PropertyTable::properties[property]);
  else if (report < protocol::ReportTable::count)
    take(protocol::ReportTable::reports[report]);
  for (std::size_t i = 0; !digits.empty() && i < reply.values.size(); ++i)
    body += hex(reply.values[i], digits[i % digits.size()]);
  return message(body);
}

class FaultyBus : public mainboard::Bus {
 public:
  /// `noise`: probability that a byte, there or back, has a bit flipped. The board is configured as the
  /// scenario says.
  explicit FaultyBus(sim::Scenario scenario, double noise = 0.0, unsigned seed = 1)
      : scenario_(std::move(scenario)),
        board_(sim::board_model(scenario_.board)),
        environment_(scenario_, board_),
        noise_(noise),
        random_(seed) {
    restart({});
    bus_->wait_until(sim::configure_at);
    mainboard::Link link(*bus_, mainboard::stock_policy);
    link.set_reply_wait(board_.reply_wait);
    for (const Message& message : sim::setup(scenario_, board_)) (void)link.exchange(message);
  }

  [[nodiscard]] std::string clock(std::string_view bytes) override {
    if (silent) return std::string(bytes.size(), '\0');
    if (const auto sent = control_reply(bytes)) sent_ = decode(*sent);
    std::string back;
    for (const char byte : bytes) back += tampered(byte);
    return back;
  }
  void wait(mainboard::Time span) override { bus_->wait(span); }
  [[nodiscard]] mainboard::Time now() override { return bus_->now(); }

  /// May change what the board replies to a message, or throw: a faulty board or line.
  std::function<void(const Message& sent, Message& reply)> tamper;
  bool silent = false;  ///< nothing comes back

  /// The board starts with this EEPROM; empty: an erased one.
  void restart(const std::vector<std::uint8_t>& eeprom) {
    engine_ = sim::make_native_engine(board_, environment_);
    if (!eeprom.empty()) engine_->set_eeprom(eeprom);
    bus_ = std::make_unique<sim::EngineBus>(board_, *engine_);
  }
  [[nodiscard]] std::vector<std::uint8_t> eeprom() { return engine_->eeprom(); }

 private:
  char clocked(char byte) {
    return spoilt(static_cast<char>(bus_->clock_byte(static_cast<std::uint8_t>(spoilt(byte)))));
  }
  /// A reply is read whole when its first byte is, and handed on byte by byte.
  char tampered(char byte) {
    if (pending_.empty()) {
      const char first = clocked(byte);
      if (!tamper || byte != '\0' || first != 'l') return first;
      pending_ = first;
      while (pending_.back() != '\0') pending_ += clocked('\0');
      if (const auto body = control_reply(pending_)) {
        Message reply = decode(*body);
        const std::string rest = pending_.substr(pending_.find('.') + 1);
        pending_.clear();
        tamper(sent_, reply);
        pending_ = written(reply) + rest;
      }
    }
    const char next = pending_.front();
    pending_.erase(0, 1);
    return next;
  }
  char spoilt(char byte) {
    if (!std::bernoulli_distribution(noise_)(random_)) return byte;
    return static_cast<char>(byte ^ 1 << std::uniform_int_distribution<int>(0, 7)(random_));
  }

  sim::Scenario scenario_;
  const sim::BoardModel& board_;
  sim::Environment environment_;
  std::unique_ptr<sim::Engine> engine_;
  std::unique_ptr<sim::EngineBus> bus_;
  double noise_;
  std::mt19937 random_;
  Message sent_;
  std::string pending_;  ///< rest of a reply that was tampered with
};

/// Two clamps and a pulse meter.
inline sim::Scenario small_house() {
  sim::Scenario s;
  s.board = "flm02b";
  s.duration = 1e6;
  for (const int id : {1, 2, 4}) {
    Sensor sensor;
    sensor.id = id;
    sensor.ports = {id};
    if (id == 4) sensor.sensor_class = SensorClass::pulse;
    s.sensors.push_back(sensor);
  }
  sim::Waveform current;
  current.port = 1;
  current.amps = 5.0;
  s.waveforms = {current};
  return s;
}

}  // namespace flm::test
