// The AVR image: one board, its interrupts, and the main loop.
#include FLM_BOARD_HEADER  // the board that the build names

#include "firmware/sensor_board.hpp"
#include "hal/avr/hal.hpp"

using ThisBoard = flm::boards::FLM_BOARD_TYPE;
using ThisHal = flm::hal::AvrHal<ThisBoard>;
static flm::SensorBoard<ThisHal> sensor_board;

#include "hal/avr/vectors.hpp"
#include FLM_CHANNEL_VECTORS  // of the radio or of the serial port

FLM_NAME_BOARD(FLM_BOARD_NAME);

/// Erased EEPROM: nothing is configured.
__asm__(".section .eeprom,\"aw\",@progbits\n.fill 512,1,0xff\n.text\n");

/// Never returns: the attribute spares it saving registers.
int main() __attribute__((OS_main));
int main() {
  sensor_board.start();
  for (;;) {
    sensor_board.step();
    sensor_board.hal().idle([] { return sensor_board.pending(); });
  }
}
