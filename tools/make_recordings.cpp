// Makes tests/data/demo: one minute of a household, three clamp currents and two pulse meters, from the
// physics of the loads; and tests/data/edges: pulses at the limits of what a meter may send. Deterministic:
// it writes the same bytes every time, and `--check` compares the files with what it would write.
#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kRoot2 = 1.41421356237309505;
constexpr double kDuration = 60.0;  // s
constexpr int kRate = 4000;         // Hz, of the recordings
constexpr int kSubSteps =
    16;  // physics runs at 64 kHz; a sample is the mean of 16 steps, which keeps aliases down
constexpr double kStep = 1.0 / (kRate * kSubSteps);
constexpr double kFullScale = 32.0;  // A at full scale of the 16-bit files
constexpr double kVolts = 230.0;     // V, RMS
constexpr double kPeakVolts = kVolts * kRoot2;

/// Uniform in [-1, 1), from the raw generator: the standard's distributions differ between libraries, its
/// engines do not.
class Noise {
 public:
  explicit Noise(std::uint32_t seed) : engine_(seed) {}
  double next() { return static_cast<double>(engine_()) / 2147483648.0 - 1.0; }

 private:
  std::mt19937 engine_;
};

bool between(double t, double from, double to) { return t >= from && t < to; }

/// From 0 at `from` to 1 at `to`, level outside.
double ramp(double t, double from, double to) { return std::clamp((t - from) / (to - from), 0.0, 1.0); }

/// Angle of the mains at time t, in rad. The frequency swings by 20 mHz around 50 Hz within 40 s, as in the
/// European grid.
double mains_angle(double t) {
  const double swing = 0.02 * 40 / (2 * kPi) *
                       (1 - std::cos(2 * kPi * t / 40));  // integral of 0.02 sin(2 pi t / 40), in cycles
  return 2 * kPi * (50 * t + swing);
}

/// Mains voltage over its nominal peak: flattened by the neighbourhood's rectifiers (1.5 % fifth harmonic).
double mains(double angle) { return std::sin(angle) + 0.015 * std::sin(5 * angle); }

/// A heating element: current in proportion to voltage, nothing else.
double heater(double angle, double watt) { return watt / kVolts * kRoot2 * mains(angle); }

/// LED lamps and a television: a bridge rectifier charges a capacitor that a constant-power supply empties.
/// Current flows only while the mains is above the capacitor's voltage: short pulses near the peaks.
class RectifierSupply {
 public:
  RectifierSupply(double farad, double ohm) : farad_(farad), ohm_(ohm) {}
  double step(double angle, double watt) {
    const double line = kPeakVolts * mains(angle);
    const double charging = std::max(0.0, (std::abs(line) - volts_) / ohm_);
    volts_ += (charging - watt / volts_) / farad_ * kStep;
    return line < 0 ? -charging : charging;
  }

 private:
  double farad_, ohm_, volts_ = 0.95 * kPeakVolts;
};

/// A heat pump's inverter: bridge rectifier, choke, capacitor, and a compressor that takes the power its
/// controller asks for. The choke spreads the charging pulse over several milliseconds.
class Inverter {
 public:
  double step(double angle, double watt) {
    constexpr double kHenry = 0.010, kOhm = 0.6, kFarad = 1000e-6;
    const double line = kPeakVolts * mains(angle);
    choke_ = std::max(0.0, choke_ + (std::abs(line) - volts_ - kOhm * choke_) / kHenry * kStep);
    volts_ += (choke_ - watt / volts_) / kFarad * kStep;
    return line < 0 ? -choke_ : choke_;
  }

 private:
  double choke_ = 0, volts_ = 0.98 * kPeakVolts;
};

/// A refrigerator's compressor, an induction motor: 0.95 A with a power factor of 0.64 when it runs. It
/// starts with five times that, and decays with its slip (time constant 0.18 s); the direct component that
/// the winding's inductance adds dies within 30 ms.
double compressor(double t, double start, double stop, double angle) {
  if (!between(t, start, stop)) return 0;
  const double lag = std::acos(0.64), since = t - start;
  const double peak = 0.95 * kRoot2 * (1 + 4 * std::exp(-since / 0.18));
  const double at_start = 5 * 0.95 * kRoot2 * std::sin(mains_angle(start) - 2 * kPi / 3 - lag);
  return peak * std::sin(angle - lag) - at_start * std::exp(-since / 0.030);
}

