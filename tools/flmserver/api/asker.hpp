// Who asks: the version that a request must name, and the token or session that says what it may see.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tools/flmserver/accounts/accounts.hpp"
#include "tools/history/query/parameters.hpp"
#include "tools/web/exchange/request.hpp"

namespace flm::server {

/// 401 with the reason in WWW-Authenticate, as readers of the original look for it.
web::HttpError refused(std::string_view reason);

/// Account of a request's session; nothing: it has none.
using SessionOf = std::function<std::optional<std::int64_t>(Database&, const web::Request&)>;

/// Finds out who asks.
class Asker {
 public:
  /// Checks version and the form of the token. Throws HttpError 400: missing, twice, or none. No database is
  /// asked for what cannot be right.
  Asker(const web::Request&, const SessionOf&);

  /// The sensor, when the asker may see it. Throws HttpError 401 otherwise; also for a sensor that is not
  /// there, so that nobody learns which there are.
  Sensor sensor(Database& database, std::string_view sid) const {
    return sensor_with_owner(database, sid).first;
  }
  /// And the account that its device belongs to, where there is one.
  std::pair<Sensor, std::optional<Account>> sensor_with_owner(Database&, std::string_view sid) const;
  /// Account that the asker speaks for, by its token or session. Throws HttpError 401.
  Account account(Database&) const;

 private:
  const web::Request& request_;
  const SessionOf& session_of_;
  std::string token_;
};

/// Checks that the version is named once, by query or header. Throws HttpError 400.
void require_version(const web::Request&);

}  // namespace flm::server
