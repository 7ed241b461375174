// A board's state is saved by forking the whole simulator: each cut is made in a child, the parent goes on as
// if nothing had been.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <random>
#include <thread>
#include <vector>

#include "boards/flm02a/board.hpp"
#include "boards/flm02b/board.hpp"
#include "sim/engine/eeprom_wear.hpp"
#include "sim/image/image_engine.hpp"
#include "sim/run/main_board.hpp"
#include "sim/world/environment.hpp"
#include "tests/bench/figure_table.hpp"
#include "tests/campaign/campaign.hpp"
#include "tests/campaign/state.hpp"
#include "tests/sim/stock_host.hpp"

namespace flm::campaign {
namespace {

using namespace sim;

constexpr Nanoseconds ms = 1'000'000;
constexpr Nanoseconds hold_up = 80 * ms;

/// Findings of all children, in memory that they share.
struct Findings {
  std::atomic<long> cuts{0}, recovered{0}, torn{0}, lost{0}, unanswered{0}, crashed{0};
  std::atomic<Nanoseconds> longest_save{0};
};

/// Memory that a child's writes reach its parent through.
template <class T>
T* shared() {
  void* memory = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return new (memory) T();
}

struct Cut {
  Nanoseconds time;
  bool announced;                          ///< with hold-up
  const CellWrite* in_progress = nullptr;  ///< the write that an unannounced cut interrupts
  const CellWrite* just_written =
      nullptr;  ///< the one that has just ended: its cell is still under the address register
};

/// Stops a board at each moment of a list, and lets `visit` have a look.
class StoppingEngine final : public Engine {
 public:
  StoppingEngine(Engine& engine, std::vector<Cut> cuts, std::function<void(const Cut&)> visit)
      : engine_(engine), cuts_(std::move(cuts)), visit_(std::move(visit)) {}

  void run_until(Nanoseconds t) override {
    for (; next_ < cuts_.size() && cuts_[next_].time <= t; ++next_) {
      if (cuts_[next_].time < now_) cuts_[next_].time = now_;  // It fell into a byte on the link.
      engine_.run_until(cuts_[next_].time);
      visit_(cuts_[next_]);
    }
    engine_.run_until(t);
    now_ = t;
  }
  std::uint8_t transfer(Nanoseconds start, std::uint8_t mosi) override {
    run_until(start);
    const std::uint8_t miso = engine_.transfer(start, mosi);
    now_ = start + 8'000;
    return miso;
  }
  [[nodiscard]] bool led() const override { return engine_.led(); }
  [[nodiscard]] bool powered() const override { return engine_.powered(); }
  [[nodiscard]] bool analog_front_end() const override { return engine_.analog_front_end(); }
  [[nodiscard]] bool inverts_rx() const override { return engine_.inverts_rx(); }
  [[nodiscard]] std::vector<std::uint8_t> serial_sent() const override { return engine_.serial_sent(); }
  void cut_power_at(Nanoseconds t, Nanoseconds restore, Nanoseconds carried) override {
    engine_.cut_power_at(t, restore, carried);
  }
  void set_eeprom(const std::vector<std::uint8_t>& contents) override { engine_.set_eeprom(contents); }
  [[nodiscard]] std::vector<std::uint8_t> eeprom() const override { return engine_.eeprom(); }
  [[nodiscard]] const std::vector<CellWrite>& eeprom_log() const override { return engine_.eeprom_log(); }

 private:
  Engine& engine_;
  std::vector<Cut> cuts_;
  std::function<void(const Cut&)> visit_;
  std::size_t next_ = 0;
  Nanoseconds now_ = 0;
};

template <class Facts>
class PowerCampaign {
 public:
  PowerCampaign(const std::filesystem::path& elf, const Corner& corner, double duration, long random_cuts)
      : board_(board_model(Facts::name())),
        elf_(elf),
        corner_(corner),
        scenario_(full_load(board_.name, duration)),
        random_cuts_(random_cuts) {
    scenario_.parts = corner.parts;
    scenario_.supply.volts = corner.volts;
    for (Pulses& pulses : scenario_.pulses) pulses.every = pulses.port == 4 ? 0.37 : 1.1;
    // In a short run as well: the first commit after the configuration's.
    for (double at = std::min(600.0, duration / 2) + 0.4; at + 1.0 < duration; at += 600.0)
      scenario_.host.push_back({at, "ct"});
  }

