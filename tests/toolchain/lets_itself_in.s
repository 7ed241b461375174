; refuse: without end: INT0 > INT0
; What ISR_NOBLOCK makes: its own interrupt comes again before it is masked, or after it is no more and before the registers are popped.
.global main
main:
  ldi r24, 1
  out 0x1d, r24      ; EIMSK: INT0
  sei
1: rjmp 1b
.global __vector_1   ; INT0
__vector_1:
  sei
  push r24
  out 0x1d, r1
  ldi r24, 1
  out 0x1d, r24
  pop r24
  reti
