// Flashing a simulated board with Debian's own avrdude, whose GPIO lines end at a model of the controller
// (tests/boards/isp_chip.cpp).
#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

#include "tests/boards/intel_hex.hpp"
#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/mainboard/bus/faulty_bus.hpp"
#include "tools/common/input_error.hpp"
#include "tools/flash/flasher.hpp"
#include "tools/mainboard/link/link_text.hpp"

using namespace flm;
using namespace flm::flash;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// A board in the native engine that starts anew with whatever the controller's EEPROM holds.
class Flashable {
 public:
  explicit Flashable(const TemporaryFolder& folder) : chip_(folder.path() / "chip"), bus_(scenario()) {
    start(std::vector<std::uint8_t>(512, 0xFF));
    bus_.tamper = [this](const Message& sent, Message& reply) {
      if (!stores && sent == commit_message()) reply = {'z', 'z', {}, {}, {}};
      if (stock_ && std::string("vtnojuy").find(sent.letter) != std::string::npos && sent.verb != 'c')
        reply = {sent.verb, sent.letter, {}, {}, {}};
    };
  }
  operator mainboard::Board&() { return board_; }  // NOLINT: it is one

  /// Numbers of the reply to a command line, the index included.
  std::vector<std::int64_t> ask(const std::string& line) {
    const Message reply = board_.request(message_of(line));
    std::vector<std::int64_t> numbers(reply.values.begin(), reply.values.end());
    if (reply.index) numbers.insert(numbers.begin(), *reply.index);
    return numbers;
  }
  void set(const std::string& line) { board_.request(line); }
  bool stores = true;  ///< false: a commit is answered `zz`

