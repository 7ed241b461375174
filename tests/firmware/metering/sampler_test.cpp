#include "firmware/metering/sampler.hpp"
#include "hal/arithmetic.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

using namespace flm::metering;

namespace {
struct NothingInterrupts {
  NothingInterrupts() {}
};

using Clamps = Sampler<flm::hal::PortableArithmetic>;

/// A code in; at the end of a scan, the window ends if it is time.
bool feed(Clamps& sampler, std::uint16_t code, bool window_ends = false) {
  const bool scanned = sampler.add(code);
  if (scanned) sampler.end_scan(window_ends);
  return scanned;
}

struct Sums {
  std::uint64_t squares = 0, steps = 0, sum = 0, clipped = 0, samples = 0;
  bool operator==(const Sums&) const = default;
};

/// Right sums of a clamp's samples, added up without windows.
class Reference {
 public:
  void add(std::uint16_t code) {
    const std::int64_t step = std::int64_t{code} - previous_;
    previous_ = code;
    sums.squares += std::uint64_t{code} * code;
    sums.steps += static_cast<std::uint64_t>(step * step);
    sums.sum += code;
    sums.clipped += code == 1023 ? 1 : 0;
    ++sums.samples;
  }
  Sums sums;

 private:
  std::int64_t previous_ = 0;
};

void collect(Clamps& sampler, std::array<Sums, clamps>& into) {
  for (std::uint8_t clamp = 0; clamp < clamps; ++clamp) {
    const ClampSums& window = sampler.window(clamp);
    into[clamp].squares += window.squares;
    into[clamp].steps += window.steps;
    into[clamp].sum += window.sum;
    into[clamp].clipped += window.clipped;
    into[clamp].samples += sampler.window_samples();
  }
  sampler.release_window();
}
}  // namespace

TEST_CASE("windows adjoin: every sample and every step is in exactly one, however late a window is fetched") {
  std::mt19937 random(1);
  std::uniform_int_distribution<unsigned> codes(0, 1023);
  std::uniform_int_distribution<int> lengths(1, 300), lateness(0, 400);
  Clamps sampler;
  sampler.start();
  std::array<Reference, clamps> wanted;
  std::array<Sums, clamps> got;
  int windows = 0, until_end = lengths(random), until_fetch = -1;
  const auto add = [&](std::uint16_t code) {
    wanted[sampler.clamp()].add(code);
    if (feed(sampler, code, until_end <= 0)) until_end = until_end <= 0 ? lengths(random) : until_end - 3;
    if (sampler.window_ready() && until_fetch < 0) until_fetch = lateness(random);
    if (until_fetch >= 0 && until_fetch-- == 0) {
      collect(sampler, got);
      ++windows;
    }
  };
  for (int i = 0; i < 300000; ++i) {
    const unsigned code = codes(random);
    add(static_cast<std::uint16_t>(code > 1000 ? 1023 : code));
  }
  // Two more windows bring in what is still on the way.
  for (int more = 0; more < 2; ++more) {
    if (sampler.window_ready()) collect(sampler, got);
    do {
      wanted[sampler.clamp()].add(5);
      feed(sampler, 5, true);
    } while (!sampler.window_ready());
  }
  collect(sampler, got);
  CHECK(windows > 500);
  for (std::size_t clamp = 0; clamp < clamps; ++clamp) CHECK((got[clamp] == wanted[clamp].sums));
}

