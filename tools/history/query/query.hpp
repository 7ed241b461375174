// The query language of API 1.0: which rows a request asks for, in which unit.
//
//   version=1.0&interval=month&unit=watt                    a month by the day, up to now
//   version=1.0&start=1309478400&end=1309996800&resolution=day&unit=watt
//   version=1.0&param=all                                   what is known of the sensor
//
// | interval, resolution | s | as interval by default by | longest time by it |
// |---|---|---|---|
// | minute  | 60 | a resolution is required | day |
// | 15min   | 900 | minute | week |
// | hour    | 3 600 | minute | decade |
// | day     | 86 400 | 15min | year |
// | week    | 604 800 | day | decade |
// | month   | 2 419 200; as resolution a calendar month | day | decade |
// | year    | 31 536 000 | week | |
// | decade  | 315 360 000 | week | |
// | night   | 2 419 200 | day; week and month are allowed | |
//
// With R the resolution, S and E multiples of R (or the begins of months):
// * interval:  S = floor(now - min(interval, longest)), E = floor(now - 1)
// * start:     E = floor(min(end, now)), S = floor(max(start, E - longest)); end is now and resolution minute
// when not given Rows have the time stamps S+R, S+2R, ... E+R, the ends of their bins. A bin that ends after
// now is "nan".
//
// With known=true, which the stock server has not, a row has a third element: for how many of its seconds its
// value is known. Their product is what was counted, in a row that is known in part, too.
//
// These are the stock server's rules, but in three places. The interval form begins a row earlier than its
// latest source, as the manual's example does. `hour` and `month` are resolutions of their own (stock answers
// `hour` by 15min, `month` not at all). The longest time counts from the end and not from now: old days have
// minutes too.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/history/query/grid.hpp"
#include "tools/history/query/parameters.hpp"
#include "tools/history/query/unit.hpp"

namespace flm::history {

/// What a query is read against.
struct QueryContext {
  std::int64_t now;              // Unix s
  std::string_view sensor_type;  // "electricity", "water", ...
  const Zone& zone;              // of nights and months; outlives the query
  Prices prices = {};
};

/// Rows of a sensor's counter.
struct SeriesQuery {
  Grid grid;
  std::int64_t factor;  // of a rate in Wh/s or L/s
  std::int64_t now;     // a bin that ends later is unfinished
  bool known = false;   // a row says for how many seconds its value is known
};

struct Query {
  enum class Kind : std::uint8_t {
    series,
    parameters,  // param=all
    update,      // update=true, which makes the server look at a sensor's alarms
  };
  Kind kind;
  std::optional<SeriesQuery> series;  // of Kind::series
  std::string callback;               // empty: none
};

/// Query of a request. Throws QueryError with what is wrong and what is allowed.
Query query_of(Parameters, const QueryContext&);

}  // namespace flm::history