  /// Runs avrdude on this board's controller; `cut`: the controller falls silent after so many pages.
  int flash(const Command& command, const std::string& cut = "") {
    std::vector<std::uint8_t> memory(16384, 0x55);
    const auto eeprom = bus_.eeprom();
    memory.insert(memory.end(), eeprom.begin(), eeprom.end());
    memory.insert(memory.end(), {0x6E, 0xDE, 0xF9});
    if (!std::filesystem::exists(chip_))
      std::ofstream(chip_, std::ios::binary).write(reinterpret_cast<const char*>(memory.data()), 16899);
    Command with = {"env", "LD_PRELOAD=" FLM_ISP_CHIP, "ISP_BOARD=flm02b", "ISP_CHIP=" + chip_.string()};
    if (!cut.empty()) with.push_back("ISP_CUT=" + cut);
    with.insert(with.end(), command.begin(), command.end());
    with.push_back("-q");
    with.push_back("-q");
    const int status = run(with);
    std::ifstream in(chip_, std::ios::binary);
    std::vector<char> bytes(16899);
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (as_typed(command).find("flash:w") != std::string::npos) {
      const auto image = test::read_intel_hex(FLM_IMAGE_DIR "/flm02b.hex");
      bus_.silent = !std::equal(image.begin(), image.end(), bytes.begin(),
                                [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
      stock_ = false;
      start(std::vector<std::uint8_t>(bytes.begin() + 16384, bytes.begin() + 16384 + 512));
    }
    return status;
  }

  bool stock_ = false;  ///< answers as a stock board: no extensions

 private:
  static const sim::Scenario& scenario() {
    static const sim::Scenario s = [] {
      sim::Scenario empty;
      empty.board = "flm02b";
      empty.duration = 1000.0;
      return empty;
    }();
    return s;
  }
  void start(const std::vector<std::uint8_t>& eeprom) {
    bus_.restart(eeprom);
    bus_.wait(std::chrono::milliseconds(500));
  }

  std::filesystem::path chip_;
  test::FaultyBus bus_;
  mainboard::Board board_{bus_, "bench"};
};

const char* const configuration[] = {"sp 0 1 255 3 255 255",
                                     "sm 0 5163",
                                     "sm 3 0",
                                     "sf 3 500",
                                     "sc 0 123456",
                                     "sc 3 77",
                                     "sk 1 0 1",
                                     "se 0 1",
                                     "se 3 1"};
const char* const extensions[] = {"st 1 2100", "sn 0 300", "so 2 65500", "sj 3 200"};

void configure(Flashable& board, bool with_extensions = true) {
  for (const char* line : configuration) board.set(line);
  if (with_extensions)
    for (const char* line : extensions) board.set(line);
}

void check_configured(Flashable& board, bool with_extensions = true) {
  const auto check = [&](const std::string& line) {
    const std::string get = "g" + line.substr(1, line[1] == 'p' || line[1] == 'k' ? 1 : 3);
    std::string now = line.substr(0, 2);
    for (const std::int64_t number : board.ask(get)) now += " " + std::to_string(number);
    CHECK(now == line);
  };
  for (const char* line : configuration) check(line);
  if (with_extensions)
    for (const char* line : extensions) check(line);
}

struct Attempt {
  FlashOptions options;
  std::string said;
  std::vector<std::string> ran;
  std::string cut;

  Attempt(Flashable& board, const TemporaryFolder& folder) {
    options.folder = folder.path() / "saved";
    options.say = [this](const std::string& line) { said += line + "\n"; };
    options.run = [this, &board](const Command& command) {
      ran.push_back(as_typed(command));
      return board.flash(command, command.back().starts_with("eeprom:w") ? cut : "");
    };
  }
  [[nodiscard]] std::filesystem::path saved_file() const {
    for (const auto& entry : std::filesystem::directory_iterator(options.folder))
      if (entry.path().extension() == ".settings") return entry.path();
    return {};
  }
};

FlashFiles files() {
  return {"flm02b", FLM_SOURCE_DIR "/boards/flm02b/avrdude.conf", FLM_IMAGE_DIR "/flm02b.hex",
          FLM_IMAGE_DIR "/flm02b.eep"};
}

}  // namespace

TEST_CASE("a board with OpenFLM is flashed, and has its settings and counters back from its own EEPROM") {
  const TemporaryFolder folder;
  Flashable board(folder);
  configure(board);
  Attempt attempt(board, folder);
  flash_board(board, files(), attempt.options);
  check_configured(board);
  REQUIRE(attempt.ran.size() == 2);
  CHECK_THAT(attempt.ran[0], Contains("-c flm02b -p m168p -U flash:r:") && Contains("-U eeprom:r:"));
  CHECK_THAT(attempt.ran[1], Contains("-U lfuse:w:0x6E:m -U hfuse:w:0xDE:m -U efuse:w:0xF9:m -U flash:w:") &&
                                 Contains(".eeprom.hex:i"));
  CHECK_THAT(attempt.said, Contains("settings and counters are as they were"));
}

TEST_CASE("a stock board is flashed, and its settings are sent to the new firmware") {
  const TemporaryFolder folder;
  Flashable board(folder);
  configure(board, false);
  board.stock_ = true;
  Attempt attempt(board, folder);
  std::vector<std::string> shown;  // beforehand; saved files have the second in their names
  for (const Command& command : commands(files(), attempt.options, false)) shown.push_back(as_typed(command));
  flash_board(board, files(), attempt.options);
  check_configured(board, false);
  CHECK_THAT(attempt.ran[1], Contains("eeprom:w:" FLM_IMAGE_DIR "/flm02b.eep:i"));
  REQUIRE(shown.size() == attempt.ran.size());
  CHECK(shown[1] == attempt.ran[1]);
}

TEST_CASE("a flash that was interrupted says so, names what is saved, and can be repeated with it") {
  const TemporaryFolder folder;
  Flashable board(folder);
  configure(board);
  Attempt attempt(board, folder);
  attempt.cut = "40";
  std::string error;
  try {
    flash_board(board, files(), attempt.options);
  } catch (const FlashError& e) {
    error = e.what();
  }
  CHECK_THAT(
      error,
      StartsWith(
          "avrdude failed (status 1): the board may have no whole firmware now. Repeat it with: flmctl "
          "flash flm02b --saved ") &&
          Contains(attempt.saved_file().string()));
  CHECK_THROWS(board.ask("gh"));

  Attempt again(board, folder);
  again.options.saved = attempt.saved_file();
  flash_board(board, files(), again.options);
  CHECK(again.ran.size() == 1);
  check_configured(board);
}

TEST_CASE("a controller that cannot be read is left as it is") {
  const TemporaryFolder folder;
  Flashable board(folder);
  configure(board);
  Attempt attempt(board, folder);
  attempt.options.run = [](const Command&) { return 1; };
  CHECK_THROWS_WITH(flash_board(board, files(), attempt.options),
                    Contains("nothing has been written, and the board is as it was"));
  check_configured(board);
}

TEST_CASE(
    "a board that cannot store is not flashed, and one that cannot after it says where its settings are "
    "saved") {
  const TemporaryFolder folder;
  Flashable board(folder);
  configure(board);
  board.stores = false;
  Attempt attempt(board, folder);
  CHECK_THROWS_WITH(flash_board(board, files(), attempt.options),
                    Contains("could not store") && Contains("nothing has been written"));
  board.stores = true;
  attempt.options.run = [&board](const Command& command) {
    if (command.back().starts_with("eeprom:w")) {
      board.set("sm 0 1");
      board.stores = false;
    }
    return 0;
  };
  CHECK_THROWS_WITH(
      flash_board(board, files(), attempt.options),
      Contains("flashed") && Contains("what was set holds until its next reset") && Contains(".settings"));
  check_configured(board);
}

TEST_CASE("settings that the new firmware does not have back are sent, and what it does not take is named") {
  const TemporaryFolder folder;
  Flashable board(folder);
  configure(board);
  Attempt attempt(board, folder);
  attempt.options.run = [&board](const Command& command) {
    if (command.back().starts_with("eeprom:w"))
      board.set("sm 0 1");  // as if its EEPROM had not been understood
    return 0;
  };
  flash_board(board, files(), attempt.options);
  check_configured(board);
  Snapshot saved, now;
  saved.lines = {"se 0 0", "sm 0 5163", "sc 0 10", "sc 1 10", "se 0 1"};
  now.lines = {"se 0 0", "sm 0 5163", "sc 0 12", "sc 1 9"};
  CHECK(differences(saved, now) == std::vector<std::string>{"gc 1: 10 was saved, the board has 9",
                                                            "ge 0: 1 was saved, the board has 0"});
}

TEST_CASE("missing files, unknown boards and files that are not saved settings are reported") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(find_files("flm03", {}), "no board 'flm03'; allowed: flm02a, flm02b");
  CHECK_THROWS_WITH(find_files("flm02b", folder.path()),
                    Contains("missing: ") && Contains("flm02b.hex") && Contains("--files names a folder"));
  CHECK(find_files("flm02b", {}).program.string().ends_with("firmware/flm02b.hex"));  // of this build
  CHECK_THROWS_WITH(read_snapshot(folder.path() / "none"), Contains("no such file"));
  CHECK_THROWS_WITH(read_snapshot(folder.file("other", "hello\n")), Contains("other:1: no saved board"));
  const std::string heading = "# Settings and counters of a sensor board: flm02b\n";
  CHECK_THROWS_WITH(read_snapshot(folder.file("cut", heading + "sm 0\n")),
                    Contains("cut:2: 'sm 0' has 1 numbers; allowed: sm takes 2"));
  CHECK_THROWS_WITH(read_snapshot(folder.file("get", heading + "gm 0\n")),
                    Contains("get:2: 'gm 0' sets nothing"));
}

TEST_CASE("avrdude that is not installed is said so, and how to get it") {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  CHECK_THROWS_WITH(run({"avrdude", "-v"}),
                    Contains("avrdude: No such file or directory; on Debian: apt-get install avrdude"));
  ::setenv("PATH", path.c_str(), 1);
  CHECK(run({"sh", "-c", "exit 3"}) == 3);
  CHECK(run({"sh", "-c", "kill -9 $$"}) == 137);
  CHECK(as_typed({"a", "b c", "d'e", "~0"}) == "a 'b c' 'd'\\''e' '~0'");
}
