// What the router has instead of OpenSSL and Argon2.
#include <catch2/catch.hpp>

#include "tools/api/hashes.hpp"
#include "tools/common/input_error.hpp"
#include "tools/web/access/passwords.hpp"

using namespace flm;

namespace {

std::string hex(const auto& bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace

TEST_CASE("HMAC-SHA1 of short and long keys is RFC 2202's") {
  CHECK(hex(api::hmac_sha1("Jefe", "what do ya want for nothing?")) ==
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");  // case 2
  CHECK(hex(api::hmac_sha1(std::string(80, '\xaa'),
                           "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "aa4ae5e15272d00e95705637ce8a3b55ed402112");  // case 6
}

TEST_CASE("SHA-256 is FIPS 180-2's") {
  CHECK(hex(api::sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("Base64 is RFC 4648's") {
  CHECK(api::base64("") == "");  // section 10
  CHECK(api::base64("fo") == "Zm8=");
  CHECK(api::base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("a password is known again by its bcrypt hash") {
  const std::string hash = web::hash_password("correct horse");
  CHECK_NOTHROW(web::check_password_hash(hash));
  CHECK(hash.starts_with("$2b$10$"));
  CHECK(web::is_password("correct horse", hash));
  CHECK_FALSE(web::is_password("correct horsf", hash));
  CHECK(web::hash_password("correct horse") != hash);  // another salt
}

TEST_CASE("no password fits a hash of another kind") {
  CHECK_FALSE(web::is_password("correct horse", "$argon2id$v=19$m=7168,t=5,p=1$c2FsdHNhbHRzYWx0c2FsdA$"));
  CHECK_FALSE(web::is_password("correct horse", ""));
  CHECK_THROWS_AS(web::check_password_hash("$2b$31$" + std::string(53, 'a')), InputError);
  CHECK_THROWS_AS(web::check_password_hash("$2b$10$" + std::string(52, 'a') + ":"), InputError);
}

TEST_CASE("a password that bcrypt would cut is refused") {
  CHECK_THROWS_AS(web::hash_password(std::string(73, 'x')), InputError);
  CHECK_NOTHROW(web::hash_password(std::string(72, 'x')));
  CHECK_FALSE(web::is_password(std::string(73, 'x'), web::hash_password(std::string(72, 'x'))));
}
