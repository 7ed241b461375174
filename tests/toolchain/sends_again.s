; refuse: without end: USART_TX > USART_TX
.global main
main:
  ldi r24, 0x48
  sts 0xC1, r24      ; UCSR0B: TXCIE, TXEN
  sei
1: rjmp 1b
.global __vector_20  ; USART_TX
__vector_20:
  push r24
  sts 0xC6, r24      ; UDR0
  sei
  pop r24
  reti
