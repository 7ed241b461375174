// The Sensors form, from a request's body to a configuration, and the configurations that it is a form of:
//   1. A body is refused with 400 and a reason, or its text is one that the configuration's reader takes or
//      complains of by name.
//   2. What was saved is shown; the form of it, sent back, changes nothing.
//   3. No other table changes.
//   4. A configuration is read, or an InputError names it; its form, sent back, changes nothing.
// The first byte chooses: a body for an FLM02A or FLM02B, or a configuration.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/fuzz/input_file.hpp"
#include "tools/flmd/owner/board_form.hpp"
#include "tools/flmd/site/site.hpp"
#include "tools/web/exchange/json_input.hpp"

using namespace flm;
using fuzz::promise;
using nlohmann::json;

namespace {

const std::filesystem::path file = "house.toml";

/// With a comment, a table after the sensors, and a key that stands before them.
std::string house(const char* board) {
  return fmt::format(
      "board = \"{}\" # the board\n[link]\nport = \"spi:/dev/spidev0.0\"\n[state]\ndir = \"state\"\n"
      "[[sensor]]\nid = 1\nname = \"main\"\nsid = \"0123456789abcdef0123456789abcde1\"\nclass = \"analog\"\n"
      "ports = [1]\nmeter_constant = 5200\n\n# Gas.\n[[sensor]]\nid = 4\nname = \"gas\"\nclass = \"pulse\"\n"
      "type = \"gas\"\nports = [4]\nconstant = 10.0\n\n# To the cloud.\n[[report]]\nkind = \"influx\"\n"
      "url = \"http://127.0.0.1:8086/write?db=home\" # mine\n",
      board);
}

json form_of(const flmd::Site& site) {
  return json(flmd::board_form(site.board, [](int number) { return fmt::format("{:032x}", number); }));
}

/// The form of a text, sent back.
void changes_nothing(const std::string& text, const flmd::Site& site, const char* what) {
  try {
    const std::string again = flmd::with_form(text, site.board, form_of(site));
    promise(again == text, what, text + "----\n" + again);
  } catch (const web::HttpError& error) {
    promise(false, what, text + error.what());
  }
}

void is_shown(const json& wanted, const json& form) {
  for (const json& sensor : wanted["sensors"]) {
    const json& shown = form["sensors"][sensor["number"].get<std::size_t>() - 1];
    for (const char* name : {"enabled", "name"})
      promise(shown[name] == sensor[name], "2: what was saved is shown", sensor.dump() + shown.dump());
    if (sensor["ports"].empty()) continue;  // a clamp of sensor 1
    for (const char* name : {"class", "ports"})
      promise(shown[name] == sensor[name], "2: what was saved is shown", sensor.dump() + shown.dump());
  }
}

void change(const char* board, std::string_view body) {
  const std::string before = house(board);
  const flmd::Site site = flmd::read_site(file, before);
  web::Request request;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = body;
  json wanted;
  std::string text;
  try {
    wanted = web::json_body(request);
    text = flmd::with_form(before, site.board, wanted);
  } catch (const web::HttpError& error) {
    promise(error.status() == 400 && std::string_view(error.what()).size() > 10,
            "1: a refusal is 400, and says why", error.what());
    return;
  }
  flmd::Site after;
  try {
    after = flmd::read_site(file, text);
  } catch (const InputError& error) {
    promise(std::string_view(error.what()).starts_with("house.toml:"), "1: a complaint has a place", text);
    promise(flmd::in_words_of_form(error.what(), text).size() > 10, "1: and words");
    return;
  }
  promise(flmd::tables_that_differ(site, after).empty() && text.ends_with("# mine\n"),
          "3: no other table changes", text);
  is_shown(wanted, form_of(after));
  changes_nothing(text, after, "2: the form of what was saved, sent back, changes nothing");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 < 2) {
    change(data[0] % 3 == 0 ? "flm02a" : "flm02b", text);
    return 0;
  }
  const auto read = fuzz::read_or_complain(file, [&] { return flmd::read_site(file, text); });
  if (read) changes_nothing(text, *read, "4: the form of a configuration, sent back, changes nothing");
  return 0;
}
