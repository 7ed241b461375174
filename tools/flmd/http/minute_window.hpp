// The stock local REST interface: each sensor's last minute by the second.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/history/point.hpp"
#include "tools/history/query/parameters.hpp"

namespace flm::flmd {

/// Status, type and body of an HTTP answer. The body is shared: whoever sends it need not copy it.
struct Reply {
  int status;
  std::string_view content_type;
  std::shared_ptr<const std::string> body;
};

/// Gauges of the last 60 s of every sensor, and the answers to
///
///     /sensor/<sid>?version=1.0&interval=minute&unit=watt[&callback=f]
///
/// as the stock main board gives them: `[[t,v],...]`, a row a second from now - 59, or from the first
/// reading, to now. A second without a reading has the value of the next later one: a pulse says what the
/// power was since the pulse before. After the last reading it is "nan". Before the first reading the answer
/// is `[]`.
///
/// Other than stock it compares `unit` with the sensor, checks the callback's name, and says in a 400 what is
/// wrong.
class MinuteWindow {
 public:
  /// Keeps a window for each of these sensors (sid and type), with what it has of it, and drops the others.
  void keep(const std::vector<std::pair<std::string, std::string>>& sensors);

  /// Takes a sensor's gauge, which is rounded to a whole number. Of two in one second the first stays. A time
  /// before the last one means that the clock was set back: what is later is forgotten. A sensor that is not
  /// kept is ignored.
  void add(std::string_view sid, history::Point gauge);

  /// Whether a request is one for this window: `interval=minute` without a resolution. Others are queries of
  /// the history.
  static bool is_asked_for(history::Parameters);

  /// Answer at a time, Unix s: 200; 400 with text; 404 for a sensor that is not kept.
  Reply reply(std::string_view sid, history::Parameters, std::int64_t now);

 private:
  struct Window {
    std::string type;
    std::deque<history::Point> gauges;  // at most the last minute's, whole values, ascending
    bool any = false;                   // a reading came, ever
    std::int64_t first = 0;             // time of that reading
    std::shared_ptr<const std::string> body;
    std::int64_t body_time = 0;
    const std::shared_ptr<const std::string>& body_at(std::int64_t now);
  };
  std::map<std::string, Window, std::less<>> windows_;
};

}  // namespace flm::flmd
