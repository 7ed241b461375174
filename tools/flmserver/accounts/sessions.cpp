#include "tools/flmserver/accounts/sessions.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>

#include "tools/web/access/origin.hpp"
#include "tools/web/access/passwords.hpp"  // random_hex, equal_in_constant_time

namespace flm::server {
namespace {

/// What the store has of a token.
std::string stored(std::string_view token) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  std::string hex;
  for (const unsigned char byte : hash) hex += fmt::format("{:02x}", byte);
  return hex;
}

/// Less often than with each request, so that looking at a chart writes nothing.
constexpr std::int64_t renewed_after_s = 600;

std::string set_cookie(std::string_view token, std::int64_t age_s, bool secure) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}", Sessions::cookie, token, age_s,
                     secure ? "; Secure" : "");
}

}  // namespace

std::optional<Session> Sessions::find(const web::Request& request) {
  const auto token = request.cookie(cookie);
  if (!token || token->size() != 32) return std::nullopt;
  const Rows rows =
      database_.run("SELECT uid, csrf FROM session WHERE token = $1 AND used >= $2 AND opened >= $3",
                    {stored(*token), now_ - idle_s, now_ - whole_s});
  if (rows.empty()) return std::nullopt;
  return Session{rows[0].integer(0), rows[0].text(1)};
}

std::optional<Session> Sessions::use(const web::Request& request) {
  std::optional<Session> session = find(request);
  if (session)
    database_.run("UPDATE session SET used = $2 WHERE token = $1 AND used < $3",
                  {stored(*request.cookie(cookie)), now_, now_ - renewed_after_s});
  return session;
}

Session Sessions::require(const web::Request& request) {
  web::require_own_origin(request);
  std::optional<Session> session = find(request);
  if (!session) throw web::HttpError(401, "this needs a login");
  if (!web::equal_in_constant_time(request.header("X-CSRF-Token").value_or(""), session->csrf))
    throw web::HttpError(403,
                         "the request does not come from this server's page; allowed: with its CSRF token");
  return *std::move(session);
}

void Sessions::open(std::int64_t uid, const web::Request& request, web::Response& response) {
  if (const auto old = request.cookie(cookie))
    database_.run("DELETE FROM session WHERE token = $1", {stored(*old)});
  database_.run("DELETE FROM session WHERE used < $1 OR opened < $2", {now_ - idle_s, now_ - whole_s});
  database_.run(
      "DELETE FROM session WHERE uid = $1 AND token NOT IN (SELECT token FROM session WHERE uid = $1 "
      "ORDER BY used DESC, token LIMIT $2)",
      {uid, most - 1});
  const std::string token = web::random_hex(16);
  database_.run("INSERT INTO session (token, uid, csrf, opened, used) VALUES ($1, $2, $3, $4, $4)",
                {stored(token), uid, web::random_hex(16), now_});
  response.with("Set-Cookie", set_cookie(token, whole_s, secure_));
}

void Sessions::close(const web::Request& request, web::Response& response) {
  if (const auto token = request.cookie(cookie))
    database_.run("DELETE FROM session WHERE token = $1", {stored(*token)});
  response.with("Set-Cookie", set_cookie("", 0, secure_));
}

void Sessions::close_all_of(std::int64_t uid) { database_.run("DELETE FROM session WHERE uid = $1", {uid}); }

}  // namespace flm::server
