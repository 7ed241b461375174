; refuse: without end: even > odd > even
.global main
main:
  rcall even
  ret
even:
  dec r24
  breq 1f
  rcall odd
1: ret
odd:
  dec r24
  breq 1f
  rcall even
1: ret
