; expect: 4 = call of main 2 + call of leaf 2: nobody sets ADIE
.global main
main:
  ldi r24, 0x80
  sts 0x7A, r24      ; ADCSRA without ADIE
  sei
  rcall leaf
1: rjmp 1b
leaf:
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
