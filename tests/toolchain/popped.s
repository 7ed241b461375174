; refuse: more is popped than was pushed
.global main
main:
  rcall leaf
  ret
leaf:
  pop r24
  ret
