; expect: 8 = call of main 2 + USART_TX 2 + r24 1, which begins with interrupts on, as ISR_NOBLOCK; it sends nothing and so does not
; come on top of itself; + ADC 2 + 1
.global main
main:
  ldi r24, 0x48
  sts 0xC1, r24      ; UCSR0B: TXCIE, TXEN
  ldi r24, 0x88
  sts 0x7A, r24      ; ADCSRA: ADIE
  sts 0xC6, r24      ; UDR0
  sei
1: rjmp 1b
.global __vector_20  ; USART_TX
__vector_20:
  sei
  push r24
  pop r24
  reti
.global __vector_21  ; ADC
__vector_21:
  push r24
  pop r24
  reti
