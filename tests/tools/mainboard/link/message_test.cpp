#include "tools/mainboard/link/message.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace flm;

TEST_CASE("numbers become the messages that were recorded from stock hosts, and replies become numbers") {
  CHECK(encode(get_message('h')) == "lgh93.");
  CHECK(encode(get_message('e', 0)) == "lge0015.");
  CHECK(encode(set_message('m', 0, {5161})) == "lsm00142910.");
  CHECK(encode(set_message('p', {}, {0, 1, 2, 3, 4, 5})) == "lsp000102030405e6.");
  CHECK(decode("gc00000004d2") == Message{'g', 'c', 0, {1234}, {}});
  CHECK(decode("sk010001") == set_message('k', {}, {1, 0, 1}));
  CHECK(decode("ct") == commit_message());
}

TEST_CASE("a report that repeats has the fields of every sensor, one after the other") {
  CHECK(decode("gd0300000007019000002710").values == std::vector<std::uint32_t>{3, 7, 400, 10000});
  CHECK(decode("gd").values.empty());
  CHECK(decode("gd030000000701900000271004000000010000000000ff").values ==
        std::vector<std::uint32_t>{3, 7, 400, 10000, 4, 1, 0, 255});
}

TEST_CASE("a clamp's report keeps its index apart from its values") {
  const Message statistics = decode("ga0200010002000300040005000000060000000700000008");
  CHECK(statistics.index == 2);
  CHECK(statistics.values == std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("a message with other numbers than its row has is not sent") {
  CHECK_THROWS_AS(encode(set_message('m', 0, {})), std::invalid_argument);
  CHECK_THROWS_AS(encode(set_message('m', {}, {5163})), std::invalid_argument);
  CHECK_THROWS_WITH(encode(set_message('m', 0, {65536})),
                    "'sm' with 2 numbers is not a message; allowed: 2 numbers of 2, 4 hex digits");
}

TEST_CASE("letters alone are the answer to what a board does not know or take") {
  CHECK(is_answer(decode("gm00142b")));
  CHECK(is_answer(decode("gd")));  // No sensor has changed.
  CHECK(is_answer(decode("ct")));
  CHECK_FALSE(is_answer(decode("gm")));
  CHECK_FALSE(is_answer(decode("gm00")));
  CHECK_FALSE(is_answer(decode("gr")));
  CHECK(is_answer(decode("gr0100000010")));  // An older firmware's, with fewer fields.
  CHECK_FALSE(is_answer(decode("zz")));
}

TEST_CASE("a reply belongs to the message with its letters and its index") {
  const Message message = get_message('m', 1);
  CHECK(answers(decode("gm01142b"), message));
  CHECK(answers(decode("gm"), message));
  CHECK_FALSE(answers(decode("gm00142b"), message));
  CHECK_FALSE(answers(decode("gf010000"), message));
  CHECK(is_rejection(decode("zz")));
  CHECK(is_rejection(decode("zy")));
}

TEST_CASE("what the tables do not explain is kept as it came") {
  CHECK(decode("xq12ab").rest == "12ab");
  CHECK(decode("gm00142bff").rest == "ff");
}

TEST_CASE("bytes for the u channel are written as they are read") {
  CHECK(encode_channel({0x04, 0xFF}) == "u04ff");
  CHECK(channel_bytes("lu04ff") == std::vector<std::uint8_t>{0x04, 0xFF});
  CHECK(channel_bytes("lu04f").size() == 1);
  CHECK(channel_bytes("lgd30.").empty());
}
