// Who comes in: accounts and passwords.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/common/input_error.hpp"
#include "tools/flmserver/site/visit.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/history/query/zone.hpp"
#include "tools/web/access/origin.hpp"
#include "tools/web/access/passwords.hpp"
#include "tools/web/exchange/json_input.hpp"

namespace flm::server {
namespace {

constexpr std::size_t longest_name = 64, longest_password = 256;  ///< bytes

/// Account of a session that may change something.
Account owner(Database& database, Sessions sessions, const web::Request& request) {
  const Session session = sessions.require(request);
  std::optional<Account> account = Accounts(database).account(session.uid);
  if (!account) throw web::HttpError(401, "this needs a login");
  return *std::move(account);
}

/// A name as a log may hold it.
std::string in_log(std::string_view name) { return fmt::format("'{}'", web::is_text(name) ? name : "?"); }

}  // namespace

web::Response Site::checked(const web::Request& request, Job check, std::string name,
                            std::function<web::Response()> next) {
  const std::string address = address_of(request);
  tries_.begin(address);
  return web::then(workers_.read(std::move(check)),
                   [this, address, name = std::move(name), next = std::move(next)](web::Response answer) {
                     if (answer.status == 204) {
                       tries_.succeeded(address);
                       return next();
                     }
                     if (answer.status == 403) {
                       tries_.failed(address);
                       if (log_) log_(fmt::format("a wrong password for {} from {}", in_log(name), address));
                     }
                     return answer;
                   });
}

web::Response Site::sign_up(const web::Request& request) {
  web::require_own_origin(request);
  if (!options_.sign_up)
    throw web::HttpError(403, "nobody can sign up here; whoever runs this server adds accounts");
  const nlohmann::json body = web::json_body(request);
  web::JsonInput input(body);
  const std::string name = input.text("name", longest_name),
                    password = input.text("password", longest_password), zone = input.text("zone", 64);
  input.no_others();
  const std::string address = address_of(request);
  tries_.begin(address);
  const auto hash = std::make_shared<std::string>();
  const auto kept = web::keep(request);
  const Job prepare = for_user([=](Database& database) {
    history::Zone check(zone);
    if (Accounts(database).account_named(name)) throw InputError(fmt::format("name: '{}' is taken", name));
    *hash = web::hash_password(password);
    return web::no_content();
  });
  const Job add = for_user([this, kept, hash, name, zone](Database& database) {
    const std::int64_t now = clock_();
    const Account account = Accounts(database).add_account(name, *hash, zone, now);
    web::Response response = web::no_content();
    Sessions(database, now, options_.secure).open(account.uid, *kept, response);
    return response;
  });
  return web::then(workers_.read(prepare), [this, add, name, address](web::Response prepared) {
    if (prepared.status != 204) return prepared;
    return web::then(workers_.write(add), [this, name, address](web::Response answer) {
      if (answer.status == 204 && log_) log_(fmt::format("{} has signed up from {}", in_log(name), address));
      return answer;
    });
  });
}

web::Response Site::log_in(const web::Request& request) {
  web::require_own_origin(request);
  const nlohmann::json body = web::json_body(request);
  web::JsonInput input(body);
  const std::string name = input.text("name", longest_name),
                    password = input.text("password", longest_password);
  input.no_others();
  const auto uid = std::make_shared<std::int64_t>(0);
  const auto kept = web::keep(request);
  const Job check = [this, uid, name, password](Database& database) {
    const std::optional<Account> account = Accounts(database).account_named(name);
    const bool known = account && !account->password.empty();
    const bool right = web::is_password(password, known ? account->password : nobodys_hash_);
    if (!known || !right) throw web::HttpError(403, "name or password is wrong");
    *uid = account->uid;
    return web::no_content();
  };
  return checked(request, check, name, [this, uid, kept] {
    return workers_.write([this, uid, kept](Database& database) {
      web::Response response = web::no_content();
      Sessions(database, clock_(), options_.secure).open(*uid, *kept, response);
      return response;
    });
  });
}

web::Response Site::log_out(Database& database, const web::Request& request) {
  Sessions sessions(database, clock_(), options_.secure);
  web::require_own_origin(request);
  web::Response response = web::no_content();
  if (!sessions.find(request)) return response;
  (void)sessions.require(request);
  sessions.close(request, response);
  return response;
}

web::Response Site::set_password(const web::Request& request) {
  web::require_own_origin(request);
  const nlohmann::json body = web::json_body(request);
  web::JsonInput input(body);
  const std::string old = input.text("old", longest_password),
                    password = input.text("password", longest_password);
  input.no_others();
  const auto account = std::make_shared<Account>();
  const auto kept = web::keep(request);
  const Job check = for_user([=, this](Database& database) {
    *account = owner(database, {database, clock_(), options_.secure}, *kept);
    if (!web::is_password(old, account->password)) throw web::HttpError(403, "the old password is wrong");
    account->password = web::hash_password(password);
    return web::no_content();
  });
  return checked(request, check, "a session", [this, account, kept] {
    return workers_.write([this, account, kept](Database& database) {
      Accounts accounts(database);
      std::optional<Account> now = accounts.account(account->uid);
      if (!now) throw web::HttpError(401, "this needs a login");
      now->password = account->password;
      accounts.change(*now);
      Sessions sessions(database, clock_(), options_.secure);
      sessions.close_all_of(now->uid);
      web::Response response = web::no_content();
      sessions.open(now->uid, *kept, response);
      return response;
    });
  });
}

web::Response Site::remove_account(const web::Request& request) {
  web::require_own_origin(request);
  const nlohmann::json body = web::json_body(request);
  web::JsonInput input(body);
  const std::string password = input.text("password", longest_password);
  input.no_others();
  const auto account = std::make_shared<Account>();
  const auto kept = web::keep(request);
  const Job check = [=, this](Database& database) {
    *account = owner(database, {database, clock_(), options_.secure}, *kept);
    if (!web::is_password(password, account->password)) throw web::HttpError(403, "the password is wrong");
    return web::no_content();
  };
  return checked(request, check, "a session", [this, account, kept] {
    return workers_.write([this, account, kept](Database& database) {
      for (const std::string& sid : Accounts(database).remove(account->uid))
        SeriesStore(database).remove(sid);
      web::Response response = web::no_content();
      Sessions(database, clock_(), options_.secure).close(*kept, response);
      return response;
    });
  });
}

}  // namespace flm::server
