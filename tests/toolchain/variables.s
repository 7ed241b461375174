; expect: 104 = 40 bytes of .data + 60 of .bss + call of main 2 + 2
.data
  .skip 40
.section .bss
  .skip 60
.text
.global __do_copy_data
.global main
main:
  rcall .+0
  pop r0
  pop r0
  ret
