#include "tools/flmd/mqtt/topics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <stdexcept>
#include <tuple>

namespace flm::flmd::mqtt {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// The unit is the empty text for these kube values in the stock registry, and not absent as for others
/// without one.
bool has_empty_unit(std::string_view type) {
  return type == "error" || type == "movement" || type == "vibration";
}

/// A number of JSON, with a whole one as an integer.
ordered_json number(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<std::int64_t>(value);
  return value;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The number that a text such as "230", "-5" or "0.5" looks like.
std::optional<ordered_json> number_of(const std::string& text) {
  std::size_t i = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t first = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i > first;
  };
  if (!digits()) return {};
  if (i < text.size()) {
    if (text[i++] != '.' || !digits() || i < text.size()) return {};
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number(value);
}

/// As the stock main board publishes a parameter: it keeps all as text, and publishes numbers.
ordered_json published(const json& parameter) {
  if (parameter.is_string())
    return number_of(parameter.get_ref<const std::string&>()).value_or(ordered_json(parameter));
  if (parameter.is_number_float()) return number(parameter.get<double>());
  if (parameter.is_boolean()) return parameter.get<bool>() ? 1 : 0;
  if (parameter.is_array()) {
    ordered_json list = ordered_json::array();
    for (const json& member : parameter) list.push_back(published(member));
    return list;
  }
  return ordered_json(parameter);
}

ordered_json section(const SiteSensor& sensor) {
  ordered_json members = {{"id", sensor.sid}};
  if (sensor.sensor_class.empty()) return members;
  members["type"] = sensor.type;
  members["class"] = sensor.sensor_class;
  if (!sensor.name.empty()) members["function"] = sensor.name;
  for (const auto& [name, value] : sensor.parameters.items())
    if (!members.contains(name)) members[name] = published(value);
  members["enable"] = sensor.enabled ? 1 : 0;
  if (sensor.enabled || sensor.sensor_class == "kube") {
    members["data_type"] = sensor.counter_is_data ? "counter" : "gauge";
    members["rid"] = sensor.rid;
  }
  return members;
}

/// Names may be any bytes that a configuration holds.
std::string text_of(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::int64_t end_of(const BlockName& block) { return block.bid + (std::int64_t{1} << block.lvl) - 1; }

[[noreturn]] void refuse(std::string_view what, std::string_view allowed) {
  throw std::invalid_argument(fmt::format("{}; allowed: {}", what, allowed));
}

constexpr std::int64_t latest = 0xFFFF'FFFF;  // The year 2106.
constexpr int highest_rid = 0xFFFF;

/// A whole number of an array or object that came from outside; nothing for all else.
std::optional<std::int64_t> whole(const json& value, std::int64_t high) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() <= static_cast<std::uint64_t>(high))
    return value.get<std::int64_t>();
  return {};
}

std::optional<std::int64_t> member(const json& object, const char* name, std::int64_t high) {
  const auto found = object.find(name);
  return found == object.end() ? std::nullopt : whole(*found, high);
}

/// Not thrown for: an exception for each message is what an attacker would choose.
json parsed(std::string_view payload) { return json::parse(payload, nullptr, false); }

}  // namespace

