// What any browser, script or stranger may send to a server's port, whole and in pieces:
//   1. Requests are answered the same way, however they are cut. What is no request is refused, and ends the
//   connection; cut, it may be
//      refused later.
//   2. Answers are well-formed: a status line, headers, as many bytes as Content-Length says; nothing comes
//   after the last.
//   3. A handler is given text: segments and queries are UTF-8 without control characters, no segment is "."
//   or "..", bodies are
//      within their route's limit, headers within theirs; and no handler's fault is made from outside (no
//      500).
//   4. What waits is bounded, whatever comes.
#include <nlohmann/json.hpp>

#include "tests/fuzz/promise.hpp"
#include "tools/web/conversation.hpp"
#include "tools/web/exchange/json_input.hpp"

using namespace flm;
using fuzz::promise;

namespace {

constexpr std::size_t body_limit = 200;

web::Response look(const web::Request& request) {
  std::size_t header = request.target.size();
  for (const auto& [name, value] : request.headers) header += name.size() + value.size();
  promise(
      header <= web::Conversation::header_limit && request.headers.size() <= web::Conversation::field_limit,
      "3: headers within their limit");
  promise(request.body.size() <= body_limit, "3: a body within its limit");
  for (const std::string_view segment : request.path)
    promise(web::is_text(segment) && segment != "." && segment != ".." && segment.find('/') == segment.npos,
            "3: a segment is text, and goes nowhere else", std::string(segment));
  for (const auto& [name, value] : request.queries)
    promise(web::is_text(name, true) && web::is_text(value, true), "3: a query is text", std::string(value));
  static_cast<void>(request.cookie("flm_session"));
  static_cast<void>(request.form("csrf"));
  static_cast<void>(web::query_integer(request, "start", 0, 4000000000));
  return web::jsonp(request, nlohmann::json(request.path).dump());
}

web::Response take(const web::Request& request) {
  const nlohmann::json body = web::json_body(request, 4);
  web::JsonInput input(body);
  const std::string name = input.text("name", 32);
  const auto id = input.integer("id", 1, 64);
  input.no_others();
  return web::json_of({{"name", name}, {"id", id}});
}

const web::Router& router() {
  static const web::Router made = [] {
    web::Router router;
    router.get("/", look, {.body_limit = body_limit})
        .get("/sensor/{sid}", look, {.body_limit = body_limit, .any_origin = true})
        .post("/sensor/{sid}", take, {.body_limit = body_limit})
        .post("/look", look, {.body_limit = body_limit})
        .get("/large", [](const web::Request&) { return web::text(200, std::string(70000, 'x')); })
        .get("/fixed", [](const web::Request&) { return web::Response{.fixed_body = "fixed"}; });
    return router;
  }();
  return made;
}

const web::Log faults = [](std::string_view line) {
  promise(false, "3: no handler has a fault", std::string(line));
};

void drain(web::Conversation& conversation, std::string& all) {
  for (auto output = conversation.output(); !output.empty(); output = conversation.output()) {
    promise(output.first.size() + output.then.size() < 3 * 70000, "4: what waits to be sent is bounded");
    all.append(output.first).append(output.then);
    conversation.sent();
  }
}

std::string without_dates(std::string text) {
  for (std::size_t at = 0; (at = text.find("\r\nDate: ", at)) != text.npos;) text.erase(at, 37);
  return text;
}

/// Without a last answer that says that what came is no request.
std::string_view without_refusal(std::string_view answers) {
  const std::size_t last = answers.rfind("HTTP/1.1 4");
  const std::string_view status = last == answers.npos ? "" : answers.substr(last + 9, 3);
  const bool refusal = status == "414" || status == "431" ||
                       (status == "400" && answers.find("this is no HTTP", last) != answers.npos);
  return refusal ? answers.substr(0, last) : answers;
}

/// Takes one answer off the text. The requests' methods are not known here: a body that is missing is one of
/// HEAD.
void check_answers(std::string_view text, bool may_be_head) {
  while (!text.empty()) {
    promise(text.starts_with("HTTP/1.1 "), "2: an answer has a status line", std::string(text.substr(0, 60)));
    const std::size_t end = text.find("\r\n\r\n");
    promise(end != text.npos, "2: headers have an end");
    const std::string_view head = text.substr(0, end + 2);
    const std::string_view status = head.substr(9, 3);
    promise(status >= "100" && status < "506", "2: a status", std::string(status));
    text.remove_prefix(end + 4);
    const std::size_t at = head.find("\r\nContent-Length: ");
    promise((at == head.npos) == (status == "204" || status == "100"), "2: a length where there is a body",
            std::string(head));
    if (at == head.npos) continue;
    const std::size_t size = std::stoul(std::string(head.substr(at + 18, 10)));
    if (may_be_head && (text.size() < size || text.substr(0, 9) == "HTTP/1.1 ")) continue;
    promise(text.size() >= size, "2: as many bytes as the length says");
    text.remove_prefix(size);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  std::string whole, pieces;
  web::Conversation at_once(router(), "192.0.2.7", faults), cut(router(), "192.0.2.7", faults);
  at_once.feed(bytes);
  drain(at_once, whole);
  fuzz::Dice dice(data, size);
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t piece = 1 + dice.below(dice.below(3) == 0 ? 3 : 200);
    cut.feed(std::string_view(bytes).substr(at, piece));
    drain(cut, pieces);
    at += piece;
  }
  whole = without_dates(std::move(whole));
  pieces = without_dates(std::move(pieces));
  const std::string_view answers = without_refusal(whole);
  promise(answers == without_refusal(pieces), "1: answered the same way, however they are cut",
          whole + "\n" + pieces);
  promise(at_once.last() == cut.last() || answers.size() < whole.size(), "1: ended the same way", whole);
  check_answers(whole, bytes.find("HEAD") != bytes.npos);
  if (at_once.last()) {
    at_once.feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    promise(at_once.output().empty(), "2: nothing comes after the last");
  } else if (at_once.idle()) {
    at_once.feed("GET /fixed HTTP/1.1\r\nHost: x\r\n\r\n");
    promise(at_once.output().then == "fixed", "1: the next request is answered");
  }
  return 0;
}
