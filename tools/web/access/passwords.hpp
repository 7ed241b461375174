// Passwords as they are kept: Argon2id (RFC 9106).
#pragma once
#include <string>
#include <string_view>

namespace flm::web {

/// "$argon2id$v=19$m=7168,t=5,p=1$salt$hash": 7 MiB and 5 passes, the smallest memory among the settings that
/// OWASP's password storage cheat sheet holds equal; one try takes some 20 ms of a PC's core. Throws
/// InputError for a password that is not 8 to 256 bytes of UTF-8.
std::string hash_password(std::string_view password);

/// In constant time for hashes of one setting. false too for a hash that is none.
bool is_password(std::string_view password, const std::string& hash);

/// Throws InputError unless it looks like what hash_password() gives, for a configuration's check.
void check_password_hash(const std::string& hash);

/// 32 lower-case hex digits for each 16 bytes of the system's random numbers. Throws std::runtime_error where
/// it has none.
std::string random_hex(std::size_t bytes);

/// Equal, in a time that depends on the lengths only.
bool equal_in_constant_time(std::string_view, std::string_view);

}  // namespace flm::web
