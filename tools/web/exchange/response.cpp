#include "tools/web/exchange/response.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

namespace flm::web {
namespace {

/// "Date: ...\r\n", made once a second. A thread has its own.
std::string_view date_line() {
  thread_local std::int64_t made = -1;
  thread_local std::string line;
  const std::int64_t now = std::time(nullptr);
  if (now != made) {
    line = fmt::format("Date: {}\r\n", http_date(now));
    made = now;
  }
  return line;
}

}  // namespace

Response& Response::with(std::string_view name, std::string_view value) & {
  for (const std::string_view part : {name, value})
    if (std::any_of(part.begin(), part.end(),
                    [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; }))
      throw std::invalid_argument("a header has a control character");
  headers.append(name).append(": ").append(value).append("\r\n");
  return *this;
}
Response&& Response::with(std::string_view name, std::string_view value) && {
  with(name, value);
  return std::move(*this);
}

void Later::complete(Response response) {
  if (const auto tell = std::exchange(on_answer, nullptr)) tell(std::move(response));
}

Response then(Response first, std::function<Response(Response)> next) {
  if (!first.later) return next(std::move(first));
  auto whole = std::make_shared<Later>();
  first.later->on_answer = [whole, next = std::move(next)](Response came) {
    Response second = next(std::move(came));
    if (!second.later) return whole->complete(std::move(second));
    second.later->on_answer = [whole](Response last) { whole->complete(std::move(last)); };
  };
  return Response{.later = std::move(whole)};
}

Response text(int status, std::string_view line) {
  Response response{.status = status, .content_type = "text/plain; charset=utf-8"};
  response.body.append(line).append("\n");
  return response;
}

Response json(std::string body, int status) {
  return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

Response json_of(const nlohmann::json& value, int status) { return json(value.dump(), status); }

Response no_content() { return {.status = 204}; }

Response see_other(std::string_view location) { return Response{.status = 303}.with("Location", location); }

Response jsonp(const Request& request, std::string body) {
  auto callback = request.query("callback");
  if (!callback) callback = request.query("jsonp_callback");
  if (!callback) return json(std::move(body));
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (callback->empty() || callback->size() > 64 || !std::all_of(callback->begin(), callback->end(), allowed))
    throw HttpError(400, "the callback is no name; allowed: 1 to 64 of 0-9, a-z, A-Z and _");
  Response response{.content_type = "application/json", .may_sniff = true};
  response.body.reserve(callback->size() + body.size() + 3);
  response.body.append(*callback).append("(").append(body).append(");");
  return response;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    default: return status < 400 ? "OK" : status < 500 ? "Refused" : "Error";
  }
}

std::string http_date(std::int64_t time) {
  constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(time);
  std::tm t{};
  if (!gmtime_r(&seconds, &t)) return "Thu, 01 Jan 1970 00:00:00 GMT";
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
                     t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

void write(std::string& out, const Response& response, Connection connection, bool without_body) {
  const std::string_view body =
      response.fixed_body.empty() ? std::string_view(response.body) : response.fixed_body;
  if (response.status == 200)
    out += "HTTP/1.1 200 OK\r\n";
  else
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status,
                   reason_phrase(response.status));
  out += date_line();
  if (!response.content_type.empty())
    out.append("Content-Type: ").append(response.content_type).append("\r\n");
  if (!response.events && response.status != 204 && response.status != 304) {
    const fmt::format_int length(body.size());
    out.append("Content-Length: ").append(length.data(), length.size()).append("\r\n");
  }
  if (!response.may_sniff) out += "X-Content-Type-Options: nosniff\r\n";
  out += response.headers;
  if (connection == Connection::close) out += "Connection: close\r\n";
  if (connection == Connection::keep_1_0) out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (!without_body && response.fixed_body.empty()) out += body;
}

}  // namespace flm::web
