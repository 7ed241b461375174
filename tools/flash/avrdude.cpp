#include "tools/flash/avrdude.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>

#include "tools/common/input_error.hpp"
#include "tools/common/places.hpp"
#include "tools/mainboard/link/board_facts.hpp"

extern "C" char** environ;

namespace flm::flash {
namespace {

constexpr const char* part = "m168p";

Command begin(const FlashFiles& files) {
  return {"avrdude", "-C", "+" + files.configuration.string(), "-c", files.board, "-p", part};
}

/// While one is there, SIGINT and SIGQUIT of the terminal end the child alone, and we live to say what that
/// means.
class SignalsIgnored {
 public:
  SignalsIgnored() {
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    sigset_t wanted;
    sigemptyset(&wanted);
    for (std::size_t i = 0; i < std::size(kSignals); ++i) {
      sigaction(kSignals[i], &ignore, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaddset(&wanted, kSignals[i]);
    }
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigdefault(&attributes_, &wanted);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
  }
  ~SignalsIgnored() {
    posix_spawnattr_destroy(&attributes_);
    for (std::size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  SignalsIgnored(const SignalsIgnored&) = delete;
  SignalsIgnored& operator=(const SignalsIgnored&) = delete;
  [[nodiscard]] const posix_spawnattr_t* for_child() const { return &attributes_; }

 private:
  static constexpr int kSignals[] = {SIGINT, SIGQUIT};
  struct sigaction before_[std::size(kSignals)];
  posix_spawnattr_t attributes_;
};

}  // namespace

std::vector<std::string> known_boards() {
  std::vector<std::string> names;
  for (const mainboard::BoardFacts& board : mainboard::all_boards()) names.push_back(board.name);
  return names;
}

FlashFiles find_files(const std::string& board, const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  if (mainboard::find_board(board) == nullptr)
    throw InputError(fmt::format("no board '{}'; allowed: {}", board, fmt::join(known_boards(), ", ")));
  FlashFiles files = {board, folder / "avrdude.conf", folder / (board + ".hex"), folder / (board + ".eep")};
  if (folder.empty())
    files = {board, programmer_configuration(board), image_folder() / (board + ".hex"),
             image_folder() / (board + ".eep")};
  std::vector<std::string> missing;
  for (const fs::path& file : {files.configuration, files.program, files.eeprom})
    if (!fs::is_regular_file(file)) missing.push_back(file.string());
  if (missing.empty()) return files;
  throw InputError(fmt::format(
      "no files to flash {} with; missing: {}. --files names a folder with {}.hex, {}.eep and avrdude.conf",
      board, fmt::join(missing, ", "), board, board));
}

Command read_command(const FlashFiles& files, const std::filesystem::path& flash,
                     const std::filesystem::path& eeprom) {
  Command command = begin(files);
  for (const std::string& action :
       {fmt::format("flash:r:{}:i", flash.string()), fmt::format("eeprom:r:{}:i", eeprom.string())})
    command.insert(command.end(), {"-U", action});
  return command;
}

Command write_command(const FlashFiles& files, const std::filesystem::path& eeprom) {
  Command command = begin(files);
  const auto& fuses = mainboard::find_board(files.board)->fuses;
  for (const std::string& action :
       {fmt::format("lfuse:w:0x{:02X}:m", fuses.low), fmt::format("hfuse:w:0x{:02X}:m", fuses.high),
        fmt::format("efuse:w:0x{:02X}:m", fuses.extended),
        fmt::format("flash:w:{}:i", files.program.string()), fmt::format("eeprom:w:{}:i", eeprom.string())})
    command.insert(command.end(), {"-U", action});
  return command;
}

std::string as_typed(const Command& command) {
  std::string text;
  for (const std::string& word : command) {
    if (!text.empty()) text += ' ';
    const bool plain =
        word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-./:,=") ==
            word.npos &&
        !word.empty();
    if (plain) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

int run(const Command& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const SignalsIgnored ours;
  pid_t child = 0;
  if (const int error = posix_spawnp(&child, words[0], nullptr, ours.for_child(), words.data(), environ);
      error != 0)
    throw InputError(
        fmt::format("{}: {}; on Debian: apt-get install avrdude", command.front(), std::strerror(error)));
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) throw InputError(fmt::format("{}: {}", command.front(), std::strerror(errno)));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace flm::flash
