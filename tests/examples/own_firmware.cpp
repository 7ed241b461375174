// The example of one's own firmware on an emulated ATmega328P: what it prints against the current that was
// put in.
//   own_firmware FIRMWARE.elf README.md         the README has the table that this prints
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <numbers>
#include <string>
#include <vector>

#include "sim/image/chip/chip.hpp"
#include "sim/image/chip/interrupts.hpp"
#include "sim/image/elf/elf.hpp"
#include "sim/image/pins/adc.hpp"
#include "sim/image/pins/uart.hpp"
#include "sim/scenario/random.hpp"
#include "tests/examples/own-firmware/clamp.hpp"

namespace {

using namespace flm;

constexpr std::uint32_t crystal_hz = 16'000'000;
constexpr sim::CrystalTime tick = 64 * 120;  ///< timer 0 of its hal.hpp
constexpr double mains_hz = 49.97;           ///< not in step with the converter, nor with the second
constexpr double bias = 508.3;               ///< code of half the supply, from two resistors of 1 %
constexpr int seconds = 30;

/// A current over the angle of the mains.
struct Current {
  const char* name;
  double amps;  ///< RMS
  std::function<double(double angle)> shape;

  /// RMS of the shape, summed up over a period.
  [[nodiscard]] double shape_rms() const {
    constexpr int steps = 100'000;
    double sum = 0;
    for (int i = 0; i < steps; ++i) sum += std::pow(shape((i + 0.5) / steps * 2 * std::numbers::pi), 2);
    return std::sqrt(sum / steps);
  }
};

struct Line {
  unsigned watts, samples;
  double wh;
};

struct Result {
  std::vector<Line> lines;
  std::uint64_t conversions = 0;
  bool regular = true;  ///< every conversion began a tick after the one before
  std::vector<std::string> warnings;
};

Result run(const sim::ElfFile& program, const Current& current) {
  Result result;
  const double scale = current.amps == 0 ? 0 : current.amps / current.shape_rms() / own::amps_per_count;
  sim::CrystalTime last = -1;
  std::uint64_t key = 0;
  sim::Chip chip(crystal_hz, false, "atmega328p");
  const sim::Interrupts interrupts(chip);
  sim::Adc adc(chip, [&](int input, sim::CrystalTime start) {
    result.regular = result.regular && input == 0 && (last < 0 || start - last == tick);
    last = start;
    const double angle = 2 * std::numbers::pi * mains_hz * static_cast<double>(start) / crystal_hz;
    // Box and Muller: half a count RMS.
    const double noise = 0.5 * std::sqrt(-2 * std::log(1 - sim::unit(key))) *
                         std::cos(2 * std::numbers::pi * sim::unit(key + 1));
    key += 2;
    const double code = std::round(bias + scale * current.shape(angle) + noise);
    return static_cast<std::uint16_t>(std::fmin(std::fmax(code, 0), 1023));
  });
  const sim::SerialLine silence({}, 1);
  const sim::Uart uart(chip, silence);
  chip.load(program);
  chip.run_until(chip.clock().crystal(seconds * std::int64_t{1'000'000'000} + 50'000'000));
  result.conversions = adc.conversions();
  result.warnings = chip.warnings();

  const std::string text(uart.sent().begin(), uart.sent().end());
  for (std::size_t at = 0, end; (end = text.find("\r\n", at)) != std::string::npos; at = end + 2) {
    const std::string line = text.substr(at, end - at);
    Line read{};
    int length = -1;
    if (std::sscanf(line.c_str(), "%u W %lf Wh %u samples%n", &read.watts, &read.wh, &read.samples,
                    &length) != 3 ||
        length != static_cast<int>(line.size())) {
      fmt::print("FAILED: a line '{}'\n", line);
      std::exit(1);
    }
    result.lines.push_back(read);
  }
  return result;
}

int failures = 0;
void check(bool ok, const std::string& what) {
  if (ok) return;
  ++failures;
  fmt::print("FAILED: {}\n", what);
}

double percent(double is, double wanted) { return 100 * (is / wanted - 1); }

/// A row of the table, and what is wrong.
std::string row(const sim::ElfFile& program, const Current& current) {
  const std::string name = fmt::format("{}, {:g} A", current.name, current.amps);
  const Result result = run(program, current);
  check(result.lines.size() == seconds,
        fmt::format("{}: {} lines in {} s", name, result.lines.size(), seconds));
  if (result.lines.empty()) return name;
  const double wanted = current.amps * own::mains_v;
  std::uint64_t samples = 0, watt_seconds = 0;
  double worst = 0;
  for (const Line& line : result.lines) {
    samples += line.samples;
    watt_seconds += line.watts;
    worst = std::fmax(worst, wanted == 0 ? line.watts : std::abs(percent(line.watts, wanted)));
    check(line.samples == 2083 || line.samples == 2084,
          fmt::format("{}: {} samples in a second", name, line.samples));
    check(std::abs(line.wh - static_cast<double>(watt_seconds) / 3600) < 0.001,
          fmt::format("{}: {} Wh after {} W s", name, line.wh, watt_seconds));
  }
  check(result.regular, name + ": a conversion was late, lost, or of the wrong input");
  check(result.conversions - samples < 2083 / 10,
        fmt::format("{}: {} conversions, {} samples reported", name, result.conversions, samples));
  check(result.warnings.size() == 1 &&
            result.warnings[0].find("reference") != std::string::npos,  // AVCC, which no board of ours has
        name + ": the chip would not do what the emulator did");
  const double mean = static_cast<double>(watt_seconds) / static_cast<double>(result.lines.size());
  if (wanted == 0) {
    check(worst == 0, name + ": it does not stand still");
    return fmt::format("| {} | 0 W | {:.0f} W | |", name, mean);
  }
  check(std::abs(percent(mean, wanted)) <= 1, fmt::format("{}: {} W, {} W were put in", name, mean, wanted));
  check(std::abs(percent(result.lines.back().wh, wanted * seconds / 3600)) <= 1,
        fmt::format("{}: {} Wh", name, result.lines.back().wh));
  return fmt::format("| {} | {:.0f} W | {:+.2f} % | {:.1f} % |", name, wanted, percent(mean, wanted), worst);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const sim::ElfFile program(argv[1]);
  const auto sine = [](double a) { return std::sin(a); };
  const auto cut = [](double a) {
    return std::fmod(a, std::numbers::pi) < std::numbers::pi / 2 ? 0 : std::sin(a);
  };
  const auto peaks = [](double a) { return std::pow(std::sin(a), 49); };
  std::vector<std::string> table = {"| current | power | error of 30 s | worst second |",
                                    "|---|---|---|---|"};
  for (const Current& current : std::vector<Current>{{"no load", 0, sine},
                                                     {"sine", 1, sine},
                                                     {"sine", 5, sine},
                                                     {"sine", 20, sine},
                                                     {"sine", 90, sine},
                                                     {"dimmer, cut at 90 degrees", 10, cut},
                                                     {"rectifier, crest factor 3.5", 10, peaks}})
    table.push_back(row(program, current));
  const sim::ElfSizes sizes = program.sizes();
  table.push_back(fmt::format("{} B of flash, {} B of static RAM.", sizes.flash, sizes.ram));

  std::ifstream in(argv[2]);
  const std::string readme((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  for (const std::string& line : table) {
    fmt::print("{}\n", line);
    check(readme.find(line + "\n") != std::string::npos,
          fmt::format("{} has a different line than this", argv[2]));
  }
  return failures == 0 ? 0 : 1;
}
