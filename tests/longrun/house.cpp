#include "tests/longrun/house.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include "protocol/crc16.hpp"
#include "protocol/jeenode.hpp"

namespace flm::longrun {
namespace {

using namespace sim;

constexpr double kVolts = 230.0;
constexpr double kFirstAudited = 3.0;  // s: from here on everything is configured
constexpr double kFirstPacket = 5.3, kFirstTelegram = 4.0;
constexpr double kOutage = 37.0;  // s without supply
constexpr double kRest = 0.15;    // s before and after a failure in which no contact moves
constexpr std::uint64_t kWrap = std::uint64_t{1} << 32;
constexpr std::int64_t kMeterStart = 1'234'000;  // Wh, in the first telegram

struct PulseMeter {
  int port;
  double every, width, bounce;
};
constexpr PulseMeter kMeters[] = {{4, 0.37, 0.030, 0.005}, {5, 7.3, 0.060, 0.004}};
constexpr int kConstants[] = {1000, 250};
constexpr Shape kShapes[] = {Shape::sine, Shape::peaky, Shape::dimmed};

/// No contact moves from `before` s before t to `after` s after it.
bool rests(double t, double before, double after) {
  for (const PulseMeter& meter : kMeters) {
    const double last =
        std::floor((t + after) / meter.every) * meter.every;  // the last pulse that begins before t + after
    if (last + meter.width + meter.bounce > t - before) return false;
  }
  return true;
}

/// The moment of a failure near t: in the second half of ten seconds, away from packets and telegrams,
/// contacts at rest at both ends.
double failure_near(double t) {
  const double base = std::floor(t / radio_every) * radio_every;
  for (double at = base + 7.0; at < base + 9.5; at += 0.001)
    if (rests(at, kRest, kRest) && rests(at + kOutage, 0.0, kRest)) return at;
  throw std::logic_error("no moment at which all contacts rest");
}

std::string telegram(std::int64_t number) {
  const std::int64_t wh = kMeterStart + number * telegram_wh;
  std::string text = fmt::format(
      "/FLM5\\house\r\n\r\n1-3:0.2.8(50)\r\n0-0:96.1.1(4530303334303036383130353136343136)\r\n1-0:1.8.1({:06}"
      ".{:03}*kWh)\r\n"
      "1-0:1.8.2(000000.000*kWh)\r\n1-0:2.8.1(000000.000*kWh)\r\n1-0:2.8.2(000000.000*kWh)\r\n0-0:96.14.0("
      "0001)\r\n1-0:1.7.0(01.020*kW)\r\n"
      "1-0:2.7.0(00.000*kW)\r\n0-1:24.1.0(003)\r\n0-1:24.2.1(260101120000W)(12785.123*m3)\r\n!",
      wh / 1000, wh % 1000);
  std::uint16_t crc = 0;
  for (const char c : text) crc = protocol::crc16_arc(crc, static_cast<std::uint8_t>(c));
  return text + fmt::format("{:04X}\r\n", crc);
}

/// A packet of a node with its own number as the payload.
std::string packet(std::int64_t number) {
  std::vector<std::uint8_t> frame = {protocol::jeenode::default_group, 9, 4};
  for (int shift = 0; shift < 32; shift += 8) frame.push_back(static_cast<std::uint8_t>(number >> shift));
  const std::uint16_t crc = protocol::jeenode::frame_crc(frame.data(), frame.size());
  frame.push_back(static_cast<std::uint8_t>(crc & 0xFF));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  std::string hex;
  for (const std::uint8_t byte : frame) hex += fmt::format("{:02x}", byte);
  return hex;
}

}  // namespace

House make_house(double days, int failures_a_day, const std::filesystem::path& folder) {
  House house;
  Scenario& s = house.scenario;
  s.board = "flm02b";
  s.duration = std::round(days * 86400.0);
  while (!rests(s.duration, 0.2, 0.0)) s.duration -= 1.0;

  const auto sensor = [&](int id, SensorClass sensor_class) -> Sensor& {
    Sensor one;
    one.id = id;
    one.ports = {id};
    one.sensor_class = sensor_class;
    one.voltage = kVolts;
    s.sensors.push_back(one);
    return s.sensors.back();
  };
  for (int port = 1; port <= 3; ++port) {
    sensor(port, SensorClass::analog);
    Waveform current;
    current.port = port;
    current.shape = kShapes[port - 1];
    current.amps = 4.0 * port;
    current.repeat = true;
    s.waveforms.push_back(current);
  }
  for (std::size_t i = 0; i < std::size(kMeters); ++i) {
    const PulseMeter& meter = kMeters[i];
    sensor(meter.port, SensorClass::pulse).constant = kConstants[i] / 1000.0;
    Pulses pulses;
    pulses.port = meter.port;
    pulses.every = meter.every;
    pulses.width = meter.width;
    pulses.bounce = meter.bounce;
    s.pulses.push_back(pulses);
  }
  sensor(6, SensorClass::p1);

  SerialTraffic telegrams;
  telegrams.file = folder / "telegrams.txt";
  telegrams.at = kFirstTelegram;
  telegrams.each = telegram_every;
  s.serial = {telegrams};
  std::ofstream telegram_file(telegrams.file, std::ios::binary);
  for (std::int64_t n = 0; kFirstTelegram + static_cast<double>(n) * telegram_every + 1.0 < s.duration; ++n)
    telegram_file << telegram(n);

  s.radio.push_back({folder / "packets.txt", 19.2});
  std::ofstream packet_file(s.radio.front().file);
  for (std::int64_t n = 0; kFirstPacket + static_cast<double>(n) * radio_every + 1.0 < s.duration; ++n)
    packet_file << fmt::format("{:.3f} {}\n", kFirstPacket + static_cast<double>(n) * radio_every, packet(n));
  if (!telegram_file.flush() || !packet_file.flush())
    throw InputError(fmt::format("{}: cannot be written", folder.string()));

  // Both wrap on the way: the pulse meter half way, the clamp after an eighth of the run.
  const double hours = s.duration / 3600.0;
  s.host.push_back(
      {1.5, fmt::format("sc 3 {}", kWrap - static_cast<std::uint64_t>(s.duration / kMeters[0].every / 2))});
  s.host.push_back(
      {1.6, fmt::format("sc 0 {}", kWrap - static_cast<std::uint64_t>(kVolts * 4.0 * hours / 8))});
  for (double at = 3600.3; at < s.duration; at += 8 * 3600.0) s.host.push_back({at, "ct"});

  double from = kFirstAudited;
  const int failures = static_cast<int>(std::floor(days * failures_a_day));
  for (int i = 0; i < failures; ++i) {
    const double at = failure_near(86400.0 / failures_a_day * (i + 0.5) + 1234.0);
    s.power.push_back({at, at + kOutage, 0.16});
    house.awake.push_back({from, at});
    from = at + kOutage;
  }
  house.awake.push_back({from, s.duration});
  // Commands that the main board could not give are given when it can.
  std::erase_if(s.host, [&](const HostCommand& command) {
    return std::any_of(s.power.begin(), s.power.end(), [&](const PowerFailure& f) {
      return command.at > f.at - 2.0 && command.at < f.restore + 2.0;
    });
  });
  return house;
}

Audit::Audit(const House& house, const Environment& environment) : house_(house), environment_(environment) {
  for (int port = 1; port <= 3; ++port)
    clamps_.emplace_back().truth_w = kVolts * environment.true_rms(port, 0, nanoseconds(1.0));
  for (std::size_t i = 0; i < std::size(kMeters); ++i) {
    meters_.emplace_back().port = kMeters[i].port;
    meters_.back().per_pulse = kConstants[i];
  }
}

std::size_t Audit::period_of(double t) const {
  std::size_t period = 0;
  while (period + 1 < house_.awake.size() && house_.awake[period + 1].from <= t) ++period;
  return period;
}

void Audit::take(const Record& record) {
  if (const RadioPacket* radio = std::get_if<RadioPacket>(&record)) {
    if (radio->frame.size() != 9) {
      ++packets_wrong;
      return;
    }
    std::int64_t number = 0;
    for (int i = 3; i >= 0; --i) number = number << 8 | radio->frame[static_cast<std::size_t>(3 + i)];
    // Packets on the air while the board was away are not missed; nothing else may be left out, come twice or
    // in a different order.
    const auto heard = [&](std::int64_t n) {
      const double t = kFirstPacket + static_cast<double>(n) * radio_every;
      return std::any_of(house_.awake.begin(), house_.awake.end(),
                         [&](const Awake& a) { return t > a.from && t < a.to; });
    };
    std::int64_t expected = next_packet_ + 1;
    while (expected < number && !heard(expected)) ++expected;
    if (number != expected) ++packets_wrong;
    ++packets_put_in;
    next_packet_ = number;
    return;
  }
  if (const MeterReport* report = std::get_if<MeterReport>(&record)) {
    std::int64_t errors = 0;
    for (std::size_t i = 7; i < report->fields.size(); ++i) errors += report->fields[i];
    meter_errors = std::max(meter_errors, errors);
    return;
  }
  const Reading* reading = std::get_if<Reading>(&record);
  if (reading == nullptr || reading->t < kFirstAudited) return;
  if (reading->sensor <= 3) take_clamp(clamps_[static_cast<std::size_t>(reading->sensor - 1)], *reading);
  for (Meter& meter : meters_)
    if (reading->sensor == meter.port) take_pulses(meter, *reading);
  if (reading->sensor == 6) take_smart_meter(*reading);
}

void Audit::take_clamp(Clamp& clamp, const Reading& r) {
  ++readings;
  if (clamp.first_wh < 0) {
    clamp.first_wh = 0;
    clamp.last = r.counter;
    clamp.last_t = r.t;
    return;
  }
  const std::uint32_t step = r.counter - clamp.last;
  if (r.counter < clamp.last && step < 1000) ++counter_wraps;
  clamp.total_wh += static_cast<std::int32_t>(step);
  clamp.last = r.counter;

  // A reading a second; the first one after a power failure is of 0.9 s, and comes within two.
  const bool restarted = period_of(r.t) != period_of(clamp.last_t);
  if (restarted ? r.t > house_.awake[period_of(r.t)].from + 2.0 : r.t - clamp.last_t > 1.5)
    ++readings_missing;
  if (restarted) {
    // A second that ended between the host's last question and the failure is in the counter, and was never
    // read.
    const std::size_t before = period_of(clamp.last_t);
    const double start = before == 0 ? 0.0 : house_.awake[before].from;
    if (std::fmod(start + seconds(kFirstSample) + 0.9, 1.0) < std::fmod(house_.awake[before].to, 1.0))
      clamp.joules += clamp.power_w;
  }
  clamp.power_w = r.extra;
  clamp.last_t = r.t;
  // The energy of a reading is its power for a second, the first second of a board included, which is 0.1 s
  // short.
  clamp.joules += r.extra;
  clamp.put_in_joules += clamp.truth_w;
  const int half = r.t > house_.scenario.duration / 2 ? 1 : 0;
  clamp.half_joules[half] += r.extra;
  clamp.half_put_in[half] += clamp.truth_w;
}

void Audit::take_pulses(Meter& meter, const Reading& r) {
  const std::int64_t stamp = std::int64_t{r.extra} * 1'000'000 + kFirstSample;
  if (!meter.begun) {
    meter.begun = true;
    meter.from_ns = stamp;
    meter.last = r;
    return;
  }
  const bool restarted = period_of(r.t) != period_of(meter.last.t);
  if (r.extra < meter.last.extra && !restarted) {
    if (meter.last.extra - r.extra > 0x8000'0000u)
      ++stamp_wraps;
    else
      ++stamps_wrong;
  }
  const std::uint32_t step = r.counter - meter.last.counter;
  if (r.counter < meter.last.counter && step < 1000) ++counter_wraps;
  meter.counted += std::int64_t{static_cast<std::int32_t>(step)} * 1000 + r.milli - meter.last.milli;
  meter.last = r;
}

void Audit::take_smart_meter(const Reading& r) {
  const std::int64_t number = (r.whole() - kMeterStart) / telegram_wh;
  const bool of_a_telegram = (r.whole() - kMeterStart) % telegram_wh == 0 && r.power() == 1020;
  const auto heard = [&](std::int64_t n) {
    const double t = kFirstTelegram + static_cast<double>(n) * telegram_every;
    return std::any_of(house_.awake.begin(), house_.awake.end(),
                       [&](const Awake& a) { return t > a.from && t < a.to; });
  };
  std::int64_t expected = telegram_ + 1;
  while (expected < number && !heard(expected)) ++expected;
  if (!of_a_telegram || number != expected) ++telegrams_wrong;
  ++telegrams_put_in;
  telegram_ = number;
}

void Audit::finish() {
  for (const Clamp& clamp : clamps_) {
    const double counted = static_cast<double>(clamp.total_wh) * 3600.0;
    // Whole Wh at both ends.
    const double slack = 3600.0;
    energy_ppm =
        std::max(energy_ppm, std::max(0.0, std::abs(counted - clamp.joules) - slack) / clamp.joules * 1e6);
    drift_ppm = std::max(drift_ppm, std::abs(clamp.half_joules[0] / clamp.half_put_in[0] -
                                             clamp.half_joules[1] / clamp.half_put_in[1]) *
                                        1e6);
    const double error = (clamp.joules / clamp.put_in_joules - 1.0) * 100.0;
    if (std::abs(error) > std::abs(estimator_percent)) estimator_percent = error;
  }
  for (const Meter& meter : meters_) {
    std::int64_t expected = 0;
    for (const Awake& awake : house_.awake) {
      // From the pulse whose stamp the first reading has, which is counted already.
      const Nanoseconds from =
          awake.from == kFirstAudited ? meter.from_ns + 50'000'000 : nanoseconds(awake.from);
      expected += environment_.true_pulses(meter.port, from, nanoseconds(awake.to));
    }
    pulses_put_in += expected;
    pulses_wrong += std::abs(meter.counted - expected * meter.per_pulse) / meter.per_pulse;
    if (meter.counted % meter.per_pulse != 0) ++pulses_wrong;
  }
  const auto sent = [&](double first, double every, std::int64_t last) {
    // Those that should have come after the last that did.
    std::int64_t missing = 0;
    for (std::int64_t n = last + 1; first + static_cast<double>(n) * every + 1.0 < house_.scenario.duration;
         ++n)
      ++missing;
    return missing;
  };
  packets_wrong += sent(kFirstPacket, radio_every, next_packet_);
  telegrams_wrong += sent(kFirstTelegram, telegram_every, telegram_);
}

}  // namespace flm::longrun
