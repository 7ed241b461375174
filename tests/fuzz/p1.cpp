// Smart meters' bytes against the parser's promises (tests/protocol/p1/p1_fuzz_test.cpp has the seeded test
// of the first five):
//   1. Byte by byte or in blocks of any size: the same events at the same bytes, the same values, the same
//      counts.
//   2. A telegram is accepted only if a '/' before it begins a text that ends here and has this CRC.
//   3. After anything, of two good telegrams the second is accepted, and says what it says on its own.
//   4. What a board wants and what a PC wants are read alike from any input, codes aside that boards do not
//   look for.
//   5. Counters never go down, and stay at their highest value.
//   6. Each refusal is counted once, under the error that it reports.
// All of it with and without telegrams that have no CRC, and with CRC-16/X-25 as well as without.
#include "tests/fuzz/promise.hpp"
#include "tests/protocol/p1/p1_telegrams.hpp"

using namespace flm::test;
using flm::fuzz::Dice;
using flm::fuzz::promise;
using p1::Error;
using p1::Event;

namespace {

constexpr std::size_t errors = static_cast<std::size_t>(Error::count);

template <class Fields>
std::vector<Seen> run_blocks(p1::BlockParser<Fields>& parser, const std::string& text, Dice& dice) {
  std::vector<Seen> all;
  const auto* data = reinterpret_cast<const std::uint8_t*>(text.data());
  const unsigned longest = 1 + dice.below(2000);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t block = std::min<std::size_t>(text.size() - at, 1 + dice.below(longest));
    if (dice.below(4) == 0) {
      const Event event = parser.push(data[at]);
      if (event != Event::none) all.push_back(seen(parser, at, event));
      ++at;
      continue;
    }
    Event event;
    const std::size_t taken = parser.push(data + at, block, event);
    promise(taken > 0 && taken <= block,
            "a block is taken in part, not not at all, and no more than there is");
    at += taken;
    if (event != Event::none) all.push_back(seen(parser, at - 1, event));
  }
  return all;
}

/// Promise 2, the slow way; true where there are so many '/' that it would take seconds.
bool confirmed(const std::string& text, std::size_t at, bool x25) {
  const std::size_t end = text.rfind('!', at);
  if (end == std::string::npos || at - end > 5 || at - end < 2) return false;
  const unsigned crc = static_cast<unsigned>(std::stoul(text.substr(end + 1, at - end - 1), nullptr, 16));
  int tried = 0;
  for (std::size_t begin = text.rfind('/', end); begin != std::string::npos;
       begin = begin == 0 ? std::string::npos : text.rfind('/', begin - 1)) {
    if (++tried > 50) return true;
    std::uint16_t arc = p1::Arc::initial, other = p1::X25::initial;
    for (std::size_t i = begin; i <= end; ++i) {
      arc = p1::Arc::step(arc, static_cast<std::uint8_t>(text[i]));
      other = p1::X25::step(other, static_cast<std::uint8_t>(text[i]));
    }
    if (arc == crc || (x25 && static_cast<std::uint16_t>(other ^ p1::X25::final_xor) == crc)) return true;
  }
  return false;
}

const std::string& good() {
  static const std::string text = telegram({"1-0:1.8.1(000001.000*kWh)", "1-0:1.7.0(00.250*kW)"});
  return text;
}

