#include "tools/common/files.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/sim/temporary_folder.hpp"
#include "tools/common/atomic_file.hpp"
#include "tools/common/input_error.hpp"

namespace {

namespace fs = std::filesystem;
using namespace flm;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

/// Complaint about writing it, where s.toml is read; empty: none.
std::string refusal(const fs::path& folder, const std::string& name, const FileKind& kind = html_page) {
  FileUse files;
  files.reads(folder / "s.toml", "the scenario");
  try {
    files.writes(folder / name, "--report", kind);
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

void put(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

}  // namespace

TEST_CASE("an output is not an input, by whatever name") {
  const TemporaryFolder folder;
  put(folder.path() / "s.toml", "board = \"flm02b\"\n");
  fs::create_directory(folder.path() / "sub");
  fs::create_symlink("s.toml", folder.path() / "link");
  fs::create_hard_link(folder.path() / "s.toml", folder.path() / "hard");
  for (const char* name : {"s.toml", "./s.toml", "sub/../s.toml", "link", "hard"})
    CHECK_THAT(refusal(folder.path(), name),
               EndsWith("is the scenario, which --report would overwrite; allowed: a different name"));
}

TEST_CASE("two outputs are two files, also where neither exists yet") {
  const TemporaryFolder folder;
  FileUse files;
  files.writes(folder.path() / "r.html", "--report", html_page);
  CHECK_THROWS_WITH(files.writes(folder.path() / "." / "r.html", "--vcd", value_change_dump),
                    EndsWith("--report and --vcd would write the same file; allowed: a name for each"));
}

TEST_CASE("an output replaces only its own kind") {
  const TemporaryFolder folder;
  put(folder.path() / "page.html", "\n<!DOCTYPE html>\n<p>");
  put(folder.path() / "empty", "");
  put(folder.path() / "notes.txt", "my notes");
  put(folder.path() / "dump.vcd", "$date today $end\n");
  put(folder.path() / "sums.xml", "<?xml version=\"1.0\"?>\n<accounts/>\n");
  put(folder.path() / "results.xml", "<?xml version=\"1.0\"?>\n<testsuites/>\n");
  put(folder.path() / "board.bin", std::string(512, '\xFF'));
  CHECK(refusal(folder.path(), "page.html").empty());
  CHECK(refusal(folder.path(), "empty").empty());
  CHECK(refusal(folder.path(), "new.html").empty());
  CHECK(refusal(folder.path(), "dump.vcd", value_change_dump).empty());
  CHECK(refusal(folder.path(), "results.xml", xml_file).empty());
  CHECK(refusal(folder.path(), "board.bin", eeprom_contents).empty());
  CHECK_THAT(refusal(folder.path(), "notes.txt"),
             EndsWith("notes.txt: is there and is not an HTML page: --report does not replace it; allowed: a "
                      "new name, or an HTML page"));
  CHECK_THAT(refusal(folder.path(), "dump.vcd"), Contains("is not an HTML page"));
  CHECK_THAT(refusal(folder.path(), "page.html", value_change_dump), Contains("is not a value change dump"));
  CHECK_THAT(refusal(folder.path(), "sums.xml", xml_file), Contains("is not JUnit XML"));
  CHECK_THAT(refusal(folder.path(), "notes.txt", eeprom_contents), Contains("is not an EEPROM's 512 bytes"));
}

TEST_CASE("where nothing can be written is said before the work") {
  const TemporaryFolder folder;
  put(folder.path() / "file", "x");
  fs::create_directory(folder.path() / "sub");
  CHECK_THAT(refusal(folder.path(), "sub"), EndsWith("cannot write: is a folder"));
  CHECK_THAT(refusal(folder.path(), "new/"), EndsWith("cannot write: is the name of a folder"));
  CHECK_THAT(refusal(folder.path(), "none/r.html"), Contains("cannot write: there is no folder"));
  CHECK_THAT(refusal(folder.path(), "file/r.html"),
             EndsWith("cannot write: is in no folder: a part of its path is a file"));
  CHECK_THAT(refusal("/dev", "null"), EndsWith("cannot write: not a regular file"));
}

TEST_CASE("a file that cannot be read is called what it is") {
  const TemporaryFolder folder;
  put(folder.path() / "empty.toml", "");
  put(folder.path() / "full.toml", "x");
  CHECK_THROWS_WITH(check_input(folder.path(), "a scenario (.toml)"),
                    EndsWith(": is a folder; allowed: a scenario (.toml)"));
  CHECK_THROWS_WITH(check_input(folder.path() / "none.toml", "a scenario (.toml)"),
                    EndsWith("none.toml: no such file; allowed: a scenario (.toml)"));
  CHECK_THROWS_WITH(check_input(folder.path() / "empty.toml", "a scenario (.toml)"),
                    EndsWith("empty.toml: is empty; allowed: a scenario (.toml)"));
  CHECK_THROWS_WITH(check_input(folder.path() / "full.toml" / "x", "a page"),
                    EndsWith("is in no folder: a part of its path is a file; allowed: a page"));
  CHECK_NOTHROW(check_input(folder.path() / "full.toml", "a page"));
  put(folder.path() / "a.elf",
      "\x7F"
      "ELF and more");
  put(folder.path() / "notepad.toml", std::string("\xFF\xFE"
                                                  "b\0o\0",
                                                  6));
  put(folder.path() / "picture.toml", std::string("\x89PNG\r\n\0\0", 8));
  put(folder.path() / "marked.toml",
      "\xEF\xBB\xBF"
      "board = 1");
  CHECK_THROWS_WITH(check_text(folder.path() / "a.elf", "a configuration"),
                    EndsWith("is a program or an image, not text; allowed: a configuration"));
  CHECK_THROWS_WITH(check_text(folder.path() / "notepad.toml", "a configuration"),
                    EndsWith("is UTF-16: save it as UTF-8; allowed: a configuration"));
  CHECK_THROWS_WITH(check_text(folder.path() / "picture.toml", "a configuration"),
                    EndsWith("is not text; allowed: a configuration"));
  CHECK_NOTHROW(check_text(folder.path() / "marked.toml", "a configuration"));
  CHECK(reason(EACCES) == "no permission");
}

TEST_CASE("a file that is committed durably is whole, and nothing else stays") {
  const TemporaryFolder folder;
  put(folder.path() / "cursor.json", "the old one, which is longer");
  AtomicFile file(folder.path() / "cursor.json");
  file.write("{}\n");
  file.commit_durably();
  std::ifstream stream(folder.path() / "cursor.json");
  CHECK(std::string(std::istreambuf_iterator<char>(stream), {}) == "{}\n");
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
}
