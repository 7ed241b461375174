// Firmware of kubes, from files of a folder.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/common/input_error.hpp"  // InputError: what read_image() throws

namespace flm::flmd {

struct FirmwareImage {
  int version = 0;                  ///< 1 to 65535; 0: no image
  std::vector<std::uint8_t> bytes;  ///< a multiple of 16; what a file leaves out is 0xFF, as in erased flash

  /// As the boot protocol has it: CRC-16/ARC from 0xFFFF over all bytes.
  [[nodiscard]] std::uint16_t crc() const;
  /// In units of 16 bytes.
  [[nodiscard]] std::uint16_t size16() const { return static_cast<std::uint16_t>(bytes.size() / 16); }
};

/// Of a kube's 32 KiB, without the 4 KiB of its boot loader.
inline constexpr std::size_t image_max = 28 * 1024;

/// A file of Intel HEX. Throws InputError with file, line, what is wrong and what is allowed: damaged (each
/// line has a sum), cut, empty, larger than image_max.
std::vector<std::uint8_t> read_image(const std::filesystem::path& file);

class FirmwareImages {
 public:
  /// `folder` may be empty: there are none. `complain`: a line for each file that is refused.
  FirmwareImages(std::filesystem::path folder, std::function<void(const std::string&)> complain);

  /// The newest of <firmware>-<version>.hex that can be read; files may change while flmd runs.
  /// Version 0: there is none.
  [[nodiscard]] FirmwareImage newest(std::string_view firmware) const;

 private:
  std::filesystem::path folder_;
  std::function<void(const std::string&)> complain_;
};

}  // namespace flm::flmd
