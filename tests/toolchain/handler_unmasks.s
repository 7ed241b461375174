; expect: 11 = call of main 2 + call of leaf 2 + ADC 2 + 5: main has left ADIE off and turned SPI off again, but SPI has turned ADIE on
.global main
main:
  ldi r24, 0x80
  sts 0x7A, r24      ; ADCSRA without ADIE
  ldi r24, 0xC0
  out 0x2c, r24      ; SPCR: SPIE
  sei
  nop
  ldi r24, 0x40
  out 0x2c, r24      ; SPIE off
  rcall leaf
1: rjmp 1b
leaf:
  ret
.global __vector_17  ; SPI
__vector_17:
  push r24
  ldi r24, 0x88
  sts 0x7A, r24
  pop r24
  reti
.global __vector_21  ; ADC
__vector_21:
  push r24
  push r25
  push r26
  push r27
  push r28
  pop r28
  pop r27
  pop r26
  pop r25
  pop r24
  reti
