#include "sim/report/vcd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "tools/common/atomic_file.hpp"

namespace flm::sim {
namespace {

constexpr std::size_t kFlush = 1 << 16;  // bytes of text held before they are written

/// Identifier codes: printable characters, '!' to '~' (clause 18.2.3.7).
std::string identifier(int n) {
  std::string out;
  do {
    out += static_cast<char>('!' + n % 94);
    n /= 94;
  } while (n > 0);
  return out;
}

std::string binary(unsigned value, int bits) {
  std::string out = "b";
  for (int bit = bits - 1; bit >= 0; --bit) out += (value >> bit & 1u) != 0 ? '1' : '0';
  return out;
}

}  // namespace

struct VcdWriter::Impl {
  struct Byte {
    Nanoseconds start;
    std::uint8_t mosi, miso;
  };
  struct Led {
    Nanoseconds t;
    bool lit;
  };
  struct Clamp {
    int port;
    std::string id;
    std::int64_t tick;
    int last = -1;
  };
  struct Contact {
    int port;
    std::string id;
    bool level;
  };
  struct Meter {
    int sensor;
    std::string counter, extra;
  };

  Impl(const std::filesystem::path& target, const Scenario& scenario, const BoardModel& board_model_,
       const Environment& environment_)
      : file(target), board(board_model_), environment(environment_) {
    std::set<int> clamp_ports, pulse_ports;
    for (const Sensor& sensor : scenario.sensors)
      for (const int port : sensor.ports) {
        if (sensor.sensor_class == SensorClass::analog) clamp_ports.insert(port);
        if (sensor.sensor_class == SensorClass::pulse) pulse_ports.insert(port);
      }
    for (const Waveform& waveform : scenario.waveforms) clamp_ports.insert(waveform.port);
    for (const Pulses& p : scenario.pulses) pulse_ports.insert(p.port);

    int next = 0;
    text = "$comment flmsim, board " + board.name + " $end\n$timescale 1 ns $end\n$scope module board $end\n";
    const auto variable = [&](const char* type, int bits, const std::string& name) {
      std::string id = identifier(next++);
      text += fmt::format("$var {} {} {} {}{} $end\n", type, bits, id, name,
                          bits > 1 && type[0] == 'w' ? fmt::format(" [{}:0]", bits - 1) : "");
      return id;
    };
    for (const int port : clamp_ports)
      if (port >= 1 && port <= 3)
        clamps.push_back({port, variable("wire", 10, fmt::format("port{}_code", port)), port - 1});
    for (const int port : pulse_ports)
      contacts.push_back({port, variable("wire", 1, fmt::format("port{}_contact", port)), true});
    led_id = variable("wire", 1, "led");
    text += "$upscope $end\n$scope module spi $end\n";
    busy_id = variable("wire", 1, "busy");
    mosi_id = variable("wire", 8, "mosi");
    miso_id = variable("wire", 8, "miso");
    text += "$upscope $end\n$scope module readings $end\n";
    for (const Sensor& sensor : scenario.sensors) {
      Meter meter{sensor.id, variable("real", 64, fmt::format("sensor{}_counter", sensor.id)), {}};
      meter.extra = variable("real", 64,
                             fmt::format("sensor{}_{}", sensor.id,
                                         sensor.sensor_class == SensorClass::pulse ? "stamp_ms" : "power_w"));
      meters.push_back(std::move(meter));
    }
    text += "$upscope $end\n$enddefinitions $end\n#0\n$dumpvars\n";
    for (const Clamp& clamp : clamps) text += "bx " + clamp.id + "\n";
    for (Contact& contact : contacts) {
      contact.level = environment.level(contact.port, 0);
      text += fmt::format("{:d}{}\n", contact.level, contact.id);
    }
    text += fmt::format("x{}\n0{}\nbx {}\nbx {}\n", led_id, busy_id, mosi_id, miso_id);
    for (const Meter& meter : meters) text += fmt::format("r0 {}\nr0 {}\n", meter.counter, meter.extra);
    text += "$end\n";
    file.write(text);
    text.clear();
  }

  /// Stamps what follows with time t.
  void at(Nanoseconds t) {
    if (t == now) return;
    now = t;
    fmt::format_to(std::back_inserter(text), "#{}\n", t);
    if (text.size() > kFlush) {
      file.write(text);
      text.clear();
    }
  }

