// Atomics that the compiler calls: of 32 bits from MIPS16e code, which has no instructions for them, and of 64 bits, for which the
// processor has none: those one at a time, under one lock.
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

static int taken;
static void take(void) {
  while (__atomic_exchange_n(&taken, 1, __ATOMIC_ACQUIRE)) sched_yield();
}
static void give(void) { __atomic_store_n(&taken, 0, __ATOMIC_RELEASE); }

uint64_t load(const uint64_t* from, int order) __asm__("__atomic_load_8");
void store(uint64_t* to, uint64_t value, int order) __asm__("__atomic_store_8");
uint64_t exchange(uint64_t* of, uint64_t value, int order) __asm__("__atomic_exchange_8");
uint64_t fetch_add(uint64_t* of, uint64_t value, int order) __asm__("__atomic_fetch_add_8");
bool compare_exchange(uint64_t* of, uint64_t* expected, uint64_t value, int success,
                      int failure) __asm__("__atomic_compare_exchange_8");

uint64_t load(const uint64_t* from, int order) {
  (void)order;
  take();
  const uint64_t value = *from;
  give();
  return value;
}

void store(uint64_t* to, uint64_t value, int order) { exchange(to, value, order); }

uint64_t exchange(uint64_t* of, uint64_t value, int order) {
  (void)order;
  take();
  const uint64_t before = *of;
  *of = value;
  give();
  return before;
}

uint64_t fetch_add(uint64_t* of, uint64_t value, int order) {
  (void)order;
  take();
  const uint64_t before = *of;
  *of = before + value;
  give();
  return before;
}

bool compare_exchange(uint64_t* of, uint64_t* expected, uint64_t value, int success, int failure) {
  (void)success;
  (void)failure;
  take();
  const bool equal = *of == *expected;
  if (equal)
    *of = value;
  else
    *expected = *of;
  give();
  return equal;
}

void synchronize(void) __asm__("__sync_synchronize");
uint32_t fetch_and_add(uint32_t* of, uint32_t value) __asm__("__sync_fetch_and_add_4");
uint32_t fetch_and_sub(uint32_t* of, uint32_t value) __asm__("__sync_fetch_and_sub_4");
uint32_t fetch_and_or(uint32_t* of, uint32_t value) __asm__("__sync_fetch_and_or_4");
uint32_t fetch_and_and(uint32_t* of, uint32_t value) __asm__("__sync_fetch_and_and_4");
uint32_t add_and_fetch(uint32_t* of, uint32_t value) __asm__("__sync_add_and_fetch_4");
uint32_t sub_and_fetch(uint32_t* of, uint32_t value) __asm__("__sync_sub_and_fetch_4");
uint32_t swap(uint32_t* of, uint32_t value) __asm__("__sync_lock_test_and_set_4");
uint32_t swap_if(uint32_t* of, uint32_t expected, uint32_t value) __asm__("__sync_val_compare_and_swap_4");
bool is_swapped(uint32_t* of, uint32_t expected, uint32_t value) __asm__("__sync_bool_compare_and_swap_4");
uint8_t swap_byte(uint8_t* of, uint8_t value) __asm__("__sync_lock_test_and_set_1");
uint8_t swap_byte_if(uint8_t* of, uint8_t expected, uint8_t value) __asm__("__sync_val_compare_and_swap_1");

void synchronize(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
uint32_t fetch_and_add(uint32_t* of, uint32_t value) { return __atomic_fetch_add(of, value, __ATOMIC_SEQ_CST); }
uint32_t fetch_and_sub(uint32_t* of, uint32_t value) { return __atomic_fetch_sub(of, value, __ATOMIC_SEQ_CST); }
uint32_t fetch_and_or(uint32_t* of, uint32_t value) { return __atomic_fetch_or(of, value, __ATOMIC_SEQ_CST); }
uint32_t fetch_and_and(uint32_t* of, uint32_t value) { return __atomic_fetch_and(of, value, __ATOMIC_SEQ_CST); }
uint32_t add_and_fetch(uint32_t* of, uint32_t value) { return __atomic_add_fetch(of, value, __ATOMIC_SEQ_CST); }
uint32_t sub_and_fetch(uint32_t* of, uint32_t value) { return __atomic_sub_fetch(of, value, __ATOMIC_SEQ_CST); }
uint32_t swap(uint32_t* of, uint32_t value) { return __atomic_exchange_n(of, value, __ATOMIC_SEQ_CST); }
uint32_t swap_if(uint32_t* of, uint32_t expected, uint32_t value) {
  __atomic_compare_exchange_n(of, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return expected;
}
bool is_swapped(uint32_t* of, uint32_t expected, uint32_t value) { return swap_if(of, expected, value) == expected; }
uint8_t swap_byte(uint8_t* of, uint8_t value) { return __atomic_exchange_n(of, value, __ATOMIC_SEQ_CST); }
uint8_t swap_byte_if(uint8_t* of, uint8_t expected, uint8_t value) {
  __atomic_compare_exchange_n(of, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return expected;
}
