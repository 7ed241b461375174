// A server without sockets on a store of its own, SQLite or what FLM_STORE_URL names: anna, who has a meter
// with a shared and a private sensor; fred, who follows her; sam, who does not.
#pragma once
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tools/flmserver/api/api.hpp"
#include "tools/flmserver/jobs/workers.hpp"
#include "tools/flmserver/site/site.hpp"
#include "tools/web/router.hpp"

namespace flm::test {

using Json = nlohmann::json;

struct Town {
  static constexpr const char* device = "0123456789abcdef0123456789abcdef";
  static constexpr const char* key = "00112233445566778899aabbccddeeff";
  static constexpr const char* serial = "FL02B00042";
  static constexpr const char* shared = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  static constexpr const char* secret = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
  static constexpr const char* home = "192.168.77.7";  ///< of the meter

  explicit Town(server::Site::Options options = {});

  std::string url;  ///< of the store
  std::int64_t now = 1'800'000'000;
  std::vector<std::string> log;
  boost::asio::io_context loop;
  server::Workers workers;
  server::Site site;
  server::Api api;
  web::Router router;

  /// The device sends a heartbeat with where it is at home, its sensors, and two measurements of each.
  void device_reports();
  /// A row's first column, straight from the store.
  std::int64_t count(std::string_view sql);
};

/// A browser: keeps the cookie, sends origin and token.
struct Visitor {
  Town& town;
  std::string address = "203.0.113.9", host = "meter.example", origin = "https://meter.example";
  std::string cookie{}, csrf{};

  web::Response ask(web::Method, std::string_view target, const std::string& body = "{}",
                    std::vector<std::pair<std::string_view, std::string_view>> headers = {});
  web::Response get(std::string_view target) { return ask(web::Method::get, target, ""); }
  web::Response post(std::string_view target, const Json& body = Json::object()) {
    return ask(web::Method::post, target, body.dump());
  }
  web::Response patch(std::string_view target, const Json& body) {
    return ask(web::Method::patch, target, body.dump());
  }
  web::Response remove(std::string_view target) { return ask(web::Method::remove, target); }
  Json json(std::string_view target) { return Json::parse(get(target).body); }

  /// What /api/session says; its token is sent from now on.
  Json session();
  /// With the password "correct horse".
  web::Response sign_up(const std::string& name);
  web::Response log_in(const std::string& name, const std::string& password = "correct horse");
};

}  // namespace flm::test