/// Halogen lamps at a triac dimmer: a resistive load that is switched on `cut` rad after each zero
/// crossing of the voltage.
double dimmed_lamps(double angle, double watt, double cut) {
  const double in_half_wave = std::fmod(angle, kPi) < 0 ? std::fmod(angle, kPi) + kPi : std::fmod(angle, kPi);
  return in_half_wave >= cut ? heater(angle, watt) : 0;
}

/// A clamp's recording, and what its current means to a meter.
struct Recording {
  const char* name;
  const char* what;
  std::vector<short> samples;

  [[nodiscard]] double amps(std::size_t n) const { return samples[n] / 32768.0 * kFullScale; }
  /// RMS over [from, to) in A, of the recording taken as straight lines between its samples: each line from a
  /// to b has a mean square of (a^2 + ab + b^2) / 3.
  [[nodiscard]] double rms(double from, double to) const {
    const auto first = static_cast<std::size_t>(std::llround(from * kRate)),
               last = static_cast<std::size_t>(std::llround(to * kRate));
    double sum = 0;
    for (std::size_t n = first; n < last; ++n) {
      const double a = amps(n), b = amps(std::min(n + 1, samples.size() - 1));
      sum += (a * a + a * b + b * b) / 3;
    }
    return std::sqrt(sum / static_cast<double>(last - first));
  }
  /// Mean over whole seconds of 230 V times the RMS of each: what a meter's power readings average to, in W.
  /// The board's seconds begin 4 ms after power-up.
  [[nodiscard]] double mean_power(int from, int to) const {
    double sum = 0;
    for (int second = from; second < to; ++second)
      sum += kVolts * rms(second + 0.004, std::min(second + 1.004, kDuration));
    return sum / (to - from);
  }
};

/// Samples the current `amps(t, sub-step)` with the noise of a small recorder, 5 mA peak.
template <class Current>
Recording record(const char* name, const char* what, std::uint32_t seed, Current&& current) {
  Recording out{name, what, {}};
  Noise noise(seed);
  const auto count = static_cast<std::size_t>(kDuration * kRate);
  for (std::size_t n = 0; n < count; ++n) {
    double mean = 0;
    for (int k = 0; k < kSubSteps; ++k)
      mean += current(static_cast<double>(n * kSubSteps + static_cast<std::size_t>(k)) * kStep) / kSubSteps;
    const double code = std::nearbyint((mean + 0.005 * noise.next()) / kFullScale * 32768);
    if (std::abs(code) > 32767)
      throw std::runtime_error(
          fmt::format("{}: {} A is beyond the full scale of {} A", name, mean, kFullScale));
    out.samples.push_back(static_cast<short>(code));
  }
  return out;
}

std::vector<Recording> clamp_recordings() {
  std::vector<Recording> out;
  RectifierSupply television(150e-6, 2.5);
  out.push_back(record("demo/l1-kettle-television.wav",
                       "kettle 2200 W from 10 s to 36 s; television and LED lamps 110 W, 30 W more from 45 s",
                       11, [&](double t) {
                         const double angle = mains_angle(t);
                         return television.step(angle, t < 45 ? 110 : 140) +
                                (between(t, 10, 36) ? heater(angle, 2200) : 0);
                       }));
  out.push_back(record(
      "demo/l2-refrigerator-dimmer.wav",
      "refrigerator from 6.3 s to 52 s; halogen lamps 600 W, dimmer turned from 30 to 120 degrees between 20 "
      "s and 35 s, off at 56 s",
      12, [](double t) {
        const double angle = mains_angle(t) - 2 * kPi / 3;
        const double cut = kPi / 6 + kPi / 2 * ramp(t, 20, 35);
        return compressor(t, 6.3, 52, angle) + (between(t, 0, 56) ? dimmed_lamps(angle, 600, cut) : 0);
      }));
  Inverter inverter;
  out.push_back(record(
      "demo/l3-heat-pump.wav",
      "heat pump inverter: standby 20 W, rises to 1500 W between 5 s and 20 s, falls to 700 W between 38 s "
      "and 44 s, off at 54 s; filter "
      "capacitors 0.08 A",
      13, [&](double t) {
        const double angle = mains_angle(t) - 4 * kPi / 3;
        const double watt = t < 54 ? 20 + 1480 * ramp(t, 5, 20) - 800 * ramp(t, 38, 44) : 20;
        return inverter.step(angle, watt) + 0.08 * kRoot2 * std::cos(angle);
      }));
  return out;
}

