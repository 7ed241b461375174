// The pages of flmd in a real browser, as a user meets them.
//   page_test --program FLMD --scenario HOUSE.toml --folder FOLDER [Catch's options]
//   page_test --address http://127.0.0.1:8080 --folder FOLDER      a server that runs already
// FOLDER gets a picture of every page, wide and narrow, light and dark.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include "tests/tools/flmd/page/site.hpp"
#include "tests/tools/web/browser/browser.hpp"
#include "tests/tools/web/browser/looks.hpp"
#include "tests/tools/web/browser/story.hpp"

namespace {

using flm::browser::Browser;
using flm::browser::faint_texts;
using flm::browser::focused;
using flm::browser::hostile_name;
using flm::browser::Json;
using flm::browser::Site;
using namespace std::chrono_literals;

std::unique_ptr<Site> site;
std::unique_ptr<Browser> browser;
std::filesystem::path folder;

constexpr int wide = 1280, narrow = 360;

struct Page {
  const char* path;
  const char* heading;
  const char* ready;  ///< true when what the server has to say is shown
};
constexpr Page pages[] = {
    {"/", "Live", "return document.querySelectorAll('.tile canvas').length > 0"},
    {"/history", "History", "return document.querySelectorAll('#summary tbody tr').length > 0"},
    {"/sensors", "Sensors",
     "return !document.querySelector('#form').hidden || !document.querySelector('#trouble').hidden"},
    {"/kubes", "Kubes",
     "return !document.querySelector('#content').hidden || !document.querySelector('#trouble').hidden"},
    {"/mqtt", "MQTT",
     "return document.querySelector('#topics tr') !== null || !document.querySelector('#trouble').hidden"},
    {"/status", "Status", "return document.querySelectorAll('#cards section').length > 1"},
    {"/log", "Log", "return document.querySelector('#log').textContent.length > 0"},
};

void open(const Page& page) {
  browser->open(site->address() + page.path);
  browser->until(page.ready);
}
void open(const char* heading) {
  for (const Page& page : pages)
    if (page.heading == std::string_view(heading)) open(page);
}

/// Errors of the console, without the answers by which a page learns that this flmd has no configuration to
/// change, or no kubes: it says so.
std::vector<std::string> errors() {
  std::vector<std::string> all = browser->errors();
  std::erase_if(all, [](const std::string& text) {
    return text.find(" 404 ") != text.npos &&
           (text.find("/api/config - ") != text.npos || text.find("/api/kubes - ") != text.npos);
  });
  return all;
}

std::string password = "correct horse";

/// Through the dialog that saving opens: with the password, or as the first one.
void log_in() {
  browser->run("return import('/js/session.js').then((session) => { session.log_in(); })");
  browser->until(
      "return document.querySelector('#login').open || document.querySelector('#session button') !== null");
  if (browser->run("return document.querySelector('#login').open") != true) return;
  browser->write("#password", password);
  if (browser->run("return !document.querySelector('#again-row').hidden") == true)
    browser->write("#again", password);
  browser->click("#login [type=submit]");
  browser->until("return !document.querySelector('#login').open");
}

std::string text_of(const std::string& selector) {
  return browser->run("return document.querySelector(arguments[0]).textContent", {selector});
}

}  // namespace

TEST_CASE("every page has its heading, and the navigation marks it") {
  browser->look(wide, false);
  for (const Page& page : pages) {
    open(page);
    INFO(page.path);
    CHECK(text_of("h1") == page.heading);
    CHECK(text_of("nav a[aria-current=page]") == page.heading);
    CHECK(browser->run("return document.querySelectorAll('nav a').length") == std::size(pages));
  }
  CHECK(errors().empty());
}

TEST_CASE("no page is wider than a phone, none has a text too faint to read, in light and dark") {
  for (const bool dark : {false, true})
    for (const int width : {wide, narrow}) {
      browser->look(width, dark);
      for (const Page& page : pages) {
        open(page);
        INFO(page.path << " at " << width << (dark ? " dark" : " light"));
        CHECK(browser->run("return document.documentElement.scrollWidth") <= width);
        CHECK(browser->run(faint_texts) == Json::array());
        std::string name = page.heading;
        name += fmt::format("-{}-{}.png", width, dark ? "dark" : "light");
        browser->picture(folder / name);
      }
    }
  CHECK(errors() == std::vector<std::string>());
}

