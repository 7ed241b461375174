#include "tools/flmd/site/server_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "tools/common/input_error.hpp"

namespace flm::flmd {
namespace {

[[noreturn]] void fail(std::string_view url, std::string_view allowed) {
  throw InputError(fmt::format("report url '{}': allowed: {}", url, allowed));
}

bool is_blank_or_control(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; }

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

}  // namespace

void check_url(const std::string& url) {
  std::string_view rest = url;
  if (rest.starts_with("https://"))
    rest.remove_prefix(8);
  else if (rest.starts_with("http://"))
    rest.remove_prefix(7);
  else
    fail(url, "an address that starts with https:// or http://");
  const std::string_view place = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t bracket = place.starts_with('[') ? place.find(']') : 0;
  const std::size_t colon = bracket == place.npos ? place.npos : place.find(':', bracket);
  if (place.empty() || colon == 0) fail(url, "an address with a host, as https://api.flukso.net/");
  if (place.find('@') != place.npos)
    fail(url, "an address without user and password, which have keys of their own");
  if (bracket == place.npos) fail(url, "']' after the host's IPv6 address");
  if (colon != place.npos && !is_port(place.substr(colon + 1))) fail(url, "a port from 1 to 65535");
  if (url.find('#') != url.npos) fail(url, "an address without '#'");
  if (std::any_of(url.begin(), url.end(), is_blank_or_control))
    fail(url, "an address without blanks and line ends");
}

std::string flukso_url(const std::string& url) {
  check_url(url);
  if (url.find('?') != url.npos) fail(url, "an address without '?', as https://api.flukso.net/");
  return url.ends_with('/') ? url : url + '/';
}

std::string influx_url(const std::string& url) {
  check_url(url);
  const auto query = url.find('?');
  if (query == url.npos) return url + "?precision=s";
  std::string_view rest = std::string_view(url).substr(query + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    if (pair.starts_with("precision=")) {
      if (pair == "precision=s") return url;
      throw InputError(
          fmt::format("report url '{}': '{}' is not what is sent; allowed: precision=s", url, pair));
    }
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
  }
  return url + (url.ends_with('?') || url.ends_with('&') ? "precision=s" : "&precision=s");
}

void check_token(std::string_view token) {
  if (std::any_of(token.begin(), token.end(), is_blank_or_control))
    throw InputError(
        "report token: has a blank, a line end or another byte that no header can have; allowed: printable "
        "ASCII");
}

}  // namespace flm::flmd
