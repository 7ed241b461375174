#include "tools/history/rollup/days.hpp"

#include <zlib.h>

#include <algorithm>
#include <utility>

namespace flm::history {
namespace {

constexpr std::int64_t day = 86'400, quarter = 900;
constexpr std::size_t quarters_a_day = 96;
constexpr std::uint64_t mark = 0x464C4D31;
const Zone utc;

void append(std::string& text, std::uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(number >> shift & 0xFF);
}

std::uint64_t number_at(std::string_view text, std::size_t at, std::size_t bytes) {
  std::uint64_t number = 0;
  for (const char c : text.substr(at, bytes)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

std::int64_t signed_at(std::string_view text, std::size_t at) {
  return static_cast<std::int64_t>(number_at(text, at, 8));
}

std::uint64_t crc(std::string_view text) {
  return crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size()));
}

}  // namespace

static_assert(day_bytes == 8 + 8 * quarters_a_day + 4 + 4);

DayMaker::DayMaker(std::int64_t from, bool falls, std::function<void(const std::string&)> sink)
    : sink_(std::move(sink)),
      bins_(Grid(Resolution::quarter_hour, utc, Grid(Resolution::day, utc, from, from).begin(),
                 from + 100'000 * day),
            falls, [this](const Bin& bin, const Cell&) { take(bin); }) {}

void DayMaker::take(const Bin& bin) {
  quarters_.push_back(bin);
  if (quarters_.size() < quarters_a_day) return;
  std::string text;
  text.reserve(day_bytes);
  append(text, static_cast<std::uint64_t>(quarters_.front().begin), 8);
  for (const Bin& made : quarters_)
    append(text, static_cast<std::uint64_t>(made.nano * 1'024 + made.known), 8);
  append(text, mark, 4);
  append(text, crc(text), 4);
  quarters_.clear();
  sink_(text);
}

Days::Days(std::string_view text) {
  std::size_t whole = 0;
  for (; text.size() - whole >= day_bytes; whole += day_bytes) {
    const std::string_view checked = text.substr(whole, day_bytes - 4);
    const std::int64_t begin = signed_at(checked, 0);
    if (number_at(checked, day_bytes - 8, 4) != mark) break;
    if (number_at(text, whole + day_bytes - 4, 4) != crc(checked)) break;
    if (whole > 0 && begin != signed_at(text, whole - day_bytes) + day) break;
  }
  text_ = text.substr(0, whole);
}

std::int64_t Days::begin() const { return empty() ? 0 : signed_at(text_, 0); }

std::int64_t Days::end() const { return empty() ? 0 : signed_at(text_, text_.size() - day_bytes) + day; }

void Days::add_to(Bins& bins, std::int64_t until) const {
  for (std::size_t at = 0; at < text_.size(); at += day_bytes) {
    const std::int64_t begin = signed_at(text_, at);
    if (begin + day <= bins.from()) continue;
    if (begin >= std::min(bins.to(), until)) return;
    for (std::size_t i = 0; i < quarters_a_day; ++i) {
      const std::int64_t first = begin + static_cast<std::int64_t>(i) * quarter,
                         made = signed_at(text_, at + 8 + 8 * i);
      const std::int64_t known = made & 1'023;
      bins.add(Bin{first, first + quarter, (made - known) / 1'024, known});
    }
  }
}

}  // namespace flm::history
