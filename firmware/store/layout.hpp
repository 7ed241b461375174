// Where things are in EEPROM, for how long it lasts, and what a cut can cost.
//
// Header      'F', version, ~version: written once.
// Settings    two slots. Values, their CRC-16, and last the sequence number.
// Counters    for each sensor, and for the board's own counters, a ring of four slots of the same build.
// Failure     five bytes a sensor, erased in advance: what has been added since the newest counter record. One more for the board.
//
// Rules, each of them a test:
// 1. A slot's sequence number is written last, and its CRC covers it. A slot that was cut off has its old number and loses against
//    the newest one, whatever its other bytes say; a number that was cut off fails the CRC. So a cut leaves the old or the new state.
// 2. A slot's number says which slot it belongs in, so erased or foreign bytes are no record.
// 3. A failure record's CRC is written last, is never 0xff, and covers the number of the record it adds to. Once that record has a
//    successor it counts no more, so nothing is added twice.
#pragma once
#include <stdint.h>

#include "firmware/metering/sensors.hpp"
#include "hal/contract.hpp"

namespace flm {
namespace store {

/// Of the layout below. A firmware that finds a greater one reads nothing and writes nothing.
constexpr uint8_t layout_version = 1;
constexpr uint8_t layout_mark = 'F';

constexpr uint16_t header_address = 0;
constexpr uint8_t header_size = 3;

constexpr uint16_t settings_address = 4;
constexpr uint8_t settings_size = sizeof(metering::Settings);
constexpr uint8_t settings_slot_size = settings_size + 3;  ///< CRC 2, sequence number 1
constexpr uint8_t settings_slots = 2;

/// Records: the sensors' counters, the board's own, and the settings.
constexpr uint8_t board_counter = metering::sensor_count;
constexpr uint8_t counters = metering::sensor_count + 1;
constexpr uint8_t settings_record = counters;
constexpr uint8_t records = counters + 1;
constexpr uint16_t counters_address = settings_address + settings_slots * settings_slot_size;
constexpr uint8_t counter_size = 7;  ///< a metering::Total: counter 4, remainder 2, part of a watt 1
constexpr uint8_t counter_slot_size = counter_size + 3;
constexpr uint8_t counter_slots = 4;

constexpr uint16_t failure_address = counters_address + counters * counter_slots * counter_slot_size;
constexpr uint8_t failure_record_size = 5;  ///< added 2, remainder (12 bits) and number (4 bits) 2, CRC-8 1
constexpr uint8_t failure_mark = metering::sensor_count * failure_record_size;
constexpr uint8_t failure_size = failure_mark + 1;
static_assert(failure_address + failure_size <= hal::eeprom_size, "512 bytes of EEPROM");

/// Counters are saved this often, where they have changed.
constexpr uint16_t checkpoint_seconds = 1800;
/// Writes that a cell is good for (data sheet 8271, "Features").
constexpr uint32_t cell_writes = 100000;
/// Years until a counter's ring wears out by the schedule alone: 22.8. Each power failure and each `ct` costs one write in four, too.
constexpr double life_years = static_cast<double>(cell_writes) * counter_slots * checkpoint_seconds / (365.25 * 24 * 3600);
static_assert(life_years >= 20, "the schedule wears the EEPROM out in less than 20 years");
/// Milliseconds that saving all six sensors takes at a power failure: a byte written into an erased cell takes 1.8 ms.
constexpr double failure_save_ms = failure_size * 1.8;
static_assert(failure_save_ms <= 60, "the supply carries the save for 60 ms");

}  // namespace store
}  // namespace flm
