#include "tools/flmd/kubes/firmware_images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <system_error>

#include "protocol/crc16.hpp"
#include "tools/common/files.hpp"

namespace flm::flmd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view allowed = "a whole file of Intel HEX, from address 0";

[[noreturn]] void refuse(const fs::path& file, int line, std::string_view what) {
  throw InputError(fmt::format("{}:{}: {}; allowed: {}", file.string(), line, what, allowed));
}

/// Bytes of a line; nothing when it is none of Intel HEX, or its sum is wrong.
std::optional<std::vector<std::uint8_t>> record_of(std::string_view line) {
  if (line.size() < 11 || line.size() % 2 == 0 || line.front() != ':') return {};
  std::vector<std::uint8_t> bytes;
  unsigned sum = 0;
  for (std::size_t i = 1; i < line.size(); i += 2) {
    unsigned byte = 0;
    const char* end = line.data() + i + 2;
    const auto result = std::from_chars(line.data() + i, end, byte, 16);
    if (result.ec != std::errc{} || result.ptr != end) return {};
    bytes.push_back(static_cast<std::uint8_t>(byte));
    sum += byte;
  }
  if (bytes.size() != bytes[0] + std::size_t{5} || sum % 256 != 0) return {};
  return bytes;
}

}  // namespace

std::uint16_t FirmwareImage::crc() const {
  std::uint16_t crc = 0xFFFF;
  for (const std::uint8_t byte : bytes) crc = protocol::crc16_arc(crc, byte);
  return crc;
}

std::vector<std::uint8_t> read_image(const fs::path& file) {
  check_text(file, allowed);
  std::ifstream in(file, std::ios::binary);
  std::vector<std::uint8_t> image;
  int number = 0;
  bool ended = false;
  for (std::string line; !ended && std::getline(in, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const auto record = record_of(line);
    if (!record) refuse(file, number, "is damaged");
    const std::vector<std::uint8_t>& r = *record;
    const std::size_t address = static_cast<std::size_t>(r[1]) << 8 | r[2], count = r[0];
    switch (r[3]) {
      case 0:
        if (address + count > image_max)
          throw InputError(fmt::format("{}:{}: reaches to address {}; allowed: {} bytes", file.string(),
                                       number, address + count, image_max));
        if (address + count > image.size()) image.resize(address + count, 0xFF);
        std::copy_n(r.begin() + 4, count, image.begin() + static_cast<std::ptrdiff_t>(address));
        break;
      case 1: ended = true; break;
      case 2:
      case 4:
        if (std::any_of(r.begin() + 4, r.end() - 1, [](std::uint8_t byte) { return byte != 0; }))
          throw InputError(fmt::format("{}:{}: goes on above 64 KiB; allowed: {} bytes", file.string(),
                                       number, image_max));
        break;
      case 3:
      case 5: break;  // where the program starts
      default: refuse(file, number, "is a record of an unknown kind");
    }
  }
  if (!ended) refuse(file, number, "ends without an end record: it is cut");
  if (image.empty()) refuse(file, number, "has no bytes");
  image.resize((image.size() + 15) / 16 * 16, 0xFF);
  return image;
}

FirmwareImages::FirmwareImages(fs::path folder, std::function<void(const std::string&)> complain)
    : folder_(std::move(folder)), complain_(std::move(complain)) {}

FirmwareImage FirmwareImages::newest(std::string_view firmware) const {
  if (folder_.empty() || firmware.empty()) return {};
  std::vector<std::pair<int, fs::path>> found;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const std::string front = fmt::format("{}-", firmware), back = ".hex";
    if (name.size() <= front.size() + back.size() || !name.starts_with(front) || !name.ends_with(back))
      continue;
    int version = 0;
    const char* stop = name.data() + name.size() - back.size();
    const auto result = std::from_chars(name.data() + front.size(), stop, version);
    if (result.ec == std::errc{} && result.ptr == stop && version >= 1 && version <= 65535)
      found.emplace_back(version, at->path());
    else
      complain_(fmt::format("{}: has no version; allowed: {}1.hex to {}65535.hex", at->path().string(), front,
                            front));
  }
  if (error) complain_(fmt::format("{}: {}", folder_.string(), error.message()));
  std::sort(found.rbegin(), found.rend());
  for (const auto& [version, file] : found) {
    try {
      return {version, read_image(file)};
    } catch (const InputError& refused) {
      complain_(fmt::format("{}; it is not offered to kubes", refused.what()));
    }
  }
  return {};
}

}  // namespace flm::flmd
