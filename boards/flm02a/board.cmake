# FLM02A as the build needs it; what the program needs stands in board.hpp.
set(FLM_BOARD_TYPE Flm02a)
set(FLM_VECTORS serial)  # hal/avr/serial_vectors.hpp: the interrupts of board.hpp's channel
set(FLM_FLASH_BUDGET 15360)  # bytes, of 16 384
