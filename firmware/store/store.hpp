// Settings and counters in EEPROM (layout.hpp): a state machine that starts at most one byte's write a step
// and never waits.
#pragma once
#include <stdint.h>

#include "firmware/store/layout.hpp"
#include "hal/contract.hpp"
#include "protocol/crc16.hpp"
#include "protocol/crc8.hpp"
#include "toolchain/attributes.hpp"

namespace flm {
namespace store {

/// `Owner` offers hal() with the EEPROM; record(number) -> uint8_t*, the bytes of a record of layout.hpp;
/// settings_are_possible(), of the settings in their record; and counted(sensor): nothing more comes to its
/// counter while a failure is saved.
template <class Owner>
class Store {
 public:
  /// After reset, before interrupts: finds the newest records and copies them to the owner's. False when
  /// there are no settings.
  FLM_NODISCARD bool load(Owner& owner) {
    job_ = no_job;
    budget_ = failure_budget;
    for (uint8_t& sequence : sequence_) sequence = none_yet;
    const uint8_t first = version_at(owner, version_address),
                  second = version_at(owner, second_version_address);
    chores_ = first > layout_version && second > layout_version     ? foreign_medium
              : first == layout_version && second == layout_version ? 0
                                                                    : version_mark;
    if (foreign()) return false;
    used_ = areas_in_use(owner);
    if ((first | second) != 0) {
      for (uint8_t record = 0; record < records; ++record) load_record(owner, record);
      load_failures(owner);
    }
    owner.hal().eeprom_park();
    return is_stored(settings_record);
  }
  /// Has anything ever been stored here?
  FLM_NODISCARD bool is_empty() const { return stored_ == 0; }

  /// Main loop. Starts at most one byte's write, and does nothing while one goes on.
  void step(Owner& owner) {
    if (owner.hal().eeprom_busy() || foreign()) return;
    if (written_) {
      written_ = false;
      if (owner.hal().eeprom_written() != expected_) cell_is_worn();
    }
    for (;;) {
      if (job_ == no_job && !begin_job(owner)) return owner.hal().eeprom_park();
      if (place_ == size_)
        end_job(owner);
      else if (write_next(owner))
        return;
    }
  }

  /// Saves settings and counters where they differ from what is stored.
  void commit() { want(0xFF); }
  /// Saves counters where they differ from what is stored.
  FLM_OUTLINE void checkpoint() { want(all_sensors | 1 << board_record); }
  /// Saves one record, if it differs.
  void save(uint8_t record) { want(bit(record)); }
  /// True when every record that was asked for is on the medium, or could not be stored.
  FLM_NODISCARD bool settled(Owner& owner) const {
    return job_ == no_job && wanted_ == 0 && unsaved_ == 0 && !owner.hal().eeprom_busy();
  }
  /// True when a record that was asked for has found no slot that holds it.
  FLM_NODISCARD bool has_failed() const { return unsaved_records_ != 0; }
  /// True while a byte is being written, and a further one may follow.
  FLM_NODISCARD bool works() const { return job_ != no_job; }
  /// True for an EEPROM that a newer firmware has written: nothing is read from it, and nothing written.
  FLM_NODISCARD bool foreign() const { return (chores_ & foreign_medium) != 0; }
  /// True when a cell did not take its value since reset.
  FLM_NODISCARD bool is_worn() const { return worn_; }
  /// Bytes written since reset, modulo 2^16.
  FLM_NODISCARD uint16_t writes() const { return writes_; }
  /// A setting is about to change: settings that are on their way are written again from the start.
  void settings_changed() {
    if (job_ == settings_record) job_ = no_job;
  }

