// A stock main board's configuration files, /etc/config/flukso, system and kube, with a form feed between
// them:
//   1. Each is read, or an InputError names it; what was read and written reads the same.
//   2. What is taken over of them is a configuration that flmd reads, with ids that are some; or an
//      InputError says what is allowed.
//   3. What is given back is read, and taken over again with the same ids.
#include <fmt/format.h>

#include "tests/fuzz/input_file.hpp"
#include "tools/flmd/site/site.hpp"
#include "tools/flmd/stock/give_back.hpp"
#include "tools/flmd/stock/take_over.hpp"

using namespace flm;
using namespace flm::flmd;
using fuzz::promise;

namespace {

std::string essence(const uci::Package& package) {
  std::string text;
  for (const uci::Section& section : package.sections) {
    text += fmt::format("{} '{}'\n", section.type, section.name);
    for (const uci::Option& option : section.options) {
      text += fmt::format("  {} {}", option.is_list, option.name);
      for (const std::string& value : option.values) text += fmt::format(" <{}>", value);
      text += '\n';
    }
  }
  return text;
}

uci::Package read_again(const uci::Package& package) {
  const std::string text = uci::text_of(package);
  try {
    uci::Package again = uci::parse(package.file, text);
    promise(essence(again) == essence(package), "1: what was written reads the same", text);
    return again;
  } catch (const InputError& error) {
    promise(false, "1: what was written is read", text + error.what());
    throw;
  }
}

std::optional<uci::Package> read(const char* name, std::string_view text) {
  const std::filesystem::path file = name;
  auto package = fuzz::read_or_complain(file, [&] { return uci::parse(file, text); });
  if (package) read_again(*package);
  return package;
}

bool is_id(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::optional<stock::TakenOver> taken_over(const uci::Package& flukso, const uci::Package& system,
                                           const uci::Package* kube) {
  try {
    return stock::take_over(flukso, system, kube, "state");
  } catch (const InputError& error) {
    promise(std::string_view(error.what()).find("allowed: ") != std::string_view::npos,
            "2: a refusal says what is allowed", error.what());
    return std::nullopt;
  }
}

/// What a free number was once used for is not given back, only how often it was.
bool same_kubes(KubeState a, KubeState b) {
  for (KubeState* state : {&a, &b})
    for (auto& [number, slot] : state->slots)
      if (slot.kid == 0) slot.type.clear();
  return a == b;
}

Site site_of(const std::string& configuration) {
  try {
    return read_site("house.toml", configuration);
  } catch (const InputError& error) {
    promise(false, "2: what is taken over is a configuration", configuration + error.what());
    throw;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t first = all.find('\f'), second = first == all.npos ? all.npos : all.find('\f', first + 1);
  const auto flukso = read("flukso", all.substr(0, first));
  if (!flukso || first == all.npos) return 0;
  const auto system = read("system", all.substr(first + 1, second - first - 1));
  const auto kube = second == all.npos ? std::nullopt : read("kube", all.substr(second + 1));
  if (!system) return 0;
  const auto taken = taken_over(*flukso, *system, kube ? &*kube : nullptr);
  if (!taken) return 0;
  const Site site = site_of(taken->configuration);
  promise(is_id(taken->ids.device) && is_id(taken->ids.key), "2: the device has ids");
  for (const auto& [number, sid] : taken->ids.sensors)
    promise(number >= 1 && number <= 64 && is_id(sid), "2: a sensor has an id", sid);

  const stock::GivenBack given =
      stock::give_back(site, taken->ids, taken->kubes.value_or(KubeState{}), {*flukso, *system, kube});
  const uci::Package back_flukso = read_again(given.packages.flukso),
                     back_system = read_again(given.packages.system);
  std::optional<uci::Package> back_kube;
  if (given.packages.kube) back_kube = read_again(*given.packages.kube);
  const auto again = taken_over(back_flukso, back_system, back_kube ? &*back_kube : nullptr);
  promise(again.has_value(), "3: what was given back is taken over again", uci::text_of(back_flukso));
  // A number that stock had no id for may have been given one.
  const Ids &before = taken->ids, &after = again->ids;
  promise(after.device == before.device && after.key == before.key && after.sensors == before.sensors &&
              after.registers == before.registers && after.rids == before.rids,
          "3: with the same ids", uci::text_of(back_flukso));
  promise(same_kubes(taken->kubes.value_or(KubeState{}), again->kubes.value_or(KubeState{})),
          "3: with the same kubes", uci::text_of(back_flukso));
  return 0;
}
