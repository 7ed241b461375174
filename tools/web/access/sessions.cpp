#include "tools/web/access/sessions.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "tools/web/access/passwords.hpp"  // random_hex, equal_in_constant_time

namespace flm::web {
namespace {

constexpr std::string_view cookie_name = "flm_session";

std::string cookie(std::string_view token, std::chrono::seconds age, bool secure) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", cookie_name, token,
                     age.count(), secure ? "; Secure" : "");
}

}  // namespace

Sessions::Sessions(Limits limits, Now now) : limits_(limits), now_(std::move(now)) {}

void Sessions::remove_ended() {
  const auto now = now_();
  sessions_.remove_if([&](const Session& session) {
    return now - session.used > limits_.idle || now - session.opened > limits_.whole;
  });
}

std::list<Session>::iterator Sessions::at(const Request& request) {
  remove_ended();
  const auto token = request.cookie(cookie_name);
  if (!token) return sessions_.end();
  return std::find_if(sessions_.begin(), sessions_.end(),
                      [&](const Session& session) { return equal_in_constant_time(session.token, *token); });
}

const Session& Sessions::open(std::string_view user, const Request& request, Response& response) {
  if (const auto old = at(request); old != sessions_.end()) sessions_.erase(old);
  if (sessions_.size() >= limits_.sessions) {
    const auto oldest = std::min_element(sessions_.begin(), sessions_.end(),
                                         [](const Session& a, const Session& b) { return a.used < b.used; });
    if (oldest != sessions_.end()) sessions_.erase(oldest);
  }
  const auto now = now_();
  sessions_.push_back({std::string(user), random_hex(16), random_hex(32), now, now});
  response.with("Set-Cookie", cookie(sessions_.back().token, limits_.whole, limits_.secure));
  return sessions_.back();
}

const Session* Sessions::find(const Request& request) {
  const auto session = at(request);
  if (session == sessions_.end()) return nullptr;
  session->used = now_();
  return &*session;
}

const Session& Sessions::require(const Request& request) {
  const Session* session = find(request);
  if (!session) throw HttpError(401, "this needs a login");
  std::string given(request.header("X-CSRF-Token").value_or(""));
  if (given.empty()) given = request.form("csrf").value_or("");
  if (!equal_in_constant_time(given, session->csrf))
    throw HttpError(403, "the request does not come from this server's page; allowed: with its CSRF token");
  return *session;
}

void Sessions::close(const Request& request, Response& response) {
  if (const auto session = at(request); session != sessions_.end()) sessions_.erase(session);
  response.with("Set-Cookie", cookie("", std::chrono::seconds(0), limits_.secure));
}

void Sessions::close_all() { sessions_.clear(); }
void Sessions::close_all_of(std::string_view user) {
  sessions_.remove_if([&](const Session& session) { return session.user == user; });
}

}  // namespace flm::web
