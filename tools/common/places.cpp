#include "tools/common/places.hpp"

namespace flm {
namespace {

namespace fs = std::filesystem;

/// The folder that bin/ is in.
fs::path prefix() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
}
fs::path share() { return prefix() / "share" / "openflm"; }

}  // namespace

fs::path image_folder() { return fs::is_directory(share() / "firmware") ? share() / "firmware" : prefix() / "firmware"; }

fs::path programmer_configuration(const std::string& board) {
  const fs::path beside = fs::path("boards") / board / "avrdude.conf";
  return fs::is_directory(share() / "boards") ? share() / beside : prefix().parent_path() / beside;  // build/ lies in the checkout
}

}  // namespace flm
