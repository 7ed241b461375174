// The conversation with the sensor board, on a thread of its own: it keeps its times whatever network, disk
// and browsers do. What it hears goes to the loop.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tools/flmd/board/clock.hpp"
#include "tools/flmd/site/site.hpp"
#include "tools/mainboard/board/board.hpp"
#include "tools/mainboard/readings/records.hpp"

namespace boost::asio {
class io_context;
}

namespace flm::flmd {

/// How the board is, for the log, the Status page and /metrics.
struct BoardState {
  bool answers = false;
  std::string what;   ///< in words: why it does not answer, or what the last synchronisation came to
  std::string board;  ///< "flm02b"
  std::string firmware;
  mainboard::LinkCounters link;
  std::optional<mainboard::ErrorCounters> errors;
  std::optional<mainboard::Health> health;
  bool synchronised = false;
  bool pending = false;  ///< a new configuration has not been brought to the board yet
};

class BoardThread {
 public:
  struct Listeners {
    std::function<void(const mainboard::Record&, Moment)> record;
    std::function<void(Moment)>
        polled;  ///< after the records of a poll: what was not among them is unchanged
    std::function<void(const std::string& bytes, Moment)>
        meter_bytes;                               ///< of a smart meter's line that ends here
    std::function<void(const BoardState&)> state;  ///< after each change, and each minute
    std::function<void(const std::string&)> note;  ///< a line for the log
  };

  using Opener = std::function<std::unique_ptr<mainboard::Bus>(const mainboard::Port&)>;

  /// Listeners are called on the loop, `opener` on the thread: again and again, until there is a board.
  BoardThread(boost::asio::io_context&, const Site&, SiteClock&, Listeners,
              Opener opener = mainboard::open_without_meter);
  ~BoardThread();  ///< ends the conversation; a simulated board keeps its EEPROM
  BoardThread(const BoardThread&) = delete;
  BoardThread& operator=(const BoardThread&) = delete;

  /// `bus_socket`: where other programs reach the board meanwhile, for their messages; empty: nowhere.
  void start(std::string bus_socket = {});
  void stop();

  /// Polls that began more than 5 ms after their time, since the start.
  [[nodiscard]] std::uint64_t late_polls() const { return late_polls_.load(); }

  /// Another configuration, which the board is synchronised with as soon as it answers. States are `pending`
  /// until then.
  void configure(mainboard::Config);

  /// Runs `work` with the board between two polls, as soon as there is one that answers; errors that it
  /// throws become a note.
  void post(std::function<void(mainboard::Board&)> work);

  /// Takes the board's answer, as it was read from the link, empty when none came; or why it was not asked.
  using Answer = std::function<void(const std::string& characters, const std::string& trouble)>;
  /// Sends a message of another program once, between two polls that it does not make late, and has `answer`
  /// called on the loop. What the message may have changed is found out afterwards.
  void ask(std::string message, Answer answer);
  /// The board is let go for `who`: `gone` is called on the loop when it is. Until come_back() nothing is
  /// read.
  void step_aside(std::string who, std::function<void()> gone);
  void come_back();

 private:
  void run();
  std::unique_ptr<mainboard::Bus> open();
  void converse(mainboard::Bus&);
  void greet(mainboard::Board&);
  void settle(mainboard::Board&);
  void synchronise(mainboard::Board&);
  void stay_aside();
  [[nodiscard]] bool is_synchronised_revision();
  void compare(mainboard::Board&);
  bool ask_next(mainboard::Board&, mainboard::Time until_readings);
  void refuse_asks(const std::string& trouble);
  [[nodiscard]] bool is_aside();
  bool wait_until(mainboard::Bus&, mainboard::Time until, mainboard::Time readings_at);
  std::vector<std::function<void(mainboard::Board&)>> take_work();
  void tell_state();
  void note(std::string line);

  boost::asio::io_context& loop_;
  const mainboard::Port port_;
  std::string bus_socket_;
  SiteClock& clock_;
  Listeners listeners_;
  Opener opener_;
  std::thread thread_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> late_polls_ = 0;
  std::mutex mutex_;
  mainboard::Config configuration_;
  int revision_ = 0;        ///< of the configuration
  bool is_posted_ = false;  ///< work_ has its synchronisation
  std::vector<std::function<void(mainboard::Board&)>> work_;
  struct Asked {
    std::string message;
    Answer answer;
  };
  std::deque<Asked> asked_;
  std::string aside_for_;       ///< who has the board; empty: it is ours
  std::function<void()> gone_;  ///< not called yet
  bool others_set_ = false;     ///< the board may be set to what another program wanted: it stays so
  bool layout_is_old_ = false;
  mainboard::Time asked_at_{-10'000'000'000};  ///< on the bus, when a message was last there
  std::string last_trouble_;
  int synchronised_revision_ = -1;  ///< of the one that the board was given last, or refused
  BoardState state_;
};

}  // namespace flm::flmd
