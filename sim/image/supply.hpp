// The supply as the analog comparator sees it: 5 V through a divider on AIN1, against the 1.1 V bandgap.
#pragma once
#include "sim/image/chip.hpp"

namespace flm::sim {

/// Both boards divide 5 V by 75k / 22k and let the comparator capture with timer 1 when it falls below about 4.85 V.
class Supply {
 public:
  explicit Supply(Chip&);

 private:
  void connect();
  Chip& chip_;
};

}  // namespace flm::sim
