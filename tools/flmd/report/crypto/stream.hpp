// A connection that may be made secure by TLS (FLM_TLS), in a build that has it.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#ifdef FLM_TLS
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

namespace flm::flmd {

/// Whom a server's certificate may be of.
class Authorities {
 public:
  /// Certificates, PEM; empty: the system's.
  explicit Authorities(const std::string& ca_file) : context_(boost::asio::ssl::context::tls_client) {
    using Context = boost::asio::ssl::context;
    context_.set_options(Context::default_workarounds | Context::no_tlsv1 | Context::no_tlsv1_1);
    context_.set_verify_mode(boost::asio::ssl::verify_peer);
    boost::system::error_code error;
    if (ca_file.empty())
      context_.set_default_verify_paths(error);
    else
      context_.load_verify_file(ca_file, error);
    if (error) problem_ = ca_file + ": cannot be read as certificates: " + error.message();
  }
  /// Why nobody can be trusted; empty: somebody can.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] boost::asio::ssl::context& context() { return context_; }

 private:
  boost::asio::ssl::context context_;
  std::string problem_;
};

class SecurableStream {
 public:
  SecurableStream(boost::asio::io_context& loop, Authorities& authorities)
      : stream_(loop, authorities.context()) {}

  boost::asio::ip::tcp::socket& socket() { return stream_.next_layer(); }

  /// The handshake with the server of that name or address. Why it failed, of a certificate why it is not
  /// trusted; empty: it did not.
  boost::asio::awaitable<std::string> secure(const std::string& host) {
    namespace ssl = boost::asio::ssl;
    // An address has no name that could be asked for (RFC 6066, 3).
    boost::system::error_code is_name;
    (void)boost::asio::ip::make_address(host, is_name);
    if (is_name) SSL_set_tlsext_host_name(stream_.native_handle(), host.c_str());
    stream_.set_verify_callback(ssl::host_name_verification(host));
    const auto [refused] = co_await stream_.async_handshake(
        ssl::stream_base::client, boost::asio::as_tuple(boost::asio::use_awaitable));
    if (!refused) co_return std::string();
    const long verified = SSL_get_verify_result(stream_.native_handle());
    if (verified == X509_V_OK) co_return refused.message();
    co_return "certificate: " + std::string(X509_verify_cert_error_string(verified));
  }

  /// What `work` makes of the secure stream, or of the plain one.
  template <class Work>
  auto use(bool secure, Work work) {
    return secure ? work(stream_) : work(stream_.next_layer());
  }

 private:
  boost::beast::ssl_stream<boost::asio::ip::tcp::socket> stream_;
};

}  // namespace flm::flmd

#else

namespace flm::flmd {

/// Nobody.
class Authorities {
 public:
  explicit Authorities(const std::string&) {}
  [[nodiscard]] std::string problem() const { return {}; }
};

class SecurableStream {
 public:
  SecurableStream(boost::asio::io_context& loop, Authorities&) : socket_(loop) {}

  boost::asio::ip::tcp::socket& socket() { return socket_; }

  boost::asio::awaitable<std::string> secure(const std::string&) {
    co_return "this flmd is built without it; allowed: http://, and a proxy for TLS";
  }

  template <class Work>
  auto use(bool, Work work) {
    return work(socket_);
  }

 private:
  boost::asio::ip::tcp::socket socket_;
};

}  // namespace flm::flmd
#endif
