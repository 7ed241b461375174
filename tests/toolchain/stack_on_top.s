; expect: 20 = call of main 2 + 4 + WDT 2 + call of deep 2 + 10: the same handler where the stack is
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
  rcall deep
1: rjmp 1b
deep:
  rcall .+0
  rcall .+0
  rcall .+0
  rcall .+0
  rcall .+0
1: rjmp 1b
