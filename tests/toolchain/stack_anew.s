; expect: 12 = the watchdog's handler begins at RAMEND and calls deep 2 + 10, on top of nothing; main's 2 + 4 + 2 less
.global main
main:
  ldi r24, 0x48
  sts 0x60, r24      ; WDTCSR: WDIE, WDE
  sei
  rcall .+0
  rcall .+0
1: rjmp 1b
.global __vector_6   ; WDT
__vector_6:
  ldi r28, 0xFF
  ldi r29, 0x04
  out 0x3e, r29
  out 0x3d, r28
  rcall deep
1: rjmp 1b
deep:
  rcall .+0
  rcall .+0
  rcall .+0
  rcall .+0
  rcall .+0
1: rjmp 1b
