// Chromium without a screen, by the W3C's WebDriver protocol, over HTTP to Debian's chromedriver.
#pragma once
#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tools/web/browser/program.hpp"

namespace flm::browser {

using Json = nlohmann::json;

/// One window. Whatever goes wrong throws std::runtime_error with the driver's words.
class Browser {
 public:
  /// `folder`: for its logs, and for files that pages let the user save.
  explicit Browser(const std::filesystem::path& folder);
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  /// Width of the window in CSS pixels (below 500: a phone's), and whether the user likes it dark. Holds from
  /// then on.
  void look(int width, bool dark);
  /// Loads a page, and waits until its scripts have run.
  void open(const std::string& address);
  [[nodiscard]] std::string address();

  /// What JavaScript's `return` gives; arguments are arguments[0] and so on.
  Json run(std::string_view script, Json arguments = Json::array());
  /// Runs the script again and again until it returns something true, and returns that. Throws when it has
  /// not in time.
  Json until(std::string_view script, std::chrono::seconds within = std::chrono::seconds(10));

  // As the user does it, on the first element that a CSS selector finds.
  void click(const std::string& selector);
  /// Replaces what is in a field.
  void write(const std::string& selector, const std::string& text);
  void choose(const std::string& selector, const std::string& value);
  void press_tab();
  /// Moves the mouse over an element: `across` of its width from the left, 0 to 1, and half its height.
  void point_at(const std::string& selector, double across);

  /// The whole page, or its first 4 000 pixels.
  void picture(const std::filesystem::path& file);
  /// Errors of the console since the last call: scripts, policy, files that are not there.
  std::vector<std::string> errors();
  /// Whether alert() stands open.
  [[nodiscard]] bool alert_is_open();

 private:
  Json ask(const char* method, const std::string& path, const Json& body = nullptr);
  /// Number of an element, and its path at the driver.
  std::string element(const std::string& selector);
  std::string path_of(const std::string& selector);
  Json devtools(std::string_view command, Json parameters);

  int port_;
  Program driver_;
  std::string session_;
};

}  // namespace flm::browser