/// The edges of a pulse meter's contact: seconds,level with 1 = open.
class Contact {
 public:
  explicit Contact(std::uint32_t seed) : noise_(seed) {}

  /// One pulse: the contact closes at `at` and opens `width` s later. It chatters for up to `closing` s when
  /// it closes and up to `opening` s when it opens, in bursts whose lengths are random.
  void pulse(double at, double width, double closing, double opening) {
    chatter(at, closing, 0);
    chatter(at + width, opening, 1);
    ++count_;
  }
  [[nodiscard]] int count() const { return count_; }
  [[nodiscard]] std::string csv() const {
    std::string out;
    for (const auto& [t, level] : edges_) fmt::format_to(std::back_inserter(out), "{:.6f},{}\n", t, level);
    return out;
  }

 private:
  void chatter(double at, double longest, int level) {
    edges_.emplace_back(at, level);
    // Each rebound is shorter than the one before, and the contact rests within `longest`.
    double t = at, rebound = 0.45 * longest;
    while (rebound > 60e-6 && t + rebound < at + longest) {
      const double away = rebound * (0.6 + 0.4 * noise_.next()) / 2;
      const double back = rebound * (0.6 + 0.4 * noise_.next()) / 2;
      edges_.emplace_back(t + back, 1 - level);
      edges_.emplace_back(t + back + away, level);
      t += back + away;
      rebound *= 0.6 + 0.1 * noise_.next();
    }
  }

  Noise noise_;
  int count_ = 0;
  std::vector<std::pair<double, int>> edges_;
};

/// A car charger's S0 meter, 2000 pulses per kWh, with a small relay as its output: pulses of 40 ms, up to 2
/// ms of chatter. The power steps from one phase's 2.3 kW to 7.4 kW and back to 3.7 kW.
Contact charger_meter() {
  Contact contact(21);
  double energy = 0;  // Wh since the last pulse
  for (int ms = 2000; ms < 57000; ++ms) {
    const double watt = ms < 18000 ? 2300 : ms < 42000 ? 7360 : 3680;
    energy += watt / 3'600'000;
    if (energy < 0.5) continue;
    energy -= 0.5;
    contact.pulse(ms / 1000.0, 0.040, 0.0020, 0.0015);
  }
  return contact;
}

/// A water meter with a magnet and a reed contact, half a litre a pulse: a shower of 12 l/min from 4 s to 50
/// s. The reed is closed for three tenths of a turn and chatters for up to 6 ms.
Contact water_meter() {
  Contact contact(22);
  for (double t = 4.2; t < 50; t += 2.5) contact.pulse(t, 0.75, 0.0060, 0.0035);
  return contact;
}

/// The shortest pulses and the longest chatter that an S0 output may have (30 ms; 5 ms), 10 a second: 50
/// pulses from 1.5 s on.
Contact s0_limit() {
  Contact contact(31);
  for (int n = 0; n < 50; ++n) contact.pulse(1.5 + n * 0.1, 0.030, 0.005, 0.005);
  return contact;
}

/// A clean contact that opens and closes `hz` times a second, half of the time closed: 300 pulses from 1.5 s
/// on.
Contact fast(double hz) {
  Contact contact(32);
  for (int n = 0; n < 300; ++n) contact.pulse(1.5 + n / hz, 0.5 / hz, 0, 0);
  return contact;
}

