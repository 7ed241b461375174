#include "sim/world/air.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string>

#include "tools/common/input_error.hpp"

namespace flm::sim {

void Air::add(Transmission transmission) {
  longest_ = std::max(longest_, transmission.end() - transmission.start);
  const auto place = std::upper_bound(transmissions_.begin(), transmissions_.end(), transmission.start,
                                      [](Nanoseconds t, const Transmission& one) { return t < one.start; });
  transmissions_.insert(place, std::move(transmission));
}

void Air::add_frame(Nanoseconds start, const std::vector<std::uint8_t>& frame, Nanoseconds bit) {
  Transmission transmission{start, bit, {0xAA, 0xAA, 0xAA, 0x2D}};
  transmission.bytes.insert(transmission.bytes.end(), frame.begin(), frame.end());
  add(std::move(transmission));
}

Nanoseconds Air::next_start(Nanoseconds t) const {
  if (cursor_ > transmissions_.size()) cursor_ = transmissions_.size();
  while (cursor_ < transmissions_.size() && transmissions_[cursor_].start <= t) ++cursor_;
  while (cursor_ > 0 && transmissions_[cursor_ - 1].start > t) --cursor_;
  return cursor_ == transmissions_.size() ? kNever : transmissions_[cursor_].start;
}

Air::Moment Air::at(Nanoseconds t) const {
  static_cast<void>(next_start(t));
  Moment moment;
  for (std::size_t i = cursor_; i > 0 && transmissions_[i - 1].start + longest_ > t; --i) {
    const Transmission& one = transmissions_[i - 1];
    if (one.end() <= t) continue;
    moment.only = moment.carrier ? nullptr : &one;
    if (moment.carrier) break;
    moment.carrier = true;
  }
  return moment;
}

std::vector<AirFrame> read_air(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw InputError(fmt::format("{}: cannot be read", file.string()));
  std::vector<AirFrame> frames;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (number == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // a byte-order mark
    const auto complain = [&](const std::string& what) {
      throw InputError(fmt::format(
          "{}:{}: {}; a line is: seconds, then a frame in hex (group header length payload crc crc)",
          file.string(), number, what));
    };
    std::istringstream words(line.substr(0, line.find('#')));
    std::string time, hex, more;
    if (!(words >> time)) continue;
    AirFrame frame;
    const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), frame.seconds);
    if (error != std::errc() || end != time.data() + time.size() ||
        !(frame.seconds >= 0 && frame.seconds < 1e9))
      complain(fmt::format("'{}' is not a time", time));
    while (words >> more) hex += more;
    if (hex.empty() || hex.size() % 2 != 0) complain(fmt::format("{} hex digits", hex.size()));
    if (hex.size() / 2 > 260)
      complain(fmt::format("{} bytes, more than a length byte can say", hex.size() / 2));
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      std::uint8_t byte = 0;
      const auto [rest, wrong] = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
      if (wrong != std::errc() || rest != hex.data() + i + 2)
        complain(fmt::format("'{}' is not hex", hex.substr(i, 2)));
      frame.bytes.push_back(byte);
    }
    frames.push_back(std::move(frame));
  }
  return frames;
}

}  // namespace flm::sim
