#include "sim/run/link_host.hpp"

#include "tools/mainboard/bus/forwarding.hpp"
#include "tools/mainboard/link/link_text.hpp"

namespace flm::sim {
namespace {

constexpr Nanoseconds kCommitWait = 500'000'000;
constexpr int kTries = 3;
constexpr int kLongestReply = 400;  ///< bytes; a board that never ends its reply is not waited for longer

}  // namespace

std::uint8_t LinkHost::clock_byte(std::uint8_t mosi) {
  const std::uint8_t miso = engine_.transfer(now_, mosi);
  if (observer_) observer_(now_, mosi, miso);
  now_ += board_.spi_byte_time + byte_gap_;
  return miso;
}

void LinkHost::send(const std::string& message) {
  for (const char c : message) clock_byte(static_cast<std::uint8_t>(c));
  clock_byte(0);
  clock_byte(0);
}

void LinkHost::forward(const std::vector<std::uint8_t>& bytes) {
  for (const char c : mainboard::forwarded({reinterpret_cast<const char*>(bytes.data()), bytes.size()}))
    clock_byte(static_cast<std::uint8_t>(c));
}

std::string LinkHost::read() {
  const Nanoseconds start = now_;
  std::string text;
  for (int i = 0; i < kLongestReply; ++i) {
    const std::uint8_t byte = clock_byte(0);
    if (byte == 0) break;
    text += static_cast<char>(byte);
  }
  clock_byte(0);
  if (on_channel)
    if (const auto bytes = channel_bytes(text); !bytes.empty()) on_channel(start, bytes);
  return text;
}

std::optional<std::string> LinkHost::try_exchange(const std::string& line) {
  send(encode_message(line));
  now_ += line == "ct" ? kCommitWait : board_.spi_reply_wait;
  return control_reply(read());
}

std::optional<std::string> LinkHost::exchange(const std::string& line) {
  for (int i = 0; i < kTries; ++i) {
    if (i > 0) ++retries_;
    if (auto reply = try_exchange(line)) return reply;
  }
  return std::nullopt;
}

}  // namespace flm::sim
