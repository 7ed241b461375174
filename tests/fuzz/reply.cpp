// Replies that a program reads from a board, commands that the user types, and saved settings:
//   1. A reply is found only with the CRC of its characters; it decodes to its letters and decimal numbers.
//   2. A command line is a message of the link, or std::invalid_argument quotes it. A message's reply says
//      what the line said.
//   3. A file of saved settings is read, or an InputError names it; written again, it reads the same.
#include <stdexcept>

#include "tests/fuzz/input_file.hpp"
#include "tests/protocol/messages.hpp"
#include "tools/flash/snapshot.hpp"
#include "tools/mainboard/link/link_text.hpp"

using namespace flm;
using fuzz::promise;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto reply = control_reply(text)) {
    promise(text.substr(0, reply->size() + 4) == test::message(*reply),
            "1: a reply has the CRC of its characters", *reply);
    promise(decode_reply(*reply).substr(0, 2) == reply->substr(0, 2), "1: a reply keeps its letters");
  }
  promise(channel_bytes(text).size() <= size / 2, "1: no more bytes than digits");
  static_cast<void>(decode_reply(text));

  try {
    const std::string message = encode_message(text);
    if (message[0] == 'l') {
      promise(message.size() >= 6 && message == test::message(message.substr(1, message.size() - 4)),
              "2: a message has the CRC of its characters", message);
      // As a board answers a set, digit by digit, spaces and zeros left out.
      const std::string answer = decode_reply(message.substr(1, message.size() - 4));
      promise(encode_message(answer) == message, "2: a message's reply says what the line said", answer);
    }
  } catch (const std::invalid_argument& error) {
    const std::string what = error.what();
    promise(what.find("allowed") != what.npos, "2: a complaint says what is allowed", what);
  }

  const auto file = fuzz::file_of("board.settings", text);
  const auto saved = fuzz::read_or_complain(file, [&] { return flash::read_snapshot(file); });
  if (!saved) return 0;
  const auto written = file.parent_path() / "again.settings";
  flash::write_snapshot(written, *saved, "flm02b");
  const auto again = flash::read_snapshot(written);
  promise(again.lines == saved->lines && again.openflm == saved->openflm,
          "3: written again, saved settings read the same");
  return 0;
}
