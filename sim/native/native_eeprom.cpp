#include "sim/native/native_eeprom.hpp"

#include <algorithm>
#include <iterator>

#include "sim/engine/eeprom_times.hpp"

namespace flm::sim {

void NativeEeprom::end_write(Nanoseconds end, std::uint8_t before, std::uint8_t after, bool torn) {
  writing_ = false;
  std::uint8_t& byte = cells_.bytes[cells_.address];
  byte = kept_bits(worn_, cells_.address, before, after);
  log_.push_back({begin_, end, cells_.address, before, byte, torn});
}

void NativeEeprom::look(Nanoseconds now) {
  if (writing_ && now >= end_) {
    const std::uint8_t before = cells_.bytes[cells_.address];
    cells_.finish();
    end_write(end_, before, cells_.bytes[cells_.address], false);
  }
  if (writing_ || !cells_.busy) return;
  writing_ = true;
  begin_ = now;
  end_ = now + rc_time(cells_.mode == hal::EepromWrite::erase_and_write ? kEraseAndWriteTime : kSplitTime,
                       rc_percent_);
}

void NativeEeprom::lose_power(Nanoseconds now, std::uint64_t chance) {
  look(now);
  if (!writing_) return;
  cells_.busy = false;
  end_write(now, cells_.bytes[cells_.address], torn_byte(chance, cells_.address), true);
}

void NativeEeprom::fill(const std::vector<std::uint8_t>& contents) {
  std::copy(contents.begin(), contents.end(), std::begin(cells_.bytes));
  writing_ = cells_.busy = false;
}

std::vector<std::uint8_t> NativeEeprom::contents() const {
  return {std::begin(cells_.bytes), std::end(cells_.bytes)};
}

}  // namespace flm::sim
