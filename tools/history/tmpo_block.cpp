#include "tools/history/tmpo_block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace flm::history {
namespace {

constexpr std::size_t longest_cfg = 48 * 1024;  ///< bytes: leaves place for what a header has beside it
constexpr std::string_view before_header = R"({"h":)", before_times = R"(,"t":[)",
                           before_values = R"(],"v":[)", last = "]}";

bool starts(const char* at, const char* end, std::string_view text) {
  return std::string_view(at, static_cast<std::size_t>(end - at)).starts_with(text);
}

/// The end of a JSON value that begins at `at`: strings and brackets are followed, nothing else is checked.
/// nullptr: there is none.
const char* end_of_value(const char* at, const char* end) {
  int depth = 0;
  for (bool in_string = false; at < end; ++at) {
    if (in_string) {
      if (*at == '\\')
        ++at;
      else if (*at == '"')
        in_string = false;
      if (!in_string && depth == 0) return at + 1;
      continue;
    }
    if (*at == '"')
      in_string = true;
    else if (*at == '{' || *at == '[')
      ++depth;
    else if (*at == '}' || *at == ']') {
      if (depth == 0) return at;  // of a number: the end of what it stands in
      if (--depth == 0) return at + 1;
    } else if (*at == ',' && depth == 0)
      return at;
  }
  return nullptr;
}

/// The members of h as they are written.
struct Members {
  std::string_view cfg, tail, vsn, head;
};
std::optional<Members> members_of(std::string_view header) {
  Members members;
  const char* at = header.data() + 1;
  const char* const end = header.data() + header.size();
  while (at < end && *at == '"') {
    const char* const name_end = end_of_value(at, end);
    if (name_end == nullptr || name_end >= end || *name_end != ':') return std::nullopt;
    const char* const value_end = end_of_value(name_end + 1, end);
    if (value_end == nullptr || value_end >= end || (*value_end != ',' && *value_end != '}'))
      return std::nullopt;
    const std::string_view name(at, static_cast<std::size_t>(name_end - at));
    const std::string_view value(name_end + 1, static_cast<std::size_t>(value_end - name_end - 1));
    if (name == R"("cfg")") members.cfg = value;
    if (name == R"("tail")") members.tail = value;
    if (name == R"("vsn")") members.vsn = value;
    if (name == R"("head")") members.head = value;
    at = value_end + 1;
  }
  return members;
}

/// "[1404223737,2510684]"
std::optional<Point> point_of(std::string_view text) {
  const std::size_t comma = text.find(',');
  if (comma == text.npos || !text.starts_with('[') || !text.ends_with(']')) return std::nullopt;
  const auto value = parse_decimal(text.substr(comma + 1, text.size() - comma - 2));
  Point point;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + comma, point.time);
  if (!value || error != std::errc() || end != text.data() + comma) return std::nullopt;
  point.value = *value;
  return point;
}

std::string point_text(Point point) { return fmt::format("[{},{}]", point.time, decimal(point.value)); }

/// A number of 1 to 7 digits at `at`, eight bytes at once without a branch for their count.
struct Digits {
  std::uint32_t value;
  unsigned count;  ///< others: no such number
};
inline Digits digits_at(const char* at) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap64(bytes);
  bytes ^= 0x3030303030303030u;
  // The lowest byte that is over 9 has its highest bit in `others`; bytes above it may have, too.
  const std::uint64_t others = ((bytes + 0x7676767676767676u) | bytes) & 0x8080808080808080u;
  const auto count = static_cast<unsigned>(std::countr_zero(others)) / 8;
  if (count - 1 > 6 || (count > 1 && (bytes & 0xFF) == 0)) return {0, 0};
  bytes <<= 64 - 8 * count;
  bytes = bytes * 2561 >> 8;                              // pairs of digits
  bytes = (bytes & 0x00FF00FF00FF00FFu) * 6553601 >> 16;  // fours
  bytes = (bytes & 0x0000FFFF0000FFFFu) * 42949672960001u >> 32;
  return {static_cast<std::uint32_t>(bytes), count};
}

bool ends_element(char c) { return c == ',' || c == ']'; }

/// Commas of a text, eight bytes at once: a block's text is mostly this.
std::size_t commas(const char* begin, const char* end) {
  constexpr std::uint64_t ones = 0x0101010101010101u, low = 0x7F * ones;
  std::size_t count = 0;
  for (; end - begin >= 8; begin += 8) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, begin, sizeof bytes);
    bytes ^= ',' * ones;
    const std::uint64_t is_comma =
        ~(((bytes & low) + low) | bytes | low) >> 7;  // 1 in each byte that is zero
    count += static_cast<std::size_t>(is_comma * ones >> 56);
  }
  return count + static_cast<std::size_t>(std::count(begin, end, ','));
}