void write_wav(const std::filesystem::path& file, const std::vector<short>& samples) {
  SF_INFO info{};
  info.samplerate = kRate;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  SNDFILE* out = sf_open(file.c_str(), SFM_WRITE, &info);
  const bool written =
      out != nullptr && sf_write_short(out, samples.data(), static_cast<sf_count_t>(samples.size())) ==
                            static_cast<sf_count_t>(samples.size());
  const bool closed = out != nullptr && sf_close(out) == 0;
  if (!written || !closed)
    throw std::runtime_error(fmt::format("{}: cannot write: {}", file.string(), sf_strerror(nullptr)));
}

std::vector<short> read_wav(const std::filesystem::path& file) {
  SF_INFO info{};
  SNDFILE* in = sf_open(file.c_str(), SFM_READ, &info);
  if (in == nullptr) throw std::runtime_error(fmt::format("{}: {}", file.string(), sf_strerror(nullptr)));
  std::vector<short> samples(static_cast<std::size_t>(info.frames) * static_cast<std::size_t>(info.channels));
  sf_read_short(in, samples.data(), static_cast<sf_count_t>(samples.size()));
  sf_close(in);
  if (info.samplerate != kRate || info.channels != 1) samples.clear();
  return samples;
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw std::runtime_error(fmt::format("{}: cannot write", file.string()));
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Expectations that a scenario may state about the recordings.
void print_expectations(const std::vector<Recording>& clamps, const Contact& charger, const Contact& water) {
  for (const Recording& r : clamps) {
    fmt::print("{}: {}\n", r.name, r.what);
    double energy = 0;
    for (int second = 0; second < static_cast<int>(kDuration); ++second) {
      const double power = r.mean_power(second, second + 1);
      if (second >= 1) energy += power / 3600;
      fmt::print("{}{:7.1f}", second % 10 == 0 ? fmt::format("{:4} s ", second) : "", power);
      if (second % 10 == 9) fmt::print("\n");
    }
    fmt::print("     {:.3f} Wh from 1.004 s on\n", energy);
  }
  fmt::print("charger meter: {} pulses, {} Wh\nwater meter: {} pulses, {} l\n", charger.count(),
             charger.count() * 0.5, water.count(), water.count() * 0.5);
}

int run(const std::filesystem::path& folder, bool check) {
  const auto clamps = clamp_recordings();
  const Contact charger = charger_meter(), water = water_meter();
  const std::vector<std::pair<const char*, std::string>> texts = {{"demo/charger-s0.csv", charger.csv()},
                                                                  {"demo/water-reed.csv", water.csv()},
                                                                  {"edges/s0-limit.csv", s0_limit().csv()},
                                                                  {"edges/fast-40hz.csv", fast(40.0).csv()},
                                                                  {"edges/fast-60hz.csv", fast(60.0).csv()}};
  if (!check) {
    std::filesystem::create_directories(folder / "demo");
    std::filesystem::create_directories(folder / "edges");
    for (const Recording& r : clamps) write_wav(folder / r.name, r.samples);
    for (const auto& [name, text] : texts) write_text(folder / name, text);
    print_expectations(clamps, charger, water);
    return 0;
  }
  std::vector<std::string> different;
  for (const Recording& r : clamps)
    if (read_wav(folder / r.name) != r.samples) different.emplace_back(r.name);
  for (const auto& [name, text] : texts)
    if (read_text(folder / name) != text) different.emplace_back(name);
  for (const std::string& name : different)
    fmt::print(stderr, "{}: not what make_recordings writes\n", (folder / name).string());
  return different.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool check = argc == 3 && std::string(argv[1]) == "--check";
  if (argc != 2 && !check) {
    fmt::print(stderr,
               "usage: make_recordings FOLDER           writes demo/ and edges/ there and prints what to "
               "expect from the demo\n"
               "       make_recordings --check FOLDER   exit status 1 when the files there differ\n");
    return 2;
  }
  try {
    return run(argv[argc - 1], check);
  } catch (const std::exception& e) {
    fmt::print(stderr, "make_recordings: {}\n", e.what());
    return 2;
  }
}
