#include "tools/calibration/record.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/common/input_error.hpp"
#include "tools/common/places.hpp"

namespace flm::calibration {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Change, setting, command, before, after)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TracePoint, seconds, ratio, uncertainty)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Record, time, port, board, kind, sensor, reference, changes,
                                                has_watts, reference_w, before_w, verified_w, error_before,
                                                error_after, uncertainty, verified, verified_error,
                                                verified_uncertainty, remarks, trace)

namespace {

/// Throws nlohmann::json::exception for any other text.
Record parse_record(const std::string& line) {
  const auto json = nlohmann::json::parse(line);
  static_cast<void>(json.at("kind"));
  auto record = json.get<Record>();
  for (Change& change : record.changes)  // the first records have offsets as the link has them
    if (change.command.starts_with("so"))
      change.before = static_cast<std::int16_t>(change.before),
      change.after = static_cast<std::int16_t>(change.after);
  return record;
}

}  // namespace

std::filesystem::path record_file() { return state_folder() / "calibrations.jsonl"; }

std::filesystem::path record_file_beside(std::filesystem::path board) {
  return board += ".calibrations.jsonl";
}

std::vector<Record> records_of_port(std::vector<Record> records, std::string_view port) {
  const auto device = [](std::string_view text) { return text.substr(0, text.find(',')); };
  std::erase_if(records, [&](const Record& record) { return device(record.port) != device(port); });
  return records;
}

void append_record(const std::filesystem::path& file, const Record& record) {
  std::error_code error;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), error);
  std::ofstream out(file, std::ios::app);
  out << nlohmann::json(record).dump() << '\n' << std::flush;
  if (!out) throw InputError(fmt::format("{}: cannot be written: {}", file.string(), std::strerror(errno)));
}

std::vector<Record> read_records(const std::filesystem::path& file) {
  std::vector<Record> records;
  std::ifstream in(file);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    try {
      records.push_back(parse_record(line));
    } catch (const nlohmann::json::exception&) {
      throw InputError(
          fmt::format("{}:{}: no record of a calibration; allowed: what flmctl wrote. Move the file away to "
                      "begin a new one",
                      file.string(), number));
    }
  }
  return records;
}

}  // namespace flm::calibration
