// A query string, a time zone and a sensor's points: three lines, the last one of four bytes a point
// (seconds, rise). On them:
//   1. A query is read, or a QueryError says in one short line what is wrong. A zone is read, or an
//   InputError says so.
//   2. An answer has a row a bin, at most a decade of hours, with increasing times; each value is a whole
//   number or "nan".
//   3. Bins know at most all of their seconds, and what they count is within 20 units a second.
//   4. Asked twice, first from all points and then from bins of quarter hours, full hours have the same rows.
//   5. The last minute is answered with 200, 400 or 404, and has at most 60 rows.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "tests/fuzz/promise.hpp"
#include "tools/common/input_error.hpp"
#include "tools/flmd/http/minute_window.hpp"
#include "tools/history/query/answer.hpp"

using namespace flm::history;
using flm::fuzz::promise;

namespace {

constexpr std::int64_t now = 1'310'034'875;

std::string line_of(std::string& text) {
  const std::size_t end = text.find('\n');
  std::string line = text.substr(0, end);
  text.erase(0, end == text.npos ? end : end + 1);
  return line;
}

std::vector<Parameter> parameters_of(std::string line) {
  std::vector<Parameter> parameters;
  for (line += '&'; !line.empty(); line.erase(0, line.find('&') + 1)) {
    const std::string pair = line.substr(0, line.find('&'));
    const std::size_t equals = pair.find('=');
    parameters.emplace_back(pair.substr(0, equals), equals == pair.npos ? "" : pair.substr(equals + 1));
  }
  return parameters;
}

std::int64_t number_of(std::string_view text, const char* what) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  promise(error == std::errc{} && end == text.data() + text.size(), what, std::string(text));
  return number;
}

void check_rows(std::string text, std::size_t most) {
  std::int64_t before = 0;
  std::size_t rows = 0, at = 0;
  for (; at < text.size(); ++rows) {
    const std::size_t comma = text.find(',', at), end = text.find("\r\n", at);
    promise(comma < end && end != text.npos, "2: a row is t,v and a line end", text.substr(at, 60));
    const std::string_view row(text);
    const std::int64_t time = number_of(row.substr(at, comma - at), "2: a time is a number");
    std::string_view value = row.substr(comma + 1, end - comma - 1);
    if (const std::size_t known = value.find(','); known != value.npos) {
      number_of(value.substr(known + 1), "2: known seconds are a number");
      value = value.substr(0, known);
    }
    if (value != "nan") number_of(value, "2: a value is a number or nan");
    promise(rows == 0 || time > before, "2: times increase", fmt::format("{} after {}", time, before));
    before = time;
    at = end + 2;
  }
  promise(rows >= 1 && rows <= most, "2: there is a row, and not too many", fmt::format("{}", rows));
}

std::vector<Point> points_of(const std::string& bytes) {
  std::vector<Point> points{{now - 40'000, 0}};
  for (std::size_t at = 0; at + 3 < bytes.size(); at += 4) {
    const auto two = [&](std::size_t i) {
      return static_cast<std::int16_t>(static_cast<unsigned char>(bytes[at + i]) << 8 |
                                       static_cast<unsigned char>(bytes[at + i + 1]));
    };
    points.push_back({points.back().time + two(0), points.back().value + 100 * two(2)});
  }
  return points;
}

/// Bins of the hours before now, or of their quarters, from points and from bins made before.
std::vector<Bin> bins_of(Resolution resolution, const std::vector<Point>& points,
                         const std::vector<Bin>& made) {
  static const Zone utc;
  const Grid hours{Resolution::hour, utc, now - 86'400, now};
  std::vector<Bin> result;
  Bins bins({resolution, utc, hours.begin(), hours.end() - 1}, true,
            [&](const Bin& bin, const Cell&) { result.push_back(bin); });
  for (const Point& point : points) bins.add(point);
  for (const Bin& bin : made) bins.add(bin);
  bins.finish();
  return result;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  const std::vector<Parameter> parameters = parameters_of(line_of(text));
  const std::string zone_name = line_of(text);
  const std::vector<Point> points = points_of(text);

  Zone zone;
  try {
    zone = Zone(zone_name, "/nowhere");
  } catch (const flm::InputError&) {
  }
  for (const char* type : {"electricity", "gas"}) {
    try {
      const Query query = query_of(parameters, {now, type, zone});
      if (!query.series) continue;
      Answer answer(*query.series, Format::csv, true);
      for (const Point& point : points) answer.bins().add(point);
      check_rows(answer.text(), 87'602);
    } catch (const QueryError& error) {
      const std::string_view what = error.what();
      promise(what.size() < 300 &&
                  std::all_of(what.begin(), what.end(),
                              [](char c) { return (c & 0xFF) >= ' ' || c == '\t' || c == '\n'; }),
              "1: a refusal is short and can be shown", error.what());
    }
  }

  const std::vector<Bin> quarters = bins_of(Resolution::quarter_hour, points, {});
  for (const Bin& bin : quarters) {
    promise(bin.known >= 0 && bin.known <= 900, "3: known seconds are at most all",
            fmt::format("{}", bin.known));
    const std::int64_t nano = bin.nano < 0 ? -bin.nano : bin.nano;
    promise(nano <= 20'000'000'000 * bin.known + 1'000, "3: 20 units a second at most",
            fmt::format("{}", bin.nano));
  }
  promise(bins_of(Resolution::hour, points, {}) == bins_of(Resolution::hour, {}, quarters),
          "4: points and bins of quarter hours give the same hours");

  flm::flmd::MinuteWindow window;
  window.keep({{"a", "electricity"}});
  for (const Point& point : points) window.add("a", point);
  const auto reply = window.reply("a", parameters, points.back().time);
  promise(reply.status == 200 || reply.status == 400, "5: the last minute is answered");
  const auto rows = std::count(reply.body->begin(), reply.body->end(), '[');
  promise(reply.status == 400 || rows <= 61, "5: at most 60 rows", *reply.body);
  return 0;
}
