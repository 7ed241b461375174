#include "tools/mainboard/link/link_text.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

#include "protocol/commands.hpp"

using namespace flm;

TEST_CASE("decimal command lines become the messages that were recorded from stock hosts") {
  // tests/protocol/recorded_exchanges.hpp
  CHECK(encode_message("gh") == "lgh93.");
  CHECK(encode_message("ge 0") == "lge0015.");
  CHECK(encode_message("se 0 1") == "lse000159.");
  CHECK(encode_message("sp 0 1 2 3 4 5") == "lsp000102030405e6.");
  CHECK(encode_message("sm 0 5161") == "lsm00142910.");
  CHECK(encode_message("sc 0 0") == "lsc000000000025.");
  CHECK(encode_message("sk 1 0 0") == "lsk0100004f.");
  CHECK(encode_message("sh 2 2") == "lsh00020236.");
  CHECK(encode_message("gd") == "lgd30.");
}

TEST_CASE("replies become decimal text") {
  CHECK(decode_reply(*control_reply("lgh00020277.u")) == "gh 2 2");
  CHECK(decode_reply(*control_reply("lgc00000000004a.u")) == "gc 0 0");
  CHECK(decode_reply(*control_reply("lzzd7.u")) == "zz");
  CHECK(decode_reply("gc00000004d2") == "gc 0 1234");
  CHECK(decode_reply("gd0300000007019000002710") == "gd 3 7 400 10000");
}

TEST_CASE("text without a reply, or with a wrong CRC, gives none") {
  for (const char* read : {"", "lu", "u", "lgh00020276.u", "lgh000202", "xgh00020277.u", "l.u"})
    CHECK_FALSE(control_reply(read));
}

TEST_CASE("a line that is not a command is refused with what is allowed") {
  CHECK_THROWS_WITH(encode_message("GH"),
                    "'GH' is not a command; allowed: two letters, then decimal numbers, as in \"gc 0\"");
  CHECK_THROWS_WITH(encode_message("se 0"), "'se 0' has 1 numbers; allowed: se takes 2");
  CHECK_THROWS_WITH(encode_message("se 0 x"), "'se 0 x': 'x' is out of range; allowed: 0 to 255");
}
