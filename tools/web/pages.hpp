// Pages, scripts and pictures that are part of the program.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "tools/web/router.hpp"

namespace flm::web {

/// A row of what flm_embed_pages() makes of a folder (CMakeLists.txt).
struct EmbeddedFile {
  std::string_view path;    ///< "/live.js", "/img/globe.svg"
  std::string_view packed;  ///< by gzip, of the program: valid as long as it runs
  std::string_view etag;    ///< quoted, of the content
};

/// Its content.
std::string unpacked(const EmbeddedFile&);

/// Adds a route for each file: "/index.html" as "/", "/live.html" as "/live" too. A browser keeps them, and
/// asks each time whether they are still the same (304), so that a new version of the program shows its own.
/// Each has the headers of secured(), and is sent packed to whom accepts that; scripts of `local_page`,
/// "/index.html", may ask meters of the local network too.
void add_pages(Router&, std::span<const EmbeddedFile>, std::string_view local_page = {});

/// Adds what keeps a page from being used by others: scripts, styles, pictures and connections of this server
/// only, none of them within the page's text; no frames; no address of it to others. `local`: connections by
/// plain HTTP to any server too, as those of meters at home, which have no names that a policy could list.
Response secured(Response page, bool local = false);

/// "text/html; charset=utf-8"; what has no known ending is "application/octet-stream".
std::string_view content_type_of(std::string_view path);

}  // namespace flm::web
