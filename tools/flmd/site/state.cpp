#include "tools/flmd/site/state.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "tools/common/atomic_file.hpp"
#include "tools/common/files.hpp"

namespace flm::flmd {
namespace {

namespace fs = std::filesystem;

bool is_id(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Ids ids_of(const fs::path& file) {
  // Only a file that is not there may be made: one that cannot be read holds the ids of the history.
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ENOENT) return {};
    throw InputError(fmt::format("{}: cannot be read: {}; allowed: a file that flmd's user can read",
                                 file.string(), reason(errno)));
  }
  ::close(descriptor);
  std::ifstream in(file, std::ios::binary);
  Ids ids;
  try {
    const nlohmann::json json = nlohmann::json::parse(in);
    const auto id = [](const nlohmann::json& value) {
      if (!is_id(value.get<std::string>())) throw std::runtime_error("an id has no 32 hex digits");
      return value.get<std::string>();
    };
    const auto number_of = [](const std::string& text) {
      const int number = std::stoi(text);
      if (number < 1 || number > 64) throw std::runtime_error("a sensor's number is none of 1 to 64");
      return number;
    };
    ids.device = id(json.at("device"));
    ids.key = id(json.at("key"));
    for (const auto& [number, sid] : json.at("sensors").items()) ids.sensors[number_of(number)] = id(sid);
    for (const auto& [name, number] : json.at("registers").items()) {
      if (!ids.sensors.contains(number.get<int>())) throw std::runtime_error("a register has no sensor");
      ids.registers[name] = number.get<int>();
    }
    if (json.contains("rids"))
      for (const auto& [sid, rid] : json.at("rids").items()) ids.rids[id(sid)] = rid.get<int>();
    if (json.contains("spare"))
      for (const auto& [number, sid] : json.at("spare").items()) ids.spare[number_of(number)] = id(sid);
  } catch (const std::exception& error) {
    throw InputError(fmt::format(
        "{}: is damaged ({}); allowed: the file as flmd wrote it, from a backup; without any, new ids are "
        "drawn, and the sensors' history ends",
        file.string(), error.what()));
  }
  return ids;
}

}  // namespace

std::string& Ids::sid(int number) {
  std::string& sid = sensors[number];
  if (!sid.empty()) return sid;
  const auto given = spare.find(number);
  if (given == spare.end()) return sid = draw_id();
  sid = std::move(given->second);
  spare.erase(given);
  return sid;
}

int Ids::rid(const std::string& sid) const {
  const auto found = rids.find(sid);
  return found == rids.end() ? 0 : found->second;
}

Ids read_ids(const fs::path& state_dir) { return ids_of(state_dir / "ids.json"); }

std::string draw_id() {
  unsigned char bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    throw std::runtime_error("the system has no random numbers");
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

State::State(fs::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw InputError(fmt::format("{}: {}", folder_.string(), error.message()));
  const fs::path file = folder_ / "lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_ < 0) throw InputError(fmt::format("{}: {}", file.string(), std::strerror(errno)));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const ssize_t count = pread(lock_, holder, sizeof holder - 1, 0);
    ::close(lock_);
    throw InputError(fmt::format("{}: another flmd is using it{}; allowed: one at a time", folder_.string(),
                                 count > 0 ? fmt::format(" (process {})", std::atoi(holder)) : ""));
  }
  const std::string own = fmt::format("{}\n", getpid());
  if (ftruncate(lock_, 0) != 0 || pwrite(lock_, own.data(), own.size(), 0) < 0) {
    // Only the number is missing in another one's message.
  }
  try {
    saved_ = ids_ = read_ids(folder_);
  } catch (...) {
    ::close(lock_);
    throw;
  }
  if (ids_.device.empty()) ids_.device = draw_id();
  if (ids_.key.empty()) ids_.key = draw_id();
}

State::~State() { ::close(lock_); }

void State::save() {
  if (ids_ == saved_) return;
  nlohmann::ordered_json json = {{"device", ids_.device}, {"key", ids_.key}};
  json["sensors"] = nlohmann::ordered_json::object();
  for (const auto& [number, sid] : ids_.sensors) json["sensors"][std::to_string(number)] = sid;
  json["registers"] = nlohmann::ordered_json::object();
  for (const auto& [name, number] : ids_.registers) json["registers"][name] = number;
  for (const auto& [sid, rid] : ids_.rids) json["rids"][sid] = rid;
  for (const auto& [number, sid] : ids_.spare) json["spare"][std::to_string(number)] = sid;
  AtomicFile file(folder_ / "ids.json", 0600);  // it holds the key
  file.write(json.dump(1) + "\n");
  file.commit_durably();
  saved_ = ids_;
}

}  // namespace flm::flmd
