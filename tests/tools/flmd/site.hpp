// The sensors that tests of flmd share: one of each kind.
#pragma once
#include <string>
#include <vector>

#include "tools/flmd/site/reading.hpp"

namespace flm::test {

inline const std::string device = "9a3b6a0123456789abcdef0123456789";
inline const std::string main_sid = "0123456789abcdef0123456789abcde1";
inline const std::string gas_sid = "0123456789abcdef0123456789abcde4";
inline const std::string net_sid = "0123456789abcdef0123456789abcde7";
inline const std::string kube_sid = "0123456789abcdef0123456789abcde9";
inline const std::string free_sid = "0123456789abcdef0123456789abcdec";

inline flmd::SiteSensor clamp() {
  return {1,
          main_sid,
          "main",
          "electricity",
          "analog",
          true,
          0,
          true,
          {{"port", {1}}, {"voltage", 230}, {"current", 50}},
          false};
}
inline flmd::SiteSensor gas() {
  return {4, gas_sid, "gas", "gas", "pulse", true, 0, true, {{"port", {"4"}}, {"constant", "10"}}, false};
}
inline flmd::SiteSensor net() {
  return {7,
          net_sid,
          "smart-main",
          "electricity",
          "cosem",
          true,
          0,
          true,
          {{"protocol", "dlms"}, {"port", "ttyS0"}, {"obis", {"1-0:1.8.1*255"}}, {"derive", 1}},
          true};
}
inline flmd::SiteSensor kube_temperature() {
  return {9, kube_sid, "", "temperature", "kube", false, 0, true, {{"kid", 1}}, false};
}
inline flmd::SiteSensor unprovisioned() { return {12, free_sid, "", "", "", true, 0, false, nullptr, false}; }

}  // namespace flm::test