  /// The supply is failing: first of all what has been added to the counters. False, and nothing happens,
  /// when the budget is used up, or there is no room before tidy() has been done.
  FLM_NODISCARD bool save_for_failure() {
    const uint8_t area = static_cast<uint8_t>(used_ & 1);
    if (budget_ == 0 || (used_ & bit(area)) != 0 || foreign()) return false;
    --budget_;
    area_ = area;
    used_ = static_cast<uint8_t>(used_ | bit(area));
    // A slot whose last byte is on its way is complete by the time that anything else is written; others are
    // given up.
    if (job_ < records && place_ == size_) slot_is_complete();
    job_ = no_job;
    skipped_ = 0;
    unsaved_ = all_sensors;
    return true;
  }
  /// True when that is done.
  FLM_NODISCARD bool failure_is_saved(Owner& owner) const {
    return unsaved_ == 0 && job_ != failure_job && !owner.hal().eeprom_busy();
  }
  /// The supply is trusted again, or lived with: gives each failure record's slot a successor, and then room
  /// for the next failure.
  FLM_OUTLINE void tidy() {
    if (used_ == 0) return;
    checkpoint();
    chores_ = static_cast<uint8_t>(chores_ | clean_up);
  }
  /// Failure records that have not been tidied up.
  FLM_NODISCARD bool is_untidy() const { return used_ != 0; }
  /// One more failure may be saved.
  void earn_budget() {
    if (budget_ < failure_budget) ++budget_;
  }

 private:
  // A job is a record's number, or one of these.
  static constexpr uint8_t version_job = records, clean_job = records + 1, failure_job = records + 2,
                           no_job = 0xFF;
  // Chores, a bit each. The version goes before any record, room for the next failure after them.
  static constexpr uint8_t version_mark = 1, clean_up = 2, foreign_medium = 4;
  static constexpr uint8_t all_sensors = (1 << metering::sensor_count) - 1;
  static constexpr uint8_t none_yet = 0xFF;  ///< the sequence number before the first, 0

  FLM_NODISCARD static uint8_t bit(uint8_t number) { return metering::bit(number); }
  FLM_NODISCARD static uint8_t read(Owner& owner, uint16_t address) {
    return owner.hal().eeprom_read(address);
  }
  FLM_NODISCARD bool is_stored(uint8_t record) const { return (stored_ & bit(record)) != 0; }

  FLM_NODISCARD FLM_OUTLINE static uint8_t size_of(uint8_t record) {
    return record == settings_record ? settings_size : record == board_record ? board_size : counter_size;
  }
  FLM_NODISCARD FLM_OUTLINE static uint8_t slots_of(uint8_t record) {
    return record >= board_record ? settings_slots : counter_slots;
  }
  static_assert(board_slots == settings_slots, "slots_of");
  FLM_NODISCARD FLM_OUTLINE static uint16_t slot(uint8_t record, uint8_t sequence) {
    const uint8_t number = static_cast<uint8_t>(sequence & (slots_of(record) - 1));
    const uint16_t first =
        record == settings_record
            ? settings_address
            : static_cast<uint16_t>(counters_address +
                                    static_cast<uint8_t>(record * (counter_slots * counter_slot_size)));
    return static_cast<uint16_t>(
        first + static_cast<uint8_t>(number * static_cast<uint8_t>(size_of(record) + slot_end)));
  }
  static_assert(board_record * counter_slots * counter_slot_size <= 0xFF, "slot(): a byte");

  FLM_NODISCARD FLM_OUTLINE static uint16_t failure_record(uint8_t area, uint8_t sensor) {
    return static_cast<uint16_t>(
        failure_address +
        static_cast<uint8_t>((area == 0 ? sensor : static_cast<uint8_t>(sensor + metering::sensor_count)) *
                             failure_record_size));
  }

  // --- reading ---

  /// One copy of the version; 0 if it is not valid.
  FLM_NODISCARD static uint8_t version_at(Owner& owner, uint16_t address) {
    const uint8_t version = read(owner, address);
    return read(owner, static_cast<uint16_t>(address + 1)) == static_cast<uint8_t>(~version) ? version : 0;
  }

