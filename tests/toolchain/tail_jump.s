; expect: 7 = call of main 2 + call of first 2 + r16 r17 r18 3: a jump to another function leaves no return address
.global main
main:
  rcall first
  ret
first:
  push r16
  pop r16
  rjmp second
.type second, @function
second:
  push r16
  push r17
  push r18
  pop r18
  pop r17
  pop r16
  ret
