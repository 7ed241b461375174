// Settings and counters in EEPROM (layout.hpp): a state machine that starts at most one byte's write a step and never waits.
#pragma once
#include <stdint.h>

#include "firmware/store/layout.hpp"
#include "hal/contract.hpp"
#include "protocol/attributes.hpp"
#include "protocol/crc16.hpp"
#include "protocol/crc8.hpp"

namespace flm {
namespace store {

/// `Owner` offers hal() with the EEPROM, record(number) -> uint8_t*, the bytes of a record of layout.hpp, and count_power_failure().
template <class Owner>
class Store {
 public:
  /// After reset, before interrupts: finds the newest records and copies them to the owner's. False when there are no settings.
  FLM_NODISCARD bool load(Owner& owner) {
    job_ = no_job;
    stored_ = 0;
    wanted_ = 0;
    for (uint8_t& sequence : sequence_) sequence = none_yet;
    const uint8_t version = read(owner, header_address + 1);
    if (read(owner, header_address) != layout_mark || read(owner, header_address + 2) != static_cast<uint8_t>(~version)) {
      chores_ = header | clean_up;
      failure_area_used_ = true;
      return false;
    }
    chores_ = version > layout_version ? foreign_medium : 0;
    if (chores_ != 0) return false;
    for (uint8_t record = 0; record < records; ++record) load_record(owner, record);
    load_failure(owner);
    return (stored_ & bit(settings_record)) != 0;
  }

  /// Main loop. Starts at most one byte's write, and does nothing while one goes on.
  void step(Owner& owner) {
    if (owner.hal().eeprom_busy() || foreign()) return;
    for (;;) {
      if (job_ == no_job && !begin_job(owner)) return;
      if (place_ == size_)
        end_job();
      else if (write_next(owner))
        return;
    }
  }

  /// Saves settings and counters where they differ from what is stored.
  void commit() { wanted_ = 0xFF; }
  /// Saves counters where they differ from what is stored.
  void checkpoint() { wanted_ = static_cast<uint8_t>(wanted_ | (bit(counters) - 1)); }
  /// Saves one record, if it differs.
  void save(uint8_t record) { wanted_ = static_cast<uint8_t>(wanted_ | bit(record)); }
  /// True when every record that was asked for is on the medium.
  FLM_NODISCARD bool settled(Owner& owner) const {
    return job_ == no_job && wanted_ == 0 && (chores_ & failure) == 0 && !owner.hal().eeprom_busy();
  }
  /// True for an EEPROM that a newer firmware has written: nothing is read from it, and nothing written.
  FLM_NODISCARD bool foreign() const { return (chores_ & foreign_medium) != 0; }
  /// A setting is about to change: settings that are on their way are written again from the start.
  void settings_changed() {
    if (job_ == settings_record) job_ = no_job;
  }

  /// The supply is failing: first of all what has been added to the counters.
  void supply_failed() {
    job_ = no_job;
    if (failure_area_used_)
      checkpoint();  // A failure just before this one has left no room.
    else
      chores_ |= failure;
  }
  /// The supply has come back.
  void supply_recovered() {
    chores_ = static_cast<uint8_t>(chores_ & ~failure);
    if (job_ == failure_job) job_ = no_job;
  }
  /// The supply is trusted again: makes room for the next failure.
  void clean() {
    if (failure_area_used_) chores_ |= clean_up;
  }

 private:
  // A job is a record's number, or one of these.
  static constexpr uint8_t header_job = records, clean_job = records + 1, failure_job = records + 2, no_job = 0xFF;
  // Chores, a bit each. A failure goes first, the header before any record, room for the next failure after them.
  static constexpr uint8_t failure = 1, header = 2, clean_up = 4, foreign_medium = 8;
  static constexpr uint8_t none_yet = 0xFF;  ///< the sequence number before the first, 0

  FLM_NODISCARD static uint8_t bit(uint8_t number) { return metering::bit(number); }
  FLM_NODISCARD FLM_OUTLINE static uint8_t read(Owner& owner, uint16_t address) { return owner.hal().eeprom_read(address); }

  FLM_NODISCARD static uint8_t size_of(uint8_t record) { return record == settings_record ? settings_size : counter_size; }
  FLM_NODISCARD static uint8_t slots_of(uint8_t record) { return record == settings_record ? settings_slots : counter_slots; }
  FLM_NODISCARD FLM_OUTLINE static uint16_t slot(uint8_t record, uint8_t sequence) {
    const uint8_t number = static_cast<uint8_t>(sequence & (slots_of(record) - 1));
    if (record == settings_record) return static_cast<uint16_t>(settings_address + number * settings_slot_size);
    return static_cast<uint16_t>(counters_address + static_cast<uint8_t>(record * counter_slots + number) * counter_slot_size);
  }

  FLM_NODISCARD static uint16_t failure_crc_address(uint8_t sensor) {
    return static_cast<uint16_t>(failure_address + static_cast<uint8_t>(sensor * failure_record_size) + failure_record_size - 1);
  }

