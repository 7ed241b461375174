#include "tools/history/query/zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

#include "tools/common/input_error.hpp"

namespace flm::history {
namespace {

// A rule as POSIX's TZ has it, with RFC 8536's longer hours: CET-1CEST,M3.5.0,M10.5.0/3. Each function takes
// what it reads off the text, and returns nothing when it is not there.

std::optional<int> take_number(std::string_view& text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0 || value > most) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// An abbreviation: three letters or more, or anything in angle brackets.
bool take_abbreviation(std::string_view& text) {
  std::size_t length = 0;
  if (take(text, '<')) {
    length = text.find('>');
    if (length == text.npos) return false;
    text.remove_prefix(length + 1);
    return length > 0;
  }
  while (length < text.size() &&
         ((text[length] >= 'a' && text[length] <= 'z') || (text[length] >= 'A' && text[length] <= 'Z')))
    ++length;
  text.remove_prefix(length);
  return length >= 3;
}

/// [+-]hh[:mm[:ss]], in seconds.
std::optional<std::int64_t> take_time(std::string_view& text, int most_hours) {
  const bool minus = take(text, '-');
  if (!minus) take(text, '+');
  const auto hours = take_number(text, most_hours);
  if (!hours) return {};
  std::int64_t seconds = *hours * 3'600;
  for (const int unit : {60, 1}) {
    if (!take(text, ':')) break;
    const auto part = take_number(text, 59);
    if (!part) return {};
    seconds += *part * unit;
  }
  return minus ? -seconds : seconds;
}

std::optional<Zone::Change> take_change(std::string_view& text) {
  Zone::Change change;
  if (!take(text, ',')) return {};
  if (take(text, 'M')) {
    const auto month = take_number(text, 12);
    if (!month || *month == 0 || !take(text, '.')) return {};
    const auto week = take_number(text, 5);
    if (!week || *week == 0 || !take(text, '.')) return {};
    const auto weekday = take_number(text, 6);
    if (!weekday) return {};
    change.month = *month;
    change.week = *week;
    change.weekday = *weekday;
  } else {
    change.leap_day = !take(text, 'J');
    const auto day = take_number(text, 365);
    if (!day || (!change.leap_day && *day == 0)) return {};
    change.day = change.leap_day ? *day : *day - 1;
  }
  if (take(text, '/')) {
    const auto time = take_time(text, 167);
    if (!time) return {};
    change.seconds = *time;
  }
  return change;
}

std::optional<Zone::Rule> rule_of(std::string_view text) {
  Zone::Rule rule;
  if (!take_abbreviation(text)) return {};
  const auto west = take_time(text, 24);
  if (!west) return {};
  rule.standard = -*west;
  if (text.empty()) return rule;
  rule.has_summer = true;
  if (!take_abbreviation(text)) return {};
  rule.summer = rule.standard + 3'600;
  if (!text.starts_with(',')) {
    const auto summer_west = take_time(text, 24);
    if (!summer_west) return {};
    rule.summer = -*summer_west;
  }
  const auto start = take_change(text);
  const auto end = take_change(text);
  if (!start || !end || !text.empty()) return {};
  rule.start = *start;
  rule.end = *end;
  return rule;
}

/// Local time of a change in a year, as if it were UTC.
std::int64_t local_time(const Zone::Change& change, std::chrono::year year) {
  using namespace std::chrono;
  sys_days day;
  if (change.month == 0) {
    day = sys_days{year / January / 1} + days{change.day};
    if (!change.leap_day && year.is_leap() && change.day >= 59) day += days{1};
  } else {
    const auto month_of_year = year / month{static_cast<unsigned>(change.month)};
    const weekday weekday{static_cast<unsigned>(change.weekday)};
    day = change.week == 5 ? sys_days{month_of_year / weekday[last]}
                           : sys_days{month_of_year / weekday[static_cast<unsigned>(change.week)]};
  }
  return duration_cast<seconds>(day.time_since_epoch()).count() + change.seconds;
}

/// Bytes of a zone file, most significant first, as far as there are any.
class Bytes {
 public:
  explicit Bytes(std::string_view text) : text_(text) {}
  std::string_view take(std::size_t count) {
    const std::string_view taken = text_.substr(0, count);
    text_.remove_prefix(taken.size());
    return taken;
  }
  std::int64_t number(std::size_t bytes) {
    const std::string_view taken = take(bytes);
    std::uint64_t value = !taken.empty() && (taken.front() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    for (const char c : taken) value = value << 8 | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(value);
  }
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

}  // namespace

std::int64_t Zone::Rule::offset(std::int64_t time) const {
  using namespace std::chrono;
  if (!has_summer) return standard;
  const year year = year_month_day{floor<days>(sys_seconds{seconds{time + standard}})}.year();
  const std::int64_t begins = local_time(start, year) - standard, ends = local_time(end, year) - summer;
  const bool is_summer = begins < ends ? begins <= time && time < ends : !(ends <= time && time < begins);
  return is_summer ? summer : standard;
}

/// Takes a TZif file of version 2 or later: a part with 32-bit times, which is passed over, the same with 64
/// bits, and a rule.
bool Zone::read(std::string_view file) {
  Bytes bytes(file);
  for (const std::size_t time_size : {std::size_t{4}, std::size_t{8}}) {
    if (bytes.take(4) != "TZif" || bytes.take(1) < "2") return false;
    bytes.take(15);
    std::size_t counts[6];
    for (std::size_t& count : counts) {
      count = static_cast<std::size_t>(bytes.number(4));
      if (count > file.size()) return false;
    }
    const auto [utc_marks, standard_marks, leaps, times, types, characters] = counts;
    Bytes all_times(bytes.take(times * time_size)), indices(bytes.take(times)),
        all_types(bytes.take(types * 6));
    bytes.take(characters + leaps * (time_size + 4) + standard_marks + utc_marks);
    if (types == 0) return false;
    if (time_size == 4) continue;
    std::vector<std::int64_t> offsets;
    for (std::size_t i = 0; i < types; ++i) {
      offsets.push_back(all_types.number(4));
      all_types.take(2);
    }
    first_ = offsets.front();
    for (std::size_t i = 0; i < times; ++i) {
      const std::int64_t time = all_times.number(8);
      const auto type = static_cast<std::size_t>(indices.number(1) & 0xFF);
      if (type >= types || (!transitions_.empty() && time <= transitions_.back().time)) return false;
      transitions_.push_back({time, offsets[type]});
    }
  }
  std::string_view rule = bytes.rest();
  if (rule.size() < 2 || rule.front() != '\n' || rule.back() != '\n') return false;
  rule = rule.substr(1, rule.size() - 2);
  if (!rule.empty() && !(rule_ = rule_of(rule))) return false;
  return true;
}

Zone::Zone(std::string_view name, const std::filesystem::path& files) {
  if (name.empty() || name == "UTC") return;
  const bool may_be_file =
      name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
          name.npos &&
      !name.starts_with('/');
  if (may_be_file) {
    const std::filesystem::path path = files / name;
    if (std::ifstream file(path, std::ios::binary); file && std::filesystem::is_regular_file(path)) {
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      if (!read(text))
        throw InputError(fmt::format("{}: this is no time zone file of version 2 or later", path.string()));
      return;
    }
  }
  rule_ = rule_of(name);
  if (!rule_)
    throw InputError(
        fmt::format("time zone \"{}\" is neither a file in {}, such as Europe/Brussels, nor a rule such as "
                    "CET-1CEST,M3.5.0,M10.5.0/3",
                    name, files.string()));
}

std::int64_t Zone::offset(std::int64_t time) const {
  const auto after =
      std::upper_bound(transitions_.begin(), transitions_.end(), time,
                       [](std::int64_t t, const Transition& transition) { return t < transition.time; });
  if (after == transitions_.end() && rule_) return rule_->offset(time);
  return after == transitions_.begin() ? first_ : std::prev(after)->offset;
}

std::int64_t Zone::time_of(std::int64_t local) const {
  constexpr std::int64_t day = 86'400;
  const std::int64_t before = offset(local - day), after = offset(local + day),
                     between = offset(local - before);
  for (const std::int64_t candidate : {before, after, between})
    if (offset(local - candidate) == candidate) return local - candidate;
  return local - std::min({before, after, between});  // clocks went forward over it, from the smaller offset
}

}  // namespace flm::history