template <class Fields>
void hold(const std::string& text, bool lax, Dice& dice) {
  p1::Parser<Fields> bytes;
  p1::BlockParser<Fields> blocks;
  bytes.accept_without_crc(lax);
  blocks.accept_without_crc(lax);
  std::vector<Seen> by_bytes;
  std::uint64_t refusals[errors] = {}, before[errors] = {};
  for (std::size_t at = 0; at < text.size(); ++at) {
    const Event event = bytes.push(static_cast<std::uint8_t>(text[at]));
    for (std::size_t e = 0; e < errors; ++e) {
      const std::uint64_t now = bytes.errors(static_cast<Error>(e));
      promise(now >= before[e], "5: counters never go down");
      before[e] = now;
    }
    if (event == Event::none) continue;
    by_bytes.push_back(seen(bytes, at, event));
    if (event == Event::telegram)
      promise(lax || confirmed(text, at, Fields::checksums != p1::Checksums::arc),
              "2: a telegram has the CRC of its bytes");
    else
      ++refusals[static_cast<std::size_t>(bytes.error())];
  }
  constexpr std::uint64_t highest = static_cast<typename Fields::Count>(-1);
  for (std::size_t e = 0; e < errors; ++e)
    if (static_cast<Error>(e) != Error::noise)
      promise(before[e] == std::min(refusals[e], highest), "6: each refusal is counted once",
              fmt::format("error {}: {} counted, {} reported", e, before[e], refusals[e]));

  const auto by_blocks = run_blocks(blocks, text, dice);
  promise(by_blocks == by_bytes, "1: blocks give the same events as bytes");
  promise(counts_of(blocks) == counts_of(bytes), "1: blocks give the same counts as bytes");

  // Where two checksums are tried in turn, it may be the other one's for two telegrams.
  const int spoilt = Fields::checksums == p1::Checksums::in_turn ? 3 : 1;
  for (int i = 0; i < spoilt; ++i) run(bytes, good());
  promise(accepted(run(bytes, good())) == 1,
          "3: of two good telegrams the second is accepted, of four where checksums are tried in turn the "
          "fourth");
  p1::Parser<Fields> alone;
  run(alone, good());
  promise(values_of(bytes) == values_of(alone), "3: a good telegram says what it says on its own");

  if (highest == 255 && dice.below(16) == 0) {
    for (int i = 0; i < 300; ++i) run(bytes, "?\n");
    promise(bytes.errors(Error::noise) == highest, "5: counters stay at their highest value");
  }
}

/// A board that reads as many codes as a PC.
struct EveryCode : p1::BoardFields {
  static constexpr bool every_code = true;
};
/// A PC that knows no more codes than a board.
struct CodesOfBoard : p1::AllFields {
  static constexpr bool every_code = false;
};

template <class BoardFields, class PcFields>
void board_as_pc(const std::string& text) {
  p1::Parser<PcFields> pc;
  p1::Parser<BoardFields> board;
  for (const char c : text) {
    const bool on_pc = pc.push(static_cast<std::uint8_t>(c)) == Event::telegram,
               on_board = board.push(static_cast<std::uint8_t>(c)) == Event::telegram;
    promise(on_pc == on_board, "4: a board accepts what a PC accepts");
    if (!on_pc) continue;
    promise(pc.has_net() == board.has_net() && static_cast<std::int32_t>(pc.net_wh()) == board.net_wh() &&
                pc.has_power() == board.has_power() && pc.power_w() == board.power_w() &&
                pc.equipment() == board.equipment(),
            "4: a board reads what a PC reads", values_of(pc) + " / " + values_of(board));
  }
}

/// Gives each telegram its right CRC.
std::string repair(const std::string& text) {
  std::string result;
  std::size_t begin = std::string::npos;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '/' && begin == std::string::npos) begin = result.size();
    result += text[at];
    if (text[at] != '!' || begin == std::string::npos) continue;
    result += fmt::format("{:04X}\r\n", crc_of(result.substr(begin)));
    begin = std::string::npos;
    while (at + 1 < text.size() && text[at + 1] != '\n') ++at;
    ++at;
  }
  return result;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Dice dice(data, size);
  for (const bool lax : {false, true}) {
    hold<p1::AllFieldsAnyCrc>(text, lax, dice);
    hold<p1::BoardFields>(text, lax, dice);
    hold<p1::BoardFieldsAnyCrc>(text, lax, dice);
    hold<p1::SmallFields>(text, lax, dice);
  }
  hold<p1::AllFields>(text, false, dice);
  hold<EveryCode>(text, false, dice);
  board_as_pc<p1::BoardFields, CodesOfBoard>(text);
  board_as_pc<EveryCode, p1::AllFields>(text);
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                    unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (Dice(seed).below(3) == 0) return size;
  std::string text = repair(std::string(reinterpret_cast<const char*>(data), size));
  text.resize(std::min(text.size(), max_size));
  std::copy(text.begin(), text.end(), data);
  return text.size();
}