TEST_CASE("the keyboard reaches every page's controls, and it is seen where it is") {
  browser->look(wide, false);
  for (const Page& page : pages) {
    open(page);
    INFO(page.path);
    int reached = 0;
    for (; reached < 100; ++reached) {
      browser->press_tab();
      const Json now = browser->run(focused);
      if (now.is_null()) break;
      INFO(now["name"]);
      CHECK(now["seen"] == true);
    }
    // The way past the navigation, the brand, and the navigation itself, at least.
    CHECK(reached >= static_cast<int>(2 + std::size(pages)));
    CHECK(reached < 100);
  }
}

TEST_CASE("Live has a tile for each sensor, and its values and its chart move") {
  browser->look(wide, false);
  open("Live");
  const Json sensors = Json::parse(browser
                                       ->run("const call = new XMLHttpRequest(); call.open('GET', "
                                             "'/api/sensors', false); call.send(); return call.responseText")
                                       .get<std::string>());
  REQUIRE(!sensors.empty());
  browser->until(fmt::format("return document.querySelectorAll('.tile').length === {}", sensors.size()));
  browser->until("return document.querySelector('.tile .age').textContent === 'now'");
  const auto all = [] {
    return browser->run(
        "return [...document.querySelectorAll('.tile')].map((tile) => "
        "tile.querySelector('.value').textContent + tile.querySelector('.counter').textContent).join()");
  };
  const auto drawn = [] { return browser->run("return document.querySelector('.tile canvas').toDataURL()"); };
  const Json values = all(), chart = drawn();
  bool values_moved = false, chart_moved = false;
  for (int tries = 0; tries < 60 && !(values_moved && chart_moved); ++tries) {
    std::this_thread::sleep_for(250ms);
    values_moved = values_moved || all() != values;
    chart_moved = chart_moved || drawn() != chart;
  }
  CHECK(values_moved);
  CHECK(chart_moved);
  CHECK(errors() == std::vector<std::string>());
}

TEST_CASE("a sensor's name is text, whatever it looks like") {
  browser->look(wide, false);
  open("Live");
  browser->until(fmt::format(
      "return [...document.querySelectorAll('.tile h2')].some((h) => h.textContent === '{}')", hostile_name));
  CHECK(browser->run("return document.querySelectorAll('main script').length") == 0);
  open("History");
  CHECK(
      browser->run(
          "return [...document.querySelectorAll('.chip')].some((chip) => chip.textContent === arguments[0])",
          {hostile_name}) == true);
  CHECK(browser->run("return document.querySelectorAll('main script').length") == 0);
  open("Sensors");
  CHECK(browser->run("return document.querySelector('#name-3').value") == hostile_name);
  open("MQTT");
  browser->until(
      fmt::format("return document.querySelector('#topics').textContent.includes('{}')", hostile_name));
  for (const char* page : {"Sensors", "Kubes", "MQTT", "Status", "Log"}) {
    open(page);
    CHECK(browser->run("return document.querySelectorAll('main :is(script, img)').length") == 0);
  }
  CHECK_FALSE(browser->alert_is_open());
  CHECK(errors() == std::vector<std::string>());
}

TEST_CASE("MQTT shows topics as they come, as text") {
  browser->look(wide, false);
  site->publish("/sensor/<b>bold</b>/gauge", "<img src=x onerror=alert(1)>");
  open("MQTT");
  browser->until(
      "return [...document.querySelectorAll('#topics th')].some((topic) => "
      "/^\\/sensor\\/[0-9a-f]{32}\\/gauge$/.test(topic.textContent))");
  const Json before = text_of("#topics");
  browser->until(fmt::format("return document.querySelector('#topics').textContent !== {}", before.dump()));
  browser->until(
      "return document.querySelector('#topics').textContent.includes('<img src=x onerror=alert(1)>')");
  CHECK(browser->run("return document.querySelectorAll('#topics :is(b, script, img)').length") == 0);
  browser->write("#filter", "/counter");
  CHECK(browser->run("return [...document.querySelectorAll('#topics tr:not([hidden]) th')].every((topic) => "
                     "topic.textContent.endsWith('/counter'))") == true);
  CHECK(errors() == std::vector<std::string>());
}

