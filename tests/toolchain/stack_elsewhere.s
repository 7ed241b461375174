; refuse: the stack does not begin at the end of the RAM
.global main
main:
  ldi r28, 0x00
  ldi r29, 0x03
  out 0x3e, r29
  out 0x3d, r28
1: rjmp 1b
