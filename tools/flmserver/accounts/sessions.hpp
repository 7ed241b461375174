// Who has logged in: rows of the store, so that each of several servers knows them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/flmserver/store/database.hpp"
#include "tools/web/exchange/request.hpp"
#include "tools/web/exchange/response.hpp"

namespace flm::server {

struct Session {
  std::int64_t uid = 0;
  std::string csrf;  ///< the page sends it back as the header X-CSRF-Token
};

/// A session's token is in a cookie that scripts cannot read and that other sites' requests do not carry; the
/// store has only its SHA-256, so that nobody logs in with what a backup holds. Calls belong into a
/// transaction of their caller.
class Sessions {
 public:
  static constexpr std::int64_t idle_s = 12 * 3600;       ///< since its last request
  static constexpr std::int64_t whole_s = 7 * 24 * 3600;  ///< since the login
  static constexpr std::int64_t most =
      20;  ///< of an account; one more ends the one that was not used for longest
  static constexpr std::string_view cookie = "flmserver_session";

  /// `secure`: the cookie goes over TLS only.
  Sessions(Database& database, std::int64_t now, bool secure)
      : database_(database), now_(now), secure_(secure) {}

  /// The request's session; nothing: none, or one that has ended.
  [[nodiscard]] std::optional<Session> find(const web::Request&);
  /// The same, and its idle time begins anew; in a transaction that writes.
  std::optional<Session> use(const web::Request&);
  /// The session of a request that changes something. Throws HttpError 403 for a page of another site, 401
  /// without a session, 403 without its CSRF token.
  [[nodiscard]] Session require(const web::Request&);

  /// Logs an account in: adds the cookie to the answer. The session that the request had ends.
  void open(std::int64_t uid, const web::Request&, web::Response&);
  /// Logs out.
  void close(const web::Request&, web::Response&);
  /// Ends all of an account.
  void close_all_of(std::int64_t uid);

 private:
  Database& database_;
  std::int64_t now_;
  bool secure_;
};

}  // namespace flm::server
