#include "sim/world/serial_line.hpp"

#include <fmt/format.h>

#include <bit>
#include <fstream>
#include <iterator>

#include "sim/scenario/random.hpp"

namespace flm::sim {
namespace {

constexpr int frame_bits = 10;  ///< bits of an 8N1 or 7E1 frame

/// True for the last byte of a line that begins with '!'.
bool ends_telegram(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  if (bytes[at] != '\n') return false;
  std::size_t start = at;
  while (start > 0 && bytes[start - 1] != '\n') --start;
  return bytes[start] == '!';
}

}  // namespace

SerialLine::SerialLine(const std::vector<SerialTraffic>& traffic, std::uint64_t seed) : seed_(seed) {
  for (const SerialTraffic& one : traffic) {
    std::ifstream file(one.file, std::ios::binary);
    if (!file) throw InputError(fmt::format("{}: cannot be read", one.file.string()));
    Source source;
    source.traffic = one;
    source.bytes.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    source.bit = 1'000'000'000 / one.baud;
    Nanoseconds end = 0, telegram = 0;
    for (std::size_t i = 0; i < source.bytes.size(); ++i) {
      end += frame_bits * source.bit;
      source.ends.push_back(end);
      if (one.each != 0.0 && ends_telegram(source.bytes, i))
        end = telegram = std::max(end, telegram + nanoseconds(one.each));
    }
    const Nanoseconds whole = std::max(end, source.ends.back());
    source.period = one.every == 0.0 ? 0 : std::max(nanoseconds(one.every), whole);
    sources_.push_back(std::move(source));
  }
}

std::optional<Nanoseconds> SerialLine::end_of(const Source& source, std::int64_t number) const {
  const auto size = static_cast<std::int64_t>(source.bytes.size());
  if (source.period == 0 && number >= size) return std::nullopt;
  return nanoseconds(source.traffic.at) + number / size * source.period +
         source.ends[static_cast<std::size_t>(number % size)];
}

bool SerialLine::lost(std::size_t source, std::int64_t number) const {
  const double drop = sources_[source].traffic.drop;
  return drop > 0.0 && unit(mixed(seed_ ^ mixed(2 * source)) + static_cast<std::uint64_t>(number)) < drop;
}

SerialLine::Byte SerialLine::byte(std::size_t index, std::int64_t number) const {
  const Source& source = sources_[index];
  Byte byte;
  byte.end = *end_of(source, number);
  byte.bit = source.bit;
  unsigned bits =
      source.bytes[static_cast<std::size_t>(number % static_cast<std::int64_t>(source.bytes.size()))];
  if (source.traffic.baud == 9600)
    bits = (bits & 0x7F) | (static_cast<unsigned>(std::popcount(bits & 0x7Fu)) & 1u) << 7;
  if (source.traffic.noise > 0.0) {
    const std::uint64_t key = mixed(seed_ ^ mixed(2 * index + 1)) + static_cast<std::uint64_t>(number) * 16;
    for (unsigned bit = 0; bit < 9; ++bit)  // data, and the stop bit
      if (unit(key + bit) < source.traffic.noise) bits ^= 1u << bit;
  }
  byte.data = static_cast<std::uint8_t>(bits & 0xFF);
  byte.framing_error = (bits & 0x100) != 0;
  return byte;
}

void SerialLine::Reader::skip_lost(std::size_t source) {
  while (line_.end_of(line_.sources_[source], places_[source].number) &&
         line_.lost(source, places_[source].number))
    ++places_[source].number;
}

Nanoseconds SerialLine::Reader::next() const {
  Nanoseconds soonest = kNever;
  for (std::size_t i = 0; i < places_.size(); ++i)
    if (const auto end = line_.end_of(line_.sources_[i], places_[i].number); end && *end < soonest)
      soonest = *end;
  return soonest;
}

SerialLine::Byte SerialLine::Reader::take() {
  std::size_t which = 0;
  const Nanoseconds soonest = next();
  for (std::size_t i = 0; i < places_.size(); ++i)
    if (line_.end_of(line_.sources_[i], places_[i].number) == soonest) which = i;
  const Byte result = line_.byte(which, places_[which].number);
  ++places_[which].number;
  skip_lost(which);
  return result;
}

}  // namespace flm::sim
