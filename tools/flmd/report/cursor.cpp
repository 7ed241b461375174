#include "tools/flmd/report/cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "tools/api/hashes.hpp"
#include "tools/common/atomic_file.hpp"  // AtomicFile

namespace flm::flmd {
namespace {

// "<32 lower-case hex digits>/<rid>".
std::optional<Series> series_of(std::string_view text) {
  if (text.size() < 34 || text[32] != '/') return std::nullopt;
  Series series{std::string(text.substr(0, 32)), 0};
  const std::string_view digits = text.substr(33);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), series.rid);
  if (error != std::errc() || end != digits.data() + digits.size() || !history::is_right(series))
    return std::nullopt;
  return series;
}

// Year 5138: a time beyond is none that a clock has shown.
constexpr std::int64_t latest = 100'000'000'000;

// Empty when it cannot be read.
std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// Nothing when it is not a cursor's text.
std::optional<std::map<Series, std::int64_t>> reached_of(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  std::map<Series, std::int64_t> reached;
  for (const auto& [key, time] : json.items()) {
    const auto series = series_of(key);
    if (!series || !time.is_number_integer() || time < 0 || time > latest) return std::nullopt;
    reached[*series] = time.get<std::int64_t>();
  }
  return reached;
}

}  // namespace

Cursor::Cursor(std::filesystem::path file) : file_(std::move(file)) {
  std::error_code error;
  if (!std::filesystem::exists(file_, error)) return;
  if (auto reached = reached_of(text_of(file_)))
    reached_ = std::move(*reached);
  else
    complaint_ = fmt::format(
        "{}: is torn, or no reporter's file; everything that the history has is sent again", file_.string());
}

std::int64_t Cursor::at(const Series& series) const {
  const auto found = reached_.find(series);
  return found == reached_.end() ? before_all : found->second;
}

void Cursor::move(const Series& series, std::int64_t time) {
  const auto [place, is_new] = reached_.try_emplace(series, time);
  if (!is_new && place->second == time) return;
  place->second = time;
  moved_ = true;
}

void Cursor::save() {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [series, time] : reached_) json[fmt::format("{}/{}", series.sid, series.rid)] = time;
  AtomicFile file(file_);
  file.write(json.dump() + '\n');
  file.commit_durably();
  moved_ = false;
}

std::filesystem::path cursor_file(const std::filesystem::path& state_folder, std::string_view kind,
                                  std::string_view url) {
  const auto hash = api::sha256(url);
  return state_folder /
         fmt::format("report-{}-{:02x}{:02x}{:02x}{:02x}.json", kind, hash[0], hash[1], hash[2], hash[3]);
}

}  // namespace flm::flmd
