// Who has logged in: a cookie that scripts cannot read, and a second token against requests that other sites
// make.
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <string_view>

#include "tools/web/exchange/request.hpp"
#include "tools/web/exchange/response.hpp"

namespace flm::web {

struct Session {
  std::string user;
  std::string csrf;  ///< the page sends it back as the header X-CSRF-Token, or as the form's field "csrf"
  std::string token;
  std::chrono::steady_clock::time_point used{}, opened{};
};

/// In memory only: a restart of the program logs everybody out.
class Sessions {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;
  struct Limits {
    std::size_t sessions = 64;                ///< one more ends the one that was not used for longest
    std::chrono::minutes idle{12 * 60};       ///< since its last request
    std::chrono::minutes whole{7 * 24 * 60};  ///< since the login
    bool secure = false;                      ///< the cookie goes over TLS only
  };
  Sessions() : Sessions(Limits()) {}
  explicit Sessions(Limits, Now now = std::chrono::steady_clock::now);

  /// Logs a user in: adds the cookie to the answer. The session that the request had ends: a token is never
  /// raised to more rights.
  const Session& open(std::string_view user, const Request&, Response&);
  /// The request's session; nullptr: none, or one that has ended.
  const Session* find(const Request&);
  /// The session of a request that changes something. Throws HttpError 401 without a session, 403 without its
  /// CSRF token.
  const Session& require(const Request&);
  /// Logs out.
  void close(const Request&, Response&);
  /// Ends all, or a user's, as after a change of the password.
  void close_all();
  void close_all_of(std::string_view user);
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  std::list<Session>::iterator at(const Request&);
  void remove_ended();

  Limits limits_;
  Now now_;
  std::list<Session> sessions_;
};

}  // namespace flm::web
