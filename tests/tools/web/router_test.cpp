#include "tools/web/router.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace flm::web;
using Catch::Matchers::Contains;

Handler says(std::string word) {
  return [word](const Request&) { return text(200, word); };
}

struct Asked {
  explicit Asked(const Router& router, std::string_view target, Method method = Method::get) {
    request.target = target;
    request.method = method;
    decode_target(request);
    const Route* route = router.find(request);
    response = router.answer(route, request, fault);
  }
  Request request;
  Response response;
  std::string fault;
};

Router sensors() {
  Router router;
  router.get("/", says("index"))
      .get("/sensor/{sid}", says("sensor"), {.any_origin = true})
      .post("/sensor/{sid}", says("taken"))
      .get("/sensor/{sid}/tmpo/{rid}/{lvl}/{bid}",
           [](const Request& request) {
             return text(200,
                         std::string(request.parameter("sid")) + " " + std::string(request.parameter("bid")));
           })
      .get("/kube/new", says("new"))
      .get("/kube/{id}", says("kube"))
      .add(Method::remove, "/kube/{id}", says("removed"));
  return router;
}

}  // namespace

TEST_CASE("a pattern's words match themselves, and its names a segment each") {
  const Router router = sensors();
  CHECK(Asked(router, "/").response.body == "index\n");
  CHECK(Asked(router, "/sensor/ab%20c").response.body == "sensor\n");
  CHECK(Asked(router, "/sensor/0a/tmpo/0/8/1458756352").response.body == "0a 1458756352\n");
  for (const char* target : {"/sensor", "/sensor/", "/sensor/0a/", "/sensor/0a/tmpo/0/8",
                             "/sensor/0a/tmpo/0/8/1/2", "/SENSOR/0a", "//", "/sensor//tmpo/0/8/1"})
    CHECK(Asked(router, target).response.status == 404);
}

TEST_CASE("of two patterns that match, the first answers") {
  const Router router = sensors();
  CHECK(Asked(router, "/kube/new").response.body == "new\n");
  CHECK(Asked(router, "/kube/newer").response.body == "kube\n");
}

TEST_CASE("a method that a path has not is answered with those that it has") {
  const Router router = sensors();
  const Asked asked(router, "/sensor/0a", Method::put);
  CHECK(asked.response.status == 405);
  CHECK(asked.response.headers == "Allow: GET, HEAD, POST, OPTIONS\r\n");
  CHECK_THAT(Asked(router, "/kube/7", Method::post).response.headers,
             Contains("Allow: GET, HEAD, DELETE, OPTIONS"));
  CHECK(Asked(router, "/kube/7", Method::remove).response.body == "removed\n");
  CHECK(Asked(router, "/kube/7", Method::head).response.body == "kube\n");
}

TEST_CASE("only an open route may be read by scripts of other sites, and OPTIONS says so") {
  const Router router = sensors();
  CHECK_THAT(Asked(router, "/sensor/0a").response.headers, Contains("Access-Control-Allow-Origin: *\r\n"));
  CHECK_THAT(Asked(router, "/sensor/0a", Method::post).response.headers, !Contains("Access-Control"));
  CHECK_THAT(Asked(router, "/").response.headers, !Contains("Access-Control"));
  const Asked open(router, "/sensor/0a", Method::options);
  CHECK(open.response.status == 204);
  CHECK_THAT(open.response.headers, Contains("Allow: GET, HEAD, POST, OPTIONS\r\n") &&
                                        Contains("Access-Control-Allow-Origin: *\r\n") &&
                                        Contains("Access-Control-Allow-Methods: GET\r\n") &&
                                        Contains("X-Token"));
  const Asked closed(router, "/kube/7", Method::options);
  CHECK(closed.response.status == 204);
  CHECK_THAT(closed.response.headers, !Contains("Access-Control"));
  CHECK(Asked(router, "/nowhere", Method::options).response.status == 404);
}

TEST_CASE("what a handler throws becomes an answer, and a fault goes to the log only") {
  Router router;
  router
      .get("/refused", [](const Request&) -> Response { throw HttpError(409, "it is paired already"); },
           {.any_origin = true})
      .get("/broken", [](const Request&) -> Response { throw std::runtime_error("secret place"); })
      .get("/odd", [](const Request&) -> Response { throw 7; });
  const Asked refused(router, "/refused");
  CHECK(refused.response.status == 409);
  CHECK(refused.response.body == "it is paired already\n");
  CHECK_THAT(refused.response.headers, Contains("Access-Control-Allow-Origin"));
  CHECK(refused.fault.empty());
  const Asked broken(router, "/broken");
  CHECK(broken.response.status == 500);
  CHECK_THAT(broken.response.body, !Contains("secret"));
  CHECK(broken.fault == "secret place");
  CHECK(Asked(router, "/odd").response.status == 500);
  CHECK_FALSE(Asked(router, "/odd").fault.empty());
}

TEST_CASE("a pattern that is none is a fault of the program") {
  for (const char* pattern : {"", "sensor", "/a//b", "/a/", "/a{b}", "/{}", "/{a", "/a}", "/{a}{b}"}) {
    Router router;
    CHECK_THROWS_AS(router.get(pattern, says("")), std::logic_error);
  }
  Router router;
  router.get("/a", says(""));
  CHECK_THROWS_WITH(router.get("/a", says("")), "route 'GET /a' stands there already");
  CHECK_NOTHROW(router.post("/a", says("")));
}