TEST_CASE("History draws each time, keeps what was chosen in the address, and gives it as CSV") {
  browser->look(wide, false);
  open("History");
  // All of it that is in W.
  for (int chips = browser->run("return document.querySelectorAll('.chip:not([hidden])').length"), at = 0;
       at < chips; ++at)
    browser->run(
        "const box = [...document.querySelectorAll('.chip:not([hidden]) input')][arguments[0]]; if "
        "(!box.checked) box.click()",
        {at});
  for (const char* range : {"day", "week", "month", "year", "night", "hour"}) {
    INFO(range);
    browser->click(fmt::format(".segment:has([value={}])", range));
    browser->until(
        "return !document.querySelector('section[aria-busy]') && document.querySelector('#chart canvas') !== "
        "null");
    CHECK(browser->address().find(fmt::format("range={}", range)) != std::string::npos);
    CHECK(browser->run("return document.querySelector('#trouble').hidden") == true);
  }
  // An hour has a row as soon as a minute is over.
  browser->until(
      "document.querySelector('[value=hour]').dispatchEvent(new Event('change', {bubbles: true}));"
      "return /\\d/.test(document.querySelector('#summary td:nth-of-type(2)').textContent)",
      60s);
  browser->choose("#unit", "kwhperyear");
  browser->until(
      "return document.querySelector('#summary td:nth-of-type(2)').textContent.endsWith('kWh/year')");
  CHECK(browser->address().find("unit=kwhperyear") != std::string::npos);

  const std::string address = browser->address();
  browser->open(site->address() + "/history");
  browser->until("return document.querySelectorAll('#summary tbody tr').length > 0");
  CHECK(browser->address() == address);

  browser->until("return /\\d/.test(document.querySelector('#summary td:nth-of-type(2)').textContent)", 60s);
  browser->click("#csv");
  std::string csv;
  for (int tries = 0; tries < 100 && csv.empty(); ++tries) {
    std::this_thread::sleep_for(100ms);
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().extension() == ".csv") {
        std::ostringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        csv = text.str();
      }
  }
  INFO(csv);
  const std::string head = csv.substr(0, csv.find("\r\n"));
  CHECK(head.starts_with("time,\""));
  CHECK(head.find(fmt::format("\"{} [kWh/year]\"", hostile_name)) != std::string::npos);
  CHECK(std::count(csv.begin(), csv.end(), '\n') > 1);

  // The row under the mouse is told in the table.
  CHECK(text_of(".cursor") == "–");
  browser->point_at("#chart", 0.97);
  browser->until("return /\\d kWh\\/year$/.test(document.querySelector('.cursor').textContent)");
  browser->picture(folder / "History-cursor.png");

  // A closer look has an address of its own, and the way back is a click.
  browser->click("#closer");
  browser->until("return location.search.includes('start=')");
  browser->until(
      "return document.querySelector('#trouble').hidden && !document.querySelector('section[aria-busy]')");
  browser->click(".segment:has([value=hour])");
  browser->until("return !location.search.includes('start=')");
  CHECK(errors() == std::vector<std::string>());
}

TEST_CASE("Status names the board, and Log has its lines") {
  browser->look(wide, false);
  open("Status");
  browser->until("return document.querySelector('#cards').textContent.includes('FLM02B')");
  browser->until("return document.querySelector('#cards .state.good')?.textContent === 'answers'", 30s);
  open("Log");
  CHECK(browser->run("return document.querySelectorAll('#log .line').length") > 0);
  browser->write("#filter", "no line has this");
  browser->until("return document.querySelectorAll('#log .line').length === 0");
  CHECK(errors() == std::vector<std::string>());
}

