#include "tools/history/packed_block.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace flm::history {
namespace {

constexpr std::string_view mark = "FP";
constexpr int highest_unit = 6;
constexpr std::size_t longest_number = 10;  // bytes

/// Bytes of a packed block's text at most: five numbers, and four a point.
constexpr std::size_t longest_packed(int level) { return longest_number * (8 + (std::size_t{4} << level)); }

std::uint64_t bits(std::int64_t number) { return static_cast<std::uint64_t>(number); }

/// What a value is more than another, of 64 bits.
std::int64_t difference(Milli a, Milli b) { return static_cast<std::int64_t>(bits(a) - bits(b)); }

void append(std::string& text, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) text += static_cast<char>(number | 0x80);
  text += static_cast<char>(number);
}

void append_signed(std::string& text, std::int64_t number) {
  append(text, bits(number) << 1 ^ bits(number >> 63));
}

/// 10^unit thousandths divide each difference.
std::pair<int, std::int64_t> unit_of(std::span<const Point> points) {
  int unit = highest_unit;
  std::int64_t value = 1'000'000;
  for (std::size_t i = 1; i < points.size() && unit > 0; ++i)
    for (const std::int64_t change = difference(points[i].value, points[i - 1].value); change % value != 0;
         --unit)
      value /= 10;
  return {unit, value};
}

}  // namespace

std::string pack(BlockId id, std::span<const Point> points) {
  if (points.empty()) throw std::invalid_argument("a block has at least one point");
  if (!id.holds(points.front().time) || !id.holds(points.back().time))
    throw std::invalid_argument("a point lies outside its block");
  const auto [unit, value] = unit_of(points);
  std::string text, steps, stands, changes;
  append(text, static_cast<std::uint64_t>(unit));
  append(text, points.size());
  append(text, bits(points.front().time - id.start));
  append_signed(text, points.front().value);
  std::uint64_t rise = 0, change_count = 0, stand = 0, same_steps = 0;
  for (std::size_t i = 1; i < points.size(); ++i) {
    const std::int64_t step = points[i].time - points[i - 1].time;
    if (step <= 0) throw std::invalid_argument("a block's points are in the order of their times");
    ++same_steps;
    if (i + 1 == points.size() || points[i + 1].time - points[i].time != step) {
      append(steps, bits(step));
      append(steps, std::exchange(same_steps, 0));
    }
    const std::int64_t change = difference(points[i].value, points[i - 1].value) / value;
    if (change == 0) {
      ++stand;
      continue;
    }
    rise += bits(change);
    ++change_count;
    append(stands, std::exchange(stand, 0));
    append_signed(changes, change);
  }
  append_signed(text, static_cast<std::int64_t>(rise));
  text += steps;
  append(text, change_count);

  GzipWriter writer(quick_effort, mark);
  writer.put(text);
  writer.put(stands);
  writer.put(changes, true);
  return std::move(writer.bytes());
}

bool is_packed(std::string_view gzip) { return has_field(gzip, mark); }

std::uint64_t PackedReader::Column::number() {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    number |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) break;
  }
  return number;
}

std::int64_t PackedReader::Column::signed_number() {
  const std::uint64_t zigzag = number();
  return static_cast<std::int64_t>(zigzag >> 1 ^ (0 - (zigzag & 1)));
}

PackedReader::PackedReader(std::string_view gzip, BlockId id) : id_(id) {
  const GzipEnd end = gunzip(gzip, longest_packed(id.level), text_);
  end_ = text_.data() + end.size;
  times_.at = text_.data();
  if (const auto fault = fault_of(end.kind))
    damage_ = Damage{*fault, end.at};
  else if (!is_packed(gzip))
    fail(Fault::form);
  else
    open();
}

bool PackedReader::fail(Fault fault) {
  damage_ = Damage{fault, std::min(static_cast<std::size_t>(times_.at - text_.data()),
                                   static_cast<std::size_t>(end_ - text_.data()))};
  return false;
}

/// Finds where times, stands and changes begin, with all checks but that of the values' sum.
bool PackedReader::open() {
  Column& at = times_;
  const std::uint64_t unit = at.number(), points = at.number(), first = at.number();
  if (unit > highest_unit || points == 0) return fail(Fault::number);
  if (points > bits(id_.span()) || first >= bits(id_.span())) return fail(Fault::time);
  for (std::uint64_t i = 0; i < unit; ++i) step_value_ *= 10;
  now_ = {id_.start + static_cast<std::int64_t>(first), at.signed_number()};
  const std::int64_t rise = at.signed_number();
  if (at.at > end_) return fail(Fault::cut);

  const char* const begin = at.at;
  std::uint64_t time = first;
  for (std::uint64_t told = 1; told < points;) {
    const std::uint64_t step = at.number(), count = at.number();
    if (at.at > end_) return fail(Fault::cut);
    const std::uint64_t longest = bits(id_.span()) - 1 - time;
    if (step == 0 || count == 0 || step > longest || count > longest / step) return fail(Fault::time);
    if (count > points - told) return fail(Fault::lengths);
    time += step * count;
    told += count;
  }
  changes_left_ = at.number();
  if (changes_left_ >= points) return fail(Fault::lengths);
  stands_ = at;
  std::uint64_t stood = 0;
  for (std::uint64_t i = 0; i < changes_left_; ++i) {
    const std::uint64_t stand = at.number();
    if (at.at > end_) return fail(Fault::cut);
    if (stand > points || (stood += stand) > points - 1 - changes_left_) return fail(Fault::lengths);
  }
  changes_ = at;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < changes_left_; ++i) {
    sum += bits(at.signed_number());
    if (at.at > end_) return fail(Fault::cut);
  }
  if (at.at > end_) return fail(Fault::cut);
  if (at.at < end_) return fail(Fault::after_end);
  if (sum != bits(rise)) return fail(Fault::sums);
  tail_ = {id_.start + static_cast<std::int64_t>(time),
           static_cast<Milli>(bits(now_.value) + sum * step_value_)};
  times_.at = begin;
  left_ = points;
  if (changes_left_ > 0) stands_left_ = stands_.number();
  return true;
}

std::size_t PackedReader::read(std::span<Point> out) {
  std::size_t made = 0;
  for (; made < out.size() && left_ > 0; ++made, --left_) {
    if (!std::exchange(begun_, true)) {
      out[made] = now_;
      continue;
    }
    if (same_steps_ == 0) {
      step_s_ = times_.number();
      same_steps_ = times_.number();
    }
    --same_steps_;
    now_.time += static_cast<std::int64_t>(step_s_);
    if (changes_left_ > 0 && stands_left_-- == 0) {
      now_.value = static_cast<Milli>(bits(now_.value) + bits(changes_.signed_number()) * step_value_);
      if (--changes_left_ > 0) stands_left_ = stands_.number();
    }
    out[made] = now_;
  }
  return made;
}

}  // namespace flm::history
