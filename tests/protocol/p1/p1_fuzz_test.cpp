// Seeded random input against the parser's promises:
//   1. Byte by byte or in blocks of any size: the same events at the same bytes, the same values, the same
//      counts.
//   2. A telegram is accepted only if a '/' before it begins a text that ends here and has this CRC.
//   3. After anything, of two good telegrams the second is accepted, and says what it says on its own.
//   4. What a board wants and what a PC wants are read alike from any input, codes aside that boards do not
//   look for.
//   5. Counters never go down.
// FLM_P1_CAMPAIGN=n in the environment: n times as many rounds.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "tests/protocol/p1/p1_telegrams.hpp"

using namespace flm::test;
using p1::Event;

namespace {

using Random = std::mt19937;

std::vector<std::string> corpus() {
  std::vector<std::string> all;
  for (const std::filesystem::path& folder : {std::filesystem::path(FLM_SOURCE_DIR) / "tests/data/p1",
                                              std::filesystem::path(FLM_FIELD_DATA) / "p1"})
    if (std::filesystem::is_directory(folder))
      for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".txt") all.push_back(read_text(entry.path()));
  std::sort(all.begin(), all.end());
  return all;
}

std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

/// Damages a text as bad lines and editors do.
std::string damage(std::string text, const std::vector<std::string>& all, Random& random) {
  static const std::string letters = "/!0123456789()-:.*kWhm3SWGJVA\r\n\\";
  for (std::size_t n = below(random, 6); n-- > 0 && !text.empty();) {
    const std::size_t at = below(random, text.size());
    switch (below(random, 9)) {
      case 0: text[at] = static_cast<char>(random()); break;
      case 1: text[at] = letters[below(random, letters.size())]; break;
      case 2: text.erase(at, 1 + below(random, 40)); break;
      case 3: text.insert(at, 1, letters[below(random, letters.size())]); break;
      case 4: text.insert(at, below(random, 300), static_cast<char>(random())); break;
      case 5: text.resize(at); break;
      case 6: text.insert(at, all[below(random, all.size())]); break;
      case 7: text[at] = static_cast<char>(text[at] ^ 1 << below(random, 8)); break;
      default: {  // a line is doubled, or moved
        const std::size_t begin = text.rfind('\n', at) + 1, end = text.find('\n', at);
        if (end != std::string::npos)
          text.insert(below(random, text.size()), text.substr(begin, end - begin + 1));
      }
    }
  }
  return text;
}

/// Gives damaged telegrams their right CRC: so that values and lines are looked at.
std::string repair(std::string text) {
  const std::size_t begin = text.find('/'), end = text.rfind('!');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return text;
  text.resize(end + 1);
  return text + fmt::format("{:04X}\r\n", crc_of(text.substr(begin)));
}

template <class Fields>
std::vector<Seen> run_blocks(p1::BlockParser<Fields>& parser, const std::string& text, Random& random) {
  std::vector<Seen> all;
  const auto* data = reinterpret_cast<const std::uint8_t*>(text.data());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t block =
        std::min<std::size_t>(text.size() - at, below(random, 4) == 0 ? 1 : 1 + below(random, 2000));
    if (block == 1) {
      const Event event = parser.push(data[at]);
      if (event != Event::none) all.push_back(seen(parser, at, event));
      ++at;
      continue;
    }
    Event event;
    const std::size_t taken = parser.push(data + at, block, event);
    REQUIRE(taken > 0);
    REQUIRE(taken <= block);
    at += taken;
    if (event != Event::none) all.push_back(seen(parser, at - 1, event));
  }
  return all;
}

/// Does some '/' begin a text that ends with the '!' before `at`, and whose CRC stands between? The slow way.
bool confirmed(const std::string& text, std::size_t at) {
  const std::size_t end = text.rfind('!', at);
  if (end == std::string::npos || at - end > 5 || at - end < 2) return false;
  const unsigned crc = static_cast<unsigned>(std::stoul(text.substr(end + 1, at - end - 1), nullptr, 16));
  for (std::size_t begin = text.rfind('/', end); begin != std::string::npos;
       begin = begin == 0 ? std::string::npos : text.rfind('/', begin - 1))
    if (crc_of(text.substr(begin, end + 1 - begin)) == crc) return true;
  return false;
}

