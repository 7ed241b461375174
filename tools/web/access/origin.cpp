#include "tools/web/access/origin.hpp"

namespace flm::web {

void require_own_origin(const Request& request) {
  const auto origin = request.header("Origin");
  if (!origin) return;
  const std::size_t scheme = origin->find("://");
  const std::string_view page = scheme == origin->npos ? "" : origin->substr(scheme + 3);
  if (page.empty() || !same_name(page, request.header("Host").value_or("")))
    throw HttpError(
        403,
        "the request comes from a page of another site; allowed: from this server's pages (a proxy "
        "before it has to pass on the Host header)");
}

}  // namespace flm::web
