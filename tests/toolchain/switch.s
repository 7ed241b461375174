; expect: 9 = call of main 2 + call of choose 2 + case 2: call of deep 2 + 3
.section .progmem.table, "a", @progbits
table:
  .word gs(case_0), gs(case_1), gs(case_2)
.text
.global main
main:
  rcall choose
  ret
.type choose, @function
choose:
  mov r30, r24
  ldi r31, 0
  cpi r30, 3
  cpc r31, r1
  brcc case_0
  subi r30, lo8(-(gs(table)))
  sbci r31, hi8(-(gs(table)))
  jmp __tablejump2__
case_1:
  push r16
  pop r16
case_0:
  ret
case_2:
  rcall deep
  ret
.size choose, . - choose
.type deep, @function
deep:
  push r16
  push r17
  push r18
  pop r18
  pop r17
  pop r16
  ret
