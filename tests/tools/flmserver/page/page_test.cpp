// The pages of flmserver in a real browser, as users meet them; its cases are one story, in their order.
//   server_page_test --program FLMSERVER --folder FOLDER [Catch's options]
// FOLDER gets a picture of every page, wide and narrow, light and dark.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include "tests/tools/flmserver/page/house.hpp"
#include "tests/tools/web/browser/browser.hpp"
#include "tests/tools/web/browser/looks.hpp"
#include "tests/tools/web/browser/story.hpp"

namespace {

using flm::browser::Browser;
using flm::browser::faint_texts;
using flm::browser::focused;
using flm::browser::hostile_name;
using flm::browser::House;
using flm::browser::Json;
using namespace std::chrono_literals;

std::unique_ptr<House> house;
std::unique_ptr<Browser> browser;
std::filesystem::path folder;

constexpr int wide = 1280, narrow = 360;

struct Page {
  const char* path;
  const char* heading;
  const char* ready;  ///< true when what the server has to say is shown
};
constexpr const char* drawn =
    "return document.querySelectorAll('#summary tbody tr').length > 0 && "
    "!document.querySelector('section[aria-busy]')";
constexpr Page pages[] = {
    {"/", "Dash", drawn},
    {"/devices", "Devices", "return document.querySelector('.sensor-rows') !== null"},
    {"/following", "Following", "return document.querySelector('#sign-out') !== null"},
    {"/account", "Account", "return !document.querySelector('#content').hidden"},
};

void open(const std::string& path) { browser->open(house->address() + path); }
void open(const Page& page) {
  open(std::string(page.path));
  browser->until(page.ready);
}
std::string text_of(const std::string& selector) {
  return browser->run("return document.querySelector(arguments[0]).textContent", {selector});
}
void until_text(const std::string& selector, const std::string& text) {
  browser->until(fmt::format("return document.querySelector({})?.textContent.includes({})",
                             Json(selector).dump(), Json(text).dump()));
}
void no_errors() { CHECK(browser->errors() == std::vector<std::string>()); }

void sign_up(const std::string& name) {
  open("/login");
  browser->until("return document.querySelector('#zone option') !== null");
  browser->click("#way label:nth-of-type(2)");
  browser->write("#name", name);
  browser->write("#password", "correct horse");
  browser->write("#again", "correct horse");
  browser->choose("#zone", "Europe/Brussels");
  browser->click("#enter [type=submit]");
  browser->until("return location.pathname === '/' && document.querySelector('#sign-out') !== null");
}
void log_in(const std::string& name) {
  open("/login");
  browser->until("return document.querySelector('#zone option') !== null");
  browser->write("#name", name);
  browser->write("#password", "correct horse");
  browser->click("#enter [type=submit]");
  browser->until("return location.pathname === '/' && document.querySelector('#sign-out') !== null");
}
void log_out() {
  browser->click("#sign-out");
  browser->until("return location.pathname === '/login' && document.querySelector('#zone option') !== null");
}

/// The chip of a sensor, by its name.
void choose_only(const std::vector<std::string>& names) {
  browser->run(
      "for (const chip of document.querySelectorAll('.chip:not([hidden])')) {"
      "  const box = chip.querySelector('input');"
      "  if (box.checked !== arguments[0].includes(chip.textContent)) box.click();"
      "}",
      Json::array({names}));
  browser->until(drawn);
}
void choose_range(const std::string& range) {
  browser->click(fmt::format(".segment:has([value={}])", range));
  browser->until(drawn);
}

/// The account has what is chosen.
void until_kept(const std::string& choice) {
  browser->until(
      fmt::format("return fetch('/api/session').then((answer) => answer.json()).then(({{user}}) => "
                  "user.settings.dash?.includes({}))",
                  Json(choice).dump()));
}

void until_sensors(const std::string& text) {
  browser->until(fmt::format(
      "return fetch('/api/sensors').then((answer) => answer.text()).then((text) => text.includes({}))",
      Json(text).dump()));
}

}  // namespace

