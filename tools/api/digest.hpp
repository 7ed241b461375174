// The signature of what goes to the Flukso server and comes from it: header X-Digest.
#pragma once
#include <string>
#include <string_view>

namespace flm::api {

/// HMAC-SHA1 (RFC 2104) as 40 lower-case hex digits. `key`: the device's 32 hex digits as they are written,
/// not the 16 bytes they stand for.
std::string digest(std::string_view key, std::string_view message);

/// Whether `claimed` is the message's digest. Takes as long for a wrong one as for the right one.
bool digest_matches(std::string_view key, std::string_view message, std::string_view claimed);

}  // namespace flm::api
