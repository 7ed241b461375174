// Topics and payloads of the Fluksometer, byte for byte as the stock main board publishes them, and the few
// that it takes. Pure functions. All topics begin with '/'; numbers are decimal; times are Unix s, UTC.
#pragma once
#include <nlohmann/json.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/flmd/site/reading.hpp"

namespace flm::flmd::mqtt {

/// A radio sensor node, as `config/kube` publishes it.
struct Kube {
  int kid;            ///< 1..30
  std::string hw_id;  ///< 32 lower-case hex digits
  int hw_type;        ///< 19217 FLK01A, 19218 FLK01B
  int sw_version;
  std::string name;  ///< up to 32 characters; any UTF-8 text, never markup
  bool enabled;
};
/// The kubes' network. Its key is not here, so that it cannot be published.
struct KubeNetwork {
  int pair_group = 212;
  int collect_group = 0;  ///< 1..210
  int max_nodes = 30;
  int encryption = 0;
};

/// A TMPO block as topics and sync answers name it: sensor, recycle id, level 8, 12, 16 or 20, and start, a
/// multiple of 2^level s.
struct BlockName {
  std::string sid;
  int rid = 0;
  int lvl = 0;
  std::int64_t bid = 0;
  auto operator<=>(const BlockName&) const = default;
};

/// "/sensor/<sid>/gauge" or ".../counter".
std::string reading_topic(const Reading&);
/// "[1459065180,157,"W"]"; "[1459065180,3]" of a quantity without a unit.
std::string reading_payload(const Reading&);

/// "/device/<device>/" and what follows.
std::string device_topic(std::string_view device, std::string_view what);

/// One member for each sensor, named by its number, and those of `sections` (an object: "main", ...). Text
/// that looks like a number is a number, in lists too; only id and function are always text. A sensor without
/// a class has only its id. An enabled one gets data_type and rid.
std::string config_sensor(std::span<const SiteSensor>, const nlohmann::ordered_json& sections = {});
/// One member for each kube, named by its number, and "main".
std::string config_kube(std::span<const Kube>, const KubeNetwork&);

/// "/sensor/<sid>/tmpo/<rid>/<lvl>/<bid>/gz"
std::string block_topic(const BlockName&);

/// "/device/<device>/tmpo/sync", on which an empty message asks the server what it has.
std::string sync_request_topic(std::string_view device);
/// "/d/device/<device>/tmpo/sync", on which it answers.
std::string sync_answer_topic(std::string_view device);
/// The blocks that the server names as its last, a sensor each; lvl 0 and bid 0 where it has none. Throws
/// std::invalid_argument: what is wrong with the answer, and what is allowed.
std::vector<BlockName> parse_sync_answer(std::string_view payload);
/// Blocks of `all` that the server lacks if `last` is its last one of that sensor: of `last.rid` and later
/// ones, that end later. In the order in which they are to be sent: rid up, level down, time up.
std::vector<BlockName> later_blocks(std::vector<BlockName> all, const BlockName& last);

/// "/query/+/tmpo": requests for the blocks of a sensor and a time.
inline constexpr std::string_view query_filter = "/query/+/tmpo";
struct Query {
  std::string sid;
  std::int64_t from, to;  ///< both included
};
/// Throws std::invalid_argument: what is wrong with topic or payload ("[from,to]"), and what is allowed.
Query parse_query(std::string_view topic, std::string_view payload);
/// "/sensor/<sid>/query/<from>/<to>"
std::string query_answer_topic(const Query&);
/// Blocks of `all` that reach into the query's time: rid up, time up, and of one time the longest first.
std::vector<BlockName> blocks_between(std::vector<BlockName> all, const Query&);

/// 32 lower-case hex digits.
bool is_id(std::string_view);

}  // namespace flm::flmd::mqtt
