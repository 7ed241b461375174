// The conversation with boards that come, go, restart and are replaced; what becomes of their readings.
#include "tools/flmd/board/board_thread.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/mainboard/bus/faulty_bus.hpp"
#include "tools/flmd/board/measuring.hpp"
#include "tools/mainboard/board/board.hpp"

using namespace flm;
using namespace flm::flmd;
using namespace std::chrono_literals;
using mainboard::Time;

namespace {

constexpr std::int64_t start_ms = 1'458'756'425'000;
constexpr int faster = 1'000;  ///< simulated seconds a second, at most

/// A clamp at 1150 W, and an S0 meter of 1 Wh that pulses every 2 s: 1800 W.
sim::Scenario house(const char* board = "flm02b") {
  sim::Scenario s = test::small_house();
  s.board = board;
  s.sensors.clear();  // flmd configures it
  sim::Pulses pulses;
  pulses.port = 4;
  pulses.every = 2.0;
  s.pulses = {pulses};
  return s;
}

/// As the stock firmware: what OpenFLM has added is answered with the letters alone.
void answer_as_stock(const Message& sent, Message& reply) {
  const auto property = protocol::PropertyTable::find(sent.letter);
  const auto report = protocol::ReportTable::find(sent.letter);
  const bool unknown =
      property < protocol::PropertyTable::count
          ? protocol::PropertyTable::properties[property].since == protocol::Since::openflm
          : report < protocol::ReportTable::count && protocol::ReportTable::reports[report].extension;
  if (unknown && sent.verb != 'c') reply = {sent.verb, sent.letter, {}, {}, {}};
}

/// The place of a board on the main board: one is plugged in, pulled, replaced. Its time goes on.
class Slot {
 public:
  void plug(std::unique_ptr<test::FaultyBus> board) {
    const std::lock_guard lock(mutex_);
    board_ = std::move(board);
  }
  void pull() { plug(nullptr); }
  /// Does something to the board between two messages.
  void with(const std::function<void(test::FaultyBus&)>& work) {
    const std::lock_guard lock(mutex_);
    work(*board_);
  }

  [[nodiscard]] std::unique_ptr<mainboard::Bus> open() { return std::make_unique<Bus>(*this); }
  [[nodiscard]] std::string asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  void forget_asked() {
    const std::lock_guard lock(mutex_);
    asked_.clear();
  }

 private:
  struct Bus : mainboard::Bus {
    explicit Bus(Slot& its_slot) : slot(its_slot) {}
    [[nodiscard]] std::string clock(std::string_view bytes) override {
      const std::lock_guard lock(slot.mutex_);
      if (bytes.starts_with("lg")) slot.asked_ += bytes[2];
      if (slot.board_ == nullptr) return std::string(bytes.size(), '\0');
      const Time before = slot.board_->now();
      std::string back = slot.board_->clock(bytes);
      slot.time_ += slot.board_->now() - before;
      return back;
    }
    void wait(Time span) override {
      {
        const std::lock_guard lock(slot.mutex_);
        if (slot.board_ != nullptr) slot.board_->wait(span);
        slot.time_ += span;
      }
      std::this_thread::sleep_for(span / faster);
    }
    [[nodiscard]] Time now() override {
      const std::lock_guard lock(slot.mutex_);
      return slot.time_;
    }
    [[nodiscard]] bool live() const override { return false; }
    Slot& slot;
  };

  std::mutex mutex_;
  std::unique_ptr<test::FaultyBus> board_;
  Time time_{};
  std::string asked_;  ///< letters of what was read
};

Site site() {
  Site s;
  s.port.text = "bench";
  s.board.file = "house.toml";
  s.board.board = mainboard::find_board("flm02b");
  for (const int id : {1, 4}) {
    mainboard::SensorConfig config;
    config.id = id;
    config.sensor_class = id == 1 ? SensorClass::analog : SensorClass::pulse;
    config.ports = {id};
    s.board.sensors.push_back(config);
  }
  return s;
}

/// flmd from the board to readings, on a slot with a board in it.
struct Daemon {
  explicit Daemon(std::unique_ptr<test::FaultyBus> plugged, const Site& its_site = site())
      : the_site(its_site),
        state(folder.path() / "state"),
        sensors(the_site, state, [](const std::string&) {}),
        measuring(
            sensors, state, [this](const Reading& r) { readings.push_back(r); }, [] {}) {
    slot.plug(std::move(plugged));
    clock.simulate(start_ms, Time{});
    thread.start();
  }

