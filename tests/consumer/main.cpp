// A program on a host with the core: watts from a window's sums, and a message of the control link
// taken apart.
#include <stdio.h>
#include <string.h>

#include "boards/flm02b/board.hpp"
#include "firmware/metering/estimator.hpp"
#include "protocol/link.hpp"

static_assert(__cplusplus == 201402L, "the core is C++14");

int main() {
  using namespace flm;
  // A steady 500 counts for a second, as a smoother without ripple gives them.
  constexpr uint16_t samples = 2083;
  constexpr metering::ClampSums sums = {samples * 500u * 500u, 0, samples * 500u, 0, 500, 500, 500};
  const uint32_t weight = metering::StepWeight<boards::Flm02b::Sampling>::q14(metering::uncalibrated.tau_us);
  const uint32_t square = metering::mean_square_q10(sums, samples, metering::uncalibrated, weight);
  const uint32_t watts = metering::power_q8(square, 5163) >> 8;
  printf("%lu W\n", static_cast<unsigned long>(watts));
  // 500 counts RMS * 5163 * 2.4e-3 / 1.110721 = 5578 W, less what the noise of 0.33 count^2 is taken for.
  if (watts < 5575 || watts > 5578) return 1;

  protocol::LinkPort<> link;
  const char message[] = "lgh93.";
  for (const char* c = message; *c != 0; ++c) link.exchange(static_cast<uint8_t>(*c));
  return link.message_ready() && link.message_length() == 4 && link.message(0) == 'g' ? 0 : 1;
}
