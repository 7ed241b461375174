#include "tools/api/digest.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <cstddef>
#include <memory>
#include <stdexcept>

namespace flm::api {

std::string digest(std::string_view key, std::string_view message) {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr),
                                                              EVP_MAC_free);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(
      mac ? EVP_MAC_CTX_new(mac.get()) : nullptr, EVP_MAC_CTX_free);
  std::string hash = "SHA1";
  const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash.data(), 0),
                              OSSL_PARAM_construct_end()};
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  std::array<unsigned char, 20> result{};
  std::size_t length = 0;
  if (!context || EVP_MAC_init(context.get(), bytes(key), key.size(), parameters.data()) != 1 ||
      EVP_MAC_update(context.get(), bytes(message), message.size()) != 1 ||
      EVP_MAC_final(context.get(), result.data(), &length, result.size()) != 1 || length != result.size())
    throw std::runtime_error("OpenSSL refuses HMAC-SHA1");

  std::string text;
  for (const unsigned char byte : result) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

bool digest_matches(std::string_view key, std::string_view message, std::string_view claimed) {
  const std::string right = digest(key, message);
  return claimed.size() == right.size() && CRYPTO_memcmp(claimed.data(), right.data(), right.size()) == 0;
}

}  // namespace flm::api
