// Where things are in EEPROM, for how long it lasts, and what a cut or a worn cell can cost.
//
// Settings    two slots. Values, their CRC-16, and last the sequence number. Counters    for each sensor a
// ring of four slots of the same build; for the board's own record, which seldom changes, two. Failures
// two areas, erased in advance. Five bytes a sensor: what has been added since its newest slot when the
// supply failed. Version     of this layout, twice, far from each other.
//
// Rules, each of them a test:
// 1. A slot's sequence number is written last, and its CRC covers it. A slot that was cut off has its old
//    number and loses against the newest one, whatever its other bytes say; a number that was cut off fails
//    the CRC. So a cut leaves the old or the new state.
// 2. A slot's number says which slot it belongs in, so erased or foreign bytes are no record. Nothing else
//    decides whether it is one: a byte that changes by itself costs the slot that it stands in, and no more.
// 3. A failure record's CRC is written last, is never 0xff, and covers the number of the slot it adds to.
//    Once that slot has a successor it counts no more, so nothing is added twice. The second area is used
//    while the first one holds records, so what stands in the second one is the younger.
// 4. Failure records are erased when each of their slots has a successor, and not before.
// 5. What was written is read back. A slot that does not hold its bytes is passed over; the newest good one
//    is never written to.
// 6. Where neither version is there, nothing is a record. Only where both are, and greater than this one,
//    does the EEPROM belong to a newer firmware, which has it to itself.
// Address 0 is not used, and no address is left in the controller's address register: both are at risk when
// the supply comes and goes (data sheet 8271, 8.4.3).
#pragma once
#include <stdint.h>

#include "firmware/metering/sensors.hpp"
#include "hal/contract.hpp"

namespace flm {
namespace store {

/// Version of the layout below; 1 had a header in front and other places for the board's record. It changes
/// when a place or a meaning does. New values of a setting (debounce times over 100 ms, divisors) leave it as
/// it is: what an older firmware stored is taken over as it stands, and an older firmware that meets such a
/// value takes that slot for none (Control::possible) and goes on with the settings before.
constexpr uint8_t layout_version = 2;
/// Each copy is the version, and its complement.
constexpr uint16_t version_address = 1, second_version_address = 509;
constexpr uint8_t version_size = 2;

constexpr uint16_t settings_address = 4;
constexpr uint8_t settings_size = sizeof(metering::Settings);
constexpr uint8_t slot_end = 3;  ///< bytes after a slot's values: CRC 2, sequence number 1
constexpr uint8_t settings_slot_size = settings_size + slot_end;
constexpr uint8_t settings_slots = 2;

/// Records: the sensors' counters, the board's own, and the settings.
constexpr uint8_t board_record = metering::sensor_count;
constexpr uint8_t settings_record = board_record + 1;
constexpr uint8_t records = settings_record + 1;
constexpr uint16_t counters_address = settings_address + settings_slots * settings_slot_size;
constexpr uint8_t counter_size = 7;  ///< a metering::Total: counter 4, remainder 2, part of a watt 1
constexpr uint8_t counter_slot_size = counter_size + slot_end;
constexpr uint8_t counter_slots = 4;

constexpr uint16_t board_address =
    counters_address + metering::sensor_count * counter_slots * counter_slot_size;
constexpr uint8_t board_size = 10;  ///< a store::BoardRecord
constexpr uint8_t board_slot_size = board_size + slot_end;
constexpr uint8_t board_slots = 2;

constexpr uint16_t failure_address = 438;
constexpr uint8_t failure_record_size = 5;  ///< added 2, remainder (12 bits) and number (4 bits) 2, CRC-8 1
static_assert(metering::largest_divisor <= 0x1000 && 3600 <= 0x1000, "a remainder has 12 bits");
constexpr uint8_t failure_area_size = metering::sensor_count * failure_record_size;
constexpr uint8_t failure_areas = 2;
static_assert(board_address + board_slots * board_slot_size <= failure_address,
              "the board's record reaches into the failure areas");
static_assert(failure_address + failure_areas * failure_area_size <= second_version_address,
              "512 bytes of EEPROM");
static_assert(second_version_address + version_size <= hal::eeprom_parking &&
                  hal::eeprom_parking < hal::eeprom_size,
              "nothing is kept where the address register rests");

/// Counters are saved this often, where they have changed.
constexpr uint16_t checkpoint_seconds = 1800;
/// Interval of saves while the supply is low, when no failure would be announced.
constexpr uint16_t unannounced_seconds = checkpoint_seconds / 2;
/// Saves at a failure that may follow each other, and how many are earned back at each checkpoint: four an
/// hour at the most. Each writes and erases a cell of a failure area, and its slots' successors cost a write
/// in four.
constexpr uint8_t failure_budget = 2;
/// Writes that a cell is good for (data sheet 8271, "Features").
constexpr uint32_t cell_writes = 100000;
/// Years until a counter's ring wears out by the schedule alone: 22.8. Each power failure and each `ct` costs
/// one write in four, too.
constexpr double life_years =
    static_cast<double>(cell_writes) * counter_slots * checkpoint_seconds / (365.25 * 24 * 3600);
static_assert(life_years >= 20, "the schedule wears the EEPROM out in less than 20 years");
/// Milliseconds that saving all six sensors takes at a power failure, at 1.8 ms a byte into an erased cell
/// and 0.05 ms until the main loop has seen its end.
constexpr double failure_save_ms = failure_area_size * 1.85;
static_assert(failure_save_ms <= 60, "the supply carries the save for 60 ms");

/// Record of the board itself, beside its sensors'.
struct BoardRecord {
  uint32_t events;  ///< power failures in the low 16 bits, watchdog resets in the high ones
  metering::MeterLink meter;
};

}  // namespace store
}  // namespace flm