std::vector<unsigned> counts(const p1::Parser<p1::AllFields>& parser) {
  std::vector<unsigned> all;
  for (std::uint8_t e = 0; e < static_cast<std::uint8_t>(p1::Error::count); ++e)
    all.push_back(parser.errors(static_cast<p1::Error>(e)));
  return all;
}

/// A PC that knows no more codes than a board.
struct CodesOfBoard : p1::AllFields {
  static constexpr bool every_code = false;
};

}  // namespace

TEST_CASE("the parser keeps its promises with 6 000 damaged streams") {
  const std::vector<std::string> all = corpus();
  REQUIRE(all.size() > 10);
  const std::string good = telegram({"1-0:1.8.1(000001.000*kWh)", "1-0:1.7.0(00.250*kW)"});
  const char* campaign = std::getenv("FLM_P1_CAMPAIGN");
  const int rounds = 6000 * (campaign == nullptr ? 1 : std::atoi(campaign));
  std::size_t telegrams = 0, refused = 0, readings = 0;
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    Random random(static_cast<unsigned>(round));
    std::string text;
    for (std::size_t n = 1 + below(random, 3); n-- > 0;) {
      std::string one = damage(all[below(random, all.size())], all, random);
      text += below(random, 3) == 0 ? repair(one) : one;
    }
    const bool lax = below(random, 2) == 0;

    p1::Parser<p1::AllFields> bytes;
    p1::BlockParser<p1::AllFields> blocks;
    p1::Parser<CodesOfBoard> pc;
    p1::Parser<p1::BoardFields> board;
    pc.accept_without_crc(lax);
    bytes.accept_without_crc(lax);
    blocks.accept_without_crc(lax);
    board.accept_without_crc(lax);

    std::vector<Seen> by_bytes;
    std::vector<unsigned> before = counts(bytes);
    for (std::size_t at = 0; at < text.size(); ++at) {
      const auto byte = static_cast<std::uint8_t>(text[at]);
      const Event event = bytes.push(byte), on_pc = pc.push(byte), on_board = board.push(byte);
      if (event != Event::none) by_bytes.push_back(seen(bytes, at, event));
      readings += event == Event::reading_refused;
      refused += event == Event::refused;
      // Promise 4. Without CRC a board looks at fewer values, so it may accept what a PC refuses.
      if (!lax) {
        REQUIRE((event == Event::telegram) == (on_pc == Event::telegram));
        REQUIRE((on_pc == Event::telegram) == (on_board == Event::telegram));
      }
      if (on_pc == Event::telegram) {
        REQUIRE(on_board == Event::telegram);
        REQUIRE(pc.has_net() == board.has_net());
        REQUIRE(static_cast<std::int32_t>(pc.net_wh()) == board.net_wh());
        REQUIRE(pc.has_power() == board.has_power());
        REQUIRE(pc.power_w() == board.power_w());
        REQUIRE(pc.equipment() == board.equipment());
      }
      if (event != Event::telegram) continue;
      ++telegrams;
      REQUIRE((lax || confirmed(text, at)));  // promise 2
      const std::vector<unsigned> now = counts(bytes);
      for (std::size_t i = 0; i < now.size(); ++i) REQUIRE(now[i] >= before[i]);  // promise 5
      before = now;
    }
    // Promise 1.
    const std::vector<Seen> by_blocks = run_blocks(blocks, text, random);
    REQUIRE(by_blocks == by_bytes);
    REQUIRE(counts_of(blocks) == counts_of(bytes));

    // Promise 3.
    run(bytes, good);
    REQUIRE(accepted(run(bytes, good)) == 1);
    p1::Parser<p1::AllFields> alone;
    run(alone, good);
    REQUIRE(values_of(bytes) == values_of(alone));
  }
  // It did look at something.
  CHECK(telegrams > 1000);
  CHECK(refused > 1000);
  CHECK(readings > 500);
}
