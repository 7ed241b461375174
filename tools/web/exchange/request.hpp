// A request as handlers see it: everything in it was decoded and checked, and is still a stranger's.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flm::web {

enum class Method : std::uint8_t { get, head, post, put, patch, remove /* DELETE */, options };
/// "GET", "DELETE".
std::string_view method_name(Method);

/// What a handler throws where it has no answer but a refusal: status 400 to 599, one line for the user, and
/// further header lines ("Name: value" with a line end each), if any.
class HttpError : public std::runtime_error {
 public:
  HttpError(int status, const std::string& what, std::string headers = {})
      : std::runtime_error(what), status_(status), headers_(std::move(headers)) {}
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::string& headers() const { return headers_; }

 private:
  int status_;
  std::string headers_;
};

/// Names with values, in the order in which they came; a name may come again.
using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

/// Valid while its handler runs: all views are of the connection's own memory.
struct Request {
  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  Method method = Method::get;
  std::string_view target;             ///< as it came, "/sensor/a%20b?unit=watt"
  std::vector<std::string_view> path;  ///< segments, decoded UTF-8: none of them is "." or ".."; "/" has none
  Fields parameters;                   ///< what stands in the pattern's braces: {"sid", "..."}
  Fields queries;                      ///< of the query, decoded UTF-8, '+' as a space
  Fields headers;                      ///< names as they came
  std::string_view body;
  std::string_view address;  ///< of the client, "192.0.2.7", "fe80::1"; an IPv4 client of [::] is IPv4

  /// A parameter of the route's pattern. Throws std::logic_error where the pattern has none of that name.
  [[nodiscard]] std::string_view parameter(std::string_view name) const;
  /// The query's value. Throws HttpError 400 where it stands twice.
  [[nodiscard]] std::optional<std::string_view> query(std::string_view name) const;
  /// Value of the first header of that name, whatever the letters' case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  /// Value of the first cookie of that name.
  [[nodiscard]] std::optional<std::string_view> cookie(std::string_view name) const;
  /// A field of a form (application/x-www-form-urlencoded) in the body, decoded; nothing where the body is no
  /// form, or a broken one.
  [[nodiscard]] std::optional<std::string> form(std::string_view name) const;

  std::string decoded;  ///< memory of path and queries; of all, in what keep() made
};

/// A copy that is valid as long as it is held.
std::shared_ptr<const Request> keep(const Request&);

/// Fills path and queries from `request.target`: "/path?query", or "http://host/path?query". Throws HttpError
/// 400 for any other form, a broken %XX, text that is not UTF-8 or has control characters, and for a segment
/// that is "." or ".." or has a '/' of its own.
void decode_target(Request& request);

/// Decodes "a=1&b=x%20y" behind `memory`, which must have room for as many characters and not move. Throws
/// HttpError 400.
void decode_query(std::string_view query, std::string& memory, Fields& out);

/// Equal, whatever the case of ASCII letters.
bool same_name(std::string_view, std::string_view);
/// Well-formed UTF-8 (RFC 3629) without control characters; tabs and line ends are allowed where `lines`.
bool is_text(std::string_view, bool lines = false);

}  // namespace flm::web
