#include "tools/flmd/report/cursor.hpp"

#include <catch2/catch.hpp>

#include "tests/tools/flmd/report/surroundings.hpp"
#include "tools/common/input_error.hpp"

using namespace flm::flmd;

namespace {
const Series gas{"0123456789abcdef0123456789abcdef", 0};
const Series kube{"fedcba9876543210fedcba9876543210", 2};
}  // namespace

TEST_CASE("a cursor is where it was before a restart") {
  const Folder folder;
  {
    Cursor cursor(folder / "report.json");
    CHECK(cursor.at(gas) == before_all);
    CHECK_FALSE(cursor.moved());
    cursor.move(gas, 1458756425);
    cursor.move(kube, 1458756431);
    CHECK(cursor.moved());
    cursor.save();
    CHECK_FALSE(cursor.moved());
  }
  const Cursor again(folder / "report.json");
  CHECK(again.complaint().empty());
  CHECK(again.at(gas) == 1458756425);
  CHECK(again.at(kube) == 1458756431);
  CHECK(again.at({kube.sid, 0}) == before_all);
  CHECK(text_of(folder / "report.json") ==
        "{\"0123456789abcdef0123456789abcdef/0\":1458756425,\"fedcba9876543210fedcba9876543210/"
        "2\":1458756431}\n");
}

TEST_CASE(
    "a cursor's file that is torn, of another kind or beyond all time starts everything anew, and says so") {
  const Folder folder;
  const auto file = folder / "report.json";
  const std::string whole = R"({"0123456789abcdef0123456789abcdef/0":1458756425})";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write_text(file, whole.substr(0, length));
    const Cursor cursor(file);
    CHECK(cursor.complaint() ==
          file.string() + ": is torn, or no reporter's file; everything that the history has is sent again");
    CHECK(cursor.at(gas) == before_all);
  }
  for (const char* text :
       {"[]", "7", R"({"0123456789abcdef0123456789abcdef":1})", R"({"0123456789abcdef0123456789abcdef/":1})",
        R"({"0123456789abcdef0123456789abcdef/0x":1})", R"({"0123456789ABCDEF0123456789abcdef/0":1})",
        R"({"0123456789abcdef0123456789abcdef/-1":1})", R"({"0123456789abcdef0123456789abcdef/0":"1"})",
        R"({"0123456789abcdef0123456789abcdef/0":1.5})", R"({"0123456789abcdef0123456789abcdef/0":-1})",
        R"({"0123456789abcdef0123456789abcdef/0":100000000001})", "\xff\xfe"}) {
    write_text(file, text);
    CHECK_FALSE(Cursor(file).complaint().empty());
  }
  write_text(file, whole);
  CHECK(Cursor(file).at(gas) == 1458756425);
}

TEST_CASE("a cursor that cannot be written says why, and the old file stays") {
  const Folder folder;
  std::filesystem::create_directory(folder / "report.json");
  Cursor cursor(folder / "report.json");
  cursor.move(gas, 1);
  CHECK_THROWS_WITH(cursor.save(), Catch::Contains("cannot write: not a regular file"));
  CHECK(cursor.moved());
}

TEST_CASE("each server has a cursor's file of its own") {
  const auto one = cursor_file("/var/lib/flmd", "influx", "http://a/write?db=x");
  CHECK(one == cursor_file("/var/lib/flmd", "influx", "http://a/write?db=x"));
  CHECK(one != cursor_file("/var/lib/flmd", "influx", "http://a/write?db=y"));
  CHECK(one.parent_path() == "/var/lib/flmd");
  CHECK(one.filename().string().starts_with("report-influx-"));
  CHECK(one.extension() == ".json");
}
