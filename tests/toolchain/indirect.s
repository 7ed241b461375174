; refuse: an indirect call to who knows where
.global main
main:
  lds r30, 0x0100
  lds r31, 0x0101
  icall
  ret
