// Records as text: JSON lines (sim/results/jsonl.md has every field), CSV, and a table.
#pragma once
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sim/results/run.hpp"

namespace flm::sim {

enum class Format { table, jsonl, csv };

/// Names of the formats, in the order of Format; the first is used where none is asked for.
inline const std::vector<std::string> format_names = {"table", "jsonl", "csv"};

/// Writes records to a stream as they come. A table is redrawn in place on a terminal, and grows line by line
/// elsewhere.
class RecordWriter {
 public:
  RecordWriter(Format, const Scenario&, std::FILE* out, bool terminal);
  void write(const Record&);
  /// Ends the output; throws InputError when the stream could not take all of it (a full disk).
  void finish();

 private:
  /// The line of names, before the first record: a run that does not begin prints nothing.
  void begin();
  void write_table(const Reading&);
  void draw_live();

  Format format_;
  const Scenario& scenario_;
  std::FILE* out_;
  bool live_;
  bool begun_ = false;
  int drawn_lines_ = 0;
  double drawn_t_ = -1.0;
  std::map<int, Reading> latest_;
};

/// Runs as JUnit XML, one test case a run. Written whole or not at all; throws InputError.
void write_junit(const std::filesystem::path& file,
                 const std::vector<std::pair<std::string, std::vector<std::string>>>& cases);

}  // namespace flm::sim
