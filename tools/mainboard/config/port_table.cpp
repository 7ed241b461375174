#include "tools/mainboard/config/port_table.hpp"

#include <cmath>

#include "protocol/commands.hpp"  // debounce limits

namespace flm {

std::vector<std::pair<char, std::uint32_t>> PortConfig::settings() const {
  std::vector<std::pair<char, std::uint32_t>> all;
  if (tau_us) all.emplace_back('t', *tau_us);
  if (noise_q10) all.emplace_back('n', *noise_q10);
  if (offset_q8) all.emplace_back('o', static_cast<std::uint16_t>(*offset_q8));
  if (debounce_tenths_ms) all.emplace_back('j', *debounce_tenths_ms);
  return all;
}

const std::vector<std::string_view>& port_keys() {
  static const std::vector<std::string_view> keys = {"port", "tau", "noise", "offset", "debounce"};
  return keys;
}

PortConfig read_port(const TableReader& t, const mainboard::BoardFacts& board,
                     const std::vector<PortConfig>& before) {
  PortConfig p;
  p.line = t.line();
  p.port = static_cast<int>(t.required("port", t.integer("port", 1, 6), "1 to 6"));
  for (const PortConfig& other : before)
    if (other.port == p.port)
      t.fail("port", fmt::format("is {} a second time", p.port), "one [[port]] a port");
  for (const char* key : {"tau", "noise", "offset"})
    if (t.has(key) && !board.is_clamp_port(p.port))
      t.fail(key, fmt::format("stands at port {}, which is not a clamp's", p.port),
             fmt::format("clamp ports {}", fmt::join(board.clamp_ports, ", ")));
  if (t.has("debounce") && !board.is_pulse_port(p.port))
    t.fail("debounce", fmt::format("stands at port {}, which is not a pulse input", p.port),
           board.pulse_port_names());
  if (const auto tau = t.number("tau", 0.0, 0.065535))
    p.tau_us = static_cast<std::uint32_t>(std::lround(*tau * 1e6));
  if (const auto noise = t.number("noise", 0.0, 7.99995))
    p.noise_q10 = static_cast<std::uint32_t>(std::lround(*noise * *noise * 1024.0));
  if (const auto offset = t.number("offset", -128.0, 127.996))
    p.offset_q8 = static_cast<int>(std::lround(*offset * 256.0));
  constexpr double shortest = protocol::range::debounce.lowest / 1e4,
                   longest = protocol::range::debounce.highest / 1e4;
  if (const auto debounce = t.number("debounce", shortest, longest))
    p.debounce_tenths_ms = static_cast<std::uint32_t>(std::lround(*debounce * 1e4));
  return p;
}

}  // namespace flm
