#include "tools/flmd/board/board_thread.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <csignal>

#include "tools/flmd/board/smart_meter_line.hpp"
#include "tools/mainboard/board/poller.hpp"
#include "tools/mainboard/bus/clock.hpp"
#include "tools/mainboard/bus/lock.hpp"
#include "tools/mainboard/config/plan.hpp"
#include "tools/mainboard/link/errors.hpp"
#include "tools/mainboard/link/meanings.hpp"

namespace flm::flmd {
namespace {

using namespace std::chrono_literals;
using mainboard::Time;

constexpr Time kLate = 5ms;
constexpr Time kSlice = 50ms;  ///< until work that was posted, or a stop, is noticed
constexpr int kMostSilences = 5;
constexpr Time kStateEvery = 60s;
/// For another program's message: from its answer's first read to the last try, and how long the whole may
/// take, a long answer's bytes counted; saving takes longer.
constexpr Time kPatience = 50ms, kAskTakes = 200ms, kCommitTakes = 800ms;
constexpr Time kAskSlice = 5ms;  ///< until the next message is noticed, while one came a moment ago
constexpr Time kAskedLately = 1s;
/// For the questions that tell which ports feed which sensors.
constexpr Time kLayoutTakes = 500ms;

/// What the board is told; empty: bytes for its `u` channel.
std::string body_of(const std::string& message) { return control_reply(message).value_or(""); }

/// The board's answer to a message that is sent once, as it was read.
std::string answer_to(mainboard::Board& board, const std::string& message) {
  const std::string body = body_of(message);
  const bool commit = body == "ct";
  const mainboard::BoardFacts* facts = board.identity().facts;
  const Time step = facts != nullptr ? facts->reply_wait : 20ms;
  // A stock board answers a commit no earlier.
  const Time first = commit && !board.identity().extended ? mainboard::careful_policy.commit_wait : step;
  const Time patience = body.empty() ? 0ns : commit ? mainboard::careful_policy.commit_patience : kPatience;
  board.link().send(message);
  board.bus().wait(first);
  for (Time waited{};; waited += step) {
    std::string text = board.link().read();
    // Until it has done what it was told, there is nothing between the 'l' and the channel's 'u'.
    if (text.find('.') != text.npos || waited >= patience) return text;
    board.bus().wait(step);
  }
}

}  // namespace

BoardThread::BoardThread(boost::asio::io_context& loop, const Site& site, SiteClock& clock,
                         Listeners listeners, Opener opener)
    : loop_(loop),
      port_(site.port),
      clock_(clock),
      listeners_(std::move(listeners)),
      opener_(std::move(opener)),
      configuration_(site.board) {}

BoardThread::~BoardThread() { stop(); }

void BoardThread::start(std::string bus_socket) {
  bus_socket_ = std::move(bus_socket);
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
    if (std::exchange(is_posted_, true)) return;
  }
  post([this](mainboard::Board& board) {
    {
      const std::lock_guard lock(mutex_);
      is_posted_ = false;
      if (synchronised_revision_ == revision_) return;  // it has come back since
    }
    synchronise(board);
  });
}

void BoardThread::post(std::function<void(mainboard::Board&)> work) {
  const std::lock_guard lock(mutex_);
  work_.push_back(std::move(work));
}

void BoardThread::ask(std::string message, Answer answer) {
  const std::lock_guard lock(mutex_);
  asked_.push_back({std::move(message), std::move(answer)});
}

void BoardThread::step_aside(std::string who, std::function<void()> gone) {
  const std::lock_guard lock(mutex_);
  aside_for_ = std::move(who);
  gone_ = std::move(gone);
}

void BoardThread::come_back() {
  const std::lock_guard lock(mutex_);
  aside_for_.clear();
  gone_ = nullptr;
}

bool BoardThread::is_aside() {
  const std::lock_guard lock(mutex_);
  return !aside_for_.empty();
}

