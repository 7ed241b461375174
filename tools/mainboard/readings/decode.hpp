// `flmsim decode`: what the P1 telegrams in a file say, and why one was refused.
#pragma once
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace flm::sim {

/// Something that was refused.
struct DecodedFault {
  std::size_t offset;   ///< offset of the byte at which it was found
  std::string error;    ///< p1_error_name
  std::string message;  ///< with what was found
};

struct DecodedDevice {
  int channel;
  std::string type, unit;  ///< unit: "litre", "mj", "wh"
  std::uint32_t value;
  std::optional<std::uint32_t> time;  ///< Unix time
};

struct DecodedTelegram {
  std::size_t offset;                 ///< offset of its '/'
  std::size_t bytes;                  ///< to the end of its CRC
  std::optional<DecodedFault> error;  ///< why it was refused; the values are empty then
  std::string header;                 ///< without the '/'
  std::string equipment;  ///< the meter's identifier, as text where it is text in hexadecimal digits
  std::optional<std::uint64_t> import_wh, export_wh;
  std::optional<std::int64_t> net_wh, power_w;
  std::vector<std::pair<std::string, std::int64_t>> registers;  ///< by p1_register_name
  std::vector<DecodedDevice> devices;
  std::vector<DecodedFault> faults;  ///< values that were refused
  [[nodiscard]] bool has_energy() const { return net_wh.has_value() || !devices.empty(); }
};

struct Decoded {
  std::vector<DecodedTelegram> telegrams;
  std::map<std::string, unsigned> errors;  ///< by p1_error_name; those that occurred
  [[nodiscard]] std::size_t refused() const;
  /// Valid telegrams without energy of a register that is read: neither the meter's nor a
  /// device's.
  [[nodiscard]] std::size_t without_energy() const;
  /// All others.
  [[nodiscard]] std::size_t accepted() const { return telegrams.size() - refused() - without_energy(); }
  /// There are telegrams, and all of them are accepted.
  [[nodiscard]] bool succeeded() const { return !telegrams.empty() && accepted() == telegrams.size(); }
};

/// without_crc: telegrams that end with a bare '!' are accepted, if they are whole.
Decoded decode_p1(const std::string& bytes, bool without_crc);

/// Prints it; `name` is that of the file.
void print_decoded(const Decoded&, const std::string& name, bool json, std::FILE* out);

/// Reads a file, or throws InputError.
std::string read_file_bytes(const std::filesystem::path&);

}  // namespace flm::sim
