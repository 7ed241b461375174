# How the controller's programs are compiled and linked: the images (firmware/), and the programs of tests that measure what is in them
# (tests/bench, tests/sim/image, tests/vectors). One translation unit each.

set(FLM_AVR_WARNINGS -Wall -Wextra -Wshadow -Werror)
set(FLM_AVR_CODE
  -fno-exceptions -fno-rtti -fno-threadsafe-statics -ffunction-sections -fdata-sections -fshort-enums
  # By trial these save 1.2 KiB of 10: see the commit that adds or removes one.
  -fwhole-program -mcall-prologues -fno-move-loop-invariants -fno-tree-loop-optimize -fno-tree-pre -fno-tree-dominator-opts
  -fno-tree-reassoc -fno-tree-slsr -fno-jump-tables -fno-guess-branch-probability -fipa-pta -fira-algorithm=priority -mstrict-X -fno-toplevel-reorder -fno-shrink-wrap)
set(FLM_AVR_LINK -Wl,--gc-sections -mrelax)

# A whole command line, for programs that one call of avr-g++ makes. The images have the rest from avr-gcc.cmake and MinSizeRel.
set(FLM_AVR_PROGRAM -mmcu=atmega168p -Os -DNDEBUG -std=gnu++14 ${FLM_AVR_WARNINGS} ${FLM_AVR_CODE} ${FLM_AVR_LINK} -I${PROJECT_SOURCE_DIR})
