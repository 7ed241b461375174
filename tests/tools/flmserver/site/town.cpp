#include "tests/tools/flmserver/site/town.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

#include "tests/tools/flmserver/store/store.hpp"
#include "tools/api/claim_code.hpp"
#include "tools/api/digest.hpp"
#include "tools/flmserver/store/schema.hpp"

namespace flm::test {
namespace {

std::string migrated(std::string url) {
  server::migrate(*server::open_database(url));
  return url;
}

}  // namespace

Town::Town(server::Site::Options options)
    : url(migrated(server::test::empty_database())),
      workers(loop, {.url = url}, [this](std::string_view line) { log.emplace_back(line); }),
      site(
          workers, std::move(options), [this] { return now; },
          [this](std::string_view line) { log.emplace_back(line); }),
      api(workers, site.session_of(), [this] { return now; }) {
  site.add_routes(router);
  api.add_routes(router);
  const auto database = server::open_database(url);
  server::Transaction transaction(*database, server::Database::Mode::write);
  server::Accounts(*database).add_device(device, key, serial);
  transaction.commit();
}

void Town::device_reports() {
  Visitor meter{*this};
  meter.origin.clear();
  const auto send = [&](const std::string& path, const std::string& body) {
    const std::string digest = api::digest(key, body);
    const web::Response answer =
        meter.ask(web::Method::post, path, body, {{"X-Version", "1.0"}, {"X-Digest", digest}});
    if (answer.status != 200) throw std::runtime_error(path + ": " + answer.body);
  };
  send(fmt::format("/device/{}", device),
       fmt::format(R"({{"version":243,"uptime":3600,"reset":1,"ip":"{}","port":"8080"}})", home));
  int number = 0;
  for (const char* sid : {shared, secret}) {
    send(
        fmt::format("/sensor/{}", sid),
        fmt::format(
            R"({{"config":{{"number":{},"class":"analog","type":"electricity","function":"sensor {}","enable":1}}}})",
            ++number, number));
    send(fmt::format("/sensor/{}", sid),
         fmt::format(R"({{"measurements":[[{},100],[{},160]]}})", now - 7200, now - 60));
  }
}

std::int64_t Town::count(std::string_view sql) {
  const auto database = server::open_database(url);
  server::Transaction transaction(*database, server::Database::Mode::read);
  return database->run(sql).at(0).integer(0);
}

web::Response Visitor::ask(web::Method method, std::string_view target, const std::string& body,
                           std::vector<std::pair<std::string_view, std::string_view>> headers) {
  web::Request request;
  request.method = method;
  request.target = target;
  request.address = address;
  request.headers = {{"Host", host}, {"Content-Type", "application/json"}};
  if (!cookie.empty()) request.headers.emplace_back("Cookie", cookie);
  if (!origin.empty() && method != web::Method::get) request.headers.emplace_back("Origin", origin);
  if (!csrf.empty()) request.headers.emplace_back("X-CSRF-Token", csrf);
  request.headers.insert(request.headers.end(), headers.begin(), headers.end());
  request.body = body;
  web::decode_target(request);
  std::string fault;
  const web::Route* route = town.router.find(request);
  web::Response response = town.router.answer(route, request, fault);
  if (response.later) {
    bool came = false;
    response.later->on_answer = [&](web::Response answer) {
      response = web::Router::of_route(route, std::move(answer));
      came = true;
    };
    town.loop.restart();
    const auto work = boost::asio::make_work_guard(town.loop);
    while (!came)
      if (town.loop.run_one_for(std::chrono::seconds(20)) == 0) throw std::runtime_error("no answer");
  }
  if (!fault.empty()) response.body += fault;
  if (!response.fixed_body.empty()) response.body = response.fixed_body;
  constexpr std::string_view set = "Set-Cookie: ";
  if (const auto at = response.headers.find(set); at != std::string::npos)
    cookie = response.headers.substr(at + set.size(), response.headers.find(';', at) - at - set.size());
  return response;
}

Json Visitor::session() {
  Json answer = json("/api/session");
  csrf = answer["csrf"].is_string() ? answer["csrf"].get<std::string>() : "";
  return answer;
}

web::Response Visitor::sign_up(const std::string& name) {
  web::Response answer =
      post("/api/signup", {{"name", name}, {"password", "correct horse"}, {"zone", "Europe/Brussels"}});
  session();
  return answer;
}

web::Response Visitor::log_in(const std::string& name, const std::string& password) {
  web::Response answer = post("/api/login", {{"name", name}, {"password", password}});
  session();
  return answer;
}

}  // namespace flm::test
