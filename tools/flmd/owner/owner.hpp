// The owner: whoever knows the password. Looking needs none, changing does.
#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "tools/web/access/sessions.hpp"
#include "tools/web/access/tries.hpp"
#include "tools/web/router.hpp"

namespace flm::flmd {

/// Makes a handler that runs only for the owner out of one that runs for anybody: requests without a session
/// are answered 401, those without its CSRF token, or from a page of another site, 403.
///
///     router.add(web::Method::put, "/api/config", guard(handler));
using Guard = std::function<web::Handler(web::Handler)>;

/// Password and sessions. The password's hash is a file below the state folder, read anew for each request
/// that asks: `flmd password` takes effect at once, and ends all sessions.
class Owner {
 public:
  /// `hash_file`: password_file(). `log`: who logged in and who failed, a line each.
  Owner(std::filesystem::path hash_file, std::function<void(const std::string&)> log,
        web::Tries::Now now = std::chrono::steady_clock::now);
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;

  ///     GET  /api/session    {"user": "owner" or null, "csrf": token or null, "password_set", "local"}
  ///     POST /api/login      {"password"}: 204 with the session's cookie
  ///     POST /api/logout     204
  ///     POST /api/password   {"password"}: the first one, from the local network only; or {"old",
  ///     "password"}
  ///                          in a session. 204 with the cookie of a new session, all others end
  void add_routes(web::Router&);

  /// The request has the owner's session, for what an open answer tells the owner only.
  [[nodiscard]] bool asks(const web::Request&);
  /// The handler behind the guard. The owner outlives it.
  [[nodiscard]] web::Handler only(web::Handler);
  [[nodiscard]] Guard guard() {
    return [this](web::Handler handler) { return only(std::move(handler)); };
  }

 private:
  web::Response session(const web::Request&);
  web::Response log_in(const web::Request&);
  web::Response log_out(const web::Request&);
  web::Response set_password(const web::Request&);
  const std::string& hash();
  void check(const web::Request&, const std::string& password);

  std::filesystem::path file_;
  std::function<void(const std::string&)> log_;
  web::Sessions sessions_;
  web::Tries tries_;
  std::string hash_;
};

/// Where the hash of the password is below the state folder.
std::filesystem::path password_file(const std::filesystem::path& state_dir);
/// Writes the hash, whole or not at all and on the disk when it returns, for the folder's owner only. Throws
/// InputError for a password that is none (hash_password()), and for what cannot be written.
void write_password(const std::filesystem::path& hash_file, const std::string& password);

}  // namespace flm::flmd
