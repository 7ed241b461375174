// One spelling for attributes that C++14 compilers do not share.
#pragma once

/// The result must be used. ([[nodiscard]] is C++17; avr-g++ 5.4 knows this form.)
#define FLM_NODISCARD __attribute__((warn_unused_result))

/// Part of its caller, whatever the optimiser thinks: on an interrupt's way, where a call would save twelve
/// registers.
#define FLM_INLINE __attribute__((always_inline)) inline

/// A function of its own: used from several places, or seldom from an interrupt.
#define FLM_OUTLINE __attribute__((noinline))
