; expect: 13 = call of main 2 + call of deep 2 + 4 + interrupted 2 + r24 r25 r26 3: the status that comes back has the I flag
.global main
main:
  ldi r24, 0x88
  sts 0x7A, r24      ; ADCSRA: ADIE
  sei
  in r16, 0x3f
  cli
  out 0x3f, r16
  rcall deep
1: rjmp 1b
deep:
  rcall .+0
  rcall .+0
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
