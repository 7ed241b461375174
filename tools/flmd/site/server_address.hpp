// Addresses of servers, as [[report]] has them.
#pragma once
#include <string>
#include <string_view>

namespace flm::flmd {

/// Throws InputError unless `url` starts with http:// or https:// and has a host, a port from 1 to 65535 if
/// any, no user or password before it (they would be in every log line), and nothing after a '#'.
void check_url(const std::string& url);

/// Address of a Flukso server's API, with a slash at its end: "https://api.flukso.net/". Throws InputError.
std::string flukso_url(const std::string& url);

/// Where lines of points are written, with a precision of seconds:
/// "http://127.0.0.1:8086/write?db=home&precision=s". Throws InputError, for another precision too.
std::string influx_url(const std::string& url);

/// Throws InputError for a token that no header can have.
void check_token(std::string_view token);

}  // namespace flm::flmd
