// `flmsim decode`: any bytes as a file of telegrams, with and without those that have no CRC:
//   1. As many telegrams are accepted as the parser accepts, and each refusal is one of those that it counts.
//   2. Telegrams lie within the file, in its order, each from a '/' on.
//   3. What is printed as JSON is JSON, says the same, and has no control character in its texts.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "protocol/p1.hpp"
#include "tests/fuzz/promise.hpp"
#include "tools/mainboard/readings/decode.hpp"

using namespace flm;
using fuzz::promise;
namespace p1 = protocol::p1;

namespace {

std::size_t accepted_by_parser(const std::string& text, bool without_crc) {
  p1::Parser<p1::AllFieldsAnyCrc> parser;
  parser.accept_without_crc(without_crc);
  std::size_t accepted = 0;
  for (const char c : text)
    accepted += parser.push(static_cast<std::uint8_t>(c)) == p1::Event::telegram ? 1u : 0u;
  // The last line may have no end.
  if (!text.empty() && text.back() != '\n') accepted += parser.push('\n') == p1::Event::telegram ? 1u : 0u;
  return accepted;
}

std::string printed(const sim::Decoded& decoded, bool json) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  sim::print_decoded(decoded, "telegrams.txt", json, out);
  std::fclose(out);
  const std::unique_ptr<char, decltype(&std::free)> owner(text, &std::free);
  return {text, size};
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const bool without_crc : {false, true}) {
    const sim::Decoded decoded = sim::decode_p1(text, without_crc);
    const std::size_t accepted = decoded.telegrams.size() - decoded.refused();
    promise(accepted == accepted_by_parser(text, without_crc),
            "1: as many are accepted as the parser accepts");
    std::size_t counted = 0, before = 0;
    for (const char* error : {"cut", "crc", "crc_form", "no_crc", "not_whole"})
      if (const auto found = decoded.errors.find(error); found != decoded.errors.end())
        counted += found->second;
    promise(decoded.refused() == counted, "1: each refusal is counted",
            fmt::format("{} refused, {} counted", decoded.refused(), counted));
    for (const sim::DecodedTelegram& telegram : decoded.telegrams) {
      promise(telegram.offset >= before && telegram.offset < size && telegram.bytes <= size - telegram.offset,
              "2: telegrams lie in the file, in its order",
              fmt::format("{} bytes from {} of {}", telegram.bytes, telegram.offset, size));
      promise(text[telegram.offset] == '/', "2: a telegram begins with a '/'",
              fmt::format("at {}", telegram.offset));
      before = telegram.offset;
    }
    static_cast<void>(printed(decoded, false));
    const nlohmann::json json = nlohmann::json::parse(printed(decoded, true));
    const std::size_t without_energy = json.value("without_energy", std::size_t{0});
    promise(json.at("accepted") == accepted - without_energy && json.at("refused") == decoded.refused() &&
                without_energy == decoded.without_energy() &&
                json.at("telegrams").size() == decoded.telegrams.size(),
            "3: JSON says the same");
    for (const auto& telegram : json.at("telegrams"))
      for (const char c : telegram.at("header").get<std::string>())
        promise(c >= ' ' && c <= '~', "3: a header is printable");
  }
  return 0;
}
