#include "tools/web/metrics_text.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "tools/common/http/accept.hpp"

namespace flm::web {
namespace {

constexpr std::string_view openmetrics_type = "application/openmetrics-text";

/// [a-zA-Z_:][a-zA-Z0-9_:]*; a label's without the colon.
bool is_name(std::string_view text, bool colon) {
  const auto fits = [colon](char c, bool digit) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':') ||
           (digit && c >= '0' && c <= '9');
  };
  return !text.empty() && fits(text.front(), false) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return fits(c, true); });
}

void append_escaped(std::string& text, std::string_view value, bool quote) {
  for (const char c : value) {
    if (c == '\n')
      text += "\\n";
    else if (c == '\\' || (quote && c == '"'))
      (text += '\\') += c;
    else
      text += c;
  }
}

/// Shortest digits that read as the same number, 17 at the most.
void append_value(std::string& text, double value) {
  if (std::isnan(value)) {
    text += "NaN";
  } else if (std::isinf(value)) {
    text += value > 0 ? "+Inf" : "-Inf";
  } else {
    char digits[32];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
}

}  // namespace

MetricsFormat metrics_format_of(std::string_view accept) {
  const MediaRanges ranges(accept);
  int openmetrics = 0;
  for (const MediaRanges::Range& range : ranges.ranges())
    if (range.type == openmetrics_type && (range.version.empty() || range.version == "1.0.0"))
      openmetrics = std::max(openmetrics, range.quality);
  return openmetrics > 0 && openmetrics >= ranges.quality("text/plain") ? MetricsFormat::openmetrics
                                                                        : MetricsFormat::prometheus;
}

std::string_view content_type(MetricsFormat format) {
  return format == MetricsFormat::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                              : "text/plain; version=0.0.4; charset=utf-8";
}

void MetricsText::family(std::string_view name, Kind kind, std::string_view unit, std::string_view help) {
  const std::string family(name);
  if (!is_name(name, true)) throw std::logic_error("metrics: \"" + family + "\" is no name of a family");
  for (const std::string_view suffix : {"_total", "_info"})
    if (name.ends_with(suffix))
      throw std::logic_error("metrics: " + family + ": the suffix is not part of a family's name");
  if (!unit.empty() && !name.ends_with("_" + std::string(unit)))
    throw std::logic_error("metrics: " + family + " does not end in its unit, " + std::string(unit));
  if (std::find(names_.begin(), names_.end(), family) != names_.end())
    throw std::logic_error("metrics: " + family + " is there twice");
  names_.push_back(family);

  kind_ = kind;
  sample_name_ = family + (kind == Kind::counter ? "_total" : kind == Kind::info ? "_info" : "");
  const bool openmetrics = format_ == MetricsFormat::openmetrics;
  // 0.0.4 knows neither infos nor units, and names a family as its samples.
  const std::string& title = openmetrics ? family : sample_name_;
  const std::string_view type = kind == Kind::counter               ? "counter"
                                : kind == Kind::info && openmetrics ? "info"
                                                                    : "gauge";
  text_.append("# TYPE ").append(title).append(" ").append(type) += '\n';
  if (openmetrics && !unit.empty()) text_.append("# UNIT ").append(title).append(" ").append(unit) += '\n';
  if (!help.empty()) {
    text_.append("# HELP ").append(title) += ' ';
    append_escaped(text_, help, openmetrics);
    text_ += '\n';
  }
}

void MetricsText::sample(const std::vector<Label>& labels, double value) {
  if (names_.empty()) throw std::logic_error("metrics: a sample without a family");
  if (kind_ == Kind::counter && !(value >= 0))
    throw std::logic_error("metrics: " + sample_name_ + " is a counter below zero");
  text_ += sample_name_;
  char separator = '{';
  for (const auto& [name, text] : labels) {
    if (!is_name(name, false))
      throw std::logic_error("metrics: \"" + std::string(name) + "\" is no name of a label");
    (text_ += separator).append(name) += "=\"";
    append_escaped(text_, text, true);
    text_ += '"';
    separator = ',';
  }
  if (!labels.empty()) text_ += '}';
  text_ += ' ';
  append_value(text_, value);
  text_ += '\n';
}

void MetricsText::process() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  family("process_cpu_seconds", Kind::counter, "seconds", "CPU time of this process.");
  sample({}, static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6);
  long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  family("process_resident_memory_bytes", Kind::gauge, "bytes", "Memory of this process.");
  sample({}, static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)));
}

std::string MetricsText::finish() {
  if (format_ == MetricsFormat::openmetrics) text_ += "# EOF\n";
  return std::move(text_);
}

}  // namespace flm::web
