#include "tools/flmserver/api/asker.hpp"

#include <fmt/format.h>

#include "tools/api/api_request.hpp"
#include "tools/web/access/passwords.hpp"

namespace flm::server {

web::HttpError refused(std::string_view reason) {
  return {401, std::string(reason), fmt::format("WWW-Authenticate: {}\r\n", reason)};
}

void require_version(const web::Request& request) {
  try {
    history::check_version(api::parameters_of(request));
  } catch (const history::QueryError& error) {
    throw web::HttpError(400, error.what());
  }
}

Asker::Asker(const web::Request& request, const SessionOf& session_of)
    : request_(request), session_of_(session_of) {
  const std::vector<history::Parameter> parameters = api::parameters_of(request);
  try {
    history::check_version(parameters);
    const auto token = history::value_of(parameters, "token");
    if (!token) return;
    if (!is_id(*token)) history::refuse("token", *token, "32 digits 0-9a-f");
    token_ = *token;
  } catch (const history::QueryError& error) {
    throw web::HttpError(400, error.what());
  }
}

std::pair<Sensor, std::optional<Account>> Asker::sensor_with_owner(Database& database,
                                                                   std::string_view sid) const {
  if (!is_id(sid)) throw web::HttpError(400, "sensor: allowed: 32 digits 0-9a-f");
  Accounts accounts(database);
  auto found = accounts.sensor_with_owner(sid);
  if (!found) throw refused("Access refused");
  const auto& [sensor, owner] = *found;
  bool may_see = false;
  if (token_.empty()) {
    const std::optional<std::int64_t> uid = session_of_ ? session_of_(database, request_) : std::nullopt;
    may_see = uid && accounts.may_see(*uid, sensor);
  } else if (owner && web::equal_in_constant_time(owner->token, token_)) {
    may_see = true;
  } else if (const std::optional<Token> token = accounts.token(token_)) {
    may_see = token->sid == sid;
  }
  if (!may_see) throw refused("Access refused");
  return *std::move(found);
}

Account Asker::account(Database& database) const {
  Accounts accounts(database);
  std::optional<Account> account;
  if (!token_.empty()) {
    account = accounts.account_of_token(token_);
  } else if (session_of_) {
    if (const auto uid = session_of_(database, request_)) account = accounts.account(*uid);
  }
  if (!account) throw refused("Access refused");
  return *std::move(account);
}

}  // namespace flm::server
