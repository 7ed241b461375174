// What the pages ask and tell: accounts, devices, sensors, tokens, following. Readings come from API 1.0, by
// the session's cookie.
#pragma once
#include <cstdint>
#include <functional>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "tools/flmserver/accounts/sessions.hpp"
#include "tools/flmserver/api/asker.hpp"
#include "tools/flmserver/jobs/workers.hpp"
#include "tools/web/access/tries.hpp"
#include "tools/web/router.hpp"

namespace flm::server {

/// | request | body, answer |
/// |---|---|
/// | GET /api/session | `{"user":{"uid","name","zone","price_eur","price_aud","token","settings"} or
/// null,"csrf","sign_up","time"}` | | POST /api/signup, /api/login | `{"name","password"}`, and `"zone"` to
/// sign up: 204 with the cookie | | POST /api/logout | 204 | | POST /api/password | `{"old","password"}`:
/// 204; all other sessions end | | PATCH /api/account | any of `{"zone","price_eur","price_aud","settings"}`
/// | | POST /api/account/token | a new account token: `{"token"}`; the old one reads nothing any more | |
/// POST /api/account/delete | `{"password"}`: the account, its devices, their sensors and series | | GET
/// /api/account/export | all of the account as a tar file | | GET /api/devices, POST with
/// `{"serial","code"}`, DELETE /api/devices/{device} | own ones; deleting removes sensors and series too | |
/// GET /api/sensors | own ones, and shared ones of those whom one follows | | PATCH /api/sensors/{sid} | any
/// of `{"name","shared"}`; an empty name: as the device says | | GET /api/sensors/{sid}/tokens, POST with
/// `{"name"}`, DELETE /api/sensors/{sid}/tokens/{token} | tokens that read one sensor | | GET /api/following,
/// POST with `{"name"}`, DELETE /api/following/{uid} | whose shared sensors one sees |
///
/// What needs a session answers 401 without one. What changes something takes JSON, the session's CSRF token,
/// and no page of another site: 403. What is not the account's own is answered as what is not there: 404.
class Site {
 public:
  struct Options {
    bool sign_up = true;  ///< anybody may make an account
    bool secure = false;  ///< users come over TLS: so does the cookie
    std::function<std::string(const web::Request&)>
        address{};  ///< of a request's client; empty: of its connection
  };
  using Clock = std::function<std::int64_t()>;  ///< Unix s
  /// `log`: who signed up, logged in, and failed to, a line each; on the loop's thread.
  Site(Workers&, Options, Clock, web::Log log);
  void add_routes(web::Router&);

  [[nodiscard]] SessionOf session_of();

 private:
  /// A request of an account that is known.
  struct Visit;
  using Answer = web::Response (Site::*)(Visit&);
  void reads(web::Router&, std::string_view path, Answer);
  void changes(web::Router&, web::Method, std::string_view path, Answer);

  web::Response session(Database&, const web::Request&);
  web::Response sign_up(const web::Request&);
  web::Response log_in(const web::Request&);
  web::Response log_out(Database&, const web::Request&);
  web::Response set_password(const web::Request&);
  web::Response remove_account(const web::Request&);
  /// Tries a password beside the writer, as it takes a while; then `next`, on the loop.
  web::Response checked(const web::Request&, Job check, std::string name,
                        std::function<web::Response()> next);

  web::Response change_account(Visit&);
  web::Response new_account_token(Visit&);
  web::Response export_account(Visit&);
  web::Response devices(Visit&);
  web::Response claim(Visit&);
  web::Response release(Visit&);
  web::Response sensors(Visit&);
  web::Response change_sensor(Visit&);
  web::Response tokens(Visit&);
  web::Response add_token(Visit&);
  web::Response revoke(Visit&);
  web::Response following(Visit&);
  web::Response follow(Visit&);
  web::Response unfollow(Visit&);

  [[nodiscard]] std::string address_of(const web::Request& request) const;

  Workers& workers_;
  Options options_;
  Clock clock_;
  web::Log log_;
  web::Tries tries_;
  std::string nobodys_hash_;  // so that an unknown name takes as long as a wrong password
  std::mutex exporting_;
};

}  // namespace flm::server
