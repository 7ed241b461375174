// A certificate authority that lasts for one test, and servers that it vouches for.
#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace flm::flmd {

class Authority {
 public:
  explicit Authority(const std::string& name)
      : key_(new_key()), certificate_(make(name, key_.get(), nullptr, "CA:TRUE", "")) {}

  void write_certificate(const std::filesystem::path& file) const {
    write(file, certificate_.get(), nullptr);
  }

  /// Certificate and key of a server with an alternative name, such as "IP:127.0.0.1".
  void write_server(const std::filesystem::path& certificate, const std::filesystem::path& key,
                    const std::string& alternative_name) const {
    const Key server_key = new_key();
    const Certificate server = make("server", server_key.get(), this, "CA:FALSE", alternative_name);
    write(certificate, server.get(), nullptr);
    write(key, nullptr, server_key.get());
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  static Key new_key() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

  static Certificate make(const std::string& name, EVP_PKEY* key, const Authority* signer,
                          const char* constraints, const std::string& alternative_name) {
    Certificate result(X509_new(), &X509_free);
    X509* const certificate = result.get();
    static long serial = 0;
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* const issuer = signer != nullptr ? signer->certificate_.get() : certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    extend(certificate, NID_basic_constraints, constraints);
    if (!alternative_name.empty()) extend(certificate, NID_subject_alt_name, alternative_name.c_str());
    if (X509_sign(certificate, signer != nullptr ? signer->key_.get() : key, EVP_sha256()) == 0)
      throw std::runtime_error("the test cannot make a certificate");
    return result;
  }

  static void extend(X509* certificate, int what, const char* value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  static void write(const std::filesystem::path& file, X509* certificate, EVP_PKEY* key) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "w"), &std::fclose);
    if (certificate != nullptr) PEM_write_X509(stream.get(), certificate);
    if (key != nullptr) PEM_write_PrivateKey(stream.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  }

  Key key_;
  Certificate certificate_;
};

}  // namespace flm::flmd