/// The board is another program's until come_back().
void BoardThread::stay_aside() {
  const auto who_and_gone = [this] {
    const std::lock_guard lock(mutex_);
    return std::pair(aside_for_, std::exchange(gone_, nullptr));
  };
  while (!stopping_) {
    const auto [who, gone] = who_and_gone();
    if (who.empty()) break;
    if (gone) {
      others_set_ = true;
      state_.answers = state_.synchronised = false;
      state_.what = fmt::format("{} has the board; it is read again when that has ended", who);
      note(fmt::format("{}: {}", port_.text, state_.what));
      tell_state();
      boost::asio::post(loop_, gone);
    }
    refuse_asks(state_.what);
    mainboard::sleep_for(kSlice);
  }
}

void BoardThread::refuse_asks(const std::string& trouble) {
  std::deque<Asked> asked;
  {
    const std::lock_guard lock(mutex_);
    asked.swap(asked_);
  }
  for (Asked& one : asked)
    boost::asio::post(loop_, [answer = std::move(one.answer), trouble] { answer("", trouble); });
}

/// Sends the next message of another program, if there is one and the readings leave it the time.
bool BoardThread::ask_next(mainboard::Board& board, Time until_readings) {
  Asked asked;
  {
    const std::lock_guard lock(mutex_);
    if (asked_.empty()) return false;
    const bool commit = body_of(asked_.front().message) == "ct";
    if (until_readings < (commit ? kCommitTakes : kAskTakes)) return false;
    asked = std::move(asked_.front());
    asked_.pop_front();
  }
  if (body_of(asked.message).starts_with('s')) layout_is_old_ = true;
  std::string text, trouble;
  try {
    text = answer_to(board, asked.message);
  } catch (const std::exception& error) {
    trouble = error.what();
  }
  boost::asio::post(loop_, [answer = std::move(asked.answer), text, trouble] { answer(text, trouble); });
  return true;
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
    if (is_aside()) stay_aside();
    if (stopping_) break;
    try {
      const mainboard::PortLock lock(port_, "flmd", bus_socket_);
      const auto bus = open();
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
    for (Time waited{}; waited < 1s && !stopping_ && !is_aside(); waited += kSlice) {
      refuse_asks(state_.what.empty() ? "the board is not there yet" : state_.what);
      mainboard::sleep_for(kSlice);
    }
  }
  refuse_asks("flmd ends");
}

/// The bus, and what comes on the smart meter's line that ends here.
std::unique_ptr<mainboard::Bus> BoardThread::open() {
  std::unique_ptr<mainboard::Bus> bus = opener_(port_);
  std::unique_ptr<mainboard::MeterLine> line =
      port_.meter.empty() ? bus->meter_line()
                          : patient_meter_line(port_, [this](std::string text) { note(std::move(text)); });
  if (line == nullptr) return bus;
  line = overheard(std::move(line), [this](std::string bytes) {
    boost::asio::post(
        loop_, [this, bytes = std::move(bytes), at = clock_.moment()] { listeners_.meter_bytes(bytes, at); });
  });
  return mainboard::forwarding(std::move(bus), std::move(line));
}

/// False: the thread is to end.
bool BoardThread::wait_until(mainboard::Bus& bus, Time until, Time readings_at) {
  for (Time now = bus.now(); now < until && !stopping_; now = bus.now()) {
    bus.wait(std::min(until - now, now < asked_at_ + kAskedLately ? kAskSlice : kSlice));
    const std::lock_guard lock(mutex_);
    if (!aside_for_.empty()) return false;
    if (!work_.empty()) break;
    if (asked_.empty()) continue;
    asked_at_ = now;
    if (readings_at - bus.now() >= kCommitTakes ||
        (readings_at - bus.now() >= kAskTakes && body_of(asked_.front().message) != "ct"))
      break;
  }
  return !stopping_ && !is_aside();
}

bool BoardThread::is_synchronised_revision() {
  const std::lock_guard lock(mutex_);
  return synchronised_revision_ == revision_;
}