const char* bracket(const char* begin, const char* end) {
  return static_cast<const char*>(std::memchr(begin, ']', static_cast<std::size_t>(end - begin)));
}

}  // namespace

bool BlockId::is_right() const {
  return std::find(levels.begin(), levels.end(), level) != levels.end() && start >= 0 &&
         *this == at(level, start);
}

std::string_view text_of(Fault fault) {
  switch (fault) {
    case Fault::gzip: return "no gzip, or its data or checksum are wrong";
    case Fault::cut: return "the bytes end too early";
    case Fault::after_end: return "something follows the end";
    case Fault::too_long: return "more text than the points of its span can need";
    case Fault::form: return "not the members h, t, v in this order";
    case Fault::header: return "head, tail, vsn or cfg are not what they should be";
    case Fault::version: return "vsn is not 1";
    case Fault::other_sensor: return "of another sensor";
    case Fault::number: return "not a number";
    case Fault::time: return "a time that is not later than the one before, or outside the block's span";
    case Fault::value: return "a value out of range";
    case Fault::lengths: return "t and v have different lengths";
    case Fault::repeated_joins:
      return "v has the difference at each joint twice, as stock wrote until September 2014; all is read";
    case Fault::sums: return "the last point is not the header's tail";
  }
  return "";
}

std::string text_of(const Damage& damage) {
  return fmt::format("{} (byte {})", text_of(damage.fault), damage.place);
}

std::optional<Fault> fault_of(GzipEnd::Kind kind) {
  switch (kind) {
    case GzipEnd::Kind::whole: break;
    case GzipEnd::Kind::cut: return Fault::cut;
    case GzipEnd::Kind::wrong: return Fault::gzip;
    case GzipEnd::Kind::too_long: return Fault::too_long;
    case GzipEnd::Kind::followed: return Fault::after_end;
  }
  return {};
}

BlockReader::BlockReader(std::string_view gzip, BlockId id, std::string_view sid) : id_(id) {
  unpack(gzip);
  open(sid);
}

void BlockReader::note(Fault fault, std::size_t place) {
  if (!damage_) damage_ = Damage{fault, place};
}

void BlockReader::fail(Fault fault, const char* place) {
  note(fault, this->place(place));
  ended_ = true;
}

void BlockReader::unpack(std::string_view gzip) {
  const GzipEnd end = gunzip(gzip, longest_text(id_.level), text_);
  end_ = text_.data() + end.size;
  if (const auto fault = fault_of(end.kind)) note(*fault, end.at);
}

void BlockReader::open(std::string_view sid) {
  const char* at = text_.data();
  if (!starts(at, end_, before_header) || at[before_header.size()] != '{') return fail(Fault::form, at);
  at += before_header.size();
  const char* const header_end = end_of_value(at, std::min(end_, at + longest_header));
  if (header_end == nullptr)
    return fail(end_ - at > std::ptrdiff_t{longest_header} ? Fault::header : Fault::cut, at);
  header_ = {at, static_cast<std::size_t>(header_end - at)};
  check_header(sid);
  if (ended_) return;
  if (!starts(header_end, end_, before_times)) return fail(Fault::form, header_end);
  t_ = header_end + before_times.size();
  const char* const times_end = bracket(t_, end_);
  if (times_end == nullptr) return fail(Fault::cut, end_);
  if (!starts(times_end, end_, before_values))
    return fail(
        before_values.starts_with(std::string_view(times_end, static_cast<std::size_t>(end_ - times_end)))
            ? Fault::cut
            : Fault::form,
        times_end);
  v_ = times_end + before_values.size();
  const char* const values_end = bracket(v_, end_);
  if (values_end == nullptr) return;
  const std::size_t times = commas(t_, times_end), values = commas(v_, values_end);
  if (values <= times) return;
  joints_ = values - times == joints_of_times() ? Joints::twice : Joints::not_known;
}

void BlockReader::check_header(std::string_view sid) {
  const auto members = members_of(header_);
  if (!members) return fail(Fault::header, header_.data());
  if (members->vsn != "1") return fail(members->vsn.empty() ? Fault::header : Fault::version, header_.data());
  const auto head = point_of(members->head), tail = point_of(members->tail);
  if (!head || !tail) return fail(Fault::header, header_.data());
  head_ = *head;
  tail_ = *tail;
  if (!id_.holds(head_.time)) return fail(Fault::time, members->head.data());
  // Points are right without cfg.
  const auto cfg = nlohmann::json::parse(members->cfg, nullptr, false);
  if (!cfg.is_object())
    return note(Fault::header, place(members->cfg.empty() ? header_.data() : members->cfg.data()));
  has_cfg_ = true;
  const auto found = cfg.find("id");
  if (!sid.empty() && found != cfg.end() && *found != sid) fail(Fault::other_sensor, members->cfg.data());
}

