#include "tools/history/query/query.hpp"

#include <algorithm>
#include <charconv>

namespace flm::history {
namespace {

struct Interval {
  std::string_view name;
  std::int64_t seconds;
  std::optional<Resolution> resolution;  // unless one is given
};
constexpr Interval intervals[] = {
    {"minute", 60, {}},
    {"15min", 900, Resolution::minute},
    {"hour", 3'600, Resolution::minute},
    {"day", 86'400, Resolution::quarter_hour},
    {"week", 604'800, Resolution::day},
    {"month", 2'419'200, Resolution::day},
    {"year", 31'536'000, Resolution::week},
    {"decade", 315'360'000, Resolution::week},
    {"night", 2'419'200, Resolution::day},
};
constexpr std::string_view interval_names = "minute, 15min, hour, day, week, month, year, decade, night";

struct ResolutionName {
  std::string_view name;
  Resolution resolution;
};
constexpr ResolutionName resolutions[] = {
    {"minute", Resolution::minute}, {"15min", Resolution::quarter_hour}, {"hour", Resolution::hour},
    {"day", Resolution::day},       {"week", Resolution::week},          {"month", Resolution::month},
};
constexpr std::string_view resolution_names = "minute, 15min, hour, day, week, month";

std::optional<Resolution> resolution_of(Parameters parameters) {
  const auto name = value_of(parameters, "resolution");
  if (!name) return {};
  for (const ResolutionName& row : resolutions)
    if (row.name == *name) return row.resolution;
  refuse("resolution", *name, resolution_names);
}

std::optional<std::int64_t> time_of(Parameters parameters, std::string_view key) {
  const auto text = value_of(parameters, key);
  if (!text) return {};
  constexpr std::size_t most_digits = 10;  // the year 2286
  std::int64_t time = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), time);
  if (error != std::errc{} || end != text->data() + text->size() || text->size() > most_digits ||
      text->front() == '-')
    refuse(key, *text, "Unix seconds, one to ten digits");
  return time;
}

Grid of_interval(std::string_view name, std::optional<Resolution> resolution, const QueryContext& context) {
  const auto* interval = std::find_if(std::begin(intervals), std::end(intervals),
                                      [&](const Interval& row) { return row.name == name; });
  if (interval == std::end(intervals)) refuse("interval", name, interval_names);
  if (!resolution) resolution = interval->resolution;
  if (!resolution)
    throw QueryError("interval minute has no resolution of its own; one is required: " +
                     std::string(resolution_names));
  const bool nights = name == "night";
  if (nights && *resolution < Resolution::day)
    throw QueryError("interval night has a row a day; its resolution may be day, week, month");
  return {*resolution, context.zone, context.now - std::min(interval->seconds, longest_of(*resolution)),
          context.now - 1, nights};
}

Grid of_start(std::int64_t start, std::optional<std::int64_t> end, std::optional<Resolution> given,
              const QueryContext& context) {
  const Resolution resolution = given.value_or(Resolution::minute);
  const std::int64_t last = std::min(end.value_or(context.now), context.now);
  if (start > context.now) throw QueryError("start is in the future; it may be now at the latest");
  if (end && *end < start) throw QueryError("end is before start");
  const Grid ending{resolution, context.zone, last, last};
  return {resolution, context.zone, std::max(start, ending.begin() - longest_of(resolution)), last};
}

}  // namespace

Query query_of(Parameters parameters, const QueryContext& context) {
  check_version(parameters);
  Query query{Query::Kind::series, {}, std::string(callback_of(parameters))};
  const auto interval = value_of(parameters, "interval"), unit = value_of(parameters, "unit");
  const auto start = time_of(parameters, "start"), end = time_of(parameters, "end");
  const auto resolution = resolution_of(parameters);
  const auto all = value_of(parameters, "param"), update = value_of(parameters, "update"),
             known = value_of(parameters, "known");
  if (all || update) {
    if (all && update) throw QueryError("param excludes update");
    if (all && *all != "all") refuse("param", *all, "all");
    if (update && *update != "true") refuse("update", *update, "true");
    if (interval || start || end || resolution || unit || known)
      throw QueryError("param and update exclude interval, start, end, resolution, unit and known");
    query.kind = all ? Query::Kind::parameters : Query::Kind::update;
    return query;
  }
  if (known && *known != "true") refuse("known", *known, "true");
  if (interval && (start || end)) throw QueryError("interval excludes start and end");
  if (!interval && !start)
    throw QueryError(end ? "end requires start" : "interval or start is missing; one of them is required");
  if (!unit) throw QueryError("unit is missing; it is required");
  const std::int64_t factor = factor_of(unit_of(*unit, context.sensor_type), context.prices);
  query.series = SeriesQuery{
      interval ? of_interval(*interval, resolution, context) : of_start(*start, end, resolution, context),
      factor, context.now, known.has_value()};
  return query;
}

}  // namespace flm::history
