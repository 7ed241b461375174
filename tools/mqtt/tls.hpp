// TLS to a broker: whom it trusts, and who flmd is.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "tools/mqtt/client.hpp"

namespace flm::mqtt {

class Tls {
 public:
  /// Of `options`, which outlive it, the host and the files; throws InputError for a file that is not what it
  /// should be, and in a build without TLS. `problem`: why a broker's certificate is not taken.
  Tls(const Options& options, std::function<void(std::string)> problem);
  ~Tls();

  /// For libmosquitto's MOSQ_OPT_SSL_CTX.
  [[nodiscard]] void* context();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flm::mqtt
