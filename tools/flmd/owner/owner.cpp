#include "tools/flmd/owner/owner.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/common/atomic_file.hpp"
#include "tools/common/files.hpp"
#include "tools/web/access/local_network.hpp"
#include "tools/web/access/origin.hpp"
#include "tools/web/access/passwords.hpp"
#include "tools/web/exchange/json_input.hpp"

namespace flm::flmd {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kLongest = 256;  ///< bytes of a password that is looked at

}  // namespace

fs::path password_file(const fs::path& state_dir) { return state_dir / "password"; }

void write_password(const fs::path& hash_file, const std::string& password) {
  const std::string hash = web::hash_password(password);
  AtomicFile file(hash_file, 0600);
  file.write(hash + "\n");
  file.commit_durably();
  // Written by root, it is still for the user as whom flmd runs.
  struct stat folder {};
  if (geteuid() == 0 && stat(hash_file.parent_path().c_str(), &folder) == 0 &&
      lchown(hash_file.c_str(), folder.st_uid, folder.st_gid) != 0)
    throw InputError(
        fmt::format("{}: cannot be given to the folder's owner: {}", hash_file.string(), reason(errno)));
}

Owner::Owner(fs::path hash_file, std::function<void(const std::string&)> log, web::Tries::Now now)
    : file_(std::move(hash_file)), log_(std::move(log)), sessions_({}, now), tries_(60, now) {}

void Owner::add_routes(web::Router& router) {
  router.get("/api/session", [this](const web::Request& request) { return session(request); });
  const web::RouteOptions small{.body_limit = 2048};
  router.post(
      "/api/login", [this](const web::Request& request) { return log_in(request); }, small);
  router.post(
      "/api/logout", [this](const web::Request& request) { return log_out(request); }, small);
  router.post(
      "/api/password", [this](const web::Request& request) { return set_password(request); }, small);
}

web::Handler Owner::only(web::Handler handler) {
  return [this, handler = std::move(handler)](const web::Request& request) {
    web::require_own_origin(request);
    hash();
    sessions_.require(request);
    return handler(request);
  };
}

bool Owner::asks(const web::Request& request) {
  hash();
  return sessions_.find(request) != nullptr;
}

/// Empty: none is set. A file that cannot be read, or is no hash, is never taken for none.
const std::string& Owner::hash() {
  std::string now;
  std::error_code error;
  if (fs::exists(fs::symlink_status(file_, error))) {
    std::ifstream in(file_, std::ios::binary);
    std::getline(in, now);
    try {
      web::check_password_hash(now);
    } catch (const InputError&) {
      sessions_.close_all();
      log_(fmt::format("{}: is no password's hash, or cannot be read; `flmd password` writes a new one",
                       file_.string()));
      throw web::HttpError(500, "the password's file is damaged; `flmd password` writes a new one");
    }
  } else if (error && error != std::errc::no_such_file_or_directory) {
    throw web::HttpError(500, fmt::format("the password's file cannot be read: {}", error.message()));
  }
  if (now != hash_) {
    sessions_.close_all();
    hash_ = std::move(now);
  }
  return hash_;
}

void Owner::check(const web::Request& request, const std::string& password) {
  if (web::is_password(password, hash_)) return tries_.succeeded(request.address);
  tries_.failed(request.address);
  log_(fmt::format("a wrong password from {}", request.address));
  throw web::HttpError(403, "the password is wrong");
}

web::Response Owner::session(const web::Request& request) {
  const bool set = !hash().empty();
  const web::Session* open = sessions_.find(request);
  return web::json_of({{"user", open ? nlohmann::json(open->user) : nlohmann::json()},
                       {"csrf", open ? nlohmann::json(open->csrf) : nlohmann::json()},
                       {"password_set", set},
                       {"local", web::is_from_local_network(request)}})
      .with("Cache-Control", "no-store");
}

web::Response Owner::log_in(const web::Request& request) {
  web::require_own_origin(request);
  if (hash().empty())
    throw web::HttpError(
        409, "no password is set; the page sets one from the local network, `flmd password` from the device");
  tries_.begin(request.address);
  const nlohmann::json body = web::json_body(request);
  web::JsonInput input(body);
  const std::string password = input.text("password", kLongest);
  input.no_others();
  check(request, password);
  web::Response response = web::no_content();
  sessions_.open("owner", request, response);
  log_(fmt::format("the owner has logged in from {}", request.address));
  return response;
}

web::Response Owner::log_out(const web::Request& request) {
  web::require_own_origin(request);
  web::Response response = web::no_content();
  if (sessions_.find(request) == nullptr) return response;
  sessions_.require(request);
  sessions_.close(request, response);
  return response;
}

web::Response Owner::set_password(const web::Request& request) {
  web::require_own_origin(request);
  const bool first = hash().empty();
  if (!first)
    sessions_.require(request);
  else if (!web::is_from_local_network(request))
    throw web::HttpError(
        403, "the first password is set from the local network, or by `flmd password` on the device");
  tries_.begin(request.address);
  const nlohmann::json body = web::json_body(request);
  web::JsonInput input(body);
  const std::string password = input.text("password", kLongest);
  const std::string old = first ? "" : input.text("old", kLongest);
  input.no_others();
  if (!first) check(request, old);
  try {
    write_password(file_, password);
  } catch (const InputError& error) {
    throw web::HttpError(400, error.what());
  }
  hash();  // ends all sessions
  web::Response response = web::no_content();
  sessions_.open("owner", request, response);
  log_(fmt::format("the owner's password was {} from {}", first ? "set" : "changed", request.address));
  return response;
}

}  // namespace flm::flmd