  void load_record(Owner& owner, uint8_t record) {
    const uint8_t size = size_of(record);
    uint8_t* const bytes = owner.record(record);
    for (uint8_t place = 0; place < slots_of(record); ++place) {
      const uint16_t address = slot(record, place);
      const uint16_t end = static_cast<uint16_t>(address + size);
      const uint8_t sequence = read(owner, static_cast<uint16_t>(end + 2));
      if (slot(record, sequence) != address) continue;
      uint16_t crc = 0;
      for (uint8_t at = 0; at < size; ++at) {
        bytes[at] = read(owner, static_cast<uint16_t>(address + at));
        crc = protocol::crc16_arc_seldom(crc, bytes[at]);
      }
      crc = protocol::crc16_arc_seldom(crc, sequence);
      if (read(owner, end) != static_cast<uint8_t>(crc) ||
          read(owner, static_cast<uint16_t>(end + 1)) != static_cast<uint8_t>(crc >> 8))
        continue;
      if (record == settings_record && !owner.settings_are_possible()) continue;
      if (is_stored(record) && static_cast<int8_t>(sequence - sequence_[record]) < 0) continue;
      sequence_[record] = sequence;
      stored_ = static_cast<uint8_t>(stored_ | bit(record));
    }
    for (uint8_t at = 0; at < size; ++at) bytes[at] = stored_byte(owner, record, at);
  }

  /// A byte of a record's newest slot; 0 when there is none.
  FLM_NODISCARD FLM_OUTLINE uint8_t stored_byte(Owner& owner, uint8_t record, uint8_t place) const {
    return is_stored(record) ? read(owner, static_cast<uint16_t>(slot(record, sequence_[record]) + place))
                             : 0;
  }

  /// Adds what the failure records say: of each sensor the youngest that adds to its newest slot.
  void load_failures(Owner& owner) {
    for (uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor) {
      for (uint8_t area = failure_areas; area-- != 0;) {
        const uint16_t address = failure_record(area, sensor);
        for (uint8_t place = 0; place < failure_record_size; ++place)
          staged_[place] = read(owner, static_cast<uint16_t>(address + place));
        if (staged_[4] != failure_crc(sequence_[sensor]) ||
            ((staged_[3] ^ sequence_[sensor] << 4) & 0xF0) != 0)
          continue;
        metering::Total& total = *reinterpret_cast<metering::Total*>(owner.record(sensor));
        total.counter += static_cast<uint16_t>(staged_[0] | staged_[1] << 8);
        total.remainder = static_cast<uint16_t>(staged_[2] | (staged_[3] & 0x0F) << 8);
        total.watt_fraction = 0;
        break;
      }
    }
  }

  /// Failure areas that hold something, a bit each.
  FLM_NODISCARD FLM_OUTLINE static uint8_t areas_in_use(Owner& owner) {
    uint8_t used = 0;
    for (uint8_t place = 0; place < failure_areas * failure_area_size; ++place)
      if (read(owner, static_cast<uint16_t>(failure_address + place)) != 0xFF)
        used = static_cast<uint8_t>(used | (place < failure_area_size ? 1 : 2));
    return used;
  }

  /// CRC of the failure record in staged_; never 0xff, which an erased cell says.
  FLM_NODISCARD FLM_OUTLINE uint8_t failure_crc(uint8_t sequence) const {
    uint8_t crc = protocol::crc8_maxim(0, sequence);
    for (uint8_t place = 0; place < failure_record_size - 1; ++place)
      crc = protocol::crc8_maxim(crc, staged_[place]);
    return crc == 0xFF ? 0xFE : crc;
  }

  // --- writing ---

  FLM_OUTLINE void want(uint8_t mask) {
    wanted_ = static_cast<uint8_t>(wanted_ | mask);
    unsaved_records_ = static_cast<uint8_t>(unsaved_records_ & ~mask);
  }
  FLM_OUTLINE void forget(uint8_t record) {
    wanted_ = static_cast<uint8_t>(wanted_ & ~bit(record));
    skipped_ = 0;
  }