/// What is set otherwise than the configuration has it, after another program had the board.
void BoardThread::compare(mainboard::Board& board) {
  mainboard::Config configuration;
  {
    const std::lock_guard lock(mutex_);
    configuration = configuration_;
  }
  std::vector<std::string> notes;
  try {
    const mainboard::Settings current = mainboard::read_current(board, configuration);
    const auto changes =
        mainboard::differences(current, mainboard::target_settings(configuration, current, board, notes));
    state_.synchronised = changes.empty();
    state_.what = changes.empty() ? "the board is as the configuration says"
                                  : fmt::format(
                                        "{} settings of the board are what another program made them, not "
                                        "the configuration's, until flmd starts again",
                                        changes.size());
    note(fmt::format("{}: {}", board.name(), state_.what));
    for (const auto& change : changes)
      note(fmt::format("{}: {}, not {}", mainboard::describe(change.setting),
                       mainboard::describe(change.setting, change.before),
                       mainboard::describe(change.setting, change.after)));
  } catch (const mainboard::BoardRefused& error) {
    state_.synchronised = false;
    state_.what = error.what();
    note(error.what());
  }
  tell_state();
}

void BoardThread::synchronise(mainboard::Board& board) {
  layout_is_old_ = true;
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
  others_set_ = false;
  tell_state();
}

/// Finds out which board it is.
void BoardThread::greet(mainboard::Board& board) {
  const mainboard::Identity& identity = board.identify();
  state_.answers = true;
  state_.board = identity.board();
  state_.firmware = identity.extended ? identity.version() : "stock";
  state_.health.reset();
  state_.errors.reset();
  last_trouble_.clear();
  note(fmt::format("{}: {} with {}", board.name(), state_.board,
                   identity.extended ? "OpenFLM " + identity.version() : "stock firmware"));
}

/// Sets it up, or finds out how another program left it.
void BoardThread::settle(mainboard::Board& board) {
  if (others_set_ && is_synchronised_revision())
    compare(board);
  else
    synchronise(board);
}

void BoardThread::converse(mainboard::Bus& bus) {
  const std::int64_t start_ms = clock_.now_ms() - bus.now() / 1ms;
  if (!bus.live()) bus.pace(1.0);
  mainboard::Board board(bus, port_.text);
  greet(board);
  const mainboard::Identity& identity = board.identity();
  settle(board);

  mainboard::Layout layout = board.layout();
  mainboard::PollPlan plan;
  if (identity.facts != nullptr && identity.facts->has_radio())
    plan.channel_period = identity.facts->poll_period;
  plan.kind_of = [&](int sensor) { return layout.sensor_kind(sensor); };
  bool restarted = false;
  plan.sees_health = [&](const mainboard::Health& health) {
    restarted = restarted || (state_.health && health.uptime_s < state_.health->uptime_s);
    state_.health = health;
  };
  plan.is_clipped = [&](const mainboard::Health& health, int sensor) {
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
  asked_at_ = start - kAskedLately;
  layout_is_old_ = false;
  while (wait_until(bus, poller.next(), poller.readings_at())) {
    for (const auto& work : take_work()) {
      try {
        work(board);
        if (std::exchange(layout_is_old_, false)) layout = board.layout();
      } catch (const mainboard::BoardRefused& error) {
        note(error.what());
      }
    }
    // The channel has been looked at with the answer.
    if (ask_next(board, poller.readings_at() - bus.now())) poller.skip_looks();
    if (layout_is_old_ && poller.readings_at() - bus.now() >= kLayoutTakes) {
      layout_is_old_ = false;
      try {
        layout = board.layout();
      } catch (const mainboard::NoAnswer&) {
        layout_is_old_ = true;
      }
      poller.skip_looks();
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
    if (std::exchange(restarted, false)) {
      // It may have lost what it was set to, or be a different board.
      note(fmt::format("{}: the board has restarted ({})", board.name(),
                       mainboard::meaning_of_reset(state_.health->reset_cause)));
      greet(board);
      settle(board);
      layout_is_old_ = true;
      poller.skip_all();
    }
    if (!readings || now < state_at) continue;
    state_at += kStateEvery;
    state_.link = board.counters();
    if (identity.extended) state_.errors = board.errors();
    tell_state();
  }
}

}  // namespace flm::flmd