  // --- reading ---

  void load_record(Owner& owner, uint8_t record) {
    for (uint8_t place = 0; place < slots_of(record); ++place) {
      const uint16_t address = slot(record, place);
      const uint8_t size = size_of(record);
      const uint16_t end = static_cast<uint16_t>(address + size);
      const uint8_t sequence = read(owner, static_cast<uint16_t>(end + 2));
      if (slot(record, sequence) != address) continue;
      uint16_t crc = 0;
      for (uint8_t at = 0; at < size; ++at) crc = protocol::crc16_arc_seldom(crc, read(owner, static_cast<uint16_t>(address + at)));
      crc = protocol::crc16_arc_seldom(crc, sequence);
      if (read(owner, end) != static_cast<uint8_t>(crc) || read(owner, static_cast<uint16_t>(end + 1)) != static_cast<uint8_t>(crc >> 8)) continue;
      if ((stored_ & bit(record)) != 0 && static_cast<int8_t>(sequence - sequence_[record]) < 0) continue;
      sequence_[record] = sequence;
      stored_ = static_cast<uint8_t>(stored_ | bit(record));
    }
    for (uint8_t at = 0; at < size_of(record); ++at) owner.record(record)[at] = stored_byte(owner, record, at);
  }

  /// A byte of a record's newest slot; 0 when there is none.
  FLM_NODISCARD FLM_OUTLINE uint8_t stored_byte(Owner& owner, uint8_t record, uint8_t place) const {
    return (stored_ & bit(record)) == 0 ? 0 : read(owner, static_cast<uint16_t>(slot(record, sequence_[record]) + place));
  }

  /// Adds what the failure records say, once.
  void load_failure(Owner& owner) {
    failure_area_used_ = false;
    uint16_t address = failure_address;
    for (uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor) {
      for (uint8_t place = 0; place < failure_record_size; ++place) {
        staged_[place] = read(owner, address++);
        if (staged_[place] != 0xFF) failure_area_used_ = true;
      }
      if (staged_[4] != failure_crc(sequence_[sensor]) || ((staged_[3] ^ sequence_[sensor] << 4) & 0xF0) != 0) continue;
      metering::Total& total = *reinterpret_cast<metering::Total*>(owner.record(sensor));
      total.counter += static_cast<uint16_t>(staged_[0] | staged_[1] << 8);
      if (!owner.follows_meter(sensor)) {  // Its meter's number is in its slot, and needs more than these bits.
        total.remainder = static_cast<uint16_t>(staged_[2] | (staged_[3] & 0x0F) << 8);
        total.watt_fraction = 0;
      }
      save(sensor);
    }
    const uint8_t mark = read(owner, address);
    if (mark != 0xFF) failure_area_used_ = true;
    if (mark == static_cast<uint8_t>(sequence_[board_counter] & 0x7F)) {
      owner.count_power_failure();
      save(board_counter);
    }
    clean();
  }

  /// CRC of the failure record in staged_; never 0xff, which an erased cell says.
  FLM_NODISCARD FLM_OUTLINE uint8_t failure_crc(uint8_t sequence) const {
    uint8_t crc = protocol::crc8_maxim(0, sequence);
    for (uint8_t place = 0; place < failure_record_size - 1; ++place) crc = protocol::crc8_maxim(crc, staged_[place]);
    return crc == 0xFF ? 0xFE : crc;
  }

  // --- writing ---

  /// Takes the next job; false when there is none.
  FLM_NODISCARD bool begin_job(Owner& owner) {
    if ((chores_ & failure) != 0) {
      failure_area_used_ = true;
      return begin(failure_job, failure_address, failure_size);
    }
    if ((chores_ & header) != 0) return begin(header_job, header_address, header_size);
    for (uint8_t record = 0; record < records; ++record) {
      if ((wanted_ & bit(record)) == 0) continue;
      if (begin_record(owner, record)) return true;
      wanted_ = static_cast<uint8_t>(wanted_ & ~bit(record));
    }
    return (chores_ & clean_up) != 0 && begin(clean_job, failure_address, failure_size);
  }
  FLM_NODISCARD FLM_OUTLINE bool begin(uint8_t job, uint16_t address, uint8_t size) {
    job_ = job;
    address_ = address;
    size_ = size;
    place_ = 0;
    crc_ = 0;
    return true;
  }

  /// False when the newest slot says the same, and nothing adds to it.
  FLM_NODISCARD bool begin_record(Owner& owner, uint8_t record) {
    source_ = owner.record(record);
    const uint8_t size = size_of(record);
    bool same = record != settings_record || (stored_ & bit(settings_record)) != 0;
    for (uint8_t place = 0; place < size; ++place) {
      if (source_[place] != stored_byte(owner, record, place)) same = false;
      if (record != settings_record) staged_[place] = source_[place];  // Counters go on while they are written.
    }
    // A failure record that adds to the newest slot holds until that has a successor.
    if (same && (record >= board_counter || read(owner, failure_crc_address(record)) == 0xFF)) return false;
    if (record != settings_record) source_ = staged_;
    return begin(record, slot(record, static_cast<uint8_t>(sequence_[record] + 1)), static_cast<uint8_t>(size + 3));
  }