bool BlockReader::begin() {
  begun_ = true;
  if (ended_) return false;
  for (const char** const at : {&t_, &v_}) {
    if (**at != '0' || !ends_element((*at)[1])) {
      fail(*at + 1 >= end_ ? Fault::cut : Fault::number, *at);
      return false;
    }
    *at += (*at)[1] == ',' ? 2 : 1;
  }
  now_ = head_;
  return true;
}

/// Joints of two level-8 blocks, as far as t can be read.
std::size_t BlockReader::joints_of_times() const {
  std::size_t joints = 0;
  std::int64_t time = head_.time;
  const char* at = t_;
  for (Digits step = digits_at(at); step.count != 0; step = digits_at(at)) {
    if (time >> 8 != (time + step.value) >> 8) ++joints;
    time += step.value;
    at += step.count;
    if (*at++ != ',') break;
  }
  return joints;
}

/// One of the lists is at its end.
void BlockReader::finish() {
  ended_ = true;
  for (const char* const at : {t_, v_})
    if (*at == ']' && at[-1] == ',') return fail(Fault::number, at);
  if (*t_ != *v_) return fail(Fault::lengths, *t_ == ']' ? v_ : t_);
  if (!starts(v_, end_, last)) return fail(v_ + 1 >= end_ ? Fault::cut : Fault::form, v_ + 1);
  if (v_ + last.size() != end_) return fail(Fault::after_end, v_ + last.size());
  if (now_ != tail_) return fail(Fault::sums, v_);
  if (joints_ == Joints::twice) fail(Fault::repeated_joins, t_);
}

/// After a joint of a v that is too long: the joint's element once more, or nobody knows where the values go
/// on.
void BlockReader::after_joint(const char* element) {
  if (joints_ == Joints::not_known) return fail(Fault::lengths, v_);
  const auto size = v_ - element;  // with its comma
  if (*v_ == ']' || end_ - v_ <= size || !std::equal(element, v_ - 1, v_) || !ends_element(v_[size - 1]))
    return fail(Fault::lengths, v_);
  v_ += v_[size - 1] == ',' ? size : size - 1;
}

namespace {

/// An element of one or two digits and its comma; false: another one.
inline bool take_short(const char*& at, unsigned& value) {
  const auto digit = [&](int i) { return static_cast<unsigned>(static_cast<unsigned char>(at[i])) - '0'; };
  const unsigned first = digit(0);
  if (first > 9) return false;
  if (at[1] == ',') {
    value = first;
    at += 2;
    return true;
  }
  const unsigned second = digit(1);
  if (second > 9 || first == 0 || at[2] != ',') return false;
  value = 10 * first + second;
  at += 3;
  return true;
}

}  // namespace

/// Points whose elements are short, which most are; up to one that is something else, or wrong.
std::size_t BlockReader::read_short(std::span<Point> out) {
  const char *t = t_, *v = v_;
  Point now = now_;
  const std::int64_t block_end = id_.end();
  std::size_t made = 0;
  for (; made < out.size(); ++made) {
    const char *next_t = t, *next_v = v;
    unsigned step = 0, change = 0;
    Point next;
    if (!take_short(next_t, step) || !take_short(next_v, change) || step == 0 ||
        (next.time = now.time + step) >= block_end ||
        __builtin_add_overflow(now.value, std::int64_t{1000} * change, &next.value))
      break;
    out[made] = now = next;
    t = next_t;
    v = next_v;
  }
  t_ = t;
  v_ = v;
  now_ = now;
  return made;
}

std::size_t BlockReader::read(std::span<Point> out) {
  std::size_t made = 0;
  if (!begun_ && !out.empty() && begin()) out[made++] = now_;
  const std::int64_t block_end = id_.end();
  while (made < out.size() && !ended_) {
    if (joints_ == Joints::right && (made += read_short(out.subspan(made))) == out.size()) break;
    if (*t_ == ']' || *v_ == ']') {
      finish();
      break;
    }
    const Digits step = digits_at(t_);
    if (step.count == 0 || !ends_element(t_[step.count])) {
      const char* after = t_;
      while (*after >= '0' && *after <= '9') ++after;
      fail(after == end_                                       ? Fault::cut
           : after != t_ && ends_element(*after) && *t_ != '0' ? Fault::time
                                                               : Fault::number,
           t_);
      break;
    }
    const bool negative = *v_ == '-';
    const Digits change = digits_at(v_ + (negative ? 1 : 0));
    const char* after = v_ + change.count + (negative ? 1 : 0);
    Milli delta = (negative ? -1000 : 1000) * static_cast<Milli>(change.value);
    if (change.count == 0 || !ends_element(*after)) {
      for (after = v_; after != end_ && !ends_element(*after);) ++after;
      const auto exact = parse_decimal({v_, static_cast<std::size_t>(after - v_)});
      if (!exact || after == end_) {
        fail(after == end_ ? Fault::cut : Fault::number, v_);
        break;
      }
      delta = *exact;
    }
    const std::int64_t before = now_.time;
    if (step.value == 0 || step.value >= block_end - before) {
      fail(Fault::time, t_);
      break;
    }
    if (__builtin_add_overflow(now_.value, delta, &now_.value)) {
      fail(Fault::value, v_);
      break;
    }
    now_.time += step.value;
    out[made++] = now_;
    t_ += step.count + (t_[step.count] == ',' ? 1 : 0);
    const char* const element = v_;
    v_ = after + (*after == ',' ? 1 : 0);
    if (joints_ != Joints::right && before >> 8 != now_.time >> 8) after_joint(element);
  }
  return made;
}

