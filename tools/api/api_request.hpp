// API 1.0 as HTTP carries it: the same for a main board's local interface and for the server.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/history/query/parameters.hpp"
#include "tools/history/tmpo_block.hpp"
#include "tools/web/exchange/request.hpp"
#include "tools/web/exchange/response.hpp"

namespace flm::api {

/// Key and value of a request's query; the headers X-Version and X-Token count as `version` and `token`.
std::vector<history::Parameter> parameters_of(const web::Request&);

/// A whole number from 0 to 2^53 that a request must have. Throws HttpError 400, which names it.
std::int64_t required_number(std::optional<std::string_view> text, std::string_view name);

/// A TMPO block of a sensor: recycle id, level, start.
struct BlockOfSensor {
  int rid = 0;
  history::BlockId id{};
};

/// The block that a reader has: `rid`, `lvl` and `bid` of the query; all zero: none. Throws HttpError 400.
BlockOfSensor known_block(const web::Request&);
/// The block that a path names: its `{rid}`, `{lvl}` and `{bid}`. Throws HttpError 400 for what are no
/// numbers, 404 for what no block can be.
BlockOfSensor block_of_path(const web::Request&);
/// `[{"rid":0,"lvl":20,"bid":1403846656,"ext":"gz"},...]`
std::string list_text(std::span<const BlockOfSensor>);
/// A block's bytes: as application/gzip, or, where only that is accepted, as JSON with its gzip for the way.
web::Response block_response(const web::Request&, std::string gzip);

}  // namespace flm::api
