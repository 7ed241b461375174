// How far a reporter has come in each series, kept over a restart.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "tools/flmd/report/source.hpp"  // Series

namespace flm::flmd {

/// Times of the last delivered points. The file is JSON, {"<sid>/<rid>":<Unix s>,...}; it is replaced as a
/// whole and synchronised with the disk, so that a power cut leaves the old one or the new one.
class Cursor {
 public:
  /// Reads the file. One that is missing, torn or not of this form is as if there was none: every series
  /// starts before all points, so nothing is skipped, and what was delivered already is delivered again.
  /// `complaint()` then says what was wrong (nothing when it is missing).
  explicit Cursor(std::filesystem::path file);

  [[nodiscard]] const std::string& complaint() const { return complaint_; }

  /// `before_all` for a series that was never reported.
  [[nodiscard]] std::int64_t at(const Series&) const;
  void move(const Series&, std::int64_t time);

  /// Whether something moved since the last save().
  [[nodiscard]] bool moved() const { return moved_; }
  /// Throws InputError when it cannot be written; the old file stays.
  void save();

 private:
  std::filesystem::path file_;
  std::map<Series, std::int64_t> reached_;
  std::string complaint_;
  bool moved_ = false;
};

/// Name of a reporter's file below the state folder. It has the kind and a hash of the address: a new address
/// is a new server, which is given everything.
std::filesystem::path cursor_file(const std::filesystem::path& state_folder, std::string_view kind,
                                  std::string_view url);

}  // namespace flm::flmd