  /// Takes the next job; false when there is none.
  FLM_NODISCARD bool begin_job(Owner& owner) {
    if (unsaved_ != 0) return begin_failure_record(owner);
    if ((chores_ & version_mark) != 0) return begin(version_job, second_version_address, 2 * version_size);
    for (uint8_t record = 0; record < records; ++record) {
      if ((wanted_ & bit(record)) == 0) continue;
      if (begin_record(owner, record)) return true;
      forget(record);
    }
    // Values that no slot has held stay in their failure record.
    return (chores_ & clean_up) != 0 && (unsaved_records_ & all_sensors) == 0 &&
           begin(clean_job, failure_address, failure_areas * failure_area_size);
  }
  FLM_NODISCARD bool begin(uint8_t job, uint16_t address, uint8_t size) {
    job_ = job;
    address_ = address;
    size_ = size;
    place_ = 0;
    crc_ = 0;
    return true;
  }

  /// A slot for a record; false when the newest one says the same, and nothing adds to it.
  FLM_NODISCARD bool begin_record(Owner& owner, uint8_t record) {
    source_ = owner.record(record);
    const uint8_t size = size_of(record);
    bool same = record != settings_record || is_stored(settings_record);
    for (uint8_t place = 0; place < size; ++place) {
      if (source_[place] != stored_byte(owner, record, place)) same = false;
      if (record != settings_record)
        staged_[place] = source_[place];  // Counters go on while they are written.
    }
    if (record < metering::sensor_count)
      for (uint8_t area = 0; area < failure_areas; ++area)
        if (read(owner, static_cast<uint16_t>(failure_record(area, record) + failure_record_size - 1)) !=
            0xFF)
          same = false;
    if (same) return false;
    if (record != settings_record) source_ = staged_;
    return begin(record, slot(record, next_sequence(record)), static_cast<uint8_t>(size + slot_end));
  }
  FLM_NODISCARD uint8_t next_sequence(uint8_t record) const {
    return static_cast<uint8_t>(sequence_[record] + 1 + skipped_);
  }

  /// The failure record of the next sensor that has something to say; false while none has, or is ready to.
  FLM_NODISCARD bool begin_failure_record(Owner& owner) {
    for (uint8_t sensor = 0; sensor < metering::sensor_count; ++sensor) {
      if ((unsaved_ & bit(sensor)) == 0 || !owner.counted(sensor)) continue;
      unsaved_ = static_cast<uint8_t>(unsaved_ & ~bit(sensor));
      if (stage_failure(owner, sensor))
        return begin(failure_job, failure_record(area_, sensor), failure_record_size);
    }
    return false;
  }

  void slot_is_complete() {
    sequence_[job_] = next_sequence(job_);
    stored_ = static_cast<uint8_t>(stored_ | bit(job_));
    forget(job_);
  }
  void end_job(Owner& owner) {
    if (job_ < records) {
      slot_is_complete();
    } else if (job_ == version_job) {
      chores_ = static_cast<uint8_t>(chores_ & ~version_mark);
    } else if (job_ == clean_job) {
      chores_ = static_cast<uint8_t>(chores_ & ~clean_up);
      used_ = areas_in_use(owner);
    }
    job_ = no_job;
  }

  /// The byte just written differs from what it should be. A slot is passed over, up to all but the newest
  /// good one.
  void cell_is_worn() {
    worn_ = true;
    if (job_ >= records) return;
    const uint8_t record = job_;
    job_ = no_job;
    if (static_cast<uint8_t>(++skipped_ + 1) < slots_of(record)) return;
    unsaved_records_ = static_cast<uint8_t>(unsaved_records_ | bit(record));
    forget(record);
  }

