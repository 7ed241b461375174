// Somebody who asks a router, as a browser does: keeps the cookie, and sends origin and token.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "tools/web/router.hpp"

namespace flm::test {

struct Visitor {
  const web::Router& router;
  std::string address = "192.168.1.20", host = "192.168.1.7:8080", origin = "http://192.168.1.7:8080";
  std::string cookie{}, csrf{};

  web::Response ask(web::Method method, std::string_view target, const std::string& body = {}) {
    web::Request request;
    request.method = method;
    request.target = target;
    request.address = address;
    request.headers = {{"Host", host}, {"Cookie", cookie}, {"Content-Type", "application/json"}};
    if (!origin.empty() && method != web::Method::get) request.headers.emplace_back("Origin", origin);
    if (!csrf.empty()) request.headers.emplace_back("X-CSRF-Token", csrf);
    request.body = body;
    web::decode_target(request);
    std::string fault;
    const web::Route* route = router.find(request);
    web::Response response = router.answer(route, request, fault);
    if (!fault.empty()) response.body += fault;
    constexpr std::string_view set = "Set-Cookie: ";
    if (const auto at = response.headers.find(set); at != std::string::npos)
      cookie = response.headers.substr(at + set.size(), response.headers.find(';', at) - at - set.size());
    return response;
  }
  web::Response post(std::string_view target, const nlohmann::json& body = nlohmann::json::object()) {
    return ask(web::Method::post, target, body.dump());
  }
  web::Response put(std::string_view target, const nlohmann::json& body) {
    return ask(web::Method::put, target, body.dump());
  }
  /// What /api/session says; its token is sent from now on.
  nlohmann::json session() {
    const auto json = nlohmann::json::parse(ask(web::Method::get, "/api/session").body);
    csrf = json["csrf"].is_string() ? json["csrf"].get<std::string>() : "";
    return json;
  }
  /// Sets the first password, as the page does, and takes the session's token.
  void become_owner() {
    post("/api/password", {{"password", "correct horse"}});
    session();
  }
};

}  // namespace flm::test
