#include "tools/api/claim_code.hpp"

#include <cstdint>

#include "tools/api/digest.hpp"

namespace flm::api {

std::string claim_code(std::string_view device, std::string_view key) {
  const std::string hex = digest(key, "claim " + std::string(device));
  std::uint64_t bits = std::stoull(hex.substr(0, 15), nullptr, 16);  // 60 bits
  std::string code;
  for (int i = 0; i < 12; ++i, bits >>= 5) code += "abcdefghijklmnopqrstuvwxyz234567"[bits & 31];
  return code;
}

}  // namespace flm::api
