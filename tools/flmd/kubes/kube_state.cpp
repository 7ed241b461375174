#include "tools/flmd/kubes/kube_state.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tools/common/atomic_file.hpp"

namespace flm::flmd {
namespace {

using nlohmann::json;

int whole(const json& value, int low, int high) {
  const auto number = value.get<std::int64_t>();
  if (!value.is_number_integer() || number < low || number > high)
    throw std::runtime_error(fmt::format("{} is none of {} to {}", value.dump(), low, high));
  return static_cast<int>(number);
}

int key_of(const std::string& text, int low, int high) {
  std::size_t used = 0;
  const int number = std::stoi(text, &used);
  if (used != text.size() || number < low || number > high)
    throw std::runtime_error(fmt::format("'{}' is none of {} to {}", text, low, high));
  return number;
}

std::string hex32(const json& value) {
  auto text = value.get<std::string>();
  if (text.size() != 32 || text.find_first_not_of("0123456789abcdef") != text.npos)
    throw std::runtime_error("an id has no 32 hex digits");
  return text;
}

}  // namespace

KubeState read_kube_state(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in && errno == ENOENT) return {};
  if (!in) throw InputError(fmt::format("{}: {}", file.string(), std::strerror(errno)));
  KubeState state;
  try {
    const json all = json::parse(in);
    state.key = hex32(all.at("key"));
    state.collect_group = whole(all.at("collect_group"), 1, 250);
    for (const auto& [kid, kube] : all.at("kubes").items())
      state.kubes[key_of(kid, 1, kids_max)] = {hex32(kube.at("hw_id")), whole(kube.at("hw_type"), 1, 65535),
                                               whole(kube.at("sw_version"), 0, 65535),
                                               kube.at("name").get<std::string>()};
    for (const auto& [number, slot] : all.at("slots").items())
      state.slots[key_of(number, 7, 64)] = {whole(slot.at("kid"), 0, kids_max),
                                            slot.at("type").get<std::string>(),
                                            whole(slot.at("rid"), 0, 65535)};
  } catch (const std::exception& error) {
    throw InputError(fmt::format(
        "{}: is damaged ({}); allowed: the file as flmd wrote it, from a backup; without any, the kubes "
        "have to be paired again, and their sensors' history ends",
        file.string(), error.what()));
  }
  return state;
}

void write_kube_state(const std::filesystem::path& file, const KubeState& state) {
  nlohmann::ordered_json all = {{"key", state.key}, {"collect_group", state.collect_group}};
  all["kubes"] = nlohmann::ordered_json::object();
  for (const auto& [kid, kube] : state.kubes)
    all["kubes"][std::to_string(kid)] = {{"hw_id", kube.hw_id},
                                         {"hw_type", kube.hw_type},
                                         {"sw_version", kube.sw_version},
                                         {"name", kube.name}};
  all["slots"] = nlohmann::ordered_json::object();
  for (const auto& [number, slot] : state.slots)
    all["slots"][std::to_string(number)] = {{"kid", slot.kid}, {"type", slot.type}, {"rid", slot.rid}};
  AtomicFile out(file, 0600);
  out.write(all.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
  out.commit_durably();
}

std::filesystem::path kube_state_file(const std::filesystem::path& state_dir) {
  return state_dir / "kubes.json";
}

}  // namespace flm::flmd
