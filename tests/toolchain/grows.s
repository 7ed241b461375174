; refuse: the stack is 0 or 1 bytes deep
.global main
main:
  push r24
  dec r24
  brne main
  ret
