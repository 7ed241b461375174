#include "tools/web/pages.hpp"

#include <utility>

namespace flm::web {
namespace {

/// RFC 9110, 13.1.2: a list of tags, each perhaps weak, or "*".
bool has_tag(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    std::string_view tag = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), tag.size() + 1));
    const std::size_t start = tag.find_first_not_of(" \t");
    if (start == tag.npos) continue;
    tag = tag.substr(start, tag.find_last_not_of(" \t") - start + 1);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag || tag == "*") return true;
  }
  return false;
}

}  // namespace

std::string_view content_type_of(std::string_view path) {
  constexpr std::pair<std::string_view, std::string_view> types[] = {
      {".html", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".webmanifest", "application/manifest+json"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"}};
  for (const auto& [ending, type] : types)
    if (path.ends_with(ending)) return type;
  return "application/octet-stream";
}

Response secured(Response page) {
  page.headers +=
      "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
      "data:; "
      "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
      "frame-ancestors 'none'\r\n"
      "Referrer-Policy: no-referrer\r\n"
      "Cross-Origin-Opener-Policy: same-origin\r\n";
  return page;
}

void add_pages(Router& router, std::span<const EmbeddedFile> files) {
  for (const EmbeddedFile& file : files) {
    Response whole =
        secured({.content_type = std::string(content_type_of(file.path)), .fixed_body = file.content});
    whole.with("ETag", file.etag).with("Cache-Control", "no-cache");
    Response same = whole;
    same.status = 304;
    same.content_type.clear();
    same.fixed_body = {};
    const Handler handler = [whole, same, etag = file.etag](const Request& request) {
      const auto tags = request.header("If-None-Match");
      return tags && has_tag(*tags, etag) ? same : whole;
    };
    router.get(file.path, handler);
    if (file.path == "/index.html")
      router.get("/", handler);
    else if (file.path.ends_with(".html"))
      router.get(file.path.substr(0, file.path.size() - 5), handler);
  }
}

}  // namespace flm::web