  void run() {
    Environment environment(scenario_, board_);
    {
      ImageEngine engine(board_, environment, elf_);
      MainBoard(scenario_, board_, engine, {}).run(nanoseconds(scenario_.duration));
      log_ = engine.eeprom_log();
      find_counters(engine);
    }
    ImageEngine engine(board_, environment, elf_);
    StoppingEngine stopping(engine, cuts(), [&](const Cut& cut) { in_child([&] { make(cut, engine); }); });
    MainBoard(scenario_, board_, stopping, {}).run(nanoseconds(scenario_.duration));
    while (running_ > 0) wait_for_one();

    const bool nominal = corner_.name == "nominal";
    bench::FigureTable t(
        "power_" + board_.name + (nominal ? "" : "_" + corner_.name),
        fmt::format("{}: power cut while {:.0f} s are scripted{}", board_.name, scenario_.duration,
                    nominal ? "" : ", " + corner_.name + " corner of its parts"));
    t.plain("bytes", "EEPROM bytes written", "", static_cast<double>(log_.size()), "");
    t.at_least("cuts", "cuts: at every EEPROM byte boundary without notice, at random with 80 ms of hold-up",
               "", static_cast<double>(log_.size() * 4) + static_cast<double>(random_cuts_),
               static_cast<double>(findings_->cuts), "");
    t.at_least("recovered", "boards that came back with the old or the new state", "",
               static_cast<double>(findings_->cuts), static_cast<double>(findings_->recovered), "");
    t.at_most("torn", "torn: a state other than the old or the new one", "", 0,
              static_cast<double>(findings_->torn), "");
    t.at_most("lost", "counts lost, the remainder included", "up to all", 0,
              static_cast<double>(findings_->lost), "");
    t.at_most("unanswered", "boards that did not answer, or crashed the simulator", "", 0,
              static_cast<double>(findings_->unanswered + findings_->crashed), "");
    t.at_most("eeprom_hour", "EEPROM writes to the worst cell an hour, without the cuts", "", 8,
              static_cast<double>(most_writes_within(log_, nanoseconds(3600.0))), "");
    t.at_most("save", "power-failure save, longest", "43 .. 90 ms", longest_save_ms(board_, corner_),
              static_cast<double>(findings_->longest_save) / 1e6, "ms");
  }

