#include "tools/flmd/owner/configuration.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/common/atomic_file.hpp"
#include "tools/common/files.hpp"
#include "tools/flmd/owner/board_form.hpp"
#include "tools/web/exchange/json_input.hpp"

namespace flm::flmd {
namespace {

namespace fs = std::filesystem;

/// Changes whenever the text does (FNV-1a, 64 bits).
std::string revision_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

}  // namespace

Configuration::Configuration(fs::path file, const Sensors& sensors, std::function<void(Site)> changed,
                             std::function<void(const std::string&)> log)
    : file_(std::move(file)), sensors_(sensors), changed_(std::move(changed)), log_(std::move(log)) {}

void Configuration::add_routes(web::Router& router, const Guard& guard) {
  router.get("/api/config", [this](const web::Request&) {
    return web::json_of(form(read())).with("Cache-Control", "no-store");
  });
  router.add(web::Method::put, "/api/config",
             guard([this](const web::Request& request) { return change(request); }),
             {.body_limit = 16 * 1024});
}

Configuration::File Configuration::read() const {
  try {
    check_text(file_, "a configuration (.toml)");
    std::ifstream in(file_, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) throw InputError(fmt::format("{}: cannot be read", file_.string()));
    Site site = read_site(file_, text.str());
    return {text.str(), std::move(site)};
  } catch (const InputError& error) {
    throw web::HttpError(
        409, fmt::format("the configuration was changed by hand, and is not right: {}", error.what()));
  }
}

nlohmann::ordered_json Configuration::form(const File& now) const {
  auto form = board_form(now.site.board, [this](int number) {
    const SiteSensor* sensor = sensors_.by_number(number);
    return sensor == nullptr ? std::string() : sensor->sid;
  });
  form["revision"] = revision_of(now.text);
  return form;
}

web::Response Configuration::change(const web::Request& request) {
  const nlohmann::json wanted = web::json_body(request);
  web::JsonInput input(wanted);
  const File now = read();
  if (input.text("revision", 64) != revision_of(now.text))
    throw web::HttpError(409, "the configuration has changed since this form was made; load it anew");
  const std::string text = with_form(now.text, now.site.board, wanted);
  if (text == now.text) return web::no_content();
  File next{text, {}};
  try {
    next.site = read_site(file_, text);
  } catch (const InputError& error) {
    throw web::HttpError(400, in_words_of_form(error.what(), text));
  }
  write(text);
  log_(fmt::format("{}: changed by the owner from {}", file_.string(), request.address));
  changed_(std::move(next.site));
  return web::no_content();
}

void Configuration::write(const std::string& text) const {
  struct stat before {};
  const bool known = stat(file_.c_str(), &before) == 0;
  try {
    AtomicFile file(file_, known ? before.st_mode & 0777 : 0600);  // it may hold the device's key
    file.write(text);
    file.commit_durably();
  } catch (const InputError& error) {
    throw web::HttpError(
        403, fmt::format("{}; allowed: a file in a folder that flmd's user may write", error.what()));
  }
  // Who could read it before can read it now; more than that is not needed, and may not be allowed.
  if (known && chmod(file_.c_str(), before.st_mode & 07777) != 0)
    log_(fmt::format("{}: its permissions could not be kept", file_.string()));
  if (known && geteuid() == 0 && chown(file_.c_str(), before.st_uid, before.st_gid) != 0)
    log_(fmt::format("{}: its owner could not be kept", file_.string()));
}

}  // namespace flm::flmd
