#include "tests/tools/web/browser/browser.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

#include "tests/tools/free_port.hpp"

namespace flm::browser {
namespace {

/// The protocol's name of an element's number.
constexpr const char* element_key = "element-6066-11e4-a52e-4f735466cecf";
/// The protocol's code of the key Tab.
constexpr const char* tab = "\uE004";

constexpr int phone_width = 500, height = 800;

std::size_t keep(char* bytes, std::size_t size, std::size_t count, void* text) {
  static_cast<std::string*>(text)->append(bytes, size * count);
  return size * count;
}

std::string of_base64(std::string_view text) {
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (const char c : text) {
    const std::size_t digit = digits.find(c);
    if (digit == digits.npos) break;  // '=' at the end
    bits = (bits << 6) | static_cast<unsigned>(digit);
    if ((count += 6) >= 8) {
      count -= 8;
      bytes += static_cast<char>((bits >> count) & 0xFF);
    }
  }
  return bytes;
}

}  // namespace

Browser::Browser(const std::filesystem::path& folder)
    : port_(test::free_port()),
      driver_({"chromedriver", "--port=" + std::to_string(port_)}, folder / "chromedriver.log") {
  using namespace std::chrono_literals;
  if (!listens(port_, 20s)) throw std::runtime_error("chromedriver does not start: " + driver_.words());
  // --no-sandbox: as root, as in a container. The others: nothing goes to the network by itself.
  const Json arguments = {"--headless=new",
                          "--no-sandbox",
                          "--disable-gpu",
                          "--disable-dev-shm-usage",
                          "--no-first-run",
                          "--disable-background-networking",
                          "--disable-component-update",
                          "--disable-sync",
                          "--lang=en-US"};
  const Json wanted = {{"browserName", "chrome"},
                       {"unhandledPromptBehavior", "ignore"},
                       {"goog:loggingPrefs", {{"browser", "ALL"}}},
                       {"goog:chromeOptions", {{"args", arguments}}}};
  session_ = ask("POST", "/session", {{"capabilities", {{"alwaysMatch", wanted}}}})["sessionId"];
  devtools("Browser.setDownloadBehavior",
           {{"behavior", "allow"}, {"downloadPath", std::filesystem::absolute(folder).string()}});
}

Browser::~Browser() {
  try {
    ask("DELETE", "/session/" + session_);
  } catch (const std::exception&) {
    // The driver's end ends its browser, too.
  }
}

Json Browser::ask(const char* method, const std::string& path, const Json& body) {
  const std::unique_ptr<CURL, void (*)(CURL*)> call(curl_easy_init(), curl_easy_cleanup);
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  const std::string address = "http://127.0.0.1:" + std::to_string(port_) + path, sent = body.dump();
  std::string answer;
  curl_easy_setopt(call.get(), CURLOPT_URL, address.c_str());
  curl_easy_setopt(call.get(), CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(call.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(call.get(), CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(call.get(), CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(call.get(), CURLOPT_WRITEDATA, &answer);
  if (!body.is_null()) {
    curl_easy_setopt(call.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(call.get(), CURLOPT_POSTFIELDS, sent.c_str());
  }
  if (const CURLcode error = curl_easy_perform(call.get()); error != CURLE_OK)
    throw std::runtime_error(std::string("chromedriver: ") + curl_easy_strerror(error));
  const Json value = Json::parse(answer).at("value");
  if (value.is_object() && value.contains("error"))
    throw std::runtime_error(value["error"].get<std::string>() + ": " +
                             value["message"].get<std::string>().substr(0, 400));
  return value;
}

Json Browser::devtools(std::string_view command, Json parameters) {
  return ask("POST", "/session/" + session_ + "/goog/cdp/execute",
             {{"cmd", command}, {"params", std::move(parameters)}});
}

void Browser::look(int width, bool dark) {
  const bool phone = width < phone_width;
  devtools("Emulation.setDeviceMetricsOverride",
           {{"width", width}, {"height", height}, {"deviceScaleFactor", phone ? 2 : 1}, {"mobile", phone}});
  const Json scheme = {{"name", "prefers-color-scheme"}, {"value", dark ? "dark" : "light"}};
  devtools("Emulation.setEmulatedMedia", {{"features", Json::array({scheme})}});
}

void Browser::open(const std::string& address) {
  ask("POST", "/session/" + session_ + "/url", {{"url", address}});
}

std::string Browser::address() { return ask("GET", "/session/" + session_ + "/url"); }

Json Browser::run(std::string_view script, Json arguments) {
  return ask("POST", "/session/" + session_ + "/execute/sync",
             {{"script", script}, {"args", std::move(arguments)}});
}

Json Browser::until(std::string_view script, std::chrono::seconds within) {
  const auto end = std::chrono::steady_clock::now() + within;
  for (;;) {
    Json value = run(script);
    const bool is = value.is_boolean() ? value.get<bool>() : !value.is_null() && value != 0 && value != "";
    if (is) return value;
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error("not within " + std::to_string(within.count()) + " s: " + std::string(script));
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
}

std::string Browser::element(const std::string& selector) {
  const Json found =
      ask("POST", "/session/" + session_ + "/element", {{"using", "css selector"}, {"value", selector}});
  return found.at(element_key);
}

std::string Browser::path_of(const std::string& selector) {
  return "/session/" + session_ + "/element/" + element(selector);
}

void Browser::click(const std::string& selector) {
  ask("POST", path_of(selector) + "/click", Json::object());
}

void Browser::write(const std::string& selector, const std::string& text) {
  const std::string field = path_of(selector);
  ask("POST", field + "/clear", Json::object());
  ask("POST", field + "/value", {{"text", text}});
}

void Browser::choose(const std::string& selector, const std::string& value) {
  click(selector + " option[value=\"" + value + "\"]");
}

void Browser::press_tab() {
  const Json keys = {
      {"type", "key"},
      {"id", "keys"},
      {"actions", {{{"type", "keyDown"}, {"value", tab}}, {{"type", "keyUp"}, {"value", tab}}}}};
  ask("POST", "/session/" + session_ + "/actions", {{"actions", Json::array({keys})}});
}

void Browser::point_at(const std::string& selector, double across) {
  const int width = run("return document.querySelector(arguments[0]).clientWidth", {selector});
  const Json move = {{"type", "pointerMove"},
                     {"duration", 50},
                     {"x", static_cast<int>((across - 0.5) * width)},
                     {"y", 0},
                     {"origin", {{element_key, element(selector)}}}};
  const Json mouse = {{"type", "pointer"}, {"id", "mouse"}, {"actions", Json::array({move})}};
  ask("POST", "/session/" + session_ + "/actions", {{"actions", Json::array({mouse})}});
}

void Browser::picture(const std::filesystem::path& file) {
  const Json size = run("return [innerWidth, Math.min(4000, document.documentElement.scrollHeight)]");
  const Json clip = {{"x", 0}, {"y", 0}, {"width", size[0]}, {"height", size[1]}, {"scale", 1}};
  const Json shot = devtools("Page.captureScreenshot", {{"captureBeyondViewport", true}, {"clip", clip}});
  std::ofstream(file, std::ios::binary) << of_base64(shot["data"].get<std::string>());
}

std::vector<std::string> Browser::errors() {
  std::vector<std::string> texts;
  for (const Json& entry : ask("POST", "/session/" + session_ + "/se/log", {{"type", "browser"}}))
    if (entry["level"] == "SEVERE" || entry["level"] == "WARNING")
      texts.push_back(entry["message"].get<std::string>());
  return texts;
}

bool Browser::alert_is_open() {
  try {
    ask("GET", "/session/" + session_ + "/alert/text");
    return true;
  } catch (const std::runtime_error&) {
    return false;  // "no such alert"
  }
}

}  // namespace flm::browser
