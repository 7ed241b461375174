// flmctl raw: one command of the control link, as host software writes it.
#include <fmt/format.h>

#include "tools/flmctl/commands/commands.hpp"

namespace flm::ctl {
namespace {

int raw(const Globals& globals, const std::vector<std::string>& words) {
  const std::string line = fmt::format("{}", fmt::join(words, " "));
  return with_board(globals, [&](Board& board) {
    std::string heard;
    board.link().on_channel = [&](Time, const std::vector<std::uint8_t>& bytes) {
      heard += fmt::format("{:02x}", fmt::join(bytes, ""));
    };
    std::string reply;
    if (line.starts_with("u ")) {
      board.send_channel(line.substr(2));
      (void)board.link().read();
    } else {
      reply = board.request(line);
    }
    if (globals.json) {
      Json json = {{"host", line}};
      if (!reply.empty()) json["reply"] = reply;
      if (!heard.empty()) json["channel"] = heard;
      print_json(json);
    } else {
      if (!reply.empty()) fmt::print("{}\n", reply);
      if (!heard.empty()) fmt::print("u {}\n", heard);
    }
    return done;
  });
}

}  // namespace

void add_raw(CLI::App& app, Globals& globals) {
  auto* command = app.add_subcommand(
      "raw", "Send one command of the control link, such as \"gc 0\", and print the reply");
  auto words = std::make_shared<std::vector<std::string>>();
  command
      ->add_option("COMMAND", *words, "letters and decimal numbers (protocol/README.md), or u and hex digits")
      ->required();
  command->callback([&globals, words] { globals.status = raw(globals, *words); });
}

}  // namespace flm::ctl
