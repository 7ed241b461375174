// How bytes are packed for a server.
#pragma once
#include <string>
#include <string_view>

namespace flm::flmd {

/// RFC 1952, one member. Throws std::bad_alloc.
std::string gzip(std::string_view bytes);

}  // namespace flm::flmd