  /// Starts the write of the job's next byte, in the shortest way; false when the cell has its value already.
  FLM_NODISCARD bool write_next(Owner& owner) {
    const uint8_t place = place_++;
    uint16_t address = static_cast<uint16_t>(address_ + place);
    uint8_t value = 0xFF;
    if (job_ < records) {
      value = slot_byte(place);
    } else if (job_ == failure_job) {
      value = staged_[place];
    } else if (job_ == version_job) {
      if (place >= version_size)
        address = static_cast<uint16_t>(version_address - version_size +
                                        place);  // last: an older layout has only this one
      value = (place & 1) == 0 ? layout_version : static_cast<uint8_t>(~layout_version);
    } else {  // From its end: a failure record is invalid as soon as its CRC is gone, and the younger ones go
              // first.
      address = static_cast<uint16_t>(failure_address + failure_areas * failure_area_size - 1 - place);
    }
    const uint8_t before = read(owner, address);
    if (before == value) return false;
    written_ = true;
    expected_ = value;
    ++writes_;
    owner.hal().eeprom_start(address, value,
                             value == 0xFF               ? hal::EepromWrite::erase
                             : (before & value) == value ? hal::EepromWrite::write
                                                         : hal::EepromWrite::erase_and_write);
    return true;
  }

  /// A slot's bytes in the order in which they are asked for: values, CRC, sequence number.
  FLM_NODISCARD uint8_t slot_byte(uint8_t place) {
    const uint8_t left = static_cast<uint8_t>(size_ - place);
    const uint8_t sequence = next_sequence(job_);
    if (left == 1) return sequence;
    if (left == 2) return static_cast<uint8_t>(crc_ >> 8);
    const uint8_t value = left == 3 ? sequence : source_[place];
    crc_ = protocol::crc16_arc_seldom(crc_, value);
    return left == 3 ? static_cast<uint8_t>(crc_) : value;
  }

  /// Prepares a sensor's failure record: what has been added since its newest slot; false when that is
  /// nothing. More than fits: the whole record is wanted.
  FLM_NODISCARD bool stage_failure(Owner& owner, uint8_t sensor) {
    const metering::Total& now = *reinterpret_cast<const metering::Total*>(owner.record(sensor));
    for (uint8_t place = 0; place < counter_size; ++place) staged_[place] = stored_byte(owner, sensor, place);
    uint32_t then;
    uint16_t then_remainder;
    __builtin_memcpy(&then, staged_, sizeof then);
    __builtin_memcpy(&then_remainder, staged_ + sizeof then, sizeof then_remainder);
    const uint32_t added = now.counter - then;
    const uint16_t remainder = now.remainder;
    if (added == 0 && remainder == then_remainder) return false;
    if (added >> 16 != 0) {
      save(sensor);
      return false;
    }
    staged_[0] = static_cast<uint8_t>(added);
    staged_[1] = static_cast<uint8_t>(added >> 8);
    staged_[2] = static_cast<uint8_t>(remainder);
    staged_[3] = static_cast<uint8_t>((remainder >> 8 & 0x0F) | sequence_[sensor] << 4);
    staged_[4] = failure_crc(sequence_[sensor]);
    return true;
  }

  uint8_t sequence_[records] = {};
  uint8_t staged_[board_size] = {};  ///< values of the record that is being written, or a failure record
  const uint8_t* source_ = nullptr;  ///< the values of the record that is being written
  uint16_t address_ = 0;             ///< the job's
  uint16_t crc_ = 0;
  uint16_t writes_ = 0;
  uint8_t job_ = 0;
  uint8_t size_ = 0;             ///< the job's, bytes
  uint8_t place_ = 0;            ///< in the job
  uint8_t skipped_ = 0;          ///< slots of the job's record that did not hold it
  uint8_t expected_ = 0;         ///< value that the byte just written should have
  uint8_t stored_ = 0;           ///< records that have a slot, a bit each
  uint8_t wanted_ = 0;           ///< records to be saved where they differ, a bit each
  uint8_t unsaved_ = 0;          ///< sensors whose failure records are still to be written, a bit each
  uint8_t unsaved_records_ = 0;  ///< records that no slot has held, a bit each
  uint8_t chores_ = 0;
  uint8_t used_ = 0;      ///< failure areas with records, a bit each
  uint8_t area_ = 0;      ///< area of the failure that is being saved
  uint8_t budget_ = 0;    ///< failures that may be saved before more is earned
  bool written_ = false;  ///< a byte, which has not been read back
  bool worn_ = false;
};

}  // namespace store
}  // namespace flm
