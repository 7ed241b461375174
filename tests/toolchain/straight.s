; expect: 9 = call of main 2 + r16 r17 2 + call of deep 2 + r18 1 + rcall .+0 2
.global main
main:
  push r16
  push r17
  rcall shallow
  rcall deep
  pop r17
  pop r16
  ret
shallow:
  push r18
  pop r18
  ret
deep:
  push r18
  rcall .+0          ; two bytes on the stack, as the compiler takes them
  pop r0
  pop r0
  pop r18
  ret
