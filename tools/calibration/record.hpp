// History of calibrations, kept from one to the next in a state file, a JSON object a line.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace flm::calibration {

/// A setting, by its command ("sm 0"), before and after.
struct Change {
  std::string setting;        ///< name for the user
  std::string command;        ///< that sets it, without the value
  int before = 0, after = 0;  ///< with their sign, which the link's 16 bits do not show
};

/// The comparison at one time.
struct TracePoint {
  double seconds = 0, ratio = 1, uncertainty = 0;
};

struct Record {
  std::string time;  ///< UTC, 2026-11-23T18:00:00Z
  std::string port, board;
  std::string kind;       ///< zero, gain, shape, against
  int sensor = 0;         ///< 1..6
  std::string reference;  ///< name for the user
  std::vector<Change> changes;
  bool has_watts = false;                    ///< the next three are known; not in the first versions' records
  double reference_w = 0;                    ///< right reading, W; 0 without load
  double before_w = 0;                       ///< reading before, W
  double verified_w = 0;                     ///< reading after, W, under the same load
  double error_before = 0, error_after = 0;  ///< relative, of the readings; after: expected
  double uncertainty = 0;                    ///< relative, 95 %; 0: not of this kind
  bool verified =
      true;  ///< true if the next readings agree, within the uncertainty; else a remark says why not
  double verified_error = 0;  ///< relative, from the next readings
  double verified_uncertainty = 0;
  std::vector<std::string> remarks;
  std::vector<TracePoint> trace;  ///< a comparison's
};

/// Where a user's records are kept: calibrations.jsonl in state_folder().
std::filesystem::path record_file();
/// Where those of a simulated board are: beside the file that it lives in, its EEPROM or its scenario. It
/// does not belong to the user's.
std::filesystem::path record_file_beside(std::filesystem::path board);
/// Those of a port, as it is called before its options: "spi:/dev/spidev0.0" of
/// "spi:/dev/spidev0.0,hz=500000".
std::vector<Record> records_of_port(std::vector<Record>, std::string_view port);
/// Adds one; makes the folders. Throws InputError.
void append_record(const std::filesystem::path& file, const Record&);
/// All of them, oldest first; none when there is no file. Throws InputError naming the line that is not a
/// record.
std::vector<Record> read_records(const std::filesystem::path& file);

}  // namespace flm::calibration
