// Parameters of a request, as key and value, and the error that says what is wrong with one.
#pragma once
#include <initializer_list>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace flm::history {

/// Key and value of a query string, both decoded. The headers X-Version and X-Token count as `version` and
/// `token`: whoever takes the request adds them to the list, so that a value given both ways is seen as given
/// twice.
using Parameter = std::pair<std::string, std::string>;
using Parameters = std::span<const Parameter>;

/// A request that cannot be answered: its text is what a 400 carries. Values in it are cut to 40 bytes,
/// control characters shown.
class QueryError : public std::runtime_error {
 public:
  explicit QueryError(const std::string& what) : std::runtime_error(what) {}
};

/// Value of a key, nothing when it is absent; throws QueryError when it is there twice. Keys that no one asks
/// for are ignored, as stock does: scripts add some against caches.
std::optional<std::string_view> value_of(Parameters, std::string_view key);

/// QueryError that a value is none of those allowed: `unit is "x"; watt, lperday are allowed`.
[[noreturn]] void refuse(std::string_view key, std::string_view value, std::string_view allowed);

/// Checks `version`, which is required and 1.0.
void check_version(Parameters);

/// Name of the function of `callback`, or of `jsonp_callback`, its older name; empty when there is none.
/// Letters, digits and `_`, so that an answer is never a stranger's script.
std::string_view callback_of(Parameters);

/// Text as an answer carries it: as it is, or as `callback(text);`.
std::string with_callback(std::string_view callback, std::string text);

}  // namespace flm::history
