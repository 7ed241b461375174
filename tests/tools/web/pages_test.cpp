#include "tools/web/pages.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace flm::test {
std::span<const web::EmbeddedFile> page_files();  // of tests/tools/web/pages
}

namespace {

using namespace flm::web;
using Catch::Matchers::Contains;

std::string bytes_of(const std::string& file) {
  std::ifstream in(FLM_SOURCE_DIR "/tests/tools/web/pages" + file, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

Response get(std::string_view target, std::string_view tags = {}, std::string_view encodings = {}) {
  static const Router router = [] {
    Router made;
    add_pages(made, flm::test::page_files());
    return made;
  }();
  Request request;
  request.target = target;
  if (!tags.empty()) request.headers = {{"If-None-Match", tags}};
  if (!encodings.empty()) request.headers.emplace_back("Accept-Encoding", encodings);
  decode_target(request);
  std::string fault;
  const Route* route = router.find(request);
  Response response = router.answer(route, request, fault);
  CHECK(fault.empty());
  return response;
}

std::string etag_of(const Response& response) {
  const std::size_t at = response.headers.find("ETag: ") + 6;
  return response.headers.substr(at, response.headers.find('\r', at) - at);
}

}  // namespace

TEST_CASE("files of a folder are part of the program, byte for byte") {
  CHECK(flm::test::page_files().size() == 7);
  for (const char* file : {"/index.html", "/live.js", "/live.html", "/img/dot.png", "/empty.txt"}) {
    INFO(file);
    CHECK(get(file).body == bytes_of(file));
  }
  CHECK(get("/").body == bytes_of("/index.html"));
  CHECK(get("/live").body == bytes_of("/live.html"));
  CHECK(get("/img").status == 404);
  CHECK(get("/dot.png").status == 404);
}

TEST_CASE("a further file is part of the program under its own name") {
  std::ifstream in(FLM_SOURCE_DIR "/LICENSE", std::ios::binary);
  CHECK(get("/LICENSE").body == std::string(std::istreambuf_iterator<char>(in), {}));
}

TEST_CASE("files of a further folder are part of the program with their paths below it") {
  CHECK(get("/js/shared.js").body == "// Shared by several programs.\n");
  CHECK(get("/shared.js").status == 404);
}

TEST_CASE("one page's scripts may ask meters of the local network, others' only this server") {
  Router router;
  add_pages(router, flm::test::page_files(), "/index.html");
  const auto policy = [&](std::string_view target) {
    Request request;
    request.target = target;
    decode_target(request);
    std::string fault;
    return router.answer(router.find(request), request, fault).headers;
  };
  for (const char* page : {"/", "/index.html"})
    CHECK_THAT(policy(page), Contains("; connect-src 'self' http:; "));
  for (const char* page : {"/live", "/live.js"}) CHECK_THAT(policy(page), Contains("; connect-src 'self'; "));
  CHECK_THAT(get("/").headers, Contains("; connect-src 'self'; "));
}

TEST_CASE("a page says what it is") {
  const std::map<std::string, std::string> types = {{"/", "text/html; charset=utf-8"},
                                                    {"/live.js", "text/javascript; charset=utf-8"},
                                                    {"/img/dot.png", "image/png"},
                                                    {"/empty.txt", "text/plain; charset=utf-8"}};
  for (const auto& [path, type] : types) CHECK(get(path).content_type == type);
  CHECK(content_type_of("/a.unknown") == "application/octet-stream");
}

TEST_CASE("a page that the browser has is not sent again") {
  const std::string etag = etag_of(get("/live.js"));
  CHECK(etag.size() == 18);
  CHECK(etag != etag_of(get("/live.html")));
  for (const std::string& tags :
       {etag, "W/" + etag, "\"x\", " + etag, std::string("*"), "\"x\"  ,W/" + etag + " "}) {
    INFO(tags);
    const Response same = get("/live.js", tags);
    CHECK(same.status == 304);
    CHECK(same.body.empty());
    CHECK(same.fixed_body.empty());
    CHECK(etag_of(same) == etag);
  }
  for (const std::string& tags : {std::string("\"x\""), etag.substr(1), std::string(","), std::string(" ")})
    CHECK(get("/live.js", tags).status == 200);
  CHECK_THAT(get("/live.js").headers, Contains("Cache-Control: no-cache\r\n"));
}

TEST_CASE("a page runs only this server's scripts, stands in no frame, and keeps its address to itself") {
  const std::string headers = get("/").headers;
  CHECK_THAT(headers, Contains("Content-Security-Policy: default-src 'none'; script-src 'self';") &&
                          Contains("frame-ancestors 'none'\r\n") &&
                          Contains("Referrer-Policy: no-referrer\r\n"));
  CHECK_THAT(headers, !Contains("unsafe-inline") && !Contains("unsafe-eval"));
}

TEST_CASE("a page is sent packed to a browser that accepts it") {
  const Response packed = get("/LICENSE", {}, "deflate, gzip, br");
  CHECK(packed.body.empty());
  CHECK(packed.fixed_body.substr(0, 8) ==
        std::string_view("\x1f\x8b\x08\0\0\0\0\0", 8));  // RFC 1952, no time
  CHECK(unpacked({"/LICENSE", packed.fixed_body, {}}) == get("/LICENSE").body);
  CHECK_THAT(packed.headers, Contains("Content-Encoding: gzip\r\n") && Contains("Vary: Accept-Encoding\r\n"));
  // Other bytes, another tag (RFC 9110, 8.8.3.3), and both are known again.
  CHECK(etag_of(packed) != etag_of(get("/LICENSE")));
  CHECK(get("/LICENSE", etag_of(packed), "gzip").status == 304);
  CHECK(get("/LICENSE", etag_of(packed)).status == 304);
}
