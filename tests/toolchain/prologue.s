; expect: 18 = call of main 2 + r14 to r17, r28 and r29 6 + a frame of 6 + call of leaf 2 + r2 and r3 2
; What -mcall-prologues makes: into the middle of libgcc's __prologue_saves__, which returns by ijmp.
.global main
main:
  ldi r26, 6
  ldi r27, 0
  ldi r30, lo8(gs(1f))
  ldi r31, hi8(gs(1f))
  rjmp __prologue_saves__ + (18 - 6) * 2
1: std Y+6, r24
  rcall leaf
  adiw r28, 6
  ldi r30, 6
  rjmp __epilogue_restores__ + (18 - 6) * 2
leaf:
  push r2
  push r3
  pop r3
  pop r2
  ret
