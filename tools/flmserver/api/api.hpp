// API 1.0: what devices send, and what readers ask.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "tools/flmserver/api/asker.hpp"
#include "tools/flmserver/jobs/workers.hpp"
#include "tools/history/query/zone.hpp"
#include "tools/web/router.hpp"

namespace flm::server {

/// | request | answer |
/// |---|---|
/// | POST /sensor/<sid> | measurements or a configuration, signed with the device's key: `{"response":"ok"}`
/// once it is on disk | | POST /device/<device> | a heartbeat, signed:
/// `{"upgrade":0,"timestamp":1458756425}`, signed too | | GET /sensor/<sid>?interval=..., ?start=...,
/// ?param=all | tools/history/query | | GET /sensor/<sid>/tmpo/sync, /sensor/<sid>/tmpo/<rid>/<lvl>/<bid> |
/// blocks | | GET /user/<uid>/sensor, /user/<uid>/device, /device/<device>/sensor | lists |
///
/// Every answer may be read by scripts of any site; version and token are checked as the original does.
class Api {
 public:
  using Clock = std::function<std::int64_t()>;  ///< Unix s
  Api(Workers&, SessionOf, Clock);
  void add_routes(web::Router&);

  /// Bytes of a POST's body: some 100 000 measurements.
  static constexpr std::size_t longest_body = 2 << 20;

 private:
  web::Response read(const web::Request&, web::Response (Api::*)(Database&, const web::Request&));
  web::Response write(const web::Request&, web::Response (Api::*)(Database&, const web::Request&));

  web::Response take_sensor(Database&, const web::Request&);
  web::Response take_heartbeat(Database&, const web::Request&);
  web::Response series(Database&, const web::Request&);
  web::Response sync(Database&, const web::Request&);
  web::Response block(Database&, const web::Request&);
  web::Response sensors_of_user(Database&, const web::Request&);
  web::Response devices_of_user(Database&, const web::Request&);
  web::Response sensors_of_device(Database&, const web::Request&);
  std::shared_ptr<const history::Zone> zone(const std::string& name);

  Workers& workers_;
  SessionOf session_of_;
  Clock clock_;
  std::mutex zones_mutex_;
  std::map<std::string, std::shared_ptr<const history::Zone>> zones_;
};

}  // namespace flm::server
