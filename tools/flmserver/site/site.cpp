#include "tools/flmserver/site/site.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "tools/common/input_error.hpp"
#include "tools/flmserver/site/visit.hpp"
#include "tools/history/query/zone.hpp"
#include "tools/web/access/passwords.hpp"
#include "tools/web/exchange/json_input.hpp"

namespace flm::server {
namespace {

using Json = nlohmann::json;

constexpr std::size_t longest_settings = 4096;  ///< bytes

web::HttpError not_there() { return {404, "there is nothing of this name that is yours"}; }

}  // namespace

Job for_user(Job job) {
  return [job = std::move(job)](Database& database) {
    try {
      return job(database);
    } catch (const InputError& error) {
      throw web::HttpError(400, error.what());
    }
  };
}

Device Site::Visit::device() {
  const std::string_view id = request.parameter("device");
  std::optional<Device> found = is_id(id) ? accounts.device(id) : std::nullopt;
  if (!found || found->uid != self.uid) throw not_there();
  return *std::move(found);
}

Sensor Site::Visit::sensor() {
  const std::string_view sid = request.parameter("sid");
  std::optional<Sensor> found = is_id(sid) ? accounts.sensor(sid) : std::nullopt;
  if (!found || accounts.owner_of(*found) != self.uid) throw not_there();
  return *std::move(found);
}

std::int64_t uid_of_path(const web::Request& request) {
  const std::string_view text = request.parameter("uid");
  std::int64_t uid = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) throw not_there();
  return uid;
}

Site::Site(Workers& workers, Options options, Clock clock, web::Log log)
    : workers_(workers),
      options_(std::move(options)),
      clock_(std::move(clock)),
      log_(std::move(log)),
      tries_(600),
      nobodys_hash_(web::hash_password(web::random_hex(16))) {}

std::string Site::address_of(const web::Request& request) const {
  return options_.address ? options_.address(request) : std::string(request.address);
}

SessionOf Site::session_of() {
  return [this](Database& database, const web::Request& request) -> std::optional<std::int64_t> {
    const std::optional<Session> session = Sessions(database, clock_(), options_.secure).find(request);
    return session ? std::optional(session->uid) : std::nullopt;
  };
}

void Site::reads(web::Router& router, std::string_view path, Answer answer) {
  router.get(path, [this, answer](const web::Request& request) {
    return workers_.read(for_user([this, answer, kept = web::keep(request)](Database& database) {
      const std::int64_t now = clock_();
      const std::optional<Session> session = Sessions(database, now, options_.secure).find(*kept);
      std::optional<Account> account = session ? Accounts(database).account(session->uid) : std::nullopt;
      if (!account) throw web::HttpError(401, "this needs a login");
      Visit visit{database, *kept, now, options_.secure, *std::move(account)};
      return (this->*answer)(visit).with("Cache-Control", "no-store");
    }));
  });
}

void Site::changes(web::Router& router, web::Method method, std::string_view path, Answer answer) {
  router.add(method, path,
             [this, answer](const web::Request& request) {
               return workers_.write(for_user([this, answer, kept = web::keep(request)](Database& database) {
                 const std::int64_t now = clock_();
                 const Session session = Sessions(database, now, options_.secure).require(*kept);
                 std::optional<Account> account = Accounts(database).account(session.uid);
                 if (!account) throw web::HttpError(401, "this needs a login");
                 Visit visit{database, *kept, now, options_.secure, *std::move(account)};
                 return (this->*answer)(visit);
               }));
             },
             {.body_limit = 8192});
}

void Site::add_routes(web::Router& router) {
  // Its session is used, which the store notes.
  router.get("/api/session", [this](const web::Request& request) {
    return workers_.write(
        [this, kept = web::keep(request)](Database& database) { return session(database, *kept); });
  });
  const web::RouteOptions small{.body_limit = 2048};
  router.post(
      "/api/signup", [this](const web::Request& request) { return sign_up(request); }, small);
  router.post(
      "/api/login", [this](const web::Request& request) { return log_in(request); }, small);
  router.post(
      "/api/logout",
      [this](const web::Request& request) {
        return workers_.write(
            [this, kept = web::keep(request)](Database& database) { return log_out(database, *kept); });
      },
      small);
  router.post(
      "/api/password", [this](const web::Request& request) { return set_password(request); }, small);
  router.post(
      "/api/account/delete", [this](const web::Request& request) { return remove_account(request); }, small);

  using web::Method;
  changes(router, Method::patch, "/api/account", &Site::change_account);
  changes(router, Method::post, "/api/account/token", &Site::new_account_token);
  reads(router, "/api/account/export", &Site::export_account);
  reads(router, "/api/devices", &Site::devices);
  changes(router, Method::post, "/api/devices", &Site::claim);
  changes(router, Method::remove, "/api/devices/{device}", &Site::release);
  reads(router, "/api/sensors", &Site::sensors);
  changes(router, Method::patch, "/api/sensors/{sid}", &Site::change_sensor);
  reads(router, "/api/sensors/{sid}/tokens", &Site::tokens);
  changes(router, Method::post, "/api/sensors/{sid}/tokens", &Site::add_token);
  changes(router, Method::remove, "/api/sensors/{sid}/tokens/{token}", &Site::revoke);
  reads(router, "/api/following", &Site::following);
  changes(router, Method::post, "/api/following", &Site::follow);
  changes(router, Method::remove, "/api/following/{uid}", &Site::unfollow);
}

web::Response Site::session(Database& database, const web::Request& request) {
  const std::int64_t now = clock_();
  const std::optional<Session> session = Sessions(database, now, options_.secure).use(request);
  const std::optional<Account> account = session ? Accounts(database).account(session->uid) : std::nullopt;
  Json user;
  if (account)
    user = {{"uid", account->uid},
            {"name", account->name},
            {"zone", account->zone},
            {"price_eur", account->prices.eur},
            {"price_aud", account->prices.aud},
            {"token", account->token},
            {"settings", Json::parse(account->settings, nullptr, false)}};
  return web::json_of({{"user", user},
                       {"csrf", account ? Json(session->csrf) : Json()},
                       {"sign_up", options_.sign_up},
                       {"time", now}})
      .with("Cache-Control", "no-store");
}

web::Response Site::change_account(Visit& visit) {
  const Json body = web::json_body(visit.request);
  web::JsonInput input(body);
  Account& account = visit.self;
  if (input.has("zone")) {
    account.zone = input.text("zone", 64);
    history::Zone check(account.zone);
  }
  if (input.has("price_eur")) account.prices.eur = input.number("price_eur", 0, 1000);
  if (input.has("price_aud")) account.prices.aud = input.number("price_aud", 0, 1000);
  if (input.has("settings")) {
    account.settings = input.object("settings").dump();
    if (account.settings.size() > longest_settings)
      throw InputError("settings: longer than 4096 bytes; allowed: a small object of the pages");
  }
  input.no_others();
  visit.accounts.change(account);
  return web::no_content();
}

web::Response Site::new_account_token(Visit& visit) {
  visit.self.token = web::random_hex(16);
  visit.accounts.change(visit.self);
  return web::json_of({{"token", visit.self.token}});
}

}  // namespace flm::server
