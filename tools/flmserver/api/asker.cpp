#include "tools/flmserver/api/asker.hpp"

#include <fmt/format.h>

#include "tools/api/api_request.hpp"

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

Sensor Asker::sensor(Database& database, std::string_view sid) const {
  if (!is_id(sid)) throw web::HttpError(400, "sensor: allowed: 32 digits 0-9a-f");
  Accounts accounts(database);
  std::optional<Sensor> sensor = accounts.sensor(sid);
  if (!sensor) throw refused("Access refused");
  if (token_.empty()) {
    const std::optional<std::int64_t> uid = session_of_ ? session_of_(database, request_) : std::nullopt;
    if (!uid || !accounts.may_see(*uid, *sensor)) throw refused("Access refused");
    return *std::move(sensor);
  }
  if (const std::optional<Token> token = accounts.token(token_)) {
    if (token->sid != sid) throw refused("Access refused");
    return *std::move(sensor);
  }
  const std::optional<Account> account = accounts.account_of_token(token_);
  if (!account || accounts.owner_of(*sensor) != account->uid) throw refused("Access refused");
  return *std::move(sensor);
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
