#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstddef>
#include <memory>
#include <stdexcept>

#include "tools/api/hashes.hpp"

namespace flm::api {
namespace {

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::array<std::uint8_t, 20> hmac_sha1(std::string_view key, std::string_view message) {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr),
                                                              EVP_MAC_free);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(
      mac ? EVP_MAC_CTX_new(mac.get()) : nullptr, EVP_MAC_CTX_free);
  std::string hash = "SHA1";
  const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash.data(), 0),
                              OSSL_PARAM_construct_end()};
  std::array<std::uint8_t, 20> result{};
  std::size_t length = 0;
  if (!context || EVP_MAC_init(context.get(), bytes(key), key.size(), parameters.data()) != 1 ||
      EVP_MAC_update(context.get(), bytes(message), message.size()) != 1 ||
      EVP_MAC_final(context.get(), result.data(), &length, result.size()) != 1 || length != result.size())
    throw std::runtime_error("OpenSSL refuses HMAC-SHA1");
  return result;
}

std::array<std::uint8_t, 32> sha256(std::string_view text) {
  std::array<std::uint8_t, 32> result{};
  if (EVP_Digest(text.data(), text.size(), result.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("OpenSSL refuses SHA-256");
  return result;
}

std::string base64(std::string_view text) {
  std::string result((text.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends it with a zero
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()), bytes(text),
                                     static_cast<int>(text.size()));
  result.resize(static_cast<std::size_t>(length));
  return result;
}

}  // namespace flm::api
