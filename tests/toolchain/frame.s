; expect: 26 = call of main 2 + r28 r29 2 + a frame of 20 + call of leaf 2
.global main
main:
  push r28
  push r29
  in r28, 0x3d       ; SPL
  in r29, 0x3e       ; SPH
  sbiw r28, 20
  in r0, 0x3f
  cli
  out 0x3e, r29
  out 0x3f, r0
  out 0x3d, r28
  rcall leaf
  subi r28, lo8(-20)
  sbci r29, hi8(-20)
  in r0, 0x3f
  cli
  out 0x3e, r29
  out 0x3f, r0
  out 0x3d, r28
  pop r29
  pop r28
  ret
leaf:
  ret
