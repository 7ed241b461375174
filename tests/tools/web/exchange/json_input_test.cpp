#include "tools/web/exchange/json_input.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace flm::web;
using Catch::Matchers::Contains;
using nlohmann::json;

template <class Act>
std::pair<int, std::string> refusal(Act act) {
  try {
    act();
  } catch (const HttpError& error) {
    return {error.status(), error.what()};
  }
  return {0, ""};
}

std::pair<int, std::string> body_refusal(std::string_view type, std::string_view body) {
  Request request;
  request.headers = {{"content-type", type}};
  request.body = body;
  return refusal([&] { json_body(request); });
}

}  // namespace

TEST_CASE("a body is JSON only where it says so, and is") {
  CHECK(body_refusal("application/json", "{\"a\":[1,2]}").first == 0);
  CHECK(body_refusal("Application/JSON; charset=utf-8", "null").first == 0);
  for (const char* type : {"text/plain", "", "application/x-www-form-urlencoded", "application/jsonx"})
    CHECK(body_refusal(type, "{}").first == 415);
  CHECK(body_refusal("application/json", "{\"a\":1,}") ==
        std::pair(400, std::string("the body is no JSON: wrong at byte 8")));
  for (const char* body : {"", "{", "[1,2", "\"\xff\"", "{\"a\":1}x", "NaN", "'a'", "\"\n\""})
    CHECK_THAT(body_refusal("application/json", body).second, Contains("is no JSON: wrong at byte"));
  CHECK(body_refusal("application/json", "[1e999]") ==
        std::pair(400, std::string("the body has a number that is out of range")));
}

TEST_CASE("a body is nested eight deep, not nine") {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  CHECK(body_refusal("application/json", nested(8)).first == 0);
  CHECK(body_refusal("application/json", nested(9)) ==
        std::pair(400, std::string("the body is nested too deep; allowed: 8 levels")));
  CHECK(body_refusal("application/json", std::string(60000, '[')).first == 400);
  std::string objects;
  for (int i = 0; i < 9; ++i) objects += "{\"a\":";
  CHECK_THAT(body_refusal("application/json", objects + "1").second, Contains("nested too deep"));
}

TEST_CASE("members are read with their kinds and ranges") {
  const json object = json::parse(
      R"({"name":"main","id":3,"gain":1.5,"on":true,"unit":"watt","list":[1],"more":{}, "none":null})");
  JsonInput input(object);
  CHECK(input.text("name", 32) == "main");
  CHECK(input.integer("id", 1, 64) == 3);
  CHECK(input.number("gain", 0, 2) == 1.5);
  CHECK(input.number("id", 0, 5) == 3);
  CHECK(input.boolean("on"));
  CHECK(input.word("unit", {"watt", "kwh"}) == "watt");
  CHECK(input.array("list", 4).size() == 1);
  CHECK(input.object("more").empty());
  CHECK_FALSE(input.has("none"));
  CHECK_FALSE(input.has("absent"));
  CHECK_NOTHROW(input.no_others());
}

TEST_CASE("a complaint names the member, what is wrong with it and what is allowed") {
  const json object = json::parse(
      R"({"name":"","long":"123456789","bell":"a\u0007","id":0,"big":18446744073709551615,"half":2.5,"on":"yes","unit":"volt","list":[1,2,3]})");
  const auto says = [&](auto act) {
    return refusal([&] {
             JsonInput input(object, "sensors[2]");
             act(input);
           })
        .second;
  };
  CHECK(says([](JsonInput& in) { in.text("name", 8); }) ==
        "sensors[2].name: has 0 bytes; allowed: text of 1 to 8 bytes without control characters");
  CHECK_THAT(says([](JsonInput& in) { in.text("long", 8); }), Contains("long: has 9 bytes"));
  CHECK_THAT(says([](JsonInput& in) { in.text("bell", 8); }), Contains("bell: has a control character"));
  CHECK_THAT(says([](JsonInput& in) { in.text("id", 8); }), Contains("id: is number"));
  CHECK(says([](JsonInput& in) { in.integer("id", 1, 64); }) ==
        "sensors[2].id: is 0; allowed: an integer from 1 to 64");
  CHECK_THAT(says([](JsonInput& in) { in.integer("big", -1, 64); }), Contains("is 18446744073709551615"));
  CHECK_THAT(says([](JsonInput& in) { in.integer("half", 1, 64); }), Contains("half: is not whole"));
  CHECK_THAT(says([](JsonInput& in) { in.integer("unit", 1, 64); }), Contains("unit: is string"));
  CHECK_THAT(says([](JsonInput& in) { in.number("half", 0, 2); }),
             Contains("is 2.5; allowed: a number from 0 to 2"));
  CHECK_THAT(says([](JsonInput& in) { in.boolean("on"); }),
             Contains("on: is string; allowed: true or false"));
  CHECK(says([](JsonInput& in) {
          in.word("unit", {"watt", "kwh"});
        }) == "sensors[2].unit: 'volt' is not known; allowed: watt, kwh");
  CHECK_THAT(says([](JsonInput& in) { in.array("list", 2); }),
             Contains("has 3 elements; allowed: an array of at most 2"));
  CHECK_THAT(says([](JsonInput& in) { in.object("list"); }), Contains("is array; allowed: an object"));
  CHECK(says([](JsonInput& in) { in.integer("absent", 1, 2); }) ==
        "sensors[2].absent: is missing; allowed: an integer from 1 to 2");
  CHECK(refusal([] { JsonInput input(json::array()); }).second == "the body is array; allowed: an object");
}

TEST_CASE("a member that nobody knows is refused, with the name that was meant") {
  const json object = json::parse(R"({"name":"a","phasse":1})");
  JsonInput input(object);
  input.text("name", 8);
  input.has("phase");
  CHECK(refusal([&] { input.no_others(); }).second == "phasse: is not known; is 'phase' meant?");
  const json other = json::parse(R"({"qwertyuiop":1})");
  JsonInput second(other);
  second.has("name");
  CHECK(refusal([&] { second.no_others(); }).second == "qwertyuiop: is not known; allowed: name");
}

TEST_CASE("numbers and words of a query have ranges") {
  Request request;
  request.target = "/?n=12&bad=1x&big=99999999999999999999&plus=%2B1&unit=watt";
  decode_target(request);
  CHECK(query_integer(request, "n", 0, 12) == 12);
  CHECK(query_integer(request, "absent", 0, 12) == std::nullopt);
  CHECK(refusal([&] { query_integer(request, "n", 0, 11); }).second ==
        "n: '12'; allowed: an integer from 0 to 11");
  for (const char* name : {"bad", "big", "plus"})
    CHECK(refusal([&] { query_integer(request, name, INT64_MIN, INT64_MAX); }).first == 400);
  CHECK(query_word(request, "unit", {"watt", "kwh"}) == "watt");
  CHECK(query_word(request, "absent", {"watt"}) == std::nullopt);
  CHECK(refusal([&] {
          query_word(request, "unit", {"kwh", "eur"});
        }).second == "unit: 'watt' is not known; allowed: kwh, eur");
}
