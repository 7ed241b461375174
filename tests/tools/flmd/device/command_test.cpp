// Commands of the button: real programs of every Debian.
#include "tools/flmd/device/command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/sim/temporary_folder.hpp"

namespace flm::flmd {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

struct Runner {
  explicit Runner(CommandRunner::Limits limits = {}) : limits_(limits) {}
  void finish() {
    loop.restart();  // it has been out of work
    for (const auto until = std::chrono::steady_clock::now() + 10s;
         commands.busy() && std::chrono::steady_clock::now() < until;)
      loop.run_for(10ms);
    REQUIRE_FALSE(commands.busy());
  }
  Lines of(const std::vector<std::string>& words) {
    commands.run(words);
    finish();
    return std::exchange(lines, {});
  }

 private:
  CommandRunner::Limits limits_;

 public:
  boost::asio::io_context loop;
  Lines lines;
  CommandRunner commands{loop, [this](const std::string& line) { lines.push_back(line); }, limits_};
};

TEST_CASE("what a command writes is logged line by line, and how it ends") {
  Runner runner;
  CHECK(runner.of({"printf", "one\\ntwo\\n\\nlast"}) ==
        Lines{"printf: one", "printf: two", "printf: ", "printf: last", "printf: done"});
  CHECK(runner.of({"sh", "-c", "echo no >&2; exit 3"}) == Lines{"sh: no", "sh: ended with 3"});
  CHECK(runner.of({"sh", "-c", "kill -TERM $$"}) == Lines{"sh: ended by signal 15"});
}

TEST_CASE("words reach the program as they are: no shell has read them") {
  Runner runner;
  CHECK(runner.of({"printf", "%s\\n", "$HOME; `id` *", ""}) ==
        Lines{"printf: $HOME; `id` *", "printf: ", "printf: done"});
}

TEST_CASE("a program that is not there is said, and the next command is run") {
  Runner runner;
  CHECK(runner.of({"/nowhere/toggle", "secret"}) ==
        Lines{"/nowhere/toggle: cannot be run: No such file or directory"});
  CHECK(runner.of({"true"}) == Lines{"true: done"});
}

TEST_CASE("a command has no input, no file of flmd's, and signals as a login has them") {
  const TemporaryFolder folder;
  const int inherited = ::open(folder.file("secret", "x").c_str(), O_RDONLY);  // without O_CLOEXEC
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked, old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &old);
  Runner runner;
  CHECK(runner.of({"cat"}) == Lines{"cat: done"});
  const std::string path = "/proc/self/fd/" + std::to_string(inherited);
  CHECK(runner.of({"test", "-e", path}) == Lines{"test: ended with 1"});
  CHECK(runner.of({"sh", "-c", "kill -PIPE $$"}) == Lines{"sh: ended by signal 13"});
  CHECK(runner.of({"sh", "-c", "kill -TERM $$"}) == Lines{"sh: ended by signal 15"});
  sigprocmask(SIG_SETMASK, &old, nullptr);
  std::signal(SIGPIPE, before);
  ::close(inherited);
}

TEST_CASE("one command runs at a time") {
  Runner runner;
  runner.commands.run({"sh", "-c", "sleep 0.3; echo first"});
  runner.commands.run({"echo", "second"});
  CHECK(runner.commands.busy());
  runner.finish();
  CHECK(runner.lines == Lines{"echo: is not run while sh runs", "sh: first", "sh: done"});
}

TEST_CASE("a command that goes on too long is ended, with all that it started") {
  Runner runner({200ms, 200ms});
  CHECK(runner.of({"sleep", "60"}) ==
        Lines{"sleep: runs for more than 0.2 s, and is ended", "sleep: ended by signal 15"});
  const TemporaryFolder folder;
  const std::string pid = (folder.path() / "pid").string();
  // Neither takes SIGTERM.
  CHECK(runner.of({"sh", "-c", "trap '' TERM; sleep 60 & echo $! >" + pid + "; wait; wait"}) ==
        Lines{"sh: runs for more than 0.2 s, and is ended", "sh: ended by signal 9"});
  int child = 0;
  std::ifstream(pid) >> child;
  REQUIRE(child > 0);
  // Gone, or a zombie that waits for init.
  std::string state = "gone", word;
  for (std::ifstream status("/proc/" + std::to_string(child) + "/status"); status >> word;)
    if (word == "State:") status >> state;
  CHECK((state == "gone" || state == "Z" || state == "X"));
}

TEST_CASE("a command that leaves a program behind has ended, and the log does not wait for that one") {
  Runner runner;
  const auto begin = std::chrono::steady_clock::now();
  CHECK(runner.of({"sh", "-c", "sleep 3 & echo left"}) == Lines{"sh: left", "sh: done"});
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
}

TEST_CASE("a command that floods does not fill the log, nor a line of any length the memory") {
  Runner runner;
  const Lines lines = runner.of({"seq", "500"});
  REQUIRE(lines.size() == 102);
  CHECK(lines[99] == "seq: 100");
  CHECK(lines[100] == "seq: writes more, which is not shown");
  CHECK(lines[101] == "seq: done");
  const Lines cut = runner.of({"printf", "%02500d"});
  REQUIRE(cut.size() == 4);
  CHECK(cut[0] == "printf: " + std::string(1000, '0'));
  CHECK(cut[2] == "printf: " + std::string(500, '0'));
}

}  // namespace
}  // namespace flm::flmd
