; expect: 16 = call of main 2 + SPI 2 + 4 + ADC 2 + 3 + INT0 2 + 1
; SPI holds itself back while it lets others in; ADC holds itself and SPI back, and puts SPI's mask back as it was.
.global main
main:
  ldi r24, 0x88
  sts 0x7A, r24      ; ADCSRA: ADIE
  ldi r24, 0xC0
  out 0x2c, r24      ; SPCR: SPIE
  ldi r24, 1
  out 0x1d, r24      ; EIMSK: INT0
  sei
1: rjmp 1b
.global __vector_17  ; SPI
__vector_17:
  push r24
  in r24, 0x3f
  push r24
  push r25
  push r26
  ldi r24, 0x40
  out 0x2c, r24
  sei
  nop
  cli
  ldi r24, 0xC0
  out 0x2c, r24
  pop r26
  pop r25
  pop r24
  out 0x3f, r24
  pop r24
  reti
.global __vector_21  ; ADC
__vector_21:
  push r24
  push r25
  push r26
  ldi r24, 0x80
  sts 0x7A, r24
  in r25, 0x2c
  push r25
  ldi r24, 0x40
  out 0x2c, r24
  pop r25
  sei
  nop
  cli
  out 0x2c, r25      ; as it was
  ldi r24, 0x88
  sts 0x7A, r24
  pop r26
  pop r25
  pop r24
  reti
.global __vector_1   ; INT0
__vector_1:
  push r24
  pop r24
  reti
