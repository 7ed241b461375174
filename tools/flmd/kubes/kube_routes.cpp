#include "tools/flmd/kubes/kube_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "tools/web/exchange/json_input.hpp"

namespace flm::flmd {
namespace {

int kid_of(const web::Request& request) {
  const std::string_view text = request.parameter("kid");
  int kid = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), kid);
  return result.ec == std::errc{} && result.ptr == text.data() + text.size() ? kid : 0;
}

web::Response list(const Kubes& kubes, Moment now) {
  nlohmann::ordered_json json = {{"pairing", kubes.pairing_left(now)},
                                 {"kubes", nlohmann::ordered_json::array()},
                                 {"strangers", nlohmann::ordered_json::array()}};
  for (const Kubes::Kube& kube : kubes.list()) {
    json["kubes"].push_back(
        {{"kid", kube.kid},
         {"name", kube.record.name},
         {"type", kube.type},
         {"firmware", kube.record.sw_version == 0 ? "" : std::to_string(kube.record.sw_version)},
         {"sensors", kube.sensors},
         {"heard", kube.heard ? nlohmann::ordered_json(*kube.heard) : nullptr}});
    if (!kube.unknown.empty()) json["kubes"].back()["packet"] = kube.unknown;
  }
  for (const Kubes::Stranger& node : kubes.strangers())
    json["strangers"].push_back({{"node", node.node}, {"packet", node.payload}, {"heard", node.heard}});
  return web::json(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// What `change` makes of the kube that the path names.
web::Response changed(const web::Request& request, const std::function<bool(int kid)>& change) {
  try {
    if (!change(kid_of(request))) throw web::HttpError(404, "no such kube; /api/kubes lists them");
  } catch (const InputError& error) {
    throw web::HttpError(507, fmt::format("{}; nothing was changed", error.what()));
  }
  return web::no_content();
}

std::string name_of(const web::Request& request) {
  const nlohmann::json body = web::json_body(request);
  web::JsonInput input(body);
  const std::string name = input.text("name", 4 * 32);
  input.no_others();
  const auto characters = std::count_if(
      name.begin(), name.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  if (characters > 32)
    throw web::HttpError(400, fmt::format("name has {} characters; allowed: 1 to 32", characters));
  return name;
}

}  // namespace

void add_kube_routes(web::Router& router, const Guard& guard, Kubes& kubes, const SiteClock& clock,
                     std::function<bool()> board_answers) {
  router.get("/api/kubes", [&](const web::Request&) { return list(kubes, clock.moment()); });
  router.add(web::Method::post, "/api/kubes/pair",
             guard([&kubes, &clock, answers = std::move(board_answers)](const web::Request&) {
               if (!answers())
                 throw web::HttpError(409, "the board does not answer: its radio hears no kube");
               kubes.start_pairing(clock.moment());
               return web::no_content();
             }));
  router.add(web::Method::put, "/api/kubes/{kid}", guard([&kubes](const web::Request& request) {
               return changed(request,
                              [&, name = name_of(request)](int kid) { return kubes.rename(kid, name); });
             }));
  router.add(web::Method::remove, "/api/kubes/{kid}", guard([&kubes](const web::Request& request) {
               return changed(request, [&](int kid) { return kubes.remove(kid); });
             }));
}

}  // namespace flm::flmd