  void end_job() {
    if (job_ < records) {
      ++sequence_[job_];
      stored_ = static_cast<uint8_t>(stored_ | bit(job_));
      wanted_ = static_cast<uint8_t>(wanted_ & ~bit(job_));
    } else if (job_ == header_job) {
      chores_ = static_cast<uint8_t>(chores_ & ~header);
    } else if (job_ == failure_job) {
      chores_ = static_cast<uint8_t>(chores_ & ~failure);
    } else {
      chores_ = static_cast<uint8_t>(chores_ & ~clean_up);
      failure_area_used_ = false;
    }
    job_ = no_job;
  }

  /// Starts the write of the job's next byte, in the shortest way; false when the cell has its value already.
  FLM_NODISCARD bool write_next(Owner& owner) {
    const uint8_t place = place_++;
    uint16_t address = static_cast<uint16_t>(address_ + place);
    uint8_t value = 0xFF;
    if (job_ < records)
      value = slot_byte(place);
    else if (job_ == header_job)
      value = place == 0 ? layout_mark : place == 1 ? layout_version : static_cast<uint8_t>(~layout_version);
    else if (job_ == failure_job)
      value = failure_byte(owner, place);
    else  // From its end: a failure record is invalid as soon as its CRC is gone.
      address = static_cast<uint16_t>(failure_address + failure_size - 1 - place);
    const uint8_t before = read(owner, address);
    if (before == value) return false;
    owner.hal().eeprom_start(address, value,
                             value == 0xFF               ? hal::EepromWrite::erase
                             : (before & value) == value ? hal::EepromWrite::write
                                                         : hal::EepromWrite::erase_and_write);
    return true;
  }

  /// A slot's bytes in the order in which they are asked for: values, CRC, sequence number.
  FLM_NODISCARD uint8_t slot_byte(uint8_t place) {
    const uint8_t left = static_cast<uint8_t>(size_ - place);
    const uint8_t sequence = static_cast<uint8_t>(sequence_[job_] + 1);
    if (left == 1) return sequence;
    if (left == 2) return static_cast<uint8_t>(crc_ >> 8);
    const uint8_t value = left == 3 ? sequence : source_[place];
    crc_ = protocol::crc16_arc_seldom(crc_, value);
    return left == 3 ? static_cast<uint8_t>(crc_) : value;
  }

  /// A byte of the failure area; 0xff, which it is already, where there is nothing to say.
  FLM_NODISCARD uint8_t failure_byte(Owner& owner, uint8_t place) {
    if (place == failure_mark) return sequence_[board_counter] & 0x7F;
    uint8_t sensor = 0;
    while (place >= failure_record_size) {
      place = static_cast<uint8_t>(place - failure_record_size);
      ++sensor;
    }
    if (place == 0) stage_failure(owner, sensor);
    return staged_[place];
  }

  /// Prepares a sensor's failure record: what has been added since its newest slot. More than fits: the whole record is wanted.
  FLM_OUTLINE void stage_failure(Owner& owner, uint8_t sensor) {
    const metering::Total now = *reinterpret_cast<const metering::Total*>(owner.record(sensor));
    metering::Total then = {0, 0, 0};
    for (uint8_t place = 0; place < counter_size; ++place) reinterpret_cast<uint8_t*>(&then)[place] = stored_byte(owner, sensor, place);
    const uint32_t added = now.counter - then.counter;
    const bool fits = added >> 16 == 0;
    if (!fits) save(sensor);
    for (uint8_t& byte : staged_) byte = 0xFF;
    if (!fits || (added == 0 && now.remainder == then.remainder)) return;
    staged_[0] = static_cast<uint8_t>(added);
    staged_[1] = static_cast<uint8_t>(added >> 8);
    staged_[2] = static_cast<uint8_t>(now.remainder);
    staged_[3] = static_cast<uint8_t>((now.remainder >> 8 & 0x0F) | sequence_[sensor] << 4);
    staged_[4] = failure_crc(sequence_[sensor]);
  }

  uint8_t sequence_[records] = {};
  uint8_t staged_[counter_size] = {};
  const uint8_t* source_ = nullptr;  ///< the values of the record that is being written
  uint16_t address_ = 0;             ///< of the job
  uint16_t crc_ = 0;
  uint8_t job_ = 0;
  uint8_t size_ = 0;    ///< of the job
  uint8_t place_ = 0;   ///< in the job
  uint8_t stored_ = 0;  ///< records that have a slot, a bit each
  uint8_t wanted_ = 0;  ///< records to be saved where they differ, a bit each
  uint8_t chores_ = 0;
  bool failure_area_used_ = false;
};

}  // namespace store
}  // namespace flm
