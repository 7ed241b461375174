// A supply near the comparator's threshold: what it does to the EEPROM's cells, and to the save at a real end
// of the power.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <new>
#include <random>
#include <thread>
#include <vector>

#include "boards/flm02a/board.hpp"
#include "boards/flm02b/board.hpp"
#include "sim/engine/eeprom_wear.hpp"
#include "sim/run/main_board.hpp"
#include "sim/run/runner.hpp"
#include "sim/world/environment.hpp"
#include "tests/bench/figure_table.hpp"
#include "tests/campaign/campaign.hpp"
#include "tests/campaign/state.hpp"
#include "tests/sim/stock_host.hpp"

namespace flm::campaign {
namespace {

using namespace sim;

constexpr Nanoseconds ms = 1'000'000, hour = Nanoseconds{3600} * 1'000'000'000;

constexpr double lives_through = 1e6;  ///< s of hold-up
constexpr double longest_run = 8.0;    ///< s

std::string suffix(const Corner& corner) { return corner.name == "nominal" ? "" : "_" + corner.name; }
std::string title(const Corner& corner) {
  return corner.name == "nominal" ? "" : fmt::format(", {} corner of its parts", corner.name);
}

/// A noise that the supply may have: ripple that crosses the threshold, or a train of dips through which the
/// CPU lives.
struct Noise {
  std::string what;
  double duration;  ///< s
  double threshold, volts;
  double ripple = 0.0, hz = 1000.0;
  double dip = 0.0, every = 0.0;  ///< s; 0: none
};

/// All noises; an hour of each, but ten minutes of what has more than 10 000 edges a second. `share` of that.
std::vector<Noise> noises(double share) {
  std::vector<Noise> list;
  for (const double threshold : {4.41, 4.85, 5.29})
    for (const double volts : {4.75, 5.0, 5.25})
      for (const double hz : {1.0, 3.0, 10.0, 50.0, 300.0, 1e3, 3e3, 10e3, 33e3, 100e3}) {
        const double ripple = std::abs(threshold - volts) * 1.2 + 0.05;
        Noise noise{fmt::format("ripple of {:.2f} V at {:g} Hz on {} V, threshold {} V", ripple, hz, volts,
                                threshold),
                    share * (hz > 5e3 ? 600.0 : 3600.0), threshold, volts};
        noise.ripple = ripple;
        noise.hz = hz;
        list.push_back(noise);
      }
  for (const double dip : {0.1e-3, 1e-3, 10e-3, 50e-3, 100e-3, 500e-3})
    for (const double every : {0.0, 0.1, 0.7, 4.0, 60.0}) {
      const double period = every == 0.0 ? dip + std::max(dip / 2.0, 1e-3) : every;
      if (period <= dip) continue;
      Noise noise{fmt::format("dips of {:g} ms every {:g} s", dip * 1e3, period),
                  share * (period < 0.01 ? 600.0 : 3600.0), 4.85, 5.0};
      noise.dip = dip;
      noise.every = period;
      list.push_back(noise);
    }
  return list;
}

/// Three clamps and two meters, none of whose pulses comes before the sensors are enabled.
Scenario house(const std::string& board, double duration, const Corner& corner) {
  Scenario s = full_load(board, duration);
  s.parts = corner.parts;
  s.supply.volts = corner.volts;
  for (Pulses& pulses : s.pulses) pulses.every = pulses.port == 4 ? 1.1 : 1.3;
  return s;
}

/// EEPROM writes to the worst cell within an hour of a noise, on a board that is configured and polled.
double worst_cell(const Noise& noise, const std::string& name, EngineKind kind,
                  const std::filesystem::path& elf, const Corner& corner) {
  Scenario s = house(name, noise.duration, corner);
  s.parts.threshold = noise.threshold;
  s.supply = {noise.volts, noise.ripple, noise.hz};
  if (noise.dip > 0.0) s.power = {{5.0, 5.0 + noise.dip, lives_through, noise.every, noise.duration}};
  const BoardModel& board = board_model(name);
  Environment environment(s, board);
  const auto engine = make_engine(kind, board, environment, elf);
  MainBoard(s, board, *engine, {}).run(nanoseconds(s.duration));
  return static_cast<double>(most_writes_within(engine->eeprom_log(), hour));
}

/// Results of work(i) for each i below `count`, in processes of their own, one a core; `crashed` where
/// there is nothing.
template <class Result, class Work>
std::vector<Result> in_children(std::size_t count, Result crashed, Work work) {
  void* memory =
      mmap(nullptr, count * sizeof(Result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* results = static_cast<Result*>(memory);
  std::uninitialized_fill_n(results, count, crashed);
  std::fflush(nullptr);
  const std::size_t processes = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t process = 0; process < processes; ++process) {
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("no process for a supply");
    if (child > 0) continue;
    for (std::size_t i = process; i < count; i += processes) try {
        results[i] = work(i);
      } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
      }
    _exit(0);
  }
  for (std::size_t process = 0; process < processes; ++process) wait(nullptr);
  std::vector<Result> all(results, results + count);
  munmap(memory, count * sizeof(Result));
  return all;
}

void wear(bench::FigureTable& t, const std::string& key, const std::string& title,
          const std::vector<Noise>& list, const std::string& board, EngineKind kind,
          const std::filesystem::path& elf, const Corner& corner) {
  const std::vector<double> writes = in_children(list.size(), std::nan(""), [&](std::size_t i) {
    return worst_cell(list[i], board, kind, elf, corner);
  });
  std::size_t worst = 0;
  double over = 0;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (!(writes[i] <= writes[worst])) worst = i;
    if (!(writes[i] <= 8.0)) ++over;
  }
  t.at_most(key, fmt::format("EEPROM writes to the worst cell in an hour: {}", title), "", 8, writes[worst],
            "");
  t.plain(key + "_over",
          fmt::format("noises of {} that need more; the worst: {}", list.size(), list[worst].what), "", over,
          "");
}

/// A flicker before a real end of the power.
struct End {
  Nanoseconds flicker, flicker_end, end;
};

/// State of a board after such ends.
struct Ends {
  double longest_ms = 0.0;  ///< from the end until the EEPROM holds all that there is to save
  int lost = 0, invented = 0, silent = 0;
};

/// Readings of a board whose power does not end: what its sensors had counted, each second.
struct Reference {
  std::vector<std::array<double, 6>> counters;  ///< by second, by sensor - 1
  Reference(const std::string& name, const Corner& corner) {
    const double duration = longest_run;
    Scenario s = house(name, duration, corner);
    const BoardModel& board = board_model(name);
    Environment environment(s, board);
    const auto engine = make_native_engine(board, environment);
    counters.resize(static_cast<std::size_t>(duration) + 2);
    LinkObserver observer;
    observer.record = [&](const Record& record) {
      if (const Reading* r = std::get_if<Reading>(&record))
        for (auto second = static_cast<std::size_t>(r->t); second < counters.size(); ++second)
          counters[second][static_cast<std::size_t>(r->sensor - 1)] = static_cast<double>(r->counter);
    };
    MainBoard(s, board, *engine, observer).run(nanoseconds(duration));
  }
};

constexpr Nanoseconds hold_up = 90 * ms;  ///< after the real end
constexpr Nanoseconds away = 400 * ms;    ///< from the real end until the supply is back
constexpr Nanoseconds debounce_and_bounce =
    20 * ms;  ///< a pulse that has begun so long before the end has been accepted

/// A house whose power ends.
Scenario ending(const End& end, const std::string& name, const Corner& corner, Nanoseconds carried) {
  Scenario s = house(name, longest_run, corner);
  s.power = {{seconds(end.flicker), seconds(end.flicker_end), lives_through},
             {seconds(end.end), seconds(end.end + away), seconds(carried)}};
  return s;
}

/// When the last byte of a failure's record was written, in ms after the end.
double saved_after(const End& end, const std::string& name, EngineKind kind, const std::filesystem::path& elf,
                   const Corner& corner) {
  const Scenario s = ending(end, name, corner, away);
  const BoardModel& board = board_model(name);
  Environment environment(s, board);
  const auto engine = make_engine(kind, board, environment, elf);
  MainBoard(s, board, *engine, {}).run(end.end + away - ms);
  double last = 0.0;
  for (const CellWrite& write : engine->eeprom_log())
    if (write.end > end.end && write.address >= store::failure_address &&
        write.address < store::second_version_address && write.before == 0xFF)
      last = static_cast<double>(write.end - end.end) / 1e6;
  return last;
}

Ends one_end(const End& end, const std::string& name, EngineKind kind, const std::filesystem::path& elf,
             const Corner& corner, const Reference& reference) {
  Ends result;
  result.longest_ms = saved_after(end, name, kind, elf, corner);
  const Scenario s = ending(end, name, corner, hold_up);  // the main board has no power either
  const BoardModel& board = board_model(name);
  Environment environment(s, board);
  const auto engine = make_engine(kind, board, environment, elf);
  MainBoard(s, board, *engine, {}).run(end.end + away);

  test::StockHost host(board, *engine);
  host.wait_until(end.end + away + 40 * ms);
  for (int sensor = 1; sensor <= 5; ++sensor) {
    const auto reply = host.exchange(fmt::format("gc {}", sensor - 1));
    if (!reply || reply->size() < 6) {
      ++result.silent;
      continue;
    }
    const auto counter = static_cast<double>(std::stoul(reply->substr(5)));
    double least = 0.0, most = 0.0;
    if (sensor >= 4) {
      least = static_cast<double>(environment.true_pulses(sensor, 0, end.end - debounce_and_bounce));
      most = static_cast<double>(environment.true_pulses(sensor, 0, end.end + hold_up) +
                                 environment.true_pulses(sensor, end.end + away, host.now()));
    } else {  // What lies in the running second is not judged here.
      const auto second = static_cast<std::size_t>(seconds(end.end));
      least = reference.counters.at(second - 1).at(static_cast<std::size_t>(sensor - 1));
      most = reference.counters.at(second + 2).at(static_cast<std::size_t>(sensor - 1));
    }
    if (counter < least) ++result.lost;
    if (counter > most) ++result.invented;
    if (counter < least || counter > most)
      fmt::print(
          stderr,
          "{}: flicker from {} to {} ns, end at {} ns: sensor {} comes back with {}, {} to {} are right\n",
          name, end.flicker, end.flicker_end, end.end, sensor, counter, least, most);
  }
  return result;
}

/// Ends of the power at random moments, each with a flicker of 0.1 to 20 ms that begins up to 300 ms before.
std::vector<End> random_ends(long count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto between = [&](Nanoseconds low, Nanoseconds high) {
    return std::uniform_int_distribution<Nanoseconds>(low, high)(random);
  };
  std::vector<End> list;
  for (long i = 0; i < count; ++i) {
    const Nanoseconds end = between(3'000 * ms, 5'500 * ms), length = between(ms / 10, 20 * ms);
    const Nanoseconds flicker = end - between(length + ms / 2, 300 * ms);
    list.push_back({flicker, flicker + length, end});
  }
  return list;
}

void ends(bench::FigureTable& t, const std::string& key, const std::string& title, long count,
          const std::string& name, EngineKind kind, const std::filesystem::path& elf, const Corner& corner) {
  const Reference reference(name, corner);
  const std::vector<End> list = random_ends(count, 14);
  Ends crashed;
  crashed.silent = 1;
  Ends all;
  for (const Ends& one : in_children(list.size(), crashed, [&](std::size_t i) {
         return one_end(list[i], name, kind, elf, corner, reference);
       })) {
    all.longest_ms = std::max(all.longest_ms, one.longest_ms);
    all.lost += one.lost;
    all.invented += one.invented;
    all.silent += one.silent;
  }
  const double budget = longest_two_saves_ms(board_model(name), corner);
  t.at_most(key + "_save", fmt::format("{}: save after the real end, longest of {}", title, count), "",
            budget, all.longest_ms, "ms");
  t.at_most(key + "_lost", fmt::format("{}: counters that came back with less", title), "", 0, all.lost, "");
  t.at_most(key + "_wrong", fmt::format("{}: with more, or not at all", title), "", 0,
            all.invented + all.silent, "");
}

}  // namespace

