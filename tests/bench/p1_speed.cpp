// How fast telegrams are read on this machine: bytes in to values out, CRC included, over the field
// recordings one after the other.
//   p1_speed FIELD_DATA TELEGRAMS_DIR [FIGURES.json]       exit 1 when it is under its budget
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "protocol/p1/block.hpp"
#include "tests/bench/figure_table.hpp"

namespace fs = std::filesystem;
using namespace flm::protocol::p1;

namespace {

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Everything that can be read, added up, so that nothing can be left out.
template <class Fields>
std::uint64_t sum_of(const Parser<Fields>& parser) {
  std::uint64_t sum = parser.equipment();
  if (parser.has_net()) sum += static_cast<std::uint32_t>(parser.net_wh());
  if (parser.has_power()) sum += static_cast<std::uint32_t>(parser.power_w());
  for (std::uint8_t r = 0; r < static_cast<std::uint8_t>(Register::count); ++r)
    if (parser.has(static_cast<Register>(r))) sum += parser.get(static_cast<Register>(r));
  for (std::uint8_t i = 0; i < Fields::devices; ++i) sum += parser.device(i).value + parser.device(i).time;
  return sum;
}

struct Result {
  std::uint64_t telegrams = 0, sum = 0;
  double seconds = 0;
};

template <class Fields>
Result blocks(const std::string& text, int rounds) {
  BlockParser<Fields> parser;
  parser.accept_without_crc(true);
  Result result;
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < rounds; ++round) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(text.data());
    for (std::size_t at = 0; at < text.size();) {
      Event event;
      at += parser.push(data + at, std::min<std::size_t>(4096, text.size() - at), event);
      if (event != Event::telegram) continue;
      ++result.telegrams;
      result.sum += sum_of(parser);
    }
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

template <class Fields>
Result bytes(const std::string& text, int rounds) {
  Parser<Fields> parser;
  parser.accept_without_crc(true);
  Result result;
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < rounds; ++round)
    for (const char c : text)
      if (parser.push(static_cast<std::uint8_t>(c)) == Event::telegram) {
        ++result.telegrams;
        result.sum += sum_of(parser);
      }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

/// The best of five, in MB/s: others use the machine as well.
template <class Run>
double speed(const std::string& text, int rounds, Result& result, Run run) {
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    result = run(text, rounds);
    best = std::max(best, double(text.size()) * rounds / 1e6 / result.seconds);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    fmt::print(stderr, "usage: p1_speed FIELD_DATA TELEGRAMS_DIR [FIGURES.json]\n");
    return 2;
  }
  std::vector<fs::path> files;
  for (const fs::path& folder :
       {fs::path(argv[1]) / "p1", fs::path(argv[1]) / "p1" / "stream", fs::path(argv[2])})
    if (fs::is_directory(folder))
      for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".txt" || entry.path().extension() == ".raw")
          files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::string text;
  for (const fs::path& file : files) text += text_of(file);
  if (text.empty()) {
    fmt::print(stderr, "p1_speed: no telegrams in {} or {}\n", argv[1], argv[2]);
    return 2;
  }
  const int rounds = static_cast<int>(40'000'000 / text.size()) + 1;

  flm::bench::FigureTable table("p1_speed", "P1 parser on this machine, one core");
  Result block, byte, board, any;
  table.at_least("blocks", "blocks, all fields", "84 MB/s", 250,
                 speed(text, rounds, block, blocks<AllFields>), "MB/s");
  table.plain("blocks_any_crc", "blocks, all fields, two checksums", "",
              speed(text, rounds, any, blocks<AllFieldsAnyCrc>), "MB/s");
  table.plain("bytes", "byte by byte, all fields", "", speed(text, rounds, byte, bytes<AllFields>), "MB/s");
  table.plain("board_bytes", "byte by byte, fields of the board", "",
              speed(text, rounds, board, bytes<BoardFields>), "MB/s");
  fmt::print("\n{} telegrams in {} bytes\n", block.telegrams / static_cast<unsigned>(rounds), text.size());
  if (block.telegrams != byte.telegrams || block.sum != byte.sum || board.telegrams != byte.telegrams) {
    fmt::print("FAILED: blocks and bytes give other values\n");
    return 1;
  }
  if (argc == 4) flm::bench::save(argv[3]);
  return flm::bench::broken() == 0 ? 0 : 1;
}
