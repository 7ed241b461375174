// What the pages are tried on: flmd on a simulated board, or a server that somebody else has started.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "tests/tools/web/browser/browser.hpp"

namespace flm::browser {

/// Name of a sensor of the site: shown as text, it looks like this.
inline constexpr const char* hostile_name = "<script>alert(1)</script>";

class Site {
 public:
  /// With a broker of its own. `program`: flmd; `scenario`: a board with sensors 1 to 5; `folder`: for its
  /// state, logs and pictures.
  Site(std::string program, std::filesystem::path scenario, const std::filesystem::path& folder);
  /// A server at an address without a path, which is not stopped.
  Site(std::string address, const std::filesystem::path& folder);

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] bool can_stop() const { return !program_.empty(); }
  /// Throws std::runtime_error with what the program said when it does not answer.
  void start();
  void stop();
  /// To the broker, retained.
  void publish(const std::string& topic, const std::string& payload);
  /// Text at the end of the configuration's file, as by an editor.
  void add_to_configuration(const std::string& text);
  /// Stops the program where it is, or lets it go on.
  void freeze(bool still);

 private:
  std::string program_, address_;
  std::filesystem::path folder_;
  int port_ = 0, broker_port_ = 0;
  std::unique_ptr<Program> broker_, running_;
};

}  // namespace flm::browser
