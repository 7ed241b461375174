#include "tools/flmd/kubes/pair_command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "tools/common/atomic_file.hpp"
#include "tools/flmd/kubes/kube_state.hpp"

namespace flm::flmd {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto taken_within = 5s, paired_within = 25s;
constexpr auto look_every = 100ms;

fs::path request_file(const fs::path& state_dir) { return state_dir / "pair"; }

/// Whether it holds before the time is over.
template <class Condition>
bool soon(std::chrono::seconds within, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(look_every);
  }
  return true;
}

}  // namespace

bool take_pair_request(const fs::path& state_dir) {
  std::error_code ignored;
  return fs::remove(request_file(state_dir), ignored);
}

int pair_kube(const fs::path& state_dir) {
  const fs::path state = kube_state_file(state_dir);
  const KubeState before = read_kube_state(state);
  {
    AtomicFile request(request_file(state_dir));
    request.write("\n");
    request.commit();
  }
  std::error_code ignored;
  if (!soon(taken_within, [&] { return !fs::exists(request_file(state_dir), ignored); })) {
    fs::remove(request_file(state_dir), ignored);
    throw InputError(
        fmt::format("{}: no flmd with a radio takes the request; allowed: beside `flmd run`, with an FLM02B",
                    state_dir.string()));
  }
  fmt::print("Listening for 20 s. Switch the kube on, or press its button.\n");
  std::fflush(stdout);
  int found = 0;
  soon(paired_within, [&] {
    const KubeState now = read_kube_state(state);
    for (const auto& [kid, kube] : now.kubes)
      if (!before.kubes.contains(kid)) found = kid;
    return found != 0;
  });
  if (found == 0) {
    fmt::print("No new kube asked to be paired; the log of flmd may say more.\n");
    return 1;
  }
  fmt::print("Paired as kube {}.\n", found);
  return 0;
}

}  // namespace flm::flmd
