// Measures the figures that figures.md shows and holds them against their budgets. Stock figures: the boards'
// shipped firmware, built with the same compiler and measured on the same emulator.
//
//   figures IMAGE_DIR FIELD_DATA FIGURES.json [--without-speed]        exit status 1 when a budget is broken
#include <fmt/ranges.h>
#include <unistd.h>

#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include "firmware/metering/estimator.hpp"
#include "protocol/jeenode.hpp"
#include "sim/image/image_engine.hpp"
#include "sim/run/main_board.hpp"
#include "sim/run/runner.hpp"
#include "sim/world/environment.hpp"
#include "tests/bench/figure_table.hpp"

namespace {

namespace fs = std::filesystem;
using namespace flm::sim;
using flm::bench::FigureTable;

constexpr double kVolts = 230.0;

Sensor clamp_sensor(int id) {
  Sensor s;
  s.id = id;
  s.ports = {id};
  s.voltage = kVolts;
  return s;
}

Sensor pulse_sensor(int id) {
  Sensor s;
  s.id = id;
  s.sensor_class = SensorClass::pulse;
  s.ports = {id};
  return s;
}

Waveform synthetic(int port, Shape shape, double amps) {
  Waveform w;
  w.port = port;
  w.shape = shape;
  w.amps = amps;
  w.repeat = true;
  return w;
}

Pulses pulses(int port, double every, double width, double bounce) {
  Pulses p;
  p.port = port;
  p.every = every;
  p.width = width;
  p.bounce = bounce;
  return p;
}

/// Three clamps, bouncing pulses on every pulse port that is left, and a stock host that polls.
Scenario full_load(const std::string& board, double duration) {
  Scenario s;
  s.board = board;
  s.duration = duration;
  const Shape shapes[] = {Shape::sine, Shape::peaky, Shape::dimmed};
  for (int port = 1; port <= 3; ++port) {
    s.sensors.push_back(clamp_sensor(port));
    s.waveforms.push_back(synthetic(port, shapes[port - 1], 4.0 * port));
  }
  for (int port = 4; port <= 5; ++port) {
    s.sensors.push_back(pulse_sensor(port));
    s.pulses.push_back(pulses(port, 0.05, 0.02, 0.005));
  }
  return s;
}

/// Mean over the run of what a sensor reported, from its fourth reading on.
double mean_power(const Run& run, int sensor) {
  double sum = 0.0;
  int count = 0, seen = 0;
  for (const Record& record : run.records)
    if (const Reading* r = std::get_if<Reading>(&record); r && r->sensor == sensor && ++seen > 3) {
      sum += r->extra;
      ++count;
    }
  return count ? sum / count : std::nan("");
}

/// Power that the stock firmware computes from the same codes by the rectified mean, W.
double stock_power(const Environment& environment, int port, double duration, const BoardModel& board) {
  double sum = 0.0;
  std::int64_t count = 0;
  for (std::int64_t tick = port - 1; board.tick_time(tick) < nanoseconds(duration); tick += 3, ++count)
    sum += environment.convert(port, tick);
  return sum / static_cast<double>(count) * std::floor(0.449 * kVolts * 50.0) * 0.0024;
}

void emulator(const fs::path& images, const std::string& name) {
  const bool b = name == "flm02b";
  const BoardModel& board = board_model(name);
  const Scenario scenario = full_load(name, 20.0);
  Environment environment(scenario, board);
  const fs::path elf = images / (name + ".elf");
  ImageEngine engine(board, environment, elf);
  engine.enable_measurements();
  MainBoard(scenario, board, engine, {}).run(nanoseconds(scenario.duration));
  const Measurements& m = engine.measurements();
  const ElfSizes sizes = read_sizes(elf);

  FigureTable t(
      name,
      fmt::format("{}, full load on the emulator (three clamps, two bouncing pulse ports, polled)", name));
  t.at_least("samples", "samples per second and clamp", "667", 2000, m.samples_per_second, "1/s");
  t.at_most("jitter", "jitter of the conversion start, peak to peak", b ? "70 us" : "200 us", 0,
            static_cast<double>(m.start_jitter), "cycles");
  t.at_most("missed", "triggers missed, inputs selected too late", "", 0,
            static_cast<double>(m.missed_triggers + m.repeated_inputs), "");
  for (const auto& [vector, times] : m.interrupts) {
    const bool adc = vector == "ADC";
    const std::string stock = adc                   ? (b ? "427 / 505 / 585" : "390 / 409 / 480")
                              : vector == "SPI_STC" ? (b ? "105 / 153 / 374" : "98 / 154 / 380")
                                                    : "";
    if (adc)
      t.at_most(vector + "_median", vector + " interrupt, median", stock, board.has_radio() ? 236 : 240,
                times.median, "cycles");  // FLM02A looks at port 6's receiver as well
    else
      t.plain(vector + "_median", vector + " interrupt, median", stock, times.median, "cycles");
    t.plain(vector + "_min", vector + " interrupt, shortest", "", times.min, "cycles");
    t.plain(vector + "_max", vector + " interrupt, longest", "", times.max, "cycles");
    t.plain(vector + "_latency", vector + " interrupt, worst latency",
            b ? (adc                   ? "527"
                 : vector == "SPI_STC" ? "941"
                                       : "")
              : (adc                   ? "374"
                 : vector == "SPI_STC" ? "643"
                                       : ""),
            static_cast<double>(times.worst_latency), "cycles");
  }
  t.at_most("share", "time in interrupts",
            b ? "6.8 % at a third of the rate" : "23.8 % at a third of the rate", b ? 13 : 52,
            100.0 * m.interrupt_share, "%");
  const double cycle_us = b ? 1 / 16.0 : 1 / 3.6864;
  t.at_most("interrupts_off", "longest time with interrupts off",
            b ? "58 .. 218 ms in `ct`" : "58 ms in `ct`", b ? 40 : 100,
            static_cast<double>(m.longest_interrupts_off) * cycle_us, "us");
  t.at_most("spi", "SPI byte end to reply loaded, worst", b ? "51.3 us" : "217.6 us", b ? 20 : 90,
            static_cast<double>(m.worst_spi_answer) / 1000.0, "us");
  t.at_most("gd", "message's `.` to reply ready, worst, `gd`", b ? "2.8 ms" : "14.6 ms", b ? 1 : 5,
            static_cast<double>(m.worst_reply) / 1e6, "ms");
  t.at_most("flash", "flash", b ? "7 546 B" : "6 092 B", b ? 16384 : 15360, sizes.flash, "B");
  t.plain("ram", "static RAM", b ? "656 B" : "741 B", sizes.ram, "B");
  t.at_most("ram_stack", "static RAM and deepest stack in this run", b ? "694 B" : "", 1024,
            sizes.ram + m.deepest_stack, "B");
}

/// Everything at once: to the full load a smart meter's telegrams of 2 192 bytes, one a second, and on FLM02B
/// the radio's packets.
void everything(const fs::path& images, const std::string& name) {
  const bool b = name == "flm02b";
  const BoardModel& board = board_model(name);
  Scenario scenario = full_load(name, 60.0);
  Sensor meter;
  meter.id = 6;
  meter.sensor_class = SensorClass::p1;
  meter.ports = {6};
  scenario.sensors.push_back(meter);
  SerialTraffic telegrams;
  telegrams.file = fs::path(FLM_SOURCE_DIR) / "tests/data/p1/emucs-peak-and-long-text.txt";
  telegrams.at = 1.3;
  telegrams.every = 1.0;
  scenario.serial = {telegrams};
  if (b) scenario.radio.push_back({fs::path(FLM_SOURCE_DIR) / "tests/data/radio/kubes.txt", 19.2});
  scenario.front_end.seed = 2;  // noise like a synchron pattern costs a packet in 1 000, and none of these 48
  Environment environment(scenario, board);
  const fs::path elf = images / (name + ".elf");
  ImageEngine engine(board, environment, elf);
  engine.enable_measurements();
  std::uint32_t telegrams_read = 0, refused = 0;
  double packets = 0;
  LinkObserver observer;
  observer.record = [&](const Record& record) {
    if (std::holds_alternative<RadioPacket>(record)) ++packets;
    if (const MeterReport* report = std::get_if<MeterReport>(&record)) {
      telegrams_read = report->fields[1];
      refused = std::accumulate(report->fields.begin() + 7, report->fields.end(), 0u);
    }
  };
  MainBoard(scenario, board, engine, observer).run(nanoseconds(scenario.duration));
  const Measurements& m = engine.measurements();
  const ElfSizes sizes = read_sizes(elf);

  FigureTable t("everything_" + name,
                fmt::format("{}, everything at once: full load, a telegram of 2 192 bytes a second{}", name,
                            b ? ", three kubes and a JeeNode" : ""));
  t.at_least("telegrams", "telegrams read in a minute", "", 58, telegrams_read, "");
  t.at_most("refused", "telegrams and values refused, bytes lost", "", 0, refused, "");
  if (b) t.at_least("packets", "radio packets read in a minute", "", 48, packets, "");
  // FLM02A is at its end here: a conversion in 30 000 starts a tick late when bytes of the host, of the meter
  // and a pulse come together.
  t.at_most("late", "conversions that start a tick late, in a minute", "", b ? 0 : 16,
            static_cast<double>(m.missed_triggers), "");
  t.at_most("late_inputs", "inputs selected too late", "", 0, static_cast<double>(m.repeated_inputs), "");
  // The FIFO's word at 2 MHz is 128 of these cycles, the fastest below the chip's 2.5 MHz: the aim of 220
  // and 320 was for 8 MHz.
  for (const auto& [vector, times] : m.interrupts)
    if (vector == "INT0") {
      t.at_most("radio_median", "radio interrupt, median", "404", 290, times.median, "cycles");
      t.at_most("radio_worst",
                "radio interrupt, worst, a look at the pulse ports that fell due in it included", "561", 440,
                times.max, "cycles");
    }
  const double cycle_us = b ? 1 / 16.0 : 1 / 3.6864;
  t.at_most("interrupts_off", "longest time with interrupts off",
            b ? "58 .. 218 ms in `ct`" : "58 ms in `ct`", b ? 40 : 100,
            static_cast<double>(m.longest_interrupts_off) * cycle_us, "us");
  t.at_most("spi", "SPI byte end to reply loaded, worst", b ? "51.3 us" : "217.6 us", b ? 20 : 95,
            static_cast<double>(m.worst_spi_answer) / 1000.0, "us");
  t.at_most("flash", "flash", b ? "7 546 B" : "6 092 B", b ? 16384 : 15360, sizes.flash, "B");
  t.at_most("ram_stack", "static RAM and deepest stack in this run", b ? "694 B" : "", 1024,
            sizes.ram + m.deepest_stack, "B");
}

/// Samples of a waveform on a 50 A clamp that are at the converter's full scale, in %.
double clipped_share(const std::string& name, const Waveform& waveform) {
  Scenario s;
  s.board = name;
  s.sensors = {clamp_sensor(1)};
  s.waveforms = {waveform};
  const Environment environment(s, board_model(name));
  int clipped = 0;
  constexpr int samples = 20'000;
  for (std::int64_t tick = 1'000; tick < 1'000 + samples; ++tick)
    clipped += environment.convert(1, tick) == flm::metering::full_scale_code;
  return 100.0 * clipped / samples;
}

struct Load {
  std::string key, name;
  Shape shape;
  std::vector<double> amps;
  double percent;  ///< budget
  double watts;    ///< or this, whichever is more
};

/// RMS of a current of `amps` RMS less its mean, which a clamp does not pass, over `amps`.
double passed_share(const Environment& environment, double amps, double period) {
  double sum = 0.0;
  constexpr int points = 20'000;
  for (int i = 0; i < points; ++i) sum += environment.current(1, nanoseconds(period * i / points));
  const double mean = sum / points / amps;
  return std::sqrt(1.0 - mean * mean);
}

/// A current as a file of `seconds` at `rate` Hz, which a waveform repeats.
class CurrentFile {
 public:
  template <class Current>
  CurrentFile(int port, double seconds, const Current& current, double rate = 4000.0) {
    waveform_.port = port;
    waveform_.file = fs::temp_directory_path() / fmt::format("flm-figures-{}-{}.csv", getpid(), port);
    waveform_.rate = rate;
    waveform_.repeat = true;
    std::ofstream out(waveform_.file);
    for (int i = 0; i < static_cast<int>(seconds * rate + 0.5); ++i) out << current(i / rate) << '\n';
  }
  ~CurrentFile() { fs::remove(waveform_.file); }
  CurrentFile(const CurrentFile&) = delete;
  CurrentFile& operator=(const CurrentFile&) = delete;
  [[nodiscard]] const Waveform& waveform() const { return waveform_; }

