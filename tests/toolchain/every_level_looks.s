; refuse: without end: ADC > look > ADC
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
  sbic 0x1e, 7       ; GPIOR0
  ret
  sei                ; before the bit is set
  sbi 0x1e, 7
  cli
  cbi 0x1e, 7
  ret