TEST_CASE("who is not logged in is led to the login, and from there to where he wanted to go") {
  browser->look(wide, false);
  open("/account");
  browser->until("return location.pathname === '/login' && document.querySelector('#zone option') !== null");
  CHECK(browser->address().ends_with("/login?to=%2Faccount"));
  CHECK(text_of("h1") == "Sign in");
  browser->write("#name", "anna");
  browser->write("#password", "correct horse");
  browser->click("#enter [type=submit]");
  browser->until("return document.querySelector('#error').textContent !== ''");
  CHECK(text_of("#error") == "name or password is wrong");
  (void)browser->errors();  // the answer 403
  for (const auto& [width, dark] : {std::pair{narrow, true}, std::pair{wide, false}}) {
    browser->look(width, dark);
    open("/login");
    browser->until("return document.querySelector('#zone option') !== null");
    browser->picture(folder / fmt::format("Login-{}-{}.png", width, dark ? "dark" : "light"));
    CHECK(browser->run("return document.documentElement.scrollWidth") <= width);
    CHECK(browser->run(faint_texts) == Json::array());
  }
  browser->look(wide, false);
}

TEST_CASE("somebody makes an account, after what is wrong with it was said") {
  open("/login?to=%2F%2Fattacker.example%2F");
  browser->until("return document.querySelector('#zone option') !== null");
  browser->click("#way label:nth-of-type(2)");
  browser->write("#name", "anna");
  browser->write("#password", "short");
  browser->click("#enter [type=submit]");
  CHECK(text_of("#error") == "The password has 5 characters; it needs 8 or more.");
  browser->write("#password", "correct horse");
  browser->write("#again", "correct house");
  browser->click("#enter [type=submit]");
  CHECK(text_of("#error") == "The two are not the same.");
  browser->write("#again", "correct horse");
  browser->choose("#zone", "Europe/Brussels");
  browser->picture(folder / "Login-new.png");
  browser->click("#enter [type=submit]");
  browser->until("return location.pathname === '/' && document.querySelector('#sign-out') !== null");
  CHECK(browser->address() == house->address() + "/");
  browser->until("return !document.querySelector('#none').hidden");
  CHECK(text_of("#none").starts_with("There is no sensor yet."));
  browser->picture(folder / "Dash-empty.png");
  no_errors();
}

TEST_CASE("a meter is claimed with the code of its Status page") {
  open("/devices");
  browser->until("return !document.querySelector('#none').hidden");
  browser->write("#serial", House::serial);
  browser->write("#code", "aaaa-bbbb-cccc");
  browser->click("#add [type=submit]");
  until_text("#outcome", "no device has this serial number and code");
  (void)browser->errors();  // the answer 400
  browser->write("#code", House::claim_code().insert(8, "-").insert(4, "-"));
  browser->click("#add [type=submit]");
  until_text("#outcome", "FL02B00042 is yours now.");
  until_text("#list .state", "not heard yet");
  house->meter_reports();
  open(pages[1]);
  CHECK(text_of("#list .state").starts_with("heard "));
  CHECK(browser->run("return document.querySelectorAll('.sensor-rows > li').length") == 4);
  CHECK(text_of(fmt::format("[data-sid='{}'] .last", House::water_sid)).find(" m³, ") != std::string::npos);
  no_errors();
}

