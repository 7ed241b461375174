// Passwords as they are kept: Argon2id (RFC 9106); bcrypt on the router.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace flm::web {

/// "$argon2id$v=19$m=7168,t=5,p=1$salt$hash": 7 MiB and 5 passes, the smallest memory among the settings that
/// OWASP's password storage cheat sheet holds equal; one try takes some 20 ms of a PC's core. On the router,
/// which has no 7 MiB, "$2b$10$" and bcrypt's salt and hash. Throws InputError for a password that is not 8
/// to 256 bytes of UTF-8, 72 with bcrypt.
std::string hash_password(std::string_view password);

/// In constant time for hashes of one setting. false too for a hash that is none.
bool is_password(std::string_view password, const std::string& hash);

/// Throws InputError unless it looks like what hash_password() gives, for a configuration's check.
void check_password_hash(const std::string& hash);

/// Throws InputError unless it is 8 to `longest` bytes of UTF-8.
void check_password(std::string_view, std::size_t longest);

/// Of the system's random numbers. Throws std::runtime_error where it has none.
std::string random_bytes(std::size_t);

/// Random bytes as two lower-case hex digits each.
std::string random_hex(std::size_t bytes);

/// Equal, in a time that depends on the lengths only.
bool equal_in_constant_time(std::string_view, std::string_view);

}  // namespace flm::web
