#include "tools/flmd/site/state.hpp"

#include <sys/stat.h>
#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

#include "tests/sim/temporary_folder.hpp"
#include "tools/common/input_error.hpp"

using namespace flm;
using namespace flm::flmd;
namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("ids are drawn once, kept, and for nobody else to read: the key is among them") {
  const TemporaryFolder folder;
  Ids first;
  {
    State state(folder.path());
    const std::string sid = state.ids().sensors[1] = draw_id();
    state.ids().rids[sid] = 2;
    state.ids().spare[64] = draw_id();
    state.save();
    first = state.ids();
  }
  struct stat facts {};
  REQUIRE(stat((folder.path() / "ids.json").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  State again(folder.path());
  CHECK(again.ids() == first);
}

TEST_CASE("ids that cannot be read are not replaced") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "ids.json";
  SECTION("a link in a circle stands for all that is not 'no such file', as no permission is not for root") {
    fs::create_symlink("ids.json", file);
    CHECK_THROWS_WITH(State(folder.path()), Catch::Contains("ids.json: cannot be read: "));
    CHECK(fs::is_symlink(file));
  }
  SECTION("damaged") {
    const std::string damaged =
        GENERATE(as<std::string>(), "", "{", "[]", R"({"device":"00","key":"00"})",
                 R"({"device":1,"key":2,"sensors":{},"registers":{}})",
                 // 32 digits each; a number that no sensor has
                 R"({"device":")" + std::string(32, 'a') + R"(","key":")" + std::string(32, 'a') +
                     R"(","sensors":{"65":")" + std::string(32, 'a') + R"("},"registers":{}})");
    folder.file("ids.json", damaged);
    CHECK_THROWS_WITH(State(folder.path()), Catch::Contains("ids.json: is damaged"));
    CHECK(text_of(file) == damaged);
  }
  SECTION("a register without its sensor would get an empty id") {
    const std::string id(32, 'a');
    folder.file("ids.json",
                R"({"device":")" + id + R"(","key":")" + id + R"(","sensors":{},"registers":{"gas":7}})");
    CHECK_THROWS_WITH(State(folder.path()), Catch::Contains("a register has no sensor"));
  }
}

TEST_CASE("a second user of the same state is refused, and told who has it") {
  const TemporaryFolder folder;
  const State state(folder.path());
  CHECK_THROWS_WITH(State(folder.path()),
                    Catch::Contains("another flmd is using it (process " + std::to_string(getpid()) + ")"));
}
