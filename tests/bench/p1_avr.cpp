// Cost of the P1 parser on the controller: cycles a byte over the field recordings, flash and RAM, against
// their budgets.
//   p1_avr PARSER.elf EMPTY.elf FIELD_DATA TELEGRAMS_DIR
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "protocol/p1.hpp"
#include "sim/image/chip/chip.hpp"
#include "tests/bench/figure_table.hpp"

namespace {

namespace fs = std::filesystem;
using namespace flm;
using Bytes = std::vector<std::uint8_t>;

constexpr double empty_parser = 19;  ///< bytes of what stands in for it in the other program
constexpr std::uint16_t gpior1 = 0x4A, gpior2 = 0x4B;

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A controller that parses what it is fed.
class Board {
 public:
  explicit Board(const fs::path& elf) : chip_(16'000'000, false) {
    const sim::ElfFile program(elf);
    chip_.load(program);
    chip_.on_write<&Board::mark>(gpior2, this);
    chip_.on_write<&Board::say>(sim::reg::gpior0, this);
    chip_.on_read<&Board::feed>(gpior1, this);
  }
  void run(const std::string& bytes) {
    bytes_ = bytes;
    at_ = 0;
    costs.clear();
    said.clear();
    while (costs.size() < bytes.size()) chip_.run_until(chip_.now() + 100'000);
  }
  std::vector<unsigned> costs;  ///< cycles of each byte, the call included
  Bytes said;

 private:
  std::uint8_t feed(std::uint16_t) {
    return at_ < bytes_.size() ? static_cast<std::uint8_t>(bytes_[at_++]) : '\n';
  }
  void mark(std::uint16_t, std::uint8_t value) {
    if (value == 1) begun_ = chip_.cycle();
    if (value == 2 && costs.size() < bytes_.size())
      costs.push_back(static_cast<unsigned>(chip_.cycle() - begun_));
  }
  void say(std::uint16_t, std::uint8_t value) { said.push_back(value); }

  sim::Chip chip_;
  std::string bytes_;
  std::size_t at_ = 0;
  std::uint64_t begun_ = 0;
};

/// Expected result for the bytes: this machine's parser with the same fields.
Bytes expected(const std::string& bytes) {
  namespace p1 = protocol::p1;
  p1::Parser<p1::BoardFields> parser;
  parser.accept_without_crc(true);
  Bytes said;
  const auto put = [&](std::uint32_t value) {
    for (int i = 0; i < 4; ++i, value >>= 8) said.push_back(static_cast<std::uint8_t>(value));
  };
  for (const char c : bytes)
    if (parser.push(static_cast<std::uint8_t>(c)) == p1::Event::telegram) {
      put(static_cast<std::uint32_t>(parser.net_wh()));
      put(static_cast<std::uint32_t>(parser.power_w()));
      put(parser.device(0).value);
      put(parser.device(0).time);
      put(parser.equipment());
      put(static_cast<std::uint32_t>(parser.has_net() | parser.has_power() << 1 |
                                     parser.device(0).has_value << 2));
    }
  return said;
}

std::string telegrams_in(const fs::path& folder) {
  std::vector<fs::path> files;
  if (fs::is_directory(folder))
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".txt") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::string all;
  for (const fs::path& file : files) all += text_of(file);
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    fmt::print(stderr, "usage: p1_avr PARSER.elf EMPTY.elf FIELD_DATA TELEGRAMS_DIR [FIGURES.json]\n");
    return 2;
  }
  const std::string recordings = telegrams_in(fs::path(argv[3]) / "p1"), own = telegrams_in(argv[4]);
  if (recordings.empty())
    fmt::print("no recordings in {}: no mean; the project's own telegrams are used\n", argv[3]);
  std::string text = recordings + own;
  // The most expensive input: numbers that need all their decimals made up, and every sort of fault.
  text +=
      "/ABC5WORST\r\n\r\n1-0:1.8.0(000001*kWh)\r\n1-0:1.8.1(4294967295*Wh)\r\n1-0:1.8.2(999999999999*kWh)"
      "\r\n1-0:2.8.4(1*kWh)\r\n"
      "1-0:1.7.0(4*kW)\r\n1-0:2.7.0(4*kVA)\r\n0-4:24.1.0(3)\r\n0-4:24.2.3(991231235959S)(99999*m3)\r\n0-0:96."
      "13.0(a/b/c)\r\n!\r\n";
  for (int c = 0; c < 256; ++c) text += static_cast<char>(c);

  Board board(argv[1]);
  board.run(text);
  bench::FigureTable table("p1_avr", "P1 parser on the controller, fields of the board");
  double mean = 0;
  for (const unsigned cost : board.costs) mean += cost;
  mean /= static_cast<double>(board.costs.size());
  const auto worst = std::max_element(board.costs.begin(), board.costs.end());
  // The mean is over the recordings of others too: without them it is not measured.
  if (!recordings.empty()) table.at_most("mean", "cycles a byte, mean", "", 110, mean, "");
  table.at_most("worst", "cycles a byte, worst", "", 280, *worst, "");
  const auto parser = sim::ElfFile(argv[1]).sizes(), empty = sim::ElfFile(argv[2]).sizes();
  table.at_most("flash", "flash", "", 2944, double(parser.flash) - double(empty.flash), "B");
  table.at_most("ram", "static RAM", "", 90, double(parser.ram) - double(empty.ram) + empty_parser, "B");
  const std::size_t at = static_cast<std::size_t>(worst - board.costs.begin());
  fmt::print("\nworst at byte {}: ...{:?}\n", at, text.substr(at < 30 ? 0 : at - 30, at < 30 ? at + 1 : 31));

  if (board.said != expected(text)) {
    fmt::print("FAILED: the controller's values are not those of this machine\n");
    return 1;
  }
  fmt::print("{} bytes, {} values as on this machine\n", text.size(), board.said.size() / 4);
  if (argc == 6) bench::save(argv[5]);
  return bench::broken() == 0 ? 0 : 1;
}
