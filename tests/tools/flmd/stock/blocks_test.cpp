#include "tools/flmd/stock/blocks.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

#include "tests/field_data.hpp"
#include "tests/sim/temporary_folder.hpp"
#include "tools/common/input_error.hpp"
#include "tools/history/tmpo_block.hpp"

using namespace flm;
using namespace flm::flmd;
namespace fs = std::filesystem;

namespace {

const std::string sid(32, 'a'), stranger(32, 'b');

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void block(const fs::path& root, const std::string& path, const std::string& bytes) {
  fs::create_directories((root / "sensor" / path).parent_path());
  std::ofstream(root / "sensor" / path, std::ios::binary) << bytes;
}

/// A level-8 block of two points that begins at 1404225536.
std::string good(const std::string& of) {
  const std::vector<history::Point> points = {{1404225540, 7'000}, {1404225550, 9'500}};
  return history::encode(R"({"id":")" + of + R"(","class":"pulse"})", points);
}

}  // namespace

TEST_CASE("blocks of known sensors are copied byte for byte, under every recycle id") {
  const TemporaryFolder folder;
  const fs::path from = folder.path() / "tmpo", to = folder.path() / "history";
  block(from, sid + "/0/8/1404225536", good(sid));
  block(from, sid + "/2/8/1404225536", good(sid));
  const auto copied = stock::copy_blocks(from, to, {sid});
  CHECK(copied.blocks == 2);
  CHECK(copied.notes.empty());
  CHECK(copied.newest.at(sid) == history::Point{1404225550, 9'500});
  for (const std::string rid : {"0", "2"}) {
    const std::string path = "sensor/" + sid + "/" + rid + "/8/1404225536";
    CHECK(bytes_of(to / path) == bytes_of(from / path));
  }
  CHECK_FALSE(fs::exists(from / "lock"));  // stock's folder is only read
}

TEST_CASE("what is damaged, strange or no block is told, and nothing of it is lost") {
  const TemporaryFolder folder;
  const fs::path from = folder.path() / "tmpo", to = folder.path() / "history";
  const std::string name = "/0/8/1404225536";
  SECTION("a block of a sensor that the configuration does not have stays") {
    block(from, stranger + name, good(stranger));
    const auto copied = stock::copy_blocks(from, to, {sid});
    REQUIRE(copied.notes.size() == 1);
    CHECK(copied.notes[0] == (from / "sensor" / stranger).string() +
                                 ": 1 blocks of a sensor that the configuration does not have: not copied");
    CHECK_FALSE(fs::exists(to / "sensor"));
  }
  SECTION("a block of which nothing can be read goes out of the way") {
    block(from, sid + name, "no gzip");
    const auto copied = stock::copy_blocks(from, to, {sid});
    REQUIRE(copied.notes.size() == 1);
    CHECK_THAT(copied.notes[0], Catch::Contains(": is damaged, ") &&
                                    Catch::EndsWith(": copied to damaged/" + sid + "-0-8-1404225536"));
    CHECK(bytes_of(to / "damaged" / (sid + "-0-8-1404225536")) == "no gzip");
    CHECK(copied.newest.empty());
  }
  SECTION("a block that is another sensor's") {
    block(from, sid + name, good(stranger));
    CHECK_THAT(stock::copy_blocks(from, to, {sid}).notes.at(0), Catch::Contains("is damaged"));
  }
  SECTION("files that are no blocks") {
    block(from, sid + "/0/8/1404225537", good(sid));
    block(from, sid + "/0/9/1404225536", good(sid));
    fs::create_directories(from / "sensor" / sid / "0" / "8" / "1404225792");
    const auto copied = stock::copy_blocks(from, to, {sid});
    CHECK(copied.blocks == 0);
    CHECK(copied.notes.size() == 3);
    for (const std::string& line : copied.notes)
      CHECK_THAT(line, Catch::EndsWith(": is no block: not copied"));
  }
  SECTION("another folder") {
    CHECK_THROWS_WITH(stock::copy_blocks(folder.path() / "none", to, {sid}),
                      Catch::EndsWith("has no folder 'sensor'; allowed: stock's history, /usr/share/tmpo"));
    CHECK_FALSE(fs::exists(to));
  }
}

TEST_CASE("the published blocks of a real Fluksometer come over byte for byte, with stock's old faults") {
  const std::string real = "fed676021dacaaf6a12a8dda7685be34";  // flukso/tmpo, example/
  const fs::path published = fs::path(FLM_FIELD_DATA) / "tmpo" / real;
  if (!fs::exists(published)) {
    SUCCEED("skipped: no " << published);
    return;
  }
  const TemporaryFolder folder;
  const fs::path from = folder.path() / "tmpo", to = folder.path() / "history";
  fs::create_directories(from / "sensor");
  fs::create_directory_symlink(published, from / "sensor" / real);
  const auto copied = stock::copy_blocks(from, to, {real});
  std::uint64_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(published)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    CHECK(bytes_of(to / "sensor" / real / fs::relative(entry.path(), published)) == bytes_of(entry.path()));
  }
  CHECK(copied.blocks == files);
  // data/tmpo/INDEX.tsv: a level-20 block is no valid JSON, and joins before 2014-09 stand twice.
  CHECK_THAT(copied.notes.back(), Catch::Contains("have the fault that stock made until 2014-09"));
}
