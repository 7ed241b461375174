#include "tools/api/api_request.hpp"

#include <fmt/format.h>

#include <charconv>

namespace flm::api {

std::vector<history::Parameter> parameters_of(const web::Request& request) {
  std::vector<history::Parameter> parameters;
  for (const auto& [name, value] : request.queries) parameters.emplace_back(name, value);
  if (const auto version = request.header("X-Version")) parameters.emplace_back("version", *version);
  if (const auto token = request.header("X-Token")) parameters.emplace_back("token", *token);
  return parameters;
}

std::int64_t required_number(std::optional<std::string_view> text, std::string_view name) {
  std::int64_t number = -1;
  if (text) {
    const auto result = std::from_chars(text->data(), text->data() + text->size(), number);
    if (result.ec != std::errc{} || result.ptr != text->data() + text->size()) number = -1;
  }
  if (number < 0 || number > std::int64_t{1} << 53)
    throw web::HttpError(400, fmt::format("{} is required: a whole number from 0 on", name));
  return number;
}

BlockOfSensor known_block(const web::Request& request) {
  const std::int64_t rid = required_number(request.query("rid"), "rid"),
                     level = required_number(request.query("lvl"), "lvl"),
                     start = required_number(request.query("bid"), "bid");
  return {static_cast<int>(std::min<std::int64_t>(rid, 1'000'000)),
          {static_cast<int>(std::min<std::int64_t>(level, 20)), start}};
}

BlockOfSensor block_of_path(const web::Request& request) {
  const std::int64_t rid = required_number(request.parameter("rid"), "rid"),
                     level = required_number(request.parameter("lvl"), "lvl"),
                     start = required_number(request.parameter("bid"), "bid");
  const history::BlockId id{static_cast<int>(std::min<std::int64_t>(level, 99)), start};
  if (!id.is_right() || rid > 1'000'000) throw web::HttpError(404, "no such block");
  return {static_cast<int>(rid), id};
}

std::string list_text(std::span<const BlockOfSensor> blocks) {
  std::string text = "[";
  for (const BlockOfSensor& block : blocks)
    text += fmt::format("{}{{\"rid\":{},\"lvl\":{},\"bid\":{},\"ext\":\"gz\"}}", text.size() > 1 ? "," : "",
                        block.rid, block.id.level, block.id.start);
  return text + "]";
}

web::Response block_response(const web::Request& request, std::string gzip) {
  web::Response response;
  response.body = std::move(gzip);
  const std::string_view accept = request.header("Accept").value_or("application/gzip");
  if (accept.find("application/json") != accept.npos && accept.find("application/gzip") == accept.npos) {
    response.content_type = "application/json";
    response.with("Content-Encoding", "gzip");
  } else {
    response.content_type = "application/gzip";
  }
  return response;
}

}  // namespace flm::api