 private:
  Waveform waveform_;
};

double sine_amps(double amps, double t) {
  return amps * std::numbers::sqrt2 * std::sin(2.0 * std::numbers::pi * 50.0 * t);
}

/// Rectifier peaks, crest factor 3.5, of an RMS.
double peaky_amps(double amps, double t) {
  constexpr double crest = 3.5,
                   width = 0.02 / (crest * crest);  // s; a cosine's mean square is half its peak's
  const double from_peak = std::fmod(t + 1e-9, 0.01) - 0.005,
               sign = std::fmod(t + 1e-9, 0.02) < 0.01 ? 1.0 : -1.0;
  return std::abs(from_peak) < width / 2.0
             ? sign * amps * crest * std::cos(std::numbers::pi * from_peak / width)
             : 0.0;
}

constexpr double kTau = 0.00191,
                 kSlowTau = 0.020;  ///< s, of the smoother: as the boards have it, and a slow one

/// `tau` of the front end, with the board's setting to match.
void accuracy(const std::string& name, const fs::path& field, double tau) {
  const bool usual = tau == kTau;
  const BoardModel& board = board_model(name);
  FigureTable t(fmt::format("accuracy_{}_{:.0f}us", name, tau * 1e6),
                fmt::format("Accuracy on {}: error of the power, 50 A clamp, 230 V, smoother of {:g} ms, 0.5 "
                            "LSB noise, mean over 30 s",
                            name, tau * 1e3));
  const auto measure = [&](const std::string& key, const std::string& text, const std::string& curve,
                           Waveform waveform, double amps, double percent, double watts, bool ideal = false) {
    Scenario s;
    s.board = name;
    s.duration = 34.0 + (waveform.file.empty() ? 0.0 : 6.0);  // 36 s of readings: forty passes of 0.9 s
    s.sensors = {clamp_sensor(1)};
    s.waveforms = {waveform};
    s.front_end.tau = tau;
    if (ideal) s.front_end.clamp_corner = 0.0;
    if (!usual) s.host.push_back({0.1, fmt::format("st 0 {:.0f}", tau * 1e6)});
    const Environment environment(s, board);
    if (!waveform.file.empty()) amps = environment.true_rms(1, 0, nanoseconds(0.9));
    const double truth = kVolts * amps,
                 passed = ideal ? 1.0 : passed_share(environment, amps, waveform.file.empty() ? 0.02 : 0.9);
    const double stock = 100.0 * (stock_power(environment, 1, s.duration, board) / truth - 1.0);
    const double error = 100.0 * (mean_power(run_scenario(s, {}), 1) / truth - 1.0);
    const std::string what = fmt::format("{}, {:.4g} W", text, truth),
                      theirs = fmt::format("{:+.1f} %", std::round(stock * 10.0) / 10.0 + 0.0);
    const double of_passed = (100.0 + error) / passed - 100.0;  // error against what the clamp passes
    const double budget = std::max(percent, 100.0 * watts / truth);
    if (passed < 0.999) {
      t.plain(key, what, theirs, error, "%");
      if (usual && percent > 0.0)
        t.within("passed_" + key, what + ", against what the clamp passes", "", budget, of_passed, "%");
    } else if (usual && percent > 0.0)
      t.within(key, what, theirs, budget, error, "%");
    else
      t.plain(key, what, theirs, error, "%");
    if (!curve.empty()) {
      t.point(curve, amps, of_passed);
      t.point("stock: " + curve, amps, stock);
    }
  };

  const std::vector<Load> loads = {
      {"sine", "sine", Shape::sine, {0.25, 0.5, 1, 2, 5, 10, 20, 30}, 0.5, 2.0},
      {"triangle", "triangle", Shape::triangle, {1, 2, 5, 10, 20}, 1.5, 0.0},
      {"half", "half wave", Shape::half, {1, 2, 5, 10, 20}, 1.5, 0.0},
      {"dimmed", "phase cut at 90 degrees", Shape::dimmed, {1, 2, 5, 10, 20}, 1.5, 0.0},
      {"peaky", "rectifier peaks, crest factor 3.5", Shape::peaky, {1, 2, 5, 10}, 2.5, 0.0},
  };
  for (const Load& load : loads)
    for (const double amps : load.amps)
      measure(fmt::format("{}_{:g}", load.key, amps), fmt::format("{}, {} A", load.name, amps),
              load.shape == Shape::half ? "half wave less its mean" : load.name,
              synthetic(1, load.shape, amps), amps, load.percent, load.watts);
  if (usual) {
    for (const double amps : {1.0, 5.0, 20.0})
      measure(fmt::format("ideal_half_{:g}", amps),
              fmt::format("half wave, {} A, a clamp that passed DC", amps), "",
              synthetic(1, Shape::half, amps), amps, 1.5, 0.0, true);
    measure("saturated_half_30", "half wave, 30 A: its mean saturates the core", "",
            synthetic(1, Shape::half, 30.0), 30.0, 0.0, 0.0);
    // The end of the range: the smoothed wave's crest is over the converter's full scale.
    for (const auto& [shape, shape_name] :
         {std::pair(Shape::sine, "sine"), std::pair(Shape::triangle, "triangle"),
          std::pair(Shape::peaky, "peaky")})
      for (const double amps : {38.0, 41.0, 45.0, 50.0}) {
        const Waveform waveform = synthetic(1, shape, amps);
        const std::string text = fmt::format("{}, {} A", shape_name, amps);
        measure(fmt::format("top_{}_{:g}", shape_name, amps), text, "", waveform, amps, 0.0, 0.0);
        t.plain(fmt::format("clipped_{}_{:g}", shape_name, amps), text + ", samples at full scale", "",
                clipped_share(name, waveform), "%");
      }
  }
  if (usual) {
    const CurrentFile pulses(
        1, 0.02,
        [](double at) {
          return std::abs(std::fmod(at + 1e-9, 0.01) - 0.005) < 0.0005 ? (at < 0.01 ? 15.8 : -15.8) : 0.0;
        },
        1e5);
    measure("narrow_pulses", "pulses of 1 ms, 5 A", "", pulses.waveform(), 0.0, 0.0, 0.0);
    const CurrentFile dimmer(
        1, 0.02,
        [](double at) {
          return std::fmod(at + 1e-9, 0.01) > 0.01 * 150.0 / 180.0 ? sine_amps(30.0, at) : 0.0;
        },
        1e5);
    measure("narrow_dimmer", "phase cut at 150 degrees, 5 A", "", dimmer.waveform(), 0.0, 0.0, 0.0);
  }
  const std::pair<const char*, double> recordings[] = {
      {"fridge", 0.000346}, {"kettle", 0.000353}, {"television", 0.000118}};
  for (const auto& [appliance, amps_per_unit] : recordings) {
    Waveform w;
    w.port = 1;
    w.file = field / "waveforms" / fmt::format("voelkerb-{}-on.wav", appliance);
    w.scale = amps_per_unit * 32768.0;
    w.repeat = true;
    if (fs::exists(w.file))
      measure(appliance, fmt::format("{}, recorded", appliance), "", w, 0.0, 1.5, 2.0);
    else
      fmt::print("\nNOT MEASURED: {} is not there\n\n", w.file.string());
  }
}

/// Mean of what sensor 1 reported in (from, to].
double mean_power(const Run& run, double from, double to) {
  double sum = 0.0;
  int count = 0;
  for (const Record& record : run.records)
    if (const Reading* r = std::get_if<Reading>(&record);
        r && r->sensor == 1 && r->t > from + 0.5 && r->t < to + 0.5) {
      sum += r->extra;
      ++count;
    }
  return count ? sum / count : std::nan("");
}

/// Loads that switch whole cycles of the mains, at five positions against the board's second: the largest
/// error of them.
void switching(const std::string& name) {
  FigureTable t(
      "switching_" + name,
      fmt::format("{}: loads that switch, worst of five positions against the board's second", name));
  const auto measure = [&](const std::string& key, const std::string& what, double budget, double period,
                           double share, double watts, double base_watts, auto base) {
    const double on = std::round(share * period / 0.02) * 0.02,
                 file = period < 1.0 ? std::round(1.0 / period) * period * 20.0 : period * 20.0;
    const double seconds = period > 10.0 ? period * 3.0 : 20.0;
    double worst = 0.0, truth = 0.0;
    for (const double offset : {0.0, 0.013, 0.237, 0.491, 0.775}) {
      const CurrentFile current(1, file, [&](double at) {
        at += offset;
        return (std::fmod(at + 1e-9, period) < on - 1e-6 ? sine_amps(watts / kVolts, at) : 0.0) +
               base(base_watts / kVolts, at);
      });
      Scenario s;
      s.board = name;
      s.duration = seconds + 6.0;
      s.sensors = {clamp_sensor(1)};
      s.waveforms = {current.waveform()};
      if (offset == 0.0) truth = kVolts * Environment(s, board_model(name)).true_rms(1, 0, nanoseconds(file));
      const double error = 100.0 * (mean_power(run_scenario(s, {}), 4.0, 4.0 + seconds) / truth - 1.0);
      if (std::abs(error) > std::abs(worst)) worst = error;
    }
    if (budget > 0.0)
      t.within(key, what, "", budget, worst, "%");
    else
      t.plain(key, what, "", worst, "%");
  };
  const auto nothing = [](double, double) { return 0.0; };
  const std::pair<double, std::vector<double>> periods[] = {
      {0.04, {0.5}},          {0.1, {0.2, 0.6}},           {0.2, {0.1, 0.5, 0.9}},
      {0.5, {0.2, 0.8}},      {1.0, {0.1, 0.3, 0.5, 0.9}}, {2.0, {0.1, 0.5}},
      {20.0, {0.1, 0.5, 0.9}}};
  for (const auto& [period, shares] : periods)
    for (const double share : shares)
      measure(fmt::format("heater_{:g}_{:g}", period, share),
              fmt::format("2 kW for {:g} % of each {:g} s", 100.0 * share, period), 2.0, period, share,
              2000.0, 0.0, nothing);
  measure("heater_230", "230 W for 30 % of each second", 0.0, 1.0, 0.3, 230.0, 0.0, nothing);
  measure("with_sine", "2 kW for 30 % of each second, and 230 W of a sine", 2.0, 1.0, 0.3, 2000.0, 230.0,
          sine_amps);
  measure("with_peaks", "2 kW for 30 % of each second, and 115 W of rectifier peaks", 0.0, 1.0, 0.3, 2000.0,
          115.0, peaky_amps);
}

/// An uncalibrated board: its noise, which it learns when there is no current, and a smoother
/// that is not the schematic's.
void uncalibrated(const std::string& name) {
  FigureTable t("uncalibrated_" + name, fmt::format("{}: a board as it comes", name));
  for (const double noise : {0.0, 0.25, 0.5, 0.75, 1.0, 1.5}) {
    const CurrentFile current(1, 80.0, [](double at) { return at < 40.0 ? 0.0 : sine_amps(0.25, at); });
    Scenario s;
    s.board = name;
    s.duration = 78.0;
    s.sensors = {clamp_sensor(1)};
    s.waveforms = {current.waveform()};
    s.front_end.noise_lsb = noise;
    const Run run = run_scenario(s, {});
    t.at_most(fmt::format("ghost_{:g}", noise), fmt::format("no current, noise of {:g} LSB", noise), "", 0.0,
              mean_power(run, 1.0, 38.0), "W");
    const double error = 100.0 * (mean_power(run, 44.0, 76.0) / 57.5 - 1.0);
    if (noise <= 1.0)
      t.within(fmt::format("small_{:g}", noise),
               fmt::format("0.25 A after 40 s of no current, noise of {:g} LSB", noise), "", 3.0, error, "%");
    else
      t.plain(fmt::format("small_{:g}", noise),
              fmt::format("0.25 A after 40 s of no current, noise of {:g} LSB", noise), "", error, "%");
  }
  for (const double off : {-0.2, 0.2})
    for (const auto& [shape, shape_key, shape_name] :
         {std::tuple(Shape::sine, "sine", "sine"),
          std::tuple(Shape::dimmed, "dimmed", "phase cut at 90 degrees"),
          std::tuple(Shape::peaky, "peaky", "rectifier peaks")}) {
      Scenario s;
      s.board = name;
      s.duration = 34.0;
      s.sensors = {clamp_sensor(1)};
      s.waveforms = {synthetic(1, shape, 5.0)};
      s.front_end.tau = kTau * (1.0 + off);
      t.plain(fmt::format("tau_{}_{:.0f}", shape_key, 100.0 * off),
              fmt::format("smoother {:+.0f} % off the schematic's, {}, 5 A", 100.0 * off, shape_name), "",
              100.0 * (mean_power(run_scenario(s, {}), 1) / (5.0 * kVolts) - 1.0), "%");
    }
}

void no_load_and_energy(const std::string& name) {
  FigureTable t("counting_" + name, fmt::format("{}: no load, energy, pulses (native engine)", name));
  Scenario none;
  none.board = name;
  none.duration = 3600.0;
  none.sensors = {clamp_sensor(1)};
  const Run idle = run_scenario(none, {});
  t.at_most("no_load", "no load, mean power", "", 1.0, mean_power(idle, 1), "W");
  t.at_most("no_load_counts", "no load, counts in an hour", "", 0.0,
            std::get<Reading>(idle.records.back()).counter, "Wh");

  // A day of a house: an oven of 2 kW, fired in bursts for 40 s of each minute, beside electronics; an
  // induction hob that pulses; a diverter of solar energy, which lets through whole cycles of 3 kW, 37 % of
  // them.
  const CurrentFile oven(1, 60.0, [](double at) {
    return (std::fmod(at, 60.0) < 40.0 && std::fmod(at + 1e-9, 1.0) < 0.3 - 1e-6
                ? sine_amps(2000.0 / kVolts, at)
                : 0.0) +
           peaky_amps(0.3, at);
  });
  const CurrentFile hob(2, 20.0, [](double at) {
    return sine_amps((std::fmod(at + 1e-9, 2.0) < 0.5 - 1e-6 ? 1800.0 : 60.0) / kVolts, at);
  });
  const CurrentFile diverter(3, 20.0, [](double at) {
    const double cycle = std::floor(at / 0.02 + 1e-6);
    return std::floor((cycle + 1.0) * 0.37) > std::floor(cycle * 0.37) ? sine_amps(3000.0 / kVolts, at) : 0.0;
  });
  Scenario day = full_load(name, 86400.0);
  day.waveforms = {oven.waveform(), hob.waveform(), diverter.waveform()};
  day.pulses.clear();
  const Environment house(day, board_model(name));
  double put_in = 0.0, counted = 0.0;
  const Run whole = run_scenario(day, {});
  for (int sensor = 1; sensor <= 3; ++sensor) {
    double joules = 0.0, counter = 0.0;
    for (const Record& record : whole.records)
      if (const Reading* r = std::get_if<Reading>(&record); r && r->sensor == sensor) {
        joules += r->extra;
        counter = r->counter;
      }
    const double energy = joules / 3600.0;
    counted += counter;
    const double put_in_here = 24.0 * kVolts * house.true_rms(sensor, 0, nanoseconds(60.0));
    put_in += put_in_here;
    constexpr const char* loads[] = {"an oven of 2 kW fired in bursts, and electronics", "a hob that pulses",
                                     "a diverter of 3 kW, whole cycles"};
    t.plain(fmt::format("house_{}", sensor),
            fmt::format("24 h of {}, {:.0f} Wh put in", loads[sensor - 1], put_in_here), "",
            100.0 * (counter / put_in_here - 1.0), "%");
    t.at_most(
        fmt::format("energy_{}", sensor),
        fmt::format("24 h, sensor {}: counter against the integral of {:.0f} Wh of readings", sensor, energy),
        "", 1.0 + energy * 1e-5, std::abs(counter - energy), "Wh");
  }

  t.within("house", fmt::format("24 h of the three together, {:.0f} Wh put in", put_in), "", 1.0,
           100.0 * (counted / put_in - 1.0), "%");

  const auto miscounts = [&](double every, double width, double bounce) {
    Scenario s;
    s.board = name;
    s.duration = std::max(20.0, 30.0 * every);
    s.parts.pull_up = 50e3;  // the data sheet's weakest: it charges an input's capacitance for longest
    for (const PulsePort& p : board_model(name).pulse_inputs) {
      s.sensors.push_back(pulse_sensor(p.port));
      s.sensors.back().id = p.port;
      s.pulses.push_back(pulses(p.port, every, width, bounce));
    }
    Environment environment(s, board_model(name));
    const Run run = run_scenario(s, {});
    double wrong = 0.0;
    for (const PulsePort& p : board_model(name).pulse_inputs) {
      const Reading *first = nullptr, *last = nullptr;
      for (const Record& record : run.records)
        if (const Reading* r = std::get_if<Reading>(&record); r && r->sensor == p.port) {
          if (!first) first = r;
          last = r;
        }
      if (!first || first == last) return std::nan("");
      // From stamp to stamp, so that neither end is cut by a poll; a stamp lies within a millisecond of its
      // edge, the edges further apart.
      const auto at = [](const Reading& r) { return Nanoseconds{r.extra} * 1'000'000 + kFirstSample; };
      const Nanoseconds slack = nanoseconds(std::min(every / 2.0, bounce + 0.002));
      wrong += std::abs(
          static_cast<double>(last->counter - first->counter) -
          static_cast<double>(environment.true_pulses(p.port, at(*first) + slack - nanoseconds(bounce),
                                                      at(*last) + slack - nanoseconds(bounce))));
    }
    return wrong;
  };
  double wrong = 0.0;
  const double fastest = board_model(name).input_capacitance_nf > 0.0 ? 40.0 : 60.0;
  for (const double share : {0.0017, 0.0062, 0.017, 0.055, 0.17, 0.45, 0.83, 1.0})
    wrong += miscounts(1.0 / (share * fastest), 0.5 / (share * fastest), 0.0);
  t.at_most("miscounted",
            fmt::format("pulses miscounted, 0.1 to {:.0f} Hz at 50 % duty, all ports at once", fastest),
            "1 of 3 counted at 120 Hz", 0.0, wrong, "");
  t.at_most("miscounted_s0", "pulses miscounted, 30 ms with 5 ms of bounce, all ports at once",
            "1 353 for 200 (FLM02A)", 0.0, miscounts(0.0667, 0.030, 0.005), "");
}

/// Frames on the air, what a polling host gets of them: in a steady stream, and at 160 positions against the
/// poll.
void radio(const fs::path& images) {
  const BoardModel& board = board_model("flm02b");
  FigureTable t(
      "radio",
      fmt::format("Radio on FLM02B's image, 160 frames of 10 bytes at 19.2 kbit/s, polled every {} ms",
                  board.poll_period / std::chrono::milliseconds(1)));
  constexpr int frames = 160;
  const auto delivered = [&](double spacing) {
    const fs::path file = fs::temp_directory_path() / fmt::format("flm-figures-{}.txt", getpid());
    std::ofstream out(file);
    for (int i = 0; i < frames; ++i) {
      std::vector<std::uint8_t> frame = {flm::protocol::jeenode::default_group, 9, 10};
      for (int byte = 0; byte < 10; ++byte) frame.push_back(static_cast<std::uint8_t>(i));
      const std::uint16_t crc = flm::protocol::jeenode::frame_crc(frame.data(), frame.size());
      frame.push_back(static_cast<std::uint8_t>(crc & 0xFF));
      frame.push_back(static_cast<std::uint8_t>(crc >> 8));
      out << fmt::format("{:.6f} {:02x}\n", 2.0 + spacing * i, fmt::join(frame, ""));
    }
    out.close();
    Scenario s = full_load("flm02b", 3.0 + spacing * frames);
    s.radio.push_back({file, 19.2});
    RunOptions options;
    options.engine = EngineKind::image;
    options.image = images / "flm02b.elf";
    const Run run = run_scenario(s, options);
    fs::remove(file);
    int in_order = 0;
    for (const Record& record : run.records)
      if (const RadioPacket* packet = std::get_if<RadioPacket>(&record))
        if (packet->frame.size() == 15 && packet->frame[3] == in_order) ++in_order;
    return in_order;
  };
  t.at_least("stream", "delivered in order, 8 frames a second", "157, some late or in reverse", frames,
             delivered(0.125), "");
  const double poll = in_seconds(board.poll_period);
  t.at_least("sweep", "delivered in order, each at a different position against the poll", "149", frames,
             delivered(4 * poll + poll / frames), "");
}

void speed(const fs::path& images) {
  FigureTable t(
      "speed",
      "Speed on this machine, one core: three clamps and two meters with a pulse a second on FLM02B");
  Scenario s = full_load("flm02b", 3600.0);
  for (Pulses& p : s.pulses) p.every = 1.0;
  const std::clock_t start = std::clock();
  static_cast<void>(run_scenario(s, {}));
  const double native = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  const double native_speed = s.duration / native;
  t.plain("native", "native engine", "", native_speed, "x real time");
  s.duration = 20.0;
  RunOptions options;
  options.engine = EngineKind::image;
  options.image = images / "flm02b.elf";
  const std::clock_t image_start = std::clock();
  static_cast<void>(run_scenario(s, options));
  const double image = static_cast<double>(std::clock() - image_start) / CLOCKS_PER_SEC;
  t.at_least("image", "image engine", "4.2 x", 4, s.duration / image, "x real time");
  t.at_least("ratio", "native engine against the image engine, in one run", "", 40,
             native_speed * image / s.duration, "x");
}

}  // namespace

int main(int argc, char** argv) {
  const bool with_speed = argc == 4;
  if (argc < 4 || argc > 5 || (argc == 5 && std::string(argv[4]) != "--without-speed")) {
    fmt::print(stderr, "usage: figures IMAGE_DIR FIELD_DATA FIGURES.json [--without-speed]\n");
    return 2;
  }
  try {
    const fs::path images = argv[1], field = argv[2];
    for (const char* board : {"flm02b", "flm02a"}) {
      emulator(images, board);
      everything(images, board);
      accuracy(board, field, kTau);
      accuracy(board, field, kSlowTau);
      switching(board);
      uncalibrated(board);
      no_load_and_energy(board);
    }
    radio(images);
    if (with_speed) speed(images);
    flm::bench::save(argv[3]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "figures: {}\n", error.what());
    return 2;
  }
  fmt::print("\n{} of the budgets broken\n", flm::bench::broken());
  return flm::bench::broken() == 0 ? 0 : 1;
}