void supply(const std::string& board, const std::filesystem::path& elf, const Corner& corner, double share,
            long count) {
  bench::FigureTable t("supply_" + board + suffix(corner),
                       fmt::format("{}: a supply near the comparator's threshold{}", board, title(corner)));
  const std::vector<Noise> all = noises(share);
  wear(t, "wear",
       fmt::format("{:g} s of each noise on the native engine, {:g} s above 5 kHz", share * 3600.0,
                   share * 600.0),
       all, board, EngineKind::native, {}, corner);
  std::vector<Noise> few;
  for (const Noise& noise : all)
    if ((noise.threshold == 4.85 && noise.volts == 4.75 &&
         (noise.hz == 50.0 || noise.hz == 1e3 || noise.hz == 100e3) && noise.ripple > 0.0) ||
        noise.dip == 50e-3)
      few.push_back(noise);
  for (Noise& noise : few) noise.duration = std::max(10.0, 60.0 * share);
  wear(t, "wear_image", fmt::format("{:.0f} s of some on the image", few.front().duration), few, board,
       EngineKind::image, elf, corner);
  ends(t, "flicker", "a flicker of 0.1 to 20 ms within 300 ms before an end, native engine", count, board,
       EngineKind::native, {}, corner);
  ends(t, "flicker_image", "the same on the image", std::max(1L, count / 20), board, EngineKind::image, elf,
       corner);
}

}  // namespace flm::campaign
