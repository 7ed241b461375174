// The pages, which are part of the program.
#pragma once
#include <span>

#include "tools/web/pages.hpp"

namespace flm::flmd {

/// Every file below static/, and the charts' library beside them. Made when the program is built.
std::span<const web::EmbeddedFile> page_files();

}  // namespace flm::flmd