  template <class Condition>
  bool until(Condition holds, std::chrono::milliseconds longest = 20s) {
    const auto end = std::chrono::steady_clock::now() + longest;
    while (!holds() && std::chrono::steady_clock::now() < end) {
      loop.restart();
      loop.run_for(2ms);
    }
    return holds();
  }
  /// Seconds of the board's time.
  bool pass(std::int64_t seconds) {
    const std::int64_t end = clock.now() + seconds;
    return until([&] { return clock.now() >= end; });
  }
  [[nodiscard]] int noted(const std::string& part) const {
    return static_cast<int>(std::count_if(
        notes.begin(), notes.end(), [&](const std::string& line) { return line.find(part) != line.npos; }));
  }
  /// Values of a quantity of a sensor, from the reading of that number on.
  [[nodiscard]] std::vector<history::Milli> values(int sensor, Quantity quantity,
                                                   std::size_t from = 0) const {
    std::vector<history::Milli> all;
    for (std::size_t i = from; i < readings.size(); ++i)
      if (readings[i].sensor->number == sensor && readings[i].quantity == quantity)
        all.push_back(readings[i].point.value);
    return all;
  }
  /// Has read both sensors since the reading of that number.
  [[nodiscard]] bool reads(std::size_t from = 0) const {
    return values(1, Quantity::gauge, from).size() >= 3 && values(4, Quantity::gauge, from).size() >= 3;
  }
  /// No power of the S0 meter that is not of its pulses: 1800 W, or falling without them.
  [[nodiscard]] bool has_no_false_power() const {
    const auto powers = values(4, Quantity::gauge);
    return std::all_of(powers.begin(), powers.end(),
                       [](history::Milli power) { return power >= 0 && power <= 1'801'000; });
  }

  const TemporaryFolder folder;
  Site the_site;
  State state;
  Sensors sensors;
  std::vector<Reading> readings;
  std::vector<std::string> notes;
  BoardState board;
  Measuring measuring;
  Slot slot;
  boost::asio::io_context loop;
  SiteClock clock;
  BoardThread thread{loop,
                     the_site,
                     clock,
                     {[this](const mainboard::Record& record, Moment at) { measuring.take(record, at); },
                      [this](Moment at) { measuring.polled(at); },
                      {},
                      [this](const BoardState& now) { board = now; },
                      [this](const std::string& line) { notes.push_back(line); }},
                     [this](const mainboard::Port&) { return slot.open(); }};
};

std::unique_ptr<test::FaultyBus> board(const char* name = "flm02b") {
  return std::make_unique<test::FaultyBus>(house(name));
}

/// One that has been in use elsewhere for ten minutes.
std::unique_ptr<test::FaultyBus> used_board(std::uint32_t counted) {
  auto bus = board();
  mainboard::Board its(*bus, "elsewhere");
  its.identify();
  its.set('c', 3, {counted});
  its.commit();
  bus->wait(600s);
  return bus;
}

}  // namespace

TEST_CASE("a board with stock firmware is set up and read, and asked for nothing that it does not know") {
  auto stock = board();
  stock->tamper = answer_as_stock;
  Daemon d(std::move(stock));
  REQUIRE(d.until([&] { return d.reads(); }));
  CHECK(d.noted("bench: flm02b with stock firmware") == 1);
  CHECK(d.noted("settings of the board were changed to the configuration's") == 1);
  CHECK(d.board.answers);
  CHECK(d.board.synchronised);
  CHECK(d.board.firmware == "stock");
  CHECK(d.values(1, Quantity::gauge).back() == Approx(1'150'000).epsilon(0.005));
  CHECK(d.values(4, Quantity::gauge).back() == 1'800'000);
  d.slot.forget_asked();
  REQUIRE(d.pass(70));  // with the minute's state
  CHECK(d.slot.asked().find_first_not_of('d') == std::string::npos);
}

TEST_CASE(
    "what stock firmware cannot be set to is refused with what it can, and the board is read as it is") {
  auto stock = board();
  stock->tamper = answer_as_stock;
  mainboard::Board its(*stock, "elsewhere");
  its.set('p', {}, {0, 255, 255, 3, 255, 255});
  its.set('m', 3, {1});
  its.set('e', 0, {1});
  its.set('e', 3, {1});
  Site wanted = site();
  wanted.board.sensors[1].line = 12;
  wanted.board.sensors[1].constant = 1'000.0 / 2'400;
  wanted.board.sensors[1].pulses_per_kwh = 2'400;
  Daemon d(std::move(stock), wanted);
  REQUIRE(d.until([&] { return d.values(1, Quantity::gauge).size() >= 3; }));
  CHECK(d.noted("house.toml:12: sensor 4: a pulse of 0.4166") == 1);
  CHECK(d.noted("constant = 0.417 is nearest; nothing was sent; the board measures as it was set before") ==
        1);
  CHECK_FALSE(d.board.synchronised);
  CHECK(d.board.answers);
}