bool is_id(std::string_view text) {
  return text.size() == 32 &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

std::string reading_topic(const Reading& reading) {
  return fmt::format("/sensor/{}/{}", reading.sensor->sid,
                     reading.quantity == Quantity::gauge ? "gauge" : "counter");
}

std::string reading_payload(const Reading& reading) {
  const std::string pair = fmt::format("[{},{}", reading.point.time, history::decimal(reading.point.value));
  if (reading.unit.empty() && !has_empty_unit(reading.sensor->type)) return pair + "]";
  return fmt::format("{},\"{}\"]", pair, reading.unit);
}

std::string device_topic(std::string_view device, std::string_view what) {
  return fmt::format("/device/{}/{}", device, what);
}

std::string config_sensor(std::span<const SiteSensor> sensors, const ordered_json& sections) {
  ordered_json all = ordered_json::object();
  for (const SiteSensor& sensor : sensors) all[std::to_string(sensor.number)] = section(sensor);
  for (const auto& [name, members] : sections.items()) {
    ordered_json& published_section = all[name] = ordered_json::object();
    for (const auto& [key, value] : members.items()) published_section[key] = published(value);
  }
  return text_of(all);
}

std::string config_kube(std::span<const Kube> kubes, const KubeNetwork& network) {
  ordered_json all = ordered_json::object();
  for (const Kube& kube : kubes)
    all[std::to_string(kube.kid)] = {{"hw_id", kube.hw_id},
                                     {"hw_type", kube.hw_type},
                                     {"sw_version", kube.sw_version},
                                     {"name", kube.name},
                                     {"enable", kube.enabled ? 1 : 0}};
  all["main"] = {{"pair_group", network.pair_group},
                 {"collect_group", network.collect_group},
                 {"max_nodes", network.max_nodes},
                 {"encryption", network.encryption}};
  return text_of(all);
}

std::string block_topic(const BlockName& block) {
  return fmt::format("/sensor/{}/tmpo/{}/{}/{}/gz", block.sid, block.rid, block.lvl, block.bid);
}

std::string sync_request_topic(std::string_view device) { return device_topic(device, "tmpo/sync"); }
std::string sync_answer_topic(std::string_view device) { return "/d" + sync_request_topic(device); }

std::vector<BlockName> parse_sync_answer(std::string_view payload) {
  constexpr std::string_view allowed =
      R"([{"sid":32 hex digits,"rid":0 to 65535,"lvl":8, 12, 16 or 20,"bid":a multiple of 2^lvl},...], )"
      "lvl 0 and bid 0 for none, each sensor once, at most 64";
  const json answer = parsed(payload);
  if (!answer.is_array()) refuse("the answer is no JSON list", allowed);
  if (answer.size() > 64) refuse(fmt::format("the answer has {} elements", answer.size()), allowed);
  std::vector<BlockName> blocks;
  std::set<std::string> seen;
  for (const json& element : answer) {
    const auto where = [&](std::string_view what) {
      return fmt::format("element {}: {}", blocks.size(), what);
    };
    if (!element.is_object()) refuse(where("is no object"), allowed);
    const auto sid = element.find("sid");
    if (sid == element.end() || !sid->is_string() || !is_id(sid->get_ref<const std::string&>()))
      refuse(where("sid"), allowed);
    const auto rid = member(element, "rid", highest_rid);
    if (!rid) refuse(where("rid"), allowed);
    const auto lvl = member(element, "lvl", 20);
    if (!lvl || (*lvl != 0 && (*lvl < 8 || *lvl % 4 != 0))) refuse(where("lvl"), allowed);
    const auto bid = member(element, "bid", *lvl == 0 ? 0 : latest);
    if (!bid || *bid % (std::int64_t{1} << *lvl) != 0) refuse(where("bid"), allowed);
    if (!seen.insert(sid->get<std::string>()).second) refuse(where("the sensor is there already"), allowed);
    blocks.push_back({sid->get<std::string>(), static_cast<int>(*rid), static_cast<int>(*lvl), *bid});
  }
  return blocks;
}

std::vector<BlockName> later_blocks(std::vector<BlockName> all, const BlockName& last) {
  std::erase_if(all, [&](const BlockName& block) {
    return block.sid != last.sid || block.rid < last.rid || end_of(block) <= end_of(last);
  });
  std::sort(all.begin(), all.end(), [](const BlockName& a, const BlockName& b) {
    return std::tuple(a.rid, -a.lvl, a.bid) < std::tuple(b.rid, -b.lvl, b.bid);
  });
  return all;
}

Query parse_query(std::string_view topic, std::string_view payload) {
  constexpr std::string_view front = "/query/", back = "/tmpo";
  if (topic.size() != front.size() + 32 + back.size() || !topic.starts_with(front) ||
      !topic.ends_with(back) || !is_id(topic.substr(front.size(), 32)))
    refuse("the topic names no sensor", "/query/<sid>/tmpo, 32 hex digits");
  constexpr std::string_view allowed = "[from,to], Unix s, from up to to";
  const json range = parsed(payload);
  if (!range.is_array() || range.size() != 2) refuse("the query is no list of two", allowed);
  const auto from = whole(range[0], latest), to = whole(range[1], latest);
  if (!from || !to) refuse("a time is no whole number up to 2^32-1", allowed);
  if (*from > *to) refuse("from is later than to", allowed);
  return {std::string(topic.substr(front.size(), 32)), *from, *to};
}

std::string query_answer_topic(const Query& query) {
  return fmt::format("/sensor/{}/query/{}/{}", query.sid, query.from, query.to);
}

std::vector<BlockName> blocks_between(std::vector<BlockName> all, const Query& query) {
  std::erase_if(all, [&](const BlockName& block) {
    return block.sid != query.sid || block.bid > query.to || end_of(block) < query.from;
  });
  std::sort(all.begin(), all.end(), [](const BlockName& a, const BlockName& b) {
    return std::tuple(a.rid, a.bid, -a.lvl) < std::tuple(b.rid, b.bid, -b.lvl);
  });
  return all;
}

}  // namespace flm::flmd::mqtt