 private:
  std::vector<Cut> cuts() const {
    std::vector<Cut> list;
    for (const CellWrite& write : log_) {
      list.push_back({write.begin + 1'000, false, &write});
      list.push_back({(write.begin + write.end) / 2, false, &write});
      list.push_back({write.end - 1'000, false, &write});
      list.push_back({write.end + 1'000, false, nullptr, &write});
    }
    std::mt19937_64 random(1);
    std::uniform_int_distribution<Nanoseconds> moment(1'500 * ms, nanoseconds(scenario_.duration) - ms);
    for (long i = 0; i < random_cuts_; ++i) list.push_back({moment(random), true});
    std::stable_sort(list.begin(), list.end(), [](const Cut& a, const Cut& b) { return a.time < b.time; });
    return list;
  }

  template <class Work>
  void in_child(Work work) {
    while (running_ >= std::max(1u, std::thread::hardware_concurrency())) wait_for_one();
    if (isatty(STDERR_FILENO) != 0 && findings_->cuts % 100 == 0)
      fmt::print(stderr, "\r\x1b[K{} cuts", findings_->cuts.load());
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("no process for a further cut");
    if (child == 0) {
      int status = 0;
      try {
        work();
      } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        status = 1;
      }
      _exit(status);
    }
    ++running_;
  }
  void wait_for_one() {
    int status = 0;
    if (wait(&status) < 0) return;
    --running_;
    if (status != 0) ++findings_->crashed;
  }

  void make(const Cut& cut, Engine& engine) {
    ++findings_->cuts;
    const bool good = cut.announced ? announced(cut, engine) : without_notice(cut, engine);
    if (good && answers(cut, engine)) ++findings_->recovered;
  }

  // A metering::Sensor as the AVR keeps it: counter 4, remainder 2, part of a watt 1, extra 4.
  static constexpr std::uint16_t sensor_bytes = 11, ram_begin = 0x100, ram_end = 0x500;
  static std::uint32_t number(ImageEngine& engine, std::uint16_t address, int bytes) {
    std::uint32_t value = 0;
    for (int byte = bytes; byte-- > 0;)
      value = value << 8 | engine.ram(static_cast<std::uint16_t>(address + byte));
    return value;
  }
  /// Where the image keeps its sensors: six counters there say what the link says.
  void find_counters(ImageEngine& engine) {
    test::StockHost host(board_, engine);
    host.wait_until(nanoseconds(scenario_.duration + 0.3));
    std::array<std::uint32_t, metering::sensor_count> counters{};
    for (unsigned sensor = 0; sensor < counters.size(); ++sensor)
      counters[sensor] = static_cast<std::uint32_t>(
          std::stoul(host.exchange(fmt::format("gc {}", sensor)).value().substr(5)));
    int found = 0;
    for (std::uint16_t base = ram_begin; base + sensor_bytes * counters.size() <= ram_end; ++base) {
      bool same = true;
      for (unsigned sensor = 0; sensor < counters.size(); ++sensor)
        same = same && number(engine, static_cast<std::uint16_t>(base + sensor * sensor_bytes), 4) ==
                           counters[sensor];
      if (same && ++found == 1) sensors_at_ = base;
    }
    if (found != 1)
      throw std::runtime_error(
          fmt::format("{}: {} places in RAM hold what the six counters say", board_.name, found));
  }
  State state_in_ram(ImageEngine& engine) const {
    State state{};
    for (unsigned sensor = 0; sensor < state.counters.size(); ++sensor) {
      const auto at = static_cast<std::uint16_t>(sensors_at_ + sensor * sensor_bytes);
      state.counters[sensor] = {number(engine, at, 4), static_cast<std::uint16_t>(number(
                                                           engine, static_cast<std::uint16_t>(at + 4), 2))};
    }
    return state;
  }

  /// The board comes back with the state before the write that was cut, or with the one after it.
  bool without_notice(const Cut& cut, Engine& engine) {
    std::vector<std::uint8_t> contents = engine.eeprom();
    const State before = state_of<Facts>(contents);
    if (cut.in_progress != nullptr) contents[cut.in_progress->address] = cut.in_progress->after;
    const State after = state_of<Facts>(contents);
    // A CPU that loses its supply at full clock may spoil the cell under the EEPROM's address register (data
    // sheet, 8.4.3), and with it its slot.
    if (cut.just_written != nullptr) contents[cut.just_written->address] = cut.just_written->before;
    const State spoilt = state_of<Facts>(contents);
    restore_ = cut.time + 50 * ms;
    engine.cut_power_at(cut.time, restore_);
    engine.run_until(cut.time + ms);
    recovered_ = state_of<Facts>(engine.eeprom());
    if (recovered_ == before || recovered_ == after || recovered_ == spoilt) return true;
    ++findings_->torn;
    for (std::size_t i = 0; i < before.counters.size(); ++i)
      if (recovered_.counters[i].counter < before.counters[i].counter) ++findings_->lost;
    fmt::print(stderr, "{}: cut at {} ns: a state other than the old or the new one\n", board_.name,
               cut.time);
    return false;
  }

  /// With 80 ms of hold-up the board comes back with what its RAM held while it was saving: counters stand
  /// still then.
  bool announced(const Cut& cut, Engine& engine) {
    restore_ = cut.time + hold_up + 50 * ms;
    engine.cut_power_at(cut.time, restore_, hold_up);
    const std::size_t writes = engine.eeprom_log().size();
    const State before = state_of<Facts>(engine.eeprom());
    std::vector<std::pair<Nanoseconds, State>> in_ram;
    for (Nanoseconds t = cut.time + ms; t < cut.time + hold_up; t += ms / 2) {
      engine.run_until(t);
      in_ram.emplace_back(t, state_in_ram(dynamic_cast<ImageEngine&>(engine)));
    }
    engine.run_until(cut.time + hold_up + ms);
    recovered_ = state_of<Facts>(engine.eeprom());
    Nanoseconds save = 0;
    for (std::size_t i = writes; i < engine.eeprom_log().size(); ++i) {
      const CellWrite& write = engine.eeprom_log()[i];  // A commit that was asked for goes on after the save.
      if (write.address >= store::failure_address) save = std::max(save, write.end - cut.time);
    }
    for (Nanoseconds longest = findings_->longest_save;
         longest < save && !findings_->longest_save.compare_exchange_weak(longest, save);) {
    }
    State truth = before;
    for (const auto& [t, state] : in_ram)
      if (t <= cut.time + save) truth.counters = state.counters;
    if (recovered_ == truth) return true;
    for (std::size_t i = 0; i < truth.counters.size(); ++i)
      if (recovered_.counters[i] != truth.counters[i]) {
        ++findings_->lost;
        fmt::print(stderr, "{}: failure at {} ns: sensor {} comes back with {} and {}, had {} and {}\n",
                   board_.name, cut.time, i + 1, recovered_.counters[i].counter,
                   recovered_.counters[i].remainder, truth.counters[i].counter, truth.counters[i].remainder);
      }
    return false;
  }

  /// The image itself, started again, says the same. The first sensor is asked before a pulse can have been
  /// accepted, the others may have got one more.
  bool answers(const Cut& cut, Engine& engine) {
    test::StockHost host(board_, engine);
    host.wait_until(restore_ + 31 * ms);
    for (unsigned i = 0; i < 6; ++i) {
      const unsigned sensor = static_cast<unsigned>(static_cast<std::uint64_t>(cut.time) + i) % 6;
      const auto reply = host.exchange(fmt::format("gc {}", sensor));
      const std::uint32_t stored = recovered_.counters[sensor].counter;
      const std::string text = reply.value_or("no answer");
      if (text == fmt::format("gc {} {}", sensor, stored)) continue;
      if (i > 0 && text == fmt::format("gc {} {}", sensor, stored + 1)) continue;
      ++findings_->unanswered;
      fmt::print(stderr, "{}: cut at {} ns: sensor {} is stored as {}, the board says \"{}\"\n", board_.name,
                 cut.time, sensor + 1, stored, text);
      return false;
    }
    return true;
  }

  const BoardModel& board_;
  std::filesystem::path elf_;
  Corner corner_;
  Scenario scenario_;
  long random_cuts_;
  std::vector<CellWrite> log_;
  std::uint16_t sensors_at_ = 0;  ///< in the image's RAM
  Findings* findings_ = shared<Findings>();
  unsigned running_ = 0;
  // In a child: when the supply comes back, and what the EEPROM holds then.
  Nanoseconds restore_ = 0;
  State recovered_{};
};

}  // namespace

void power(const std::string& board, const std::filesystem::path& elf, const Corner& corner, double seconds,
           long random_cuts) {
  if (board == boards::Flm02a::name())
    PowerCampaign<boards::Flm02a>(elf, corner, seconds, random_cuts).run();
  else
    PowerCampaign<boards::Flm02b>(elf, corner, seconds, random_cuts).run();
}

}  // namespace flm::campaign