TEST_CASE("Kubes says that none is paired, and offers to pair one") {
  browser->look(wide, false);
  open("Kubes");
  CHECK(browser->run("return document.querySelector('#trouble').hidden") == true);
  CHECK(text_of("#none") == "No kube is paired yet.");
  CHECK(browser->run("return document.querySelector('#pair').disabled") == false);
  CHECK(browser->run("return document.querySelector('#strangers').hidden") == true);
  CHECK(errors() == std::vector<std::string>());
}

TEST_CASE("Sensors says what is wrong with a field, and saves only with the password") {
  browser->look(wide, false);
  open("Sensors");
  browser->write("#voltage-1", "2300");
  browser->click("#form [type=submit]");
  CHECK(text_of("#voltage-error-1") == "1 to 1000 V.");
  CHECK(text_of("#outcome").starts_with("Not saved"));
  CHECK(browser->run("return document.activeElement.id") == "voltage-1");

  // The manual's rules: one clamp port makes 2 and 3 pulse ports, and takes both out of use.
  browser->choose("#clamp-ports", "1");
  CHECK(browser->run("return document.querySelector('#enabled-2').checked") == false);
  CHECK(browser->run("return document.querySelector('#constant-2') !== null") == true);
  CHECK(browser->run("return document.querySelector('#phases').disabled") == true);
  browser->click("#undo");
  browser->choose("#phases", "3");
  CHECK(browser->run("return document.querySelector('#enabled-3').disabled") == true);
  browser->click("#undo");
  CHECK(browser->run("return document.querySelector('#voltage-1').value") == "230");

  browser->write("#name-1", hostile_name);
  CHECK(text_of("#name-error-1") == "Another sensor has this name.");
  browser->write("#name-1", "<i>main</i>");
  browser->choose("#current-1", "100");
  browser->click("#form [type=submit]");

  // The first password: two that are not the same, then one that is.
  browser->until("return document.querySelector('#login').open");
  CHECK(text_of("#login-title") == "Set a password");
  browser->write("#password", "short");
  browser->click("#login [type=submit]");
  CHECK(text_of("#login .error") == "The password has 5 characters; it needs 8 or more.");
  browser->write("#password", password);
  browser->write("#again", "correct house");
  browser->click("#login [type=submit]");
  CHECK(text_of("#login .error") == "The two are not the same.");
  browser->picture(folder / "Sensors-password.png");
  browser->write("#again", password);
  browser->click("#login [type=submit]");
  browser->until("return !document.querySelector('#login').open");
  browser->until("return document.querySelector('#outcome').textContent.startsWith('Saved and synchronised')",
                 40s);
  // Clamps of 100 A: the board's meter constant of sensor 1 is another one.
  CHECK(text_of("#outcome").find("a setting of the board was changed") != std::string::npos);
  browser->picture(folder / "Sensors-saved.png");
  CHECK(browser->run("return document.querySelector('#name-1').value") == "<i>main</i>");
  open("Live");
  browser->until(
      "return [...document.querySelectorAll('.tile h2')].some((h) => h.textContent === '<i>main</i>')");
  CHECK(browser->run("return document.querySelectorAll('main i').length") == 0);
  open("Log");
  CHECK(text_of("#log").find("sensor 1 meter constant: 5163 -> 10327") != std::string::npos);
  CHECK(errors() == std::vector<std::string>());
}

TEST_CASE("what only flmd knows to be wrong is refused, and said") {
  browser->look(narrow, true);
  open("Sensors");
  log_in();
  browser->choose("#by-4", "pulses_per_kwh");
  browser->write("#constant-4", "7001");
  browser->click("#form [type=submit]");
  browser->until("return document.querySelector('#outcome').textContent.startsWith('Not saved: ')");
  CHECK(text_of("#outcome").starts_with("Not saved: sensor 4: pulses_per_kwh is 7001: a pulse of 0.142"));
  browser->picture(folder / "Sensors-refused.png");
  CHECK(browser->run("return document.querySelector('#constant-4').value") == "7001");
  (void)browser->errors();  // the answer 400

  // Somebody has changed the file meanwhile.
  site->add_to_configuration("# by hand\n");
  browser->write("#constant-4", "1000");
  browser->click("#form [type=submit]");
  browser->until("return document.querySelector('#outcome').textContent.includes('load it anew')");
  (void)browser->errors();
  browser->click("#undo");
}