TEST_CASE("the dash draws several sensors, each time, and keeps what was chosen with the account") {
  open(pages[0]);
  choose_only({"main", "solar"});
  for (const char* range : {"hour", "week", "month", "year", "night", "day"}) {
    INFO(range);
    choose_range(range);
    CHECK(browser->address().find(fmt::format("range={}", range)) != std::string::npos);
    CHECK(browser->run("return document.querySelector('#trouble').hidden") == true);
    CHECK(browser->run("return document.querySelectorAll('#summary tbody tr').length") == 2);
    CHECK(browser->run(
              "return /\\d W$/.test(document.querySelector('#summary td:nth-of-type(2)').textContent)") ==
          true);
  }
  // A day of the household is 4 to 20 kWh: between its base of 110 W all day and all that household_w() adds.
  const std::string sum =
      browser->run("return document.querySelector('#summary td:nth-of-type(5)').textContent");
  INFO(sum);
  CHECK(std::stod(sum) > 4);
  CHECK(std::stod(sum) < 20);
  CHECK(sum.ends_with(" kWh"));
  // The first day is known from six o'clock on: 60 W until the midnight of UTC before now, and no more.
  choose_only({hostile_name});
  choose_range("year");
  browser->choose("#resolution", "day");
  browser->until(drawn);
  const std::int64_t now = std::time(nullptr);
  const double kwh_of_60_w =
      0.06 * static_cast<double>(now / 86'400 * 86'400 - House::first_time(now)) / 3'600;
  CHECK(text_of("#summary td:nth-of-type(5)") == fmt::format("{:.2f} kWh", kwh_of_60_w));
  CHECK(text_of("#summary td:nth-of-type(2)") == "60 W");
  browser->choose("#resolution", "auto");
  choose_only({"main", "solar"});
  // By calendar months, of which 40 days touch two or three.
  choose_range("year");
  browser->choose("#resolution", "month");
  browser->until(drawn);
  browser->point_at("#chart", 0.99);
  browser->until("return /^[A-Z][a-z]+ 20\\d\\d$/.test(document.querySelector('#readout').textContent)");
  browser->choose("#resolution", "auto");
  choose_range("day");

  // The account's price, 0.18 EUR: a kWh/year costs that.
  const auto mean = [] {
    std::string text =
        browser->run("return document.querySelector('#summary td:nth-of-type(2)').textContent");
    std::erase(text, ',');
    return std::stod(text);
  };
  browser->choose("#unit", "kwhperyear");
  browser->until(
      "return document.querySelector('#summary td:nth-of-type(2)').textContent.endsWith(' kWh/year')");
  const double kwh = mean();
  browser->choose("#unit", "eurperyear");
  browser->until(
      "return document.querySelector('#summary td:nth-of-type(2)').textContent.endsWith(' EUR/year')");
  CHECK(mean() == Approx(kwh * 0.18).epsilon(0.01));
  browser->choose("#unit", "lperday");
  browser->until(
      "return document.querySelector('#summary td:nth-of-type(2)')?.textContent.endsWith(' L/day')");
  CHECK(text_of("#summary tbody th") == "water");
  browser->choose("#unit", "watt");
  browser->until("return document.querySelectorAll('#summary tbody tr').length === 2");

  // Kept with the account: another browser has it, too.
  until_kept("range=day&unit=watt");
  browser->run("localStorage.clear()");
  open("/");
  browser->until(drawn);
  CHECK(browser->run("return [...document.querySelectorAll('.chip:not([hidden]):has(:checked)')].map((chip) "
                     "=> chip.textContent)") == Json({"main", "solar"}));
  no_errors();
}

TEST_CASE("the dash is zoomed, tells what is under the mouse, and gives its rows as CSV") {
  browser->point_at("#chart", 0.5);
  browser->until("return /\\d W$/.test(document.querySelector('.cursor').textContent)");
  browser->click("#closer");
  browser->until("return location.search.includes('start=')");
  browser->until(drawn);
  browser->click("#earlier");
  browser->until(drawn);
  CHECK(browser->run("return document.querySelector('#later').disabled") == false);
  browser->click("#csv");
  std::string csv;
  for (int tries = 0; tries < 100 && csv.empty(); ++tries) {
    std::this_thread::sleep_for(50ms);
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().extension() == ".csv") {
        std::ostringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        csv = text.str();
      }
  }
  CHECK(csv.starts_with("time,\"main [W]\",\"solar [W]\"\r\n"));
  CHECK(std::count(csv.begin(), csv.end(), '\n') > 40);
  choose_range("day");
  browser->until("return !location.search.includes('start=')");
  no_errors();
}

