// A build without TLS.
#include "tools/common/input_error.hpp"
#include "tools/mqtt/tls.hpp"

namespace flm::mqtt {

class Tls::Impl {};

Tls::Tls(const Options&, std::function<void(std::string)>) {
  throw InputError(
      "[mqtt]: ca_file: this flmd is built without TLS; allowed: no ca_file, and a proxy for TLS");
}
Tls::~Tls() = default;
void* Tls::context() { return nullptr; }

}  // namespace flm::mqtt
