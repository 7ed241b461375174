// Readings and history over HTTP: the stock local interface, the server's queries on the same path, TMPO
// blocks, events, and metrics.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "tools/flmd/board/clock.hpp"
#include "tools/flmd/http/minute_window.hpp"
#include "tools/flmd/site/sensors.hpp"
#include "tools/flmd/subscribers/keeper.hpp"
#include "tools/history/query/zone.hpp"
#include "tools/web/event_stream.hpp"
#include "tools/web/router.hpp"

namespace flm::flmd {

/// Routes:
///
///     GET /sensor/{sid}                         interval=minute: the last minute; else a query of the
///     history GET /sensor/{sid}/tmpo/sync               names of blocks GET
///     /sensor/{sid}/tmpo/{rid}/{lvl}/{bid}  a block GET /events                               readings as
///     they come (server-sent events) GET /api/sensors                          the sensors, their last
///     readings
class LocalApi final : public Subscriber {
 public:
  LocalApi(Sensors&, Keeper&, const SiteClock&, history::Zone zone);

  void on_reading(const Reading&) override;
  void on_sensors(std::span<const SiteSensor>) override;

  void add_routes(web::Router&);

  /// The last reading of each quantity, by sensor number.
  struct Latest {
    std::optional<history::Point> gauge, counter;
    std::string_view gauge_unit, counter_unit;
    std::string kind;  ///< class and type of the sensor then
  };
  [[nodiscard]] const std::map<int, Latest>& latest() const { return latest_; }
  [[nodiscard]] const web::EventStream& events() const { return events_; }

 private:
  web::Response sensor(const web::Request&);
  web::Response query(const SiteSensor&, const web::Request&, history::Parameters);
  web::Response sync(const web::Request&);
  web::Response block(const web::Request&);
  web::Response sensors(const web::Request&);
  [[nodiscard]] std::string sensors_text() const;
  const SiteSensor& known(const web::Request&) const;

  Sensors& sensors_;
  Keeper& keeper_;
  const SiteClock& clock_;
  history::Zone zone_;
  MinuteWindow window_;
  web::EventStream events_;
  std::map<int, Latest> latest_;
};

}  // namespace flm::flmd
