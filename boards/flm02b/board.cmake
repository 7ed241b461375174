# FLM02B as the build needs it; what the program needs stands in board.hpp.
set(FLM_BOARD_TYPE Flm02b)
set(FLM_VECTORS radio)  # hal/avr/radio_vectors.hpp: the interrupts of board.hpp's channel
set(FLM_FLASH_BUDGET 16384)  # bytes, of 16 384
