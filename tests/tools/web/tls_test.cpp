// HTTPS, with a key and a certificate that the test makes.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/web/raw_client.hpp"
#include "tools/common/input_error.hpp"

namespace {

using namespace flm;
using namespace flm::test;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

/// Writes NAME.key, and NAME.pem, a certificate by itself.
web::TlsFiles make_files(const std::filesystem::path& folder, const std::string& name) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("flm"), -1,
                             -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  const web::TlsFiles files{folder / (name + ".pem"), folder / (name + ".key")};
  const std::unique_ptr<FILE, decltype(&std::fclose)> pem(std::fopen(files.certificate.c_str(), "w"),
                                                          std::fclose);
  PEM_write_X509(pem.get(), certificate.get());
  const std::unique_ptr<FILE, decltype(&std::fclose)> secret(std::fopen(files.key.c_str(), "w"), std::fclose);
  PEM_write_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return files;
}

class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port) : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    bio_ = BIO_new_ssl_connect(context_.get());
    BIO_set_conn_hostname(bio_, ("127.0.0.1:" + std::to_string(port)).c_str());
    connected_ = BIO_do_connect(bio_) == 1;
  }
  ~TlsClient() { BIO_free_all(bio_); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  [[nodiscard]] bool connected() const { return connected_; }
  std::string ask(const std::string& request, std::string_view end) {
    BIO_write(bio_, request.data(), static_cast<int>(request.size()));
    std::string all;
    char bytes[16384];
    for (int size = 0;
         (end.empty() || !all.ends_with(end)) && (size = BIO_read(bio_, bytes, sizeof bytes)) > 0;)
      all.append(bytes, static_cast<std::size_t>(size));
    return all;
  }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  BIO* bio_;
  bool connected_ = false;
};

web::Router small_router() {
  static const std::string large(3'000'000, 'l');
  web::Router router;
  router.get("/small", [](const web::Request&) { return web::json("[1]"); })
      .get("/large", [](const web::Request&) { return web::Response{.fixed_body = large}; });
  return router;
}

std::string complaint(const web::TlsFiles& files) {
  boost::asio::io_context io;
  web::Server server(io, small_router());
  try {
    server.listen("127.0.0.1:0", files);
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("HTTPS answers as HTTP does, beside it, and holds against what is no TLS") {
  const TemporaryFolder folder;
  const auto files = make_files(folder.path(), "flm");
  RunningServer server(small_router(), {.request = 300ms});
  const std::string at = server.on_loop([&](web::Server& of) {
    of.listen("127.0.0.1:0", files);
    return of.addresses()[1];
  });
  const auto port = static_cast<std::uint16_t>(std::stoul(at.substr(at.rfind(':') + 1)));
  const std::string get = "GET /small HTTP/1.1\r\nHost: flm\r\n\r\n";

  TlsClient client(port);
  REQUIRE(client.connected());
  for (int i = 0; i < 3; ++i)
    CHECK_THAT(client.ask(get, "[1]"), StartsWith("HTTP/1.1 200 OK\r\n") && EndsWith("\r\n\r\n[1]"));
  CHECK(client.ask("GET /large HTTP/1.1\r\nHost: flm\r\n\r\n" + get, "[1]").size() > 3'000'000);
  CHECK_THAT(client.ask("GET /small HTTP/1.0\r\n\r\n", ""), EndsWith("\r\n\r\n[1]"));

  RawClient plain(port, get), silent(port), half(port, std::string("\x16\x03\x01\x02\x00\x01", 6));
  CHECK(plain.closed());
  CHECK(silent.closed());
  CHECK(half.closed());
  TlsClient slow(port);
  CHECK_THAT(slow.ask("GET /sm", ""), StartsWith("HTTP/1.1 408 "));
  RawClient beside(server.port(), get);
  CHECK_THAT(beside.answer(), EndsWith("[1]"));
  TlsClient idle(port);
  CHECK(idle.connected());
  server.stop();
  server.join();
}

TEST_CASE("files that are no certificate and key are refused by name") {
  const TemporaryFolder folder;
  const auto files = make_files(folder.path(), "flm"), other = make_files(folder.path(), "other");
  CHECK(complaint(files).empty());
  CHECK_THAT(
      complaint({folder.path() / "absent.pem", files.key}),
      StartsWith(folder.path() / "absent.pem") && EndsWith("allowed: a certificate and its chain, in PEM"));
  CHECK_THAT(complaint({files.certificate, folder.file("wrong.key", "x")}),
             StartsWith(folder.path() / "wrong.key") && EndsWith("allowed: the certificate's key, in PEM"));
  CHECK_THAT(complaint({files.certificate, other.key}), StartsWith(other.key.string()) && Contains("key"));
}
