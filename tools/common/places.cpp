#include "tools/common/places.hpp"

#include <cstdlib>

namespace flm {
namespace {

namespace fs = std::filesystem;

/// The folder that bin/ is in.
fs::path prefix() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
}
fs::path share() { return prefix() / "share" / "openflm"; }

/// A variable of the environment; empty when there is none.
std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

fs::path image_folder() {
  return fs::is_directory(share() / "firmware") ? share() / "firmware" : prefix() / "firmware";
}

fs::path programmer_configuration(const std::string& board) {
  const fs::path beside = fs::path("boards") / board / "avrdude.conf";
  return fs::is_directory(share() / "boards")
             ? share() / beside
             : prefix().parent_path() / beside;  // build/ lies in the checkout
}

fs::path state_folder() {
  fs::path folder = variable("XDG_STATE_HOME");
  if (!folder.is_absolute()) folder = fs::path(variable("HOME")) / ".local" / "state";
  return folder / "openflm";
}

}  // namespace flm
