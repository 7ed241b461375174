#include "tools/mqtt/tls.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/verify_context.hpp>

#include <utility>

#include "tools/common/files.hpp"
#include "tools/common/input_error.hpp"

namespace flm::mqtt {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// A file of PEM that OpenSSL takes, or an InputError that names it.
template <class Load>
void load(const std::filesystem::path& path, std::string_view allowed, Load load_it) {
  check_text(path, allowed);
  error_code error;
  load_it(path.string(), error);
  if (error) throw InputError(fmt::format("{}: {}; allowed: {}", path.string(), error.message(), allowed));
}

int host_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

class Tls::Impl {
 public:
  Impl(const Options& options, std::function<void(std::string)> problem) {
    using Context = asio::ssl::context;
    Context& tls = context;
    tls.set_options(Context::default_workarounds | Context::no_sslv2 | Context::no_sslv3 | Context::no_tlsv1 |
                    Context::no_tlsv1_1);
    load(options.ca_file, "certificates of authorities, PEM",
         [&](const std::string& path, error_code& error) { tls.load_verify_file(path, error); });
    if (!options.certificate_file.empty()) {
      load(options.certificate_file, "a certificate, PEM",
           [&](const std::string& path, error_code& error) { tls.use_certificate_chain_file(path, error); });
      load(options.key_file, "the certificate's private key, PEM",
           [&](const std::string& path, error_code& error) {
             tls.use_private_key_file(path, Context::pem, error);
           });
    }
    // The name is checked here because libmosquitto is given an address.
    X509_VERIFY_PARAM* wanted = SSL_CTX_get0_param(tls.native_handle());
    error_code is_name;
    asio::ip::make_address(options.host, is_name);
    if (is_name)
      X509_VERIFY_PARAM_set1_host(wanted, options.host.c_str(), options.host.size());
    else
      X509_VERIFY_PARAM_set1_ip_asc(wanted, options.host.c_str());
    tls.set_verify_mode(asio::ssl::verify_peer);
    tls.set_verify_callback([problem = std::move(problem)](bool good, asio::ssl::verify_context& seen) {
      if (!good)
        problem(fmt::format("the broker's certificate: {}",
                            X509_verify_cert_error_string(X509_STORE_CTX_get_error(seen.native_handle()))));
      return good;
    });
    if (is_name) {
      // Before the first message, instead of the address that libmosquitto has put there.
      SSL_CTX_set_ex_data(tls.native_handle(), host_index(), const_cast<char*>(options.host.c_str()));
      SSL_CTX_set_info_callback(tls.native_handle(), [](const SSL* ssl, int where, int) {
        if ((where & SSL_CB_HANDSHAKE_START) != 0)
          SSL_set_tlsext_host_name(const_cast<SSL*>(ssl), static_cast<const char*>(SSL_CTX_get_ex_data(
                                                              SSL_get_SSL_CTX(ssl), host_index())));
      });
    }
  }

  asio::ssl::context context{asio::ssl::context::tls_client};
};

Tls::Tls(const Options& options, std::function<void(std::string)> problem)
    : impl_(std::make_unique<Impl>(options, std::move(problem))) {}
Tls::~Tls() = default;
void* Tls::context() { return impl_->context.native_handle(); }

}  // namespace flm::mqtt