TEST_CASE("a session ends, and a password is changed with the old one") {
  browser->look(wide, false);
  open("Sensors");
  log_in();
  const auto click_session = [](const char* text) {
    browser->until("return document.querySelector('#session button') !== null");
    browser->run(
        "[...document.querySelectorAll('#session button')].find((b) => b.textContent === "
        "arguments[0]).click()",
        {text});
  };
  click_session("Change the password");
  browser->until("return document.querySelector('#login').open");
  browser->write("#old", "wrong horse");
  browser->write("#password", "battery staple");
  browser->write("#again", "battery staple");
  browser->click("#login [type=submit]");
  browser->until("return document.querySelector('#login .error').textContent === 'the password is wrong'");
  browser->write("#old", password);
  browser->click("#login [type=submit]");
  browser->until("return !document.querySelector('#login').open");
  password = "battery staple";
  click_session("Log out");
  browser->until("return document.querySelector('#session button') === null");
  (void)browser->errors();  // the answer 403
  log_in();
}

TEST_CASE("Status shows the claim code to the owner only") {
  browser->look(wide, false);
  open("Sensors");
  log_in();
  open("Status");
  constexpr const char* code =
      "return /^[a-z2-7]{4}(-[a-z2-7]{4}){2}$/.test(document.querySelector('dd code')?.textContent)";
  CHECK(browser->run(code) == true);
  open("Sensors");
  browser->until("return document.querySelector('#session button') !== null");
  browser->run(
      "[...document.querySelectorAll('#session button')].find((b) => b.textContent === 'Log out').click()");
  browser->until("return document.querySelector('#session button') === null");
  open("Status");
  CHECK(browser->run("return document.querySelector('dd code')") == nullptr);
  CHECK(browser->run("return fetch('/api/status').then((answer) => answer.text())")
            .get<std::string>()
            .find("claim_code") == std::string::npos);
  browser->click("#show-code");
  browser->until("return document.querySelector('#login').open");
  browser->write("#password", password);
  browser->click("#login [type=submit]");
  browser->until(code);
  browser->picture(folder / "Status-code.png");
}

TEST_CASE("Live says that flmd has gone, and goes on when it is back") {
  if (!site->can_stop()) return;
  browser->look(narrow, true);
  open("Live");
  browser->until("return document.querySelector('.tile .age').textContent === 'now'", 30s);
  site->stop();
  browser->until("return !document.querySelector('#trouble').hidden", 30s);
  CHECK(text_of("#trouble").starts_with("No connection to flmd"));
  CHECK(browser->run("return document.querySelectorAll('.tile:not(.old)').length") == 0);
  browser->picture(folder / "Live-gone.png");
  site->start();
  browser->until(
      "return document.querySelector('#trouble').hidden && document.querySelector('.tile .age').textContent "
      "=== 'now'",
      40s);
}

TEST_CASE("Live notices that flmd is stuck, though the connection stands") {
  if (!site->can_stop()) return;
  browser->look(narrow, false);
  open("Live");
  browser->until("return document.querySelector('.tile .age').textContent === 'now'", 30s);
  site->freeze(true);
  browser->until("return !document.querySelector('#trouble').hidden", 60s);
  CHECK(text_of("#trouble").starts_with("No connection to flmd"));
  site->freeze(false);
  browser->until(
      "return document.querySelector('#trouble').hidden && document.querySelector('.tile .age').textContent "
      "=== 'now'",
      40s);
}

int main(int argc, char** argv) {
  return flm::browser::run({"--program FLMD --scenario TOML, or --address http://HOST:PORT; and",
                            [](const auto& given) { return given.program.empty() != given.address.empty(); },
                            [](const auto& given) {
                              folder = given.folder;
                              site = given.address.empty()
                                         ? std::make_unique<Site>(given.program, given.scenario, folder)
                                         : std::make_unique<Site>(given.address, folder);
                              site->start();
                              browser = std::make_unique<Browser>(folder);
                            },
                            [] {
                              browser.reset();
                              site.reset();
                            }},
                           argc, argv);
}
