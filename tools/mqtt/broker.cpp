#include "tools/mqtt/broker.hpp"

#include <fmt/format.h>

#include <tuple>

#include "tools/common/service/host_and_port.hpp"
#include "tools/common/toml_reader.hpp"

namespace flm::mqtt {

std::vector<std::string_view> broker_keys(std::vector<std::string_view> further) {
  std::vector<std::string_view> keys = {"broker",  "username",         "password_file",
                                        "ca_file", "certificate_file", "key_file"};
  keys.insert(keys.end(), further.begin(), further.end());
  return keys;
}

Broker read_broker(const TableReader& t) {
  Broker broker;
  broker.ca_file = t.file("ca_file");
  const std::string address = t.text("broker").value_or(broker.host);
  const auto place = host_and_port(address, broker.ca_file.empty() ? 1883 : 8883);
  if (!place) t.fail("broker", fmt::format("is '{}'", address), "a host, or host:port");
  std::tie(broker.host, broker.port) = *place;
  broker.username = t.text("username").value_or("");
  broker.password_file = t.file("password_file");
  broker.certificate_file = t.file("certificate_file");
  broker.key_file = t.file("key_file");
  if (!broker.password_file.empty() && broker.username.empty())
    t.fail("password_file", "stands without a username", "username too");
  if (broker.certificate_file.empty() != broker.key_file.empty())
    t.fail(broker.key_file.empty() ? "certificate_file" : "key_file", "stands alone",
           "certificate_file and key_file together");
  if (!broker.certificate_file.empty() && broker.ca_file.empty())
    t.fail("certificate_file", "stands without ca_file", "ca_file too, which turns TLS on");
  return broker;
}

}  // namespace flm::mqtt
