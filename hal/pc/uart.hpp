// The serial port's part of the hal contract on the PC.
#pragma once
#include <stdint.h>

#include "hal/contract.hpp"

namespace flm {
namespace hal {

/// Members of a HAL that firmware/serial calls. The board's owner raises the interrupts that these ask for.
struct PcUart {
  bool uart_drives = true;  ///< the transceiver is in transmit
  bool uart_receives = false;
  bool uart_asks = false;      ///< an interrupt is due: a byte to send is wanted
  bool uart_finishes = false;  ///< an interrupt is due when the last bit is out
  bool uart_full = false;      ///< a byte has been put
  uint8_t uart_byte = 0;
  uint32_t uart_baud = 115200;  ///< 8N1; or 9600, 7E1

  ReceivedBytes uart_queue = {};

  ReceivedBytes& uart_received() { return uart_queue; }
  void uart_start(bool slow) {
    uart_drives = true;
    uart_receives = uart_asks = uart_finishes = uart_full = false;
    uart_baud = slow ? 9600 : 115200;
  }

  void uart_drive(bool on) { uart_drives = on; }
  void uart_transmit() {
    uart_drives = uart_asks = true;
    uart_receives = uart_finishes = false;
  }
  void uart_put(uint8_t byte) {
    uart_byte = byte;
    uart_full = true;
  }
  void uart_pause() { uart_asks = false; }
  void uart_finish() { uart_finishes = true; }
  void uart_listen() {
    uart_drives = uart_finishes = false;
    uart_receives = true;
  }
};

}  // namespace hal
}  // namespace flm
