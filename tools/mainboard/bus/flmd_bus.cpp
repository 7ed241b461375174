// A board that flmd has: messages go to its socket, and the board's answers come back from it.
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "protocol/hex.hpp"
#include "tools/mainboard/bus/clock.hpp"
#include "tools/mainboard/bus/lock.hpp"
#include "tools/mainboard/bus/transport.hpp"
#include "tools/mainboard/link/errors.hpp"

namespace flm::mainboard {
namespace {

/// Until flmd is given up. It answers between two polls, of which one may be a board's that says nothing.
constexpr Time kPatience = 10s;
constexpr std::size_t kLongest = 8192;  ///< characters of a line

std::string bytes_of(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes += static_cast<char>(protocol::hex_value(digits[i]) << 4 | protocol::hex_value(digits[i + 1]));
  return bytes;
}

/// To the program it is a bus with a board: what is clocked out is collected to a message, and its answer
/// comes with the zeros that are clocked out after it.
class FlmdBus : public Bus {
 public:
  explicit FlmdBus(const Port& port) : flmd_(port.path), start_(steady_now()) {}

  [[nodiscard]] std::string clock(std::string_view bytes) override {
    const std::string_view message = bytes.substr(0, bytes.find('\0'));
    if (message.empty()) {
      std::string received = answer_.substr(0, bytes.size());
      answer_.erase(0, received.size());
      received.resize(bytes.size());
      return received;
    }
    std::string order = "ask ";
    for (const char byte : message) order += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    const std::string reply = flmd_.ask(order);
    if (!reply.starts_with("answer ")) throw NoAnswer(fmt::format("flmd answers '{}'", reply));
    answer_ = bytes_of(std::string_view(reply).substr(7));
    return std::string(bytes.size(), '\0');
  }
  void wait(Time span) override { sleep_for(time_of(in_seconds(span) / flmd_.speed())); }
  [[nodiscard]] Time now() override { return time_of(in_seconds(steady_now() - start_) * flmd_.speed()); }

 private:
  FlmdClient flmd_;
  Time start_;
  std::string answer_;  ///< the rest of it
};

}  // namespace

FlmdClient::FlmdClient(const std::string& socket) : socket_(socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path)
    throw InputError(fmt::format("{}: is too long for a socket; allowed: {} characters", socket,
                                 sizeof address.sun_path - 1));
  socket.copy(address.sun_path, socket.size());
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) throw InputError(fmt::format("no socket: {}", std::strerror(errno)));
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int number = errno;
    ::close(fd_);
    if (number == EACCES)
      throw InputError(fmt::format("{}: no permission; root and flmd's group may ask flmd", socket));
    throw InputError(
        fmt::format("{}: no flmd is there ({}); allowed: flmd: or flmd: and the socket of a running one",
                    socket, std::strerror(number)));
  }
  try {
    // flmd 1 SPEED PORT
    const std::string greeting = line();
    constexpr std::string_view begin = "flmd 1 ";
    const auto end = greeting.find(' ', begin.size());
    if (!greeting.starts_with(begin) || end == greeting.npos ||
        std::from_chars(greeting.data() + begin.size(), greeting.data() + end, speed_).ec != std::errc{} ||
        !(speed_ > 0.0))
      throw InputError(fmt::format("{}: is not flmd's socket, or one of another version", socket));
    port_ = greeting.substr(end + 1);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

FlmdClient::~FlmdClient() { ::close(fd_); }

std::string FlmdClient::line() {
  const Time deadline = steady_now() + kPatience;
  while (true) {
    if (const auto end = buffer_.find('\n'); end != buffer_.npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      if (line.starts_with("no ")) throw NoAnswer(fmt::format("flmd:{}: {}", socket_, line.substr(3)));
      return line;
    }
    const Time left = deadline - steady_now();
    if (left <= 0ns || buffer_.size() > kLongest)
      throw NoAnswer(fmt::format("flmd:{}: flmd does not answer", socket_));
    pollfd ready{fd_, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(left / 1ms) + 1) <= 0) continue;
    char part[1024];
    const ssize_t count = recv(fd_, part, sizeof part, MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) throw NoAnswer(fmt::format("flmd:{}: flmd has ended", socket_));
    buffer_.append(part, static_cast<std::size_t>(count));
  }
}

std::string FlmdClient::ask(const std::string& order) {
  const std::string bytes = order + '\n';
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;  // It may have said why.
    sent += static_cast<std::size_t>(count);
  }
  return line();
}

void FlmdClient::take_board() {
  if (const std::string reply = ask("aside"); reply != "aside")
    throw NoAnswer(fmt::format("flmd:{}: flmd answers '{}'", socket_, reply));
}

std::unique_ptr<Bus> open_flmd(const Port& port) { return std::make_unique<FlmdBus>(port); }

}  // namespace flm::mainboard
