; expect: 18 = call of main 2 + call of __umulsidi3 2 + its registers 8 + call of __muldi3_6 2 + call of __umulhisi3 2, and main's r16 r17 2
; libgcc keeps other registers than the compiler does; after it main's are still what they were.
.global main
main:
  push r16
  push r17
  in r16, 0x3f
  cli
  rcall __umulsidi3
  out 0x3f, r16
  pop r17
  pop r16
  ret
