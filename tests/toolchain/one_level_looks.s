; expect: 14 = call of main 2 + ADC 2 + r24 1 + call of look 2 + 2 + ADC again 2 + r24 1 + call of look 2, which returns at once
; hal/avr/vectors.hpp's look_at_pulses(): bit 7 of GPIOR0 says that somebody looks.
.global main
main:
  ldi r24, 0x88
  sts 0x7A, r24      ; ADCSRA: ADIE
  sei
1: rjmp 1b
.global __vector_21  ; ADC
__vector_21:
  push r24
  rcall look
  pop r24
  reti
look:
  in r24, 0x1e       ; GPIOR0: the test as the compiler makes it
  ldi r25, 0
  add r24, r24
  mov r24, r25
  adc r24, r24
  sbc r25, r25
  or r24, r25
  brne 1f
  sbi 0x1e, 7
  rcall .+0
  sei
  nop
  cli
  pop r0
  pop r0
  cbi 0x1e, 7
1: ret
