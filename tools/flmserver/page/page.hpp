// The pages, which are part of the program.
#pragma once
#include <span>

#include "tools/web/pages.hpp"

namespace flm::server {

/// Every file below static/, and what pages of all programs share. Made when the program is built.
std::span<const web::EmbeddedFile> page_files();

}  // namespace flm::server
