#!/bin/bash
# flmctl over spidev: mode, gaps and transfers, with the kernel's part played by a library (fake_spidev.cpp) and the board's by flmsim.
#   spidev_test.sh FLMCTL FLMSIM SCENARIOS FAKE_SPIDEV
FLMCTL=$1 FLMSIM=$2 SCENARIOS=$3 FAKE=$4
. "$(dirname "$0")/check.sh"
export FAKE_SPIDEV_LOG=$folder/log
flmctl() { LD_PRELOAD=$FAKE "$FLMCTL" "$@"; }

serve "$SCENARIOS/demo.toml" --configure
export FAKE_SPIDEV_MODE=0
check "an FLM02B over SPI" 0 'board     flm02b' flmctl --port spi:bus version
check "a command" 0 'gm 0 5163' flmctl --port spi:bus raw gm 0
check "at 1 MHz, first with the gap that both boards bear, then with its own" 0 'hz 1000000 mode 0 gap 250 mode 0 gap 50 ' sh -c 'tr "\n" " " <log'
check "slower, as the port says" 0 'gm 0 5163' flmctl --port spi:bus,hz=500000 raw gm 0
check "and it is" 0 'hz 500000' cat log
check "a long message and a long reply" 0 'sp 0 1 2 3 4 255' flmctl --port spi:bus raw "sp 0 1 2 3 4 255"
check "a file over SPI" 0 'constant = 0.5' flmctl --port spi:bus config pull -
complaint "a different board than the port says" 1 'spi:bus,board=flm02a: the board is flm02b, not flm02a as the port says' flmctl --port spi:bus,board=flm02a version
export FAKE_SPIDEV_MODE=1
check "a board in no mode that is known" 3 "spi:bus: no answer from the board to 'gv', 2 times: only zeros came back; has it power, and is it on this port?" flmctl --port spi:bus version
unserve

serve "$SCENARIOS/three-phase-flm02a.toml" --configure
export FAKE_SPIDEV_MODE=2
check "an FLM02A over SPI, whose mode is found" 0 'board     flm02a' flmctl --port spi:bus version
check "a command to it" 0 'gm 0 5163' flmctl --port spi:bus raw gm 0
check "first the other mode, then its own and its gap" 0 'mode 0 gap 250 mode 2 mode 2' sh -c 'tr "\n" " " <log'
unserve
finish
