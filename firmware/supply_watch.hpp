// The supply as the power-fail comparator sees it, without what is noise: looked at once a scan of the
// clamps.
//
// The comparator has no hysteresis to rely on (data sheet 8271, chapter 23 and table 29-15), and with the
// tolerances of its bandgap and of the divider its threshold is anywhere in 4.41 .. 5.29 V. So ripple of any
// frequency may cross it, and the supply may be below it from the start: a failure is a level that has been
// low for a while without a break, and the reaction to it has a budget (store/store.hpp).
#pragma once
#include <stdint.h>

#include "toolchain/attributes.hpp"

namespace flm {

/// One comparator. Written by the interrupt that ends a scan; each member is a byte, and whole at any time.
class SupplyWatch {
 public:
  /// Scans of about half a millisecond, one after the other, that see the supply low before it counts as
  /// failing: no dip of 1.4 ms does, every one of 2 ms.
  static constexpr int8_t failing_scans = 4;
  /// Scans in a row that see the supply good before it counts as good again: 10 ms, longer than half a period
  /// of the mains' ripple.
  static constexpr int8_t good_scans = 22;

  /// Interrupt, once a scan: the level now, and whether it has fallen since the last scan, in which case it
  /// was good in between.
  FLM_INLINE void look(bool low, bool fell) {
    int8_t scans = scans_;
    if (low) {
      if (scans < 0 || fell) scans = 0;
      if (scans < failing_scans && ++scans == failing_scans) failed_ = true;
    } else {
      if (scans > 0) scans = 0;
      if (scans > -good_scans) --scans;
    }
    scans_ = scans;
  }

  /// True once for each failure, also when it is over by now.
  FLM_NODISCARD bool take_failure() {
    if (!failed_) return false;
    failed_ = false;
    return true;
  }
  void forget_failure() { failed_ = false; }
  FLM_NODISCARD bool failed() const { return failed_; }
  /// Low for failing_scans. Between low() and good() the supply is neither.
  FLM_NODISCARD bool low() const { return scans_ == failing_scans; }
  /// Good for good_scans.
  FLM_NODISCARD bool good() const { return scans_ == -good_scans; }

 private:
  volatile int8_t scans_ = 0;  ///< how many have seen the same: low ones, or good ones as a negative number
  volatile bool failed_ = false;
};

}  // namespace flm
