; expect: 7 = call of main 2 + call of deep 2 + 3
.global main
main:
  ldi r30, lo8(gs(deep))
  ldi r31, hi8(gs(deep))
  icall
  ret
deep:
  push r16
  push r17
  push r18
  pop r18
  pop r17
  pop r16
  ret
