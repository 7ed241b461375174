#include "tools/flmd/board/board_thread.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <csignal>

#include "tools/mainboard/board/poller.hpp"
#include "tools/mainboard/bus/clock.hpp"
#include "tools/mainboard/bus/lock.hpp"
#include "tools/mainboard/config/plan.hpp"
#include "tools/mainboard/link/errors.hpp"

namespace flm::flmd {
namespace {

using namespace std::chrono_literals;
using mainboard::Time;

constexpr Time kLate = 5ms;
constexpr Time kSlice = 50ms;  ///< until work that was posted, or a stop, is noticed
constexpr int kMostSilences = 5;
constexpr Time kStateEvery = 60s;

}  // namespace

BoardThread::BoardThread(boost::asio::io_context& loop, const Site& site, SiteClock& clock,
                         Listeners listeners)
    : loop_(loop),
      port_(site.port),
      clock_(clock),
      listeners_(std::move(listeners)),
      configuration_(site.board) {}

BoardThread::~BoardThread() { stop(); }

void BoardThread::start() {
  // Signals are the loop's.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void BoardThread::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void BoardThread::configure(mainboard::Config configuration) {
  {
    const std::lock_guard lock(mutex_);
    configuration_ = std::move(configuration);
    ++revision_;
    if (std::exchange(asked_, true)) return;
  }
  post([this](mainboard::Board& board) {
    {
      const std::lock_guard lock(mutex_);
      asked_ = false;
      if (synchronised_revision_ == revision_) return;  // it has come back since
    }
    synchronise(board);
  });
}

void BoardThread::post(std::function<void(mainboard::Board&)> work) {
  const std::lock_guard lock(mutex_);
  work_.push_back(std::move(work));
}

std::vector<std::function<void(mainboard::Board&)>> BoardThread::take_work() {
  const std::lock_guard lock(mutex_);
  return std::exchange(work_, {});
}

void BoardThread::note(std::string line) {
  boost::asio::post(loop_, [this, line = std::move(line)] { listeners_.note(line); });
}

void BoardThread::tell_state() {
  boost::asio::post(loop_, [this, state = state_, revision = synchronised_revision_]() mutable {
    // revision_ changes on the loop only.
    state.pending = revision != revision_;
    if (state.pending) state.synchronised = false;
    listeners_.state(state);
  });
}

void BoardThread::run() {
  while (!stopping_) {
    try {
      const mainboard::PortLock lock(port_);
      const auto bus = mainboard::open_bus(port_);
      converse(*bus);
      bus->close();
    } catch (const std::exception& error) {
      state_.answers = state_.synchronised = false;
      state_.what = error.what();
      if (state_.what != last_trouble_) {
        last_trouble_ = state_.what;
        note(fmt::format("{}; waiting for it", state_.what));
      }
      tell_state();
    }
    for (Time waited{}; waited < 1s && !stopping_; waited += kSlice) mainboard::sleep_for(kSlice);
  }
}

/// False: the thread is to end.
bool BoardThread::wait_until(mainboard::Bus& bus, Time until) {
  for (Time left = until - bus.now(); left > 0ns && !stopping_; left = until - bus.now()) {
    bus.wait(std::min(left, kSlice));
    const std::lock_guard lock(mutex_);
    if (!work_.empty()) break;
  }
  return !stopping_;
}

void BoardThread::synchronise(mainboard::Board& board) {
  mainboard::Config configuration;
  int revision;
  {
    const std::lock_guard lock(mutex_);
    configuration = configuration_;
    revision = revision_;
  }
  std::vector<std::string> notes;
  try {
    const mainboard::Settings current = mainboard::read_current(board, configuration);
    const mainboard::Settings target = mainboard::target_settings(configuration, current, board, notes);
    const auto changes = mainboard::differences(current, target);
    for (const std::string& line : notes) note(line);
    if (!changes.empty()) mainboard::push(board, current, target);
    state_.synchronised = true;
    state_.what =
        changes.empty()
            ? "the board is as the configuration says"
            : fmt::format("{} of the board {} changed to the configuration's",
                          changes.size() == 1 ? "a setting" : fmt::format("{} settings", changes.size()),
                          changes.size() == 1 ? "was" : "were");
    note(fmt::format("{}: {}", board.name(), state_.what));
    for (const auto& change : changes)
      note(fmt::format("{}: {} -> {}", mainboard::describe(change.setting),
                       mainboard::describe(change.setting, change.before),
                       mainboard::describe(change.setting, change.after)));
  } catch (const mainboard::BoardRefused& error) {
    // It measures by what it has.
    state_.synchronised = false;
    state_.what = error.what();
    note(fmt::format("{}; the board measures as it was set before", error.what()));
  }
  synchronised_revision_ = revision;
  tell_state();
}

void BoardThread::converse(mainboard::Bus& bus) {
  const std::int64_t start_ms = clock_.now_ms() - bus.now() / 1ms;
  if (!bus.live()) bus.pace(1.0);
  mainboard::Board board(bus, port_.text);
  const mainboard::Identity& identity = board.identify();
  state_.answers = true;
  state_.board = identity.board();
  state_.firmware = identity.extended ? identity.version() : "stock";
  last_trouble_.clear();
  note(fmt::format("{}: {} with {}", board.name(), state_.board,
                   identity.extended ? "OpenFLM " + identity.version() : "stock firmware"));
  synchronise(board);

  mainboard::Layout layout = board.layout();
  mainboard::PollPlan plan;
  if (identity.facts != nullptr && identity.facts->has_radio())
    plan.channel_period = identity.facts->poll_period;
  plan.kind_of = [&](int sensor) { return layout.sensor_kind(sensor); };
  plan.is_clipped = [&](const mainboard::Health& health, int sensor) {
    state_.health = health;
    return layout.is_clipped(health, sensor);
  };
  plan.asks_health = [&] { return identity.extended; };
  plan.asks_meter = [&] {
    return identity.extended && identity.facts != nullptr &&
           layout.sensor_of[identity.facts->meter_port - 1] != 0;
  };
  const Time start = bus.now();
  mainboard::Poller poller(
      board, std::move(plan),
      [this](const mainboard::Record& record) {
        boost::asio::post(loop_, [this, record, at = clock_.moment()] { listeners_.record(record, at); });
      },
      start);
  Time state_at = start + kStateEvery;
  int silent = 0;
  while (wait_until(bus, poller.next())) {
    for (const auto& work : take_work()) {
      try {
        work(board);
        layout = board.layout();
      } catch (const mainboard::BoardRefused& error) {
        note(error.what());
      }
    }
    const Time now = bus.now();
    if (!bus.live()) clock_.simulate(start_ms, now);
    if (now < poller.next()) continue;
    const bool readings = poller.readings_at() <= now;
    if (now - poller.next() > kLate) ++late_polls_;
    try {
      poller.step();
      silent = 0;
      if (readings) boost::asio::post(loop_, [this, at = clock_.moment()] { listeners_.polled(at); });
    } catch (const mainboard::NoAnswer&) {
      if (++silent == kMostSilences) throw;
    }
    if (!readings || now < state_at) continue;
    state_at += kStateEvery;
    state_.link = board.counters();
    if (identity.extended) state_.errors = board.errors();
    tell_state();
  }
}

}  // namespace flm::flmd
