#include "tools/web/exchange/request.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace flm::web {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Appends to `memory`, which does not move: what it decodes to is never longer than `text`.
std::string_view decode(std::string_view text, bool plus_is_space, std::string& memory, const char* where) {
  const std::size_t start = memory.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_space) {
      c = ' ';
    } else if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        throw HttpError(400, fmt::format("the {} has a '%' without two hex digits", where));
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    memory += c;
  }
  const std::string_view result = std::string_view(memory).substr(start);
  if (!is_text(result, plus_is_space)) throw HttpError(400, fmt::format("the {} is no UTF-8 text", where));
  return result;
}

std::optional<std::string_view> first(const Fields& fields, std::string_view name) {
  for (const auto& [field, value] : fields)
    if (field == name) return value;
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t");
  if (start == text.npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view method_name(Method method) {
  constexpr std::string_view names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return names[static_cast<std::size_t>(method)];
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_text(std::string_view text, bool lines) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i++]);
    if (byte < 0x80) {
      if ((byte < ' ' && !(lines && (byte == '\n' || byte == '\r' || byte == '\t'))) || byte == 0x7F)
        return false;
      continue;
    }
    const std::size_t more = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
    if (byte < 0xC2 || byte > 0xF4 || text.size() - i < more) return false;
    std::uint32_t code = byte & (0x3Fu >> more);
    for (std::size_t k = 0; k < more; ++k) {
      const auto next = static_cast<unsigned char>(text[i++]);
      if ((next & 0xC0) != 0x80) return false;
      code = code << 6 | (next & 0x3Fu);
    }
    constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const bool control = code < 0xA0, surrogate = code >= 0xD800 && code < 0xE000;
    if (code < least[more] || code > 0x10FFFF || surrogate || control) return false;
  }
  return true;
}

void decode_query(std::string_view query, std::string& memory, Fields& out) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equal = pair.find('=');
    const std::string_view name = decode(pair.substr(0, equal), true, memory, "query");
    const std::string_view value =
        equal == pair.npos ? std::string_view{} : decode(pair.substr(equal + 1), true, memory, "query");
    out.emplace_back(name, value);
  }
}

std::shared_ptr<const Request> keep(const Request& request) {
  const auto size_of = [](const Fields& fields) {
    std::size_t size = 0;
    for (const auto& [name, value] : fields) size += name.size() + value.size();
    return size;
  };
  auto kept = std::make_shared<Request>();
  std::size_t size = request.target.size() + request.body.size() + request.address.size();
  for (const std::string_view segment : request.path) size += segment.size();
  for (const Fields* fields : {&request.parameters, &request.queries, &request.headers})
    size += size_of(*fields);
  kept->decoded.reserve(size);  // so that it does not move
  const auto copy = [&](std::string_view text) {
    const std::size_t at = kept->decoded.size();
    kept->decoded += text;
    return std::string_view(kept->decoded).substr(at);
  };
  const auto copy_all = [&](const Fields& from, Fields& to) {
    for (const auto& [name, value] : from) {
      const std::string_view copied = copy(name);
      to.emplace_back(copied, copy(value));
    }
  };
  kept->method = request.method;
  kept->target = copy(request.target);
  for (const std::string_view segment : request.path) kept->path.push_back(copy(segment));
  copy_all(request.parameters, kept->parameters);
  copy_all(request.queries, kept->queries);
  copy_all(request.headers, kept->headers);
  kept->body = copy(request.body);
  kept->address = copy(request.address);
  return kept;
}

void decode_target(Request& request) {
  std::string_view rest = request.target;
  request.path.clear();
  request.queries.clear();
  request.decoded.clear();
  request.decoded.reserve(rest.size());  // and it does not move from here on
  if (same_name(rest.substr(0, 7), "http://") || same_name(rest.substr(0, 8), "https://")) {
    rest.remove_prefix(rest.find("//") + 2);
    const std::size_t end = rest.find_first_of("/?");
    rest.remove_prefix(std::min(rest.size(), end));
    if (rest.empty() || rest.front() != '/')
      throw HttpError(400, "the address has no path; allowed: http://host/path");
  }
  if (rest.empty() || rest.front() != '/') throw HttpError(400, "the path does not begin with '/'");
  rest = rest.substr(0, rest.find('#'));
  const std::size_t mark = rest.find('?');
  std::string_view path = rest.substr(1, mark == rest.npos ? rest.npos : mark - 1);
  if (!path.empty()) {
    for (bool more = true; more;) {
      const std::size_t slash = path.find('/');
      more = slash != path.npos;
      const std::string_view segment = decode(path.substr(0, slash), false, request.decoded, "path");
      if (segment == "." || segment == "..") throw HttpError(400, "the path has a segment '.' or '..'");
      if (segment.find('/') != segment.npos) throw HttpError(400, "the path has a '/' within a segment");
      request.path.push_back(segment);
      if (more) path.remove_prefix(slash + 1);
    }
  }
  if (mark != rest.npos) decode_query(rest.substr(mark + 1), request.decoded, request.queries);
}

std::string_view Request::parameter(std::string_view name) const {
  const auto value = first(parameters, name);
  if (!value) throw std::logic_error(fmt::format("the route has no parameter '{}'", name));
  return *value;
}

std::optional<std::string_view> Request::query(std::string_view name) const {
  std::optional<std::string_view> result;
  for (const auto& [field, value] : queries) {
    if (field != name) continue;
    if (result) throw HttpError(400, fmt::format("'{}' stands twice in the query; allowed: once", name));
    result = value;
  }
  return result;
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const auto& [field, value] : headers)
    if (same_name(field, name)) return value;
  return std::nullopt;
}

std::optional<std::string_view> Request::cookie(std::string_view name) const {
  for (const auto& [field, line] : headers) {
    if (!same_name(field, "Cookie")) continue;
    for (std::string_view rest = line; !rest.empty();) {
      const std::string_view pair = trimmed(rest.substr(0, rest.find(';')));
      rest.remove_prefix(
          std::min(rest.size(), rest.find(';') == rest.npos ? rest.size() : rest.find(';') + 1));
      const std::size_t equal = pair.find('=');
      if (equal != pair.npos && pair.substr(0, equal) == name) return pair.substr(equal + 1);
    }
  }
  return std::nullopt;
}

std::optional<std::string> Request::form(std::string_view name) const {
  const auto type = header("Content-Type");
  if (!type || !same_name(trimmed(type->substr(0, type->find(';'))), "application/x-www-form-urlencoded"))
    return std::nullopt;
  std::string memory;
  memory.reserve(body.size());
  Fields fields;
  try {
    decode_query(body, memory, fields);
  } catch (const HttpError&) {
    return std::nullopt;
  }
  const auto value = first(fields, name);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

}  // namespace flm::web
