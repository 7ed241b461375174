// Whether a request was made by a page of this server.
#pragma once
#include "tools/web/exchange/request.hpp"

namespace flm::web {

/// Throws HttpError 403 for a request that names another page as its origin (RFC 6454) than one under the
/// request's own Host. A program that is no browser names none, and may pass. For whatever changes something,
/// the login too: browsers name the origin of each such request.
void require_own_origin(const Request&);

}  // namespace flm::web
