// An answer, and the usual ways to make one.
#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "tools/web/exchange/request.hpp"  // Request, for jsonp()

namespace flm::web {

class EventClients;
class Later;

struct Response {
  int status = 200;
  std::string content_type{};     ///< "application/json"; empty: none
  std::string body{};             ///< not used where `fixed_body` has bytes
  std::string_view fixed_body{};  ///< bytes that are not copied: of the program, or of `owner`
  std::shared_ptr<const void> owner{};
  std::string headers{};   ///< further lines; with() adds one
  bool may_sniff = false;  ///< leaves out X-Content-Type-Options: nosniff; jsonp() has to
  std::shared_ptr<EventClients>
      events{};                    ///< of EventStream::open(): the connection stays, and gets its events
  std::shared_ptr<Later> later{};  ///< the answer is not there yet; all else here is not used

  /// Adds a header. Throws std::invalid_argument for a value with a control character.
  Response& with(std::string_view name, std::string_view value) &;
  Response&& with(std::string_view name, std::string_view value) &&;
};

/// Text, with a line end added.
Response text(int status, std::string_view line);
/// JSON that is text already.
Response json(std::string body, int status = 200);
Response json_of(const nlohmann::json&, int status = 200);
/// 204.
Response no_content();
/// 303: the browser gets `location` next.
Response see_other(std::string_view location);

/// JSON for a script of another page: `f([...]);` where the query has callback=f, or jsonp_callback=f as
/// older readers have it; plain JSON where it has neither. Throws HttpError 400 unless the name is 1 to 64 of
/// 0-9a-zA-Z_. The content type stays application/json, as it is on stock firmware and on its server.
Response jsonp(const Request&, std::string body);

/// An answer that is made elsewhere while its connection waits, as by a thread that may wait for a database:
///
///     router.post("/sensor/{sid}", [&](const web::Request& request) {
///       auto later = std::make_shared<web::Later>();
///       pool.run(web::keep(request), later);     // ends with io.post([later, answer] {
///       later->complete(answer); }) return web::Response{.later = later};
///     });
///
/// A Request is valid while its handler runs: keep() copies it. Used on the server's thread only.
class Later {
 public:
  /// The answer, once; ignored where nobody waits for it any more.
  void complete(Response);

  std::function<void(Response)> on_answer;  ///< of the connection; empty: nobody waits
};

/// The answer that `next` makes of another one, now or once that has come. `next` throws nothing.
Response then(Response first, std::function<Response(Response)> next);

/// Words of a status, "Not Found".
std::string_view reason_phrase(int status);
/// "Sat, 28 Nov 2026 00:17:53 GMT" (RFC 9110, 5.6.7); `time` in Unix seconds.
std::string http_date(std::int64_t time);

/// What is to be said of a connection in an answer.
enum class Connection : std::uint8_t { keep, keep_1_0, close };
/// Appends status line and headers, and the body unless it is fixed; without_body: as for HEAD.
/// Content-Length is always there but for 204, 304 and events.
void write(std::string& out, const Response&, Connection, bool without_body);

}  // namespace flm::web