Block decode(std::string_view gzip, BlockId id, std::string_view sid) {
  BlockReader reader(gzip, id, sid);
  Block block;
  std::size_t size = 0;
  for (std::size_t made = 1; made != 0; size += made) {
    block.points.resize(std::max<std::size_t>(256, 2 * size));
    made = reader.read(std::span(block.points).subspan(size));
  }
  block.points.resize(size);
  block.header = reader.header();
  block.damage = reader.damage();
  return block;
}

BlockWriter::BlockWriter(std::string_view header, int effort) : gzip_(std::make_unique<GzipWriter>(effort)) {
  text_.append(before_header).append(header).append(before_times);
}
BlockWriter::~BlockWriter() = default;

void BlockWriter::element(bool first, Milli thousandths) {
  if (!first) text_ += ',';
  append_decimal(text_, thousandths);
  if (text_.size() >= 16384) {
    gzip_->put(text_);
    text_.clear();
  }
}

void BlockWriter::times(std::span<const Point> points) {
  for (const Point& point : points) {
    element(!last_, 1000 * (last_ ? point.time - last_->time : 0));
    last_ = point;
  }
}

void BlockWriter::values(std::span<const Point> points) {
  if (!in_values_) {
    text_ += before_values;
    last_.reset();
    in_values_ = true;
  }
  for (const Point& point : points) {
    element(!last_, last_ ? point.value - last_->value : 0);
    last_ = point;
  }
}

std::string BlockWriter::finish() {
  text_ += last;
  gzip_->put(text_, true);
  return std::move(gzip_->bytes());
}

std::string encode(std::string_view cfg, std::span<const Point> points, int effort) {
  if (points.empty()) throw std::invalid_argument("a block has at least one point");
  BlockWriter writer(make_header(cfg, points.front(), points.back()), effort);
  writer.times(points);
  writer.values(points);
  return writer.finish();
}

std::string checked_cfg(std::string_view json) {
  if (json.size() > longest_cfg)
    throw std::invalid_argument(
        fmt::format("a sensor's parameters have {} bytes; allowed: {}", json.size(), longest_cfg));
  std::string cfg;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!in_string && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) continue;
    cfg += c;
    if (c == '\\' && in_string && i + 1 < json.size())
      cfg += json[++i];
    else if (c == '"')
      in_string = !in_string;
  }
  if (!cfg.starts_with('{') || !nlohmann::json::accept(json))
    throw std::invalid_argument(
        fmt::format("a sensor's parameters are no JSON object: {}", json.substr(0, 100)));
  constexpr std::string_view times = R"("t":[)", escaped = R"("\u0074":[)";
  for (std::size_t at = 0; (at = cfg.find(times, at)) != cfg.npos; at += escaped.size())
    cfg.replace(at, times.size(), escaped);
  return cfg;
}

std::string make_header(std::string_view cfg, Point head, Point tail) {
  return fmt::format(R"({{"cfg":{},"tail":{},"vsn":1,"head":{}}})", cfg, point_text(tail), point_text(head));
}

std::string change_header(std::string_view header, Point head, Point tail) {
  const auto members = members_of(header);
  if (!members) throw std::invalid_argument("no header of a block");
  std::string changed(header);
  const auto place = [&](std::string_view member) {
    return static_cast<std::size_t>(member.data() - header.data());
  };
  std::array<std::pair<std::string_view, Point>, 2> changes = {
      {{members->head, head}, {members->tail, tail}}};
  // The later one first, so that places before it stay.
  if (place(changes[0].first) < place(changes[1].first)) std::swap(changes[0], changes[1]);
  for (const auto& [member, point] : changes)
    if (point_of(member) != point) changed.replace(place(member), member.size(), point_text(point));
  return changed;
}

}  // namespace flm::history
