; expect: 10 = call of main 2 + call of deep 2 + 6; with the handler, 5 bytes, it is 7 where it may come, and would be 15 in deep
.global main
main:
  ldi r24, 0x88
  sts 0x7A, r24      ; ADCSRA: ADIE
  sei
  nop
  in r16, 0x3f       ; as hal::AvrCritical
  cli
  rcall deep
  out 0x3f, r16
  ldi r30, 0x7A
  ldi r31, 0
  ldi r24, 0x80      ; ADIE off, by a pointer
  st Z, r24
  rcall deep
  ldi r24, 0x88
  st Z, r24
  rjmp main
deep:
  rcall .+0
  rcall .+0
  rcall .+0
  pop r0
  pop r0
  pop r0
  pop r0
  pop r0
  pop r0
  ret
.global __vector_21  ; ADC
__vector_21:
  push r24
  push r25
  push r26
  pop r26
  pop r25
  pop r24
  reti
