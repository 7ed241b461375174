// The RFM12B's command words (RFM12B data sheet, "Control commands").
#pragma once
#include <stdint.h>

namespace flm {
namespace radio {

/// Data rate on the air. FLM02B boards and their kubes use the slow one, classic JeeNodes the other.
enum class Rate : uint8_t {
  kbit_19_2,  ///< 19.16 kbit/s, a byte in 418 us
  kbit_49_2   ///< 49.26 kbit/s, a byte in 162 us
};

namespace command {
constexpr uint16_t read_status = 0x0000;
constexpr uint16_t read_fifo = 0xB000;  ///< the byte comes in the low half
constexpr uint16_t transmit = 0xB800;   ///< and the byte
/// Synchron pattern 0x2D and this byte: the group.
constexpr uint16_t group = 0xCE00;
/// FIFO interrupt at 8 bits, two synchron bytes, less sensitive reset; not filling, which also empties it.
constexpr uint16_t fifo_stop = 0xCA81;
constexpr uint16_t fifo_from_sync = 0xCA83;  ///< fills once the synchron pattern has come
constexpr uint16_t fifo_always = 0xCA87;     ///< fills at once, with whatever the receiver makes of the noise
/// Power management. Crystal and synthesizer stay on while the radio works, so that it turns round within 0.3
/// ms.
constexpr uint16_t sleep = 0x8201;
constexpr uint16_t receive = 0x82D9;
constexpr uint16_t send = 0x8239;
/// 868 MHz band, transmit register and FIFO on, 12 pF. This value and those below are the stock firmware's,
/// which starts the chip with 80e7 8201 a67c c611 9482 c2ac ca81 c483 9850 c800 e000 8281 ca81 ca83.
constexpr uint16_t configuration = 0x80E7;
constexpr uint16_t frequency = 0xA67C;       ///< 868.30 MHz
constexpr uint16_t data_rate_19_2 = 0xC611;  ///< 10 MHz / 29 / 18
constexpr uint16_t data_rate_49_2 = 0xC606;  ///< 10 MHz / 29 / 7
constexpr uint16_t receiver = 0x9482;        ///< 200 kHz, full gain, carrier above -91 dBm
constexpr uint16_t data_filter = 0xC2AC;
constexpr uint16_t frequency_control = 0xC483;
constexpr uint16_t transmitter = 0x9850;     ///< 90 kHz deviation, full power
constexpr uint16_t low_duty_cycle = 0xC800;  ///< off
constexpr uint16_t wake_up = 0xE000;         ///< off
}  // namespace command

/// Bits of the status word.
namespace status {
constexpr uint16_t ready = 0x8000;     ///< a byte in the FIFO, or room in the transmit register
constexpr uint16_t power_on = 0x4000;  ///< the chip has been reset: its configuration is gone
constexpr uint16_t overrun = 0x2000;   ///< FIFO overflow, transmit register underrun
constexpr uint16_t carrier = 0x0100;   ///< RSSI above its threshold
}  // namespace status

}  // namespace radio
}  // namespace flm