TEST_CASE("live comes from the meter itself where the browser reaches it, else the newest that came") {
  choose_only({"main"});
  house->meter_is_near(true);
  choose_range("live");
  until_text("#note", "from the meter itself, by the second");
  // What its local interface says: 1 200 W and up to 180 W more.
  browser->until("return /^1,[23]\\d\\d W$/.test(document.querySelector('.cursor').textContent)");
  const Json first = browser->run("return document.querySelector('#chart canvas').toDataURL()");
  browser->until(
      fmt::format("return document.querySelector('#chart canvas').toDataURL() !== {}", first.dump()));
  browser->picture(folder / "Dash-live.png");
  no_errors();
  house->meter_is_near(false);
  until_text("#note", "the newest that came, by the minute");
  browser->until("return /\\d W$/.test(document.querySelector('.cursor').textContent)");
  browser->picture(folder / "Dash-newest.png");
  choose_range("day");
  until_kept("range=day");
  (void)browser->errors();  // the meter that has gone
}

TEST_CASE("a sensor's name is text, whatever it looks like, and its owner's name takes its place") {
  open(pages[0]);
  CHECK(
      browser->run(
          "return [...document.querySelectorAll('.chip')].some((chip) => chip.textContent === arguments[0])",
          {hostile_name}) == true);
  open(pages[1]);
  const std::string field = fmt::format("[data-sid='{}'] input", House::hostile_sid);
  CHECK(browser->run("return document.querySelector(arguments[0]).value", {field}) == hostile_name);
  CHECK(browser->run("return document.querySelectorAll('main script').length") == 0);
  browser->write(field, "<i>cellar</i>");
  browser->press_tab();
  until_sensors("<i>cellar</i>");
  open(pages[0]);
  CHECK(browser->run("return [...document.querySelectorAll('.chip')].some((chip) => chip.textContent === "
                     "'<i>cellar</i>')") == true);
  CHECK(browser->run("return document.querySelectorAll('main :is(script, i)').length") == 0);
  CHECK_FALSE(browser->alert_is_open());
  open(pages[1]);
  browser->write(field, "cellar");
  browser->press_tab();
  until_sensors("cellar");
  open(pages[0]);
  choose_only({"main", "solar"});
  browser->point_at("#chart", 0.5);
  browser->until("return /\\d W$/.test(document.querySelector('.cursor').textContent)");
  browser->picture(folder / "Dash-README.png");
  no_errors();
}

TEST_CASE("tokens of a sensor are made and revoked") {
  open(pages[1]);
  const std::string row = fmt::format("[data-sid='{}']", House::main_sid);
  browser->click(row + " button[aria-expanded]");
  const std::string count = fmt::format("return document.querySelectorAll(\"{} .tokens li\").length", row);
  browser->until(count + " === 1");
  browser->write(row + " .tokens input", "<b>for my script</b>");
  browser->click(row + " .tokens form button");
  browser->until(count + " === 2");
  until_text(row + " .tokens", "<b>for my script</b>");
  browser->picture(folder / "Devices-tokens.png");
  browser->click(row + " .tokens li:last-child button");
  browser->until(count + " === 1");
  no_errors();
}

