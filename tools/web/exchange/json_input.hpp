// What a request asks, with complaints that name the field, what was wrong and what is allowed: HttpError
// 400.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "tools/web/exchange/request.hpp"

namespace flm::web {

/// JSON of a request's body, whose type must say application/json (else 415): a form of another site cannot
/// say that. Throws HttpError 400 for what is no JSON, or is nested deeper than `depth`.
nlohmann::json json_body(const Request&, int depth = 8);
/// The same for any text; `what` names it in complaints.
nlohmann::json parse_json(std::string_view text, std::string_view what, int depth = 8);

/// Members of a JSON object. Read all that are known, then call no_others().
class JsonInput {
 public:
  /// `where`: what the object is, "sensors[2]"; empty: the body. Keeps a reference to the value.
  explicit JsonInput(const nlohmann::json& object, std::string where = {});

  /// 1 to `most` bytes of UTF-8 without control characters; `least` 0 allows an empty one.
  std::string text(const char* name, std::size_t most, std::size_t least = 1);
  std::int64_t integer(const char* name, std::int64_t least, std::int64_t most);
  double number(const char* name, double least, double most);
  bool boolean(const char* name);
  /// One of the words.
  std::string word(const char* name, std::initializer_list<std::string_view> words);
  const nlohmann::json& object(const char* name);
  const nlohmann::json& array(const char* name, std::size_t most);
  /// Whether it is there and not null; then the others may ask for it.
  bool has(const char* name);
  /// Complains of a member that nobody asked for.
  void no_others() const;

 private:
  const nlohmann::json& member(const char* name, std::string_view allowed);
  [[noreturn]] void wrong(const char* name, std::string_view what, std::string_view allowed) const;

  const nlohmann::json& value_;
  std::string where_;
  std::set<std::string> known_;
};

/// An integer of the query; nothing where it is not there. Throws HttpError 400 for anything else than digits
/// with a sign, and for one that is out of range.
std::optional<std::int64_t> query_integer(const Request&, std::string_view name, std::int64_t least,
                                          std::int64_t most);
/// One of the words, of the query; nothing where it is not there.
std::optional<std::string_view> query_word(const Request&, std::string_view name,
                                           std::initializer_list<std::string_view> words);

}  // namespace flm::web
