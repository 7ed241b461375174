#include "sim/native_eeprom.hpp"

#include <algorithm>
#include <iterator>

#include "sim/eeprom_times.hpp"

namespace flm::sim {

void NativeEeprom::look(Nanoseconds now) {
  if (writing_ && now >= end_) {
    writing_ = false;
    const std::uint8_t before = cells_.bytes[cells_.address];
    cells_.finish();
    log_.push_back({begin_, end_, cells_.address, before, cells_.bytes[cells_.address], false});
  }
  if (writing_ || !cells_.busy) return;
  writing_ = true;
  begin_ = now;
  end_ = now + (cells_.mode == hal::EepromWrite::erase_and_write ? kEraseAndWriteTime : kSplitTime);
}

void NativeEeprom::lose_power(Nanoseconds now, std::uint64_t chance) {
  look(now);
  if (!writing_) return;
  writing_ = cells_.busy = false;
  std::uint8_t& byte = cells_.bytes[cells_.address];
  const std::uint8_t torn = torn_byte(chance, cells_.address);
  log_.push_back({begin_, now, cells_.address, byte, torn, true});
  byte = torn;
}

void NativeEeprom::fill(const std::vector<std::uint8_t>& contents) {
  std::copy(contents.begin(), contents.end(), std::begin(cells_.bytes));
  writing_ = cells_.busy = false;
}

std::vector<std::uint8_t> NativeEeprom::contents() const { return {std::begin(cells_.bytes), std::end(cells_.bytes)}; }

}  // namespace flm::sim