  void convert(Clamp& clamp, Nanoseconds t) {
    const int code = environment.convert(clamp.port, clamp.tick);
    clamp.tick += 3;
    if (code == clamp.last) return;
    clamp.last = code;
    at(t);
    text += binary(static_cast<unsigned>(code), 10) + " " + clamp.id + "\n";
  }

  void change_contacts(Nanoseconds t) {
    for (Contact& contact : contacts) {
      const bool level = environment.level(contact.port, t);
      if (level == contact.level) continue;
      contact.level = level;
      at(t);
      text += fmt::format("{:d}{}\n", level, contact.id);
    }
  }

  void write_reading(const Reading& reading, Nanoseconds t) {
    for (const Meter& meter : meters)
      if (meter.sensor == reading.sensor) {
        at(t);
        text += fmt::format("r{}.{:03} {}\nr{} {}\n", reading.counter, reading.milli, meter.counter,
                            reading.extra, meter.extra);
      }
  }

  void finish(Nanoseconds end) {
    // Each source is in time order after this; the earliest of their heads goes first.
    std::stable_sort(bytes.begin(), bytes.end(),
                     [](const auto& a, const auto& b) { return a.start < b.start; });
    std::stable_sort(leds.begin(), leds.end(), [](const auto& a, const auto& b) { return a.t < b.t; });
    std::stable_sort(readings.begin(), readings.end(),
                     [](const auto& a, const auto& b) { return a.t < b.t; });
    auto byte = bytes.begin();
    auto led = leds.begin();
    auto reading = readings.begin();
    Nanoseconds busy_until = kNever;
    Nanoseconds edge = contacts.empty() ? kNever : environment.next_edge(0);
    for (;;) {
      Nanoseconds t = std::min(edge, busy_until);
      if (byte != bytes.end()) t = std::min(t, byte->start);
      if (led != leds.end()) t = std::min(t, led->t);
      if (reading != readings.end()) t = std::min(t, nanoseconds(reading->t));
      for (const Clamp& clamp : clamps) t = std::min(t, board.tick_time(clamp.tick));
      if (t > end || t == kNever) break;
      if (busy_until <= t) {
        at(t);
        text += "0" + busy_id + "\n";
        busy_until = kNever;
      }
      for (Clamp& clamp : clamps)
        if (board.tick_time(clamp.tick) <= t) convert(clamp, t);
      if (edge <= t) {
        change_contacts(t);
        edge = environment.next_edge(t);
      }
      for (; byte != bytes.end() && byte->start <= t; ++byte) {
        at(t);
        text += fmt::format("1{}\n{} {}\n{} {}\n", busy_id, binary(byte->mosi, 8), mosi_id,
                            binary(byte->miso, 8), miso_id);
        busy_until = byte->start + board.spi_byte_time;
      }
      for (; led != leds.end() && led->t <= t; ++led) {
        at(t);
        text += fmt::format("{:d}{}\n", led->lit, led_id);
      }
      for (; reading != readings.end() && nanoseconds(reading->t) <= t; ++reading) write_reading(*reading, t);
    }
    at(end);
    file.write(text);
    file.commit();
  }

  AtomicFile file;
  const BoardModel& board;
  const Environment& environment;
  std::string text;
  Nanoseconds now = 0;
  std::vector<Clamp> clamps;
  std::vector<Contact> contacts;
  std::vector<Meter> meters;
  std::string led_id, busy_id, mosi_id, miso_id;
  std::vector<Byte> bytes;
  std::vector<Led> leds;
  std::vector<Reading> readings;
};

VcdWriter::VcdWriter(const std::filesystem::path& file, const Scenario& scenario, const BoardModel& board,
                     const Environment& environment)
    : impl_(std::make_unique<Impl>(file, scenario, board, environment)) {}
VcdWriter::~VcdWriter() = default;

void VcdWriter::byte(Nanoseconds start, std::uint8_t mosi, std::uint8_t miso) {
  impl_->bytes.push_back({start, mosi, miso});
}
void VcdWriter::led(Nanoseconds t, bool lit) {
  auto& leds = impl_->leds;
  if (leds.empty() || leds.back().lit != lit || t < leds.back().t) leds.push_back({t, lit});
}
void VcdWriter::reading(const Reading& reading) { impl_->readings.push_back(reading); }
void VcdWriter::finish(Nanoseconds end) { impl_->finish(end); }

}  // namespace flm::sim