TEST_CASE("the step across a boundary counts once, in the window of its second sample") {
  Clamps sampler;
  sampler.start();
  std::array<Sums, clamps> first, second;
  for (int sample = 0; sample < 3; ++sample) feed(sampler, 100, true);
  REQUIRE(sampler.window_ready());
  collect(sampler, first);
  for (int sample = 0; sample < 3; ++sample) feed(sampler, 700, true);
  REQUIRE(sampler.window_ready());
  collect(sampler, second);
  for (std::size_t clamp = 0; clamp < clamps; ++clamp) {
    CHECK(first[clamp].steps == 10'000);  // from code 0, before anything was sampled
    CHECK(second[clamp].steps == 360'000);
    CHECK(second[clamp].samples == 1);
  }
}

TEST_CASE("a window ends with the scan in progress, so that every clamp has as many samples") {
  for (int place = 0; place < 3; ++place) {
    Clamps sampler;
    sampler.start();
    for (int sample = 0; sample < 12 + place; ++sample) feed(sampler, 1);
    int more = 0;
    while (!sampler.window_ready()) {
      feed(sampler, 1, true);
      ++more;
    }
    CHECK(more == 3 - place);
    CHECK(sampler.window_samples() == 5);
    for (std::uint8_t clamp = 0; clamp < clamps; ++clamp) CHECK(sampler.window(clamp).sum == 5);
  }
}

TEST_CASE("a finished window stays as it is until it is released") {
  Clamps sampler;
  sampler.start();
  for (int sample = 0; sample < 33; ++sample) feed(sampler, 2, sample >= 30);
  REQUIRE(sampler.window_ready());
  for (int sample = 0; sample < 3000; ++sample) {
    feed(sampler, 1000, sample == 1001);
    REQUIRE(sampler.window(0).sum == 22);
    REQUIRE(sampler.window_samples() == 11);
  }
}

TEST_CASE("a finished window stands until the next one ends, which waits while it is held") {
  Clamps sampler;
  sampler.start();
  for (int sample = 0; sample < 30; ++sample) feed(sampler, 7, sample == 29);
  REQUIRE(sampler.window_ready());
  CHECK_FALSE(sampler.hold_window());  // It waits already.
  sampler.release_window();
  for (int sample = 0; sample < 15; ++sample) feed(sampler, 9);
  REQUIRE(sampler.hold_window());
  CHECK(sampler.growing()[1].sum == 5 * 9);
  CHECK(sampler.growing_samples() == 5);
  for (int sample = 0; sample < 15; ++sample) feed(sampler, 9, true);
  CHECK(sampler.window(1).sum == 10 * 7);
  CHECK(sampler.window_samples() == 10);
  sampler.release_window();
  for (int sample = 0; sample < 3; ++sample) feed(sampler, 9);
  REQUIRE(sampler.window_ready());
  CHECK(sampler.window(1).sum == 11 * 9);
  CHECK(sampler.window_samples() == 11);
}

TEST_CASE("a second of full-scale samples at the fastest sampling does not overflow") {
  // The steepest signal jumps between 0 and 1023 with every sample; 2 134 a second is FLM02A's rate.
  Clamps sampler;
  sampler.start();
  for (unsigned scan = 0; scan < 2134; ++scan) {
    for (int clamp = 0; clamp < 3; ++clamp) feed(sampler, scan % 2 == 0 ? 1023 : 0, scan == 2133);
  }
  REQUIRE(sampler.window_ready());
  CHECK(sampler.window(2).steps == 2134u * 1023 * 1023);
  CHECK(sampler.window(2).squares == 1067u * 1023 * 1023);
  CHECK(sampler.window(2).clipped == 1067u);
}

TEST_CASE("a sampler of one clamp ends a scan with every sample") {
  Sampler<flm::hal::PortableArithmetic, 1> sampler;
  sampler.start();
  for (const std::uint16_t code : std::array<std::uint16_t, 3>{500, 510, 505}) {
    REQUIRE(sampler.add(code));
    sampler.end_scan(code == 505);
    CHECK(sampler.clamp() == 0);
  }
  REQUIRE(sampler.window_ready());
  CHECK(sampler.window_samples() == 3);
  CHECK(sampler.window(0).sum == 1515u);
  CHECK(sampler.window(0).squares == 500u * 500 + 510u * 510 + 505u * 505);
  CHECK(sampler.window(0).steps == 500u * 500 + 10u * 10 + 5u * 5);
  sampler.release_window();
  REQUIRE(sampler.add(507));
  sampler.end_scan(true);
  REQUIRE(sampler.window_ready());
  CHECK(sampler.window(0).steps == 2u * 2);
}