TEST_CASE(
    "a board that is unplugged is said, not again and again, and goes on where it was when it is back") {
  Daemon d(board());
  REQUIRE(d.until([&] { return d.reads(); }));
  const auto before = d.values(4, Quantity::counter).back();
  d.slot.with([](test::FaultyBus& bus) { bus.silent = true; });
  REQUIRE(d.until([&] { return d.noted("waiting for it") > 0 && !d.board.answers; }));
  (void)d.until([] { return false; }, 1'500ms);  // it is tried each second
  // To what was asked last, and to the first question of a new conversation.
  CHECK(d.noted("only zeros came back; has it power, and is it on this port?; waiting for it") == 2);
  const std::size_t seen = d.readings.size();
  d.slot.with([](test::FaultyBus& bus) {
    bus.wait(100s);  // it counts while the line is cut
    bus.silent = false;
  });
  REQUIRE(d.until([&] { return d.reads(seen); }));
  CHECK(d.noted("the board is as the configuration says") == 1);
  CHECK(d.values(4, Quantity::counter, seen).front() >= before + 50'000);
  CHECK(d.has_no_false_power());
}

TEST_CASE("a board that restarts is noticed, and goes on from the counters that it has saved") {
  Daemon d(board());
  REQUIRE(d.until([&] { return d.reads(); }));
  std::uint32_t saved = 0;
  d.slot.with([&](test::FaultyBus& bus) {
    mainboard::Board its(bus, "bench");
    its.commit();
    saved = its.get('c', 3).at(0);
    bus.restart(bus.eeprom());
  });
  const std::size_t seen = d.readings.size();
  REQUIRE(d.until([&] { return d.reads(seen); }));
  CHECK(d.noted("bench: the board has restarted (power on)") == 1);
  CHECK(d.noted("the board is as the configuration says") == 1);
  CHECK(d.noted("waiting for it") == 0);
  const auto counters = d.values(4, Quantity::counter);
  CHECK(std::is_sorted(counters.begin(), counters.end()));
  CHECK(counters.back() > saved * 1'000);
  CHECK(d.has_no_false_power());
}

TEST_CASE("a board that was reset to 0 is set up anew, and its counters are given as they are") {
  Daemon d(board());
  REQUIRE(d.until([&] { return d.reads(); }));
  d.slot.with([](test::FaultyBus& bus) { bus.restart({}); });
  const std::size_t seen = d.readings.size();
  REQUIRE(d.until([&] { return d.noted("changed to the configuration's") == 2 && d.reads(seen); }));
  CHECK(d.noted("bench: the board has restarted") == 1);
  CHECK(d.values(4, Quantity::counter, seen).front() <= 2'000);
  CHECK(d.values(4, Quantity::gauge).back() == 1'800'000);
  CHECK(d.has_no_false_power());
}

TEST_CASE("a board that is replaced by one that has counted a lot makes no power of the difference") {
  Daemon d(board());
  REQUIRE(d.until([&] { return d.reads(); }));
  d.slot.pull();
  REQUIRE(d.until([&] { return !d.board.answers && d.noted("waiting for it") == 1; }));
  const std::size_t seen = d.readings.size();
  d.slot.plug(used_board(5'000'000));
  REQUIRE(d.until([&] { return d.reads(seen); }));
  CHECK(d.noted("changed to the configuration's") == 2);
  CHECK(d.values(4, Quantity::counter, seen).front() >= 5'000'000'000);
  CHECK(d.values(4, Quantity::gauge).back() == 1'800'000);
  CHECK(d.has_no_false_power());
}

TEST_CASE("a board of a different kind is left as it is, and the configuration's own is set up again") {
  Daemon d(board("flm02a"));
  REQUIRE(
      d.until([&] { return d.noted("house.toml: is for flm02b, and the board on bench is flm02a") == 1; }));
  REQUIRE(d.pass(5));
  CHECK(d.readings.empty());
  d.slot.pull();
  REQUIRE(d.until([&] { return d.noted("waiting for it") == 1; }));
  d.slot.plug(board());
  REQUIRE(d.until([&] { return d.reads(); }));
  CHECK(d.noted("changed to the configuration's") == 1);
}