TEST_CASE("what is shared is seen by who follows, and nothing else") {
  open(pages[1]);
  browser->click(fmt::format("[data-sid='{}'] .check", House::solar_sid));
  until_sensors("\"shared\":true");
  log_out();
  sign_up("fred");
  open(pages[2]);
  browser->write("#name", "nobody");
  browser->click("#add [type=submit]");
  until_text("#outcome", "nobody is called 'nobody'");
  (void)browser->errors();  // the answer 404
  browser->write("#name", "anna");
  browser->click("#add [type=submit]");
  until_text("#list", "shares 1 sensor");
  browser->picture(folder / "Following-one.png");
  open(pages[0]);
  CHECK(browser->run("return [...document.querySelectorAll('.chips')].map((group) => group.textContent)") ==
        Json({"annasolar"}));
  CHECK(browser->run("return fetch('/api/sensors').then((answer) => answer.text())")
            .get<std::string>()
            .find("127.0.0.1") == std::string::npos);
  browser->until("return /\\d W$/.test(document.querySelector('#summary td:nth-of-type(2)').textContent)");
  log_out();
  log_in("anna");
  no_errors();
}

TEST_CASE(
    "every page has its heading, is no wider than a phone, and has no text too faint to read, in light and "
    "dark") {
  for (const bool dark : {false, true})
    for (const int width : {wide, narrow}) {
      browser->look(width, dark);
      for (const Page& page : pages) {
        open(page);
        INFO(page.path << " at " << width << (dark ? " dark" : " light"));
        CHECK(text_of("h1") == page.heading);
        CHECK(text_of("nav a[aria-current=page]") == page.heading);
        CHECK(browser->run("return document.documentElement.scrollWidth") <= width);
        CHECK(browser->run(faint_texts) == Json::array());
        browser->picture(folder / fmt::format("{}-{}-{}.png", page.heading, width, dark ? "dark" : "light"));
      }
    }
  browser->look(wide, false);
  no_errors();
}

TEST_CASE("the keyboard reaches every page's controls, and it is seen where it is") {
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
    // The way past the navigation, the brand, the navigation, and the way out, at least.
    CHECK(reached >= static_cast<int>(3 + std::size(pages)));
    CHECK(reached < 100);
  }
}

TEST_CASE("an account's settings are changed, everything of it is saved, and it is deleted") {
  open(pages[3]);
  browser->write("#price-eur", "0,5 EUR");
  browser->click("#settings [type=submit]");
  CHECK(text_of("#settings-outcome").starts_with("A price is a number"));
  browser->write("#price-eur", "0,5");
  browser->click("#settings [type=submit]");
  until_text("#settings-outcome", "Saved.");
  const std::string hidden = text_of("#token");
  browser->click("#show-token");
  CHECK(text_of("#token").find_first_not_of("0123456789abcdef") == std::string::npos);
  browser->click("#show-token");
  CHECK(text_of("#token") == hidden);
  browser->click("a.button");
  std::size_t saved = 0;
  for (int tries = 0; tries < 100 && saved == 0; ++tries) {
    std::this_thread::sleep_for(50ms);
    std::error_code none;
    saved = std::filesystem::exists(folder / "openflm-1.tar")
                ? std::filesystem::file_size(folder / "openflm-1.tar", none)
                : 0;
  }
  CHECK(saved > 10'000);

  browser->click("#delete");
  browser->until("return document.querySelector('#ask').open");
  browser->picture(folder / "Account-delete.png");
  browser->write("#ask-password", "wrong horse");
  browser->click("#ask [type=submit]");
  until_text("#ask .error", "the password is wrong");
  (void)browser->errors();  // the answer 403
  browser->write("#ask-password", "correct horse");
  browser->click("#ask [type=submit]");
  browser->until("return location.pathname === '/login' && document.querySelector('#zone option') !== null");
  browser->write("#name", "anna");
  browser->write("#password", "correct horse");
  browser->click("#enter [type=submit]");
  until_text("#error", "name or password is wrong");
}

int main(int argc, char** argv) {
  return flm::browser::run({"--program FLMSERVER", [](const auto& given) { return !given.program.empty(); },
                            [](const auto& given) {
                              folder = given.folder;
                              house = std::make_unique<House>(given.program, folder);
                              browser = std::make_unique<Browser>(folder);
                            },
                            [] {
                              browser.reset();
                              house.reset();
                            }},
                           argc, argv);
}
