#include "tools/web/pages.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <stdexcept>
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

/// The tag of what is sent packed: other bytes (RFC 9110, 8.8.3.3).
std::string tag_of_packed(std::string_view etag) {
  return std::string(etag.substr(0, etag.size() - 1)).append("-gzip\"");
}

}  // namespace

std::string unpacked(const EmbeddedFile& file) {
  constexpr int gzip_window = 15 + 16;
  std::string content;
  z_stream stream{};
  if (inflateInit2(&stream, gzip_window) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(file.packed.data()));
  stream.avail_in = static_cast<uInt>(file.packed.size());
  int result = Z_OK;
  while (result == Z_OK) {
    char part[4096];
    stream.next_out = reinterpret_cast<Bytef*>(part);
    stream.avail_out = sizeof part;
    result = inflate(&stream, Z_NO_FLUSH);
    content.append(part, sizeof part - stream.avail_out);
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("a file of the program is damaged");
  return content;
}

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

Response secured(Response page, bool local) {
  page.headers += fmt::format(
      "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
      "data:; "
      "font-src 'self'; connect-src 'self'{}; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
      "frame-ancestors 'none'\r\n"
      "Referrer-Policy: no-referrer\r\n"
      "Cross-Origin-Opener-Policy: same-origin\r\n",
      local ? " http:" : "");
  return page;
}

void add_pages(Router& router, std::span<const EmbeddedFile> files, std::string_view local_page) {
  for (const EmbeddedFile& file : files) {
    const bool local = file.path == local_page;
    Response packed =
        secured({.content_type = std::string(content_type_of(file.path)), .fixed_body = file.packed}, local);
    packed.with("ETag", tag_of_packed(file.etag)).with("Content-Encoding", "gzip");
    Response plain = secured({.content_type = packed.content_type}, local);
    plain.with("ETag", file.etag);
    for (Response* each : {&packed, &plain})
      each->with("Cache-Control", "no-cache").with("Vary", "Accept-Encoding");
    const Handler handler = [packed, plain, file](const Request& request) {
      const auto tags = request.header("If-None-Match");
      const auto encodings = request.header("Accept-Encoding");
      const bool is_packed = encodings && encodings->find("gzip") != encodings->npos;
      Response answer = is_packed ? packed : plain;
      if (tags && (has_tag(*tags, file.etag) || has_tag(*tags, tag_of_packed(file.etag)))) {
        answer.status = 304;
        answer.content_type.clear();
        answer.fixed_body = {};
      } else if (!is_packed) {
        answer.body = unpacked(file);
      }
      return answer;
    };
    router.get(file.path, handler);
    if (file.path == "/index.html")
      router.get("/", handler);
    else if (file.path.ends_with(".html"))
      router.get(file.path.substr(0, file.path.size() - 5), handler);
  }
}

}  // namespace flm::web
