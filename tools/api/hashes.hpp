// What servers want computed of bytes: by OpenSSL, or by Mbed TLS where that would be too large.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace flm::api {

/// RFC 2104 with SHA-1.
std::array<std::uint8_t, 20> hmac_sha1(std::string_view key, std::string_view message);

/// FIPS 180-4.
std::array<std::uint8_t, 32> sha256(std::string_view bytes);

/// RFC 4648, section 4: with padding, without line ends.
std::string base64(std::string_view bytes);

}  // namespace flm::api
