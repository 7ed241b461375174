#include "tools/flmd/board/bus_service.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "protocol/hex.hpp"
#include "tools/common/input_error.hpp"
#include "tools/mainboard/link/message.hpp"

namespace flm::flmd {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using Protocol = asio::local::stream_protocol;
using mainboard::Reading;

/// The longest message of the link is one of the `u` channel: a packet of 70 bytes.
constexpr std::size_t kLongestMessage = 160;

/// "6c676430362e" as "lgd06."; nothing if it is no message that a client may send: a command of the link with
/// its CRC, or bytes for the `u` channel. A smart meter's bytes are flmd's own.
std::optional<std::string> message_of_digits(std::string_view digits) {
  if (digits.size() % 2 != 0 || digits.size() > 2 * kLongestMessage) return std::nullopt;
  std::string message;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const std::uint8_t high = protocol::hex_value(digits[i]), low = protocol::hex_value(digits[i + 1]);
    if (high == protocol::not_hex || low == protocol::not_hex) return std::nullopt;
    message += static_cast<char>(high << 4 | low);
  }
  if (message.starts_with('u')) {
    for (const char c : message.substr(1))
      if (protocol::hex_value(c) == protocol::not_hex) return std::nullopt;
    return message;
  }
  const auto body = control_reply(message);
  if (!body || message.size() != body->size() + 4) return std::nullopt;
  for (const char c : *body)
    if (c <= ' ' || c > '~') return std::nullopt;
  return message;
}

std::string digits_of(const std::string& bytes) {
  std::string digits;
  for (const char byte : bytes) digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return digits;
}

}  // namespace

/// All clients, and the board that they share.
class BusService::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(asio::io_context& loop, fs::path path, std::string greeting, Owner board)
      : path_(std::move(path)), greeting_(std::move(greeting)), owner(std::move(board)), acceptor_(loop) {
    if (path_.string().size() >= sizeof(sockaddr_un{}.sun_path))
      throw InputError(
          fmt::format("{}: is too long for a socket; flmctl cannot ask this flmd", path_.string()));
    // Whoever has the lock has the path: a socket that is there is then one of a program that has ended.
    const std::string lock = path_.string() + ".lock";
    lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock_ < 0) throw InputError(fmt::format("{}: {}", lock, std::strerror(errno)));
    try {
      if (flock(lock_, LOCK_EX | LOCK_NB) != 0)
        throw InputError(fmt::format("{}: another flmd serves it", path_.string()));
      listen();
    } catch (...) {
      ::close(lock_);
      throw;
    }
  }
  ~Listener() { ::close(lock_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void accept();
  void stop();
  void record(const Reading& reading);
  void leave(const std::shared_ptr<Client>&);

  [[nodiscard]] const std::string& greeting() const { return greeting_; }
  [[nodiscard]] const std::map<int, Reading>& latest() const { return latest_; }

 private:
  void listen() {
    struct stat status {};
    if (lstat(path_.c_str(), &status) == 0) {
      if (!S_ISSOCK(status.st_mode))
        throw InputError(fmt::format("{}: is there, and no socket; allowed: nothing there", path_.string()));
      ::unlink(path_.c_str());
    }
    boost::system::error_code error;
    acceptor_.open(Protocol(), error);
    if (!error) acceptor_.bind(Protocol::endpoint(path_.string()), error);
    if (!error && chmod(path_.c_str(), 0660) != 0)
      error = boost::system::error_code(errno, boost::system::system_category());
    if (!error) acceptor_.listen(static_cast<int>(most_clients), error);
    if (error) throw InputError(fmt::format("{}: {}", path_.string(), error.message()));
  }

  fs::path path_;
  std::string greeting_;
  int lock_ = -1;

 public:
  Owner owner;
  std::weak_ptr<Client> aside;  ///< who has the board

 private:
  Protocol::acceptor acceptor_;
  std::set<std::shared_ptr<Client>> clients_;
  std::map<int, Reading> latest_;  ///< by sensor
};

class BusService::Client : public std::enable_shared_from_this<Client> {
 public:
  Client(Protocol::socket socket, std::weak_ptr<Listener> listener)
      : socket_(std::move(socket)), listener_(std::move(listener)) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(socket_.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
      who_ = fmt::format("another program (process {})", peer.pid);
    if (const auto all = listener_.lock()) changed_ = all->latest();
  }

  void say(std::string line, bool then_close = false) {
    line_ = std::move(line) + '\n';
    asio::async_write(
        socket_, asio::buffer(line_),
        [self = shared_from_this(), then_close](const boost::system::error_code& error, std::size_t) {
          if (error || then_close)
            self->close();
          else
            self->hear();
        });
  }
  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (const auto all = listener_.lock()) all->leave(shared_from_this());
  }
  void record(const Reading& reading) { changed_[reading.sensor] = reading; }

 private:
  void hear() {
    asio::async_read_until(
        socket_, asio::dynamic_buffer(heard_, longest_line), '\n',
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t count) {
          if (error == asio::error::not_found) return self->say("no line is that long", true);
          if (error) return self->close();
          std::string line = self->heard_.substr(0, count - 1);
          self->heard_.erase(0, count);
          self->take(line);
        });
  }

  void take(const std::string& line) {
    const auto all = listener_.lock();
    if (!all) return close();
    if (line == "aside") {
      if (const auto other = all->aside.lock())
        return say(other.get() == this ? "no it has been done"
                                       : "no " + other->who_ + " has the board already");
      all->aside = weak_from_this();
      // Its end is noticed with the answer.
      return all->owner.step_aside(who_, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->say("aside");
      });
    }
    constexpr std::string_view order = "ask ";
    const auto message = line.starts_with(order)
                             ? message_of_digits(std::string_view(line).substr(order.size()))
                             : std::nullopt;
    if (!message) return say("no such order, or no message of the control link", true);
    if (*message == encode(get_message('d'))) return say("answer " + digits_of(take_changed()));
    all->owner.ask(*message, [weak = weak_from_this()](const std::string& text, const std::string& trouble) {
      const auto self = weak.lock();
      if (!self || !self->socket_.is_open()) return;
      if (!trouble.empty()) return self->say("no " + one_line(trouble));
      self->say("answer " + digits_of(text));
    });
  }

  static std::string one_line(std::string text) {
    for (char& c : text)
      if (static_cast<unsigned char>(c) < ' ') c = ' ';
    return text;
  }

  /// What has changed, as the board's reply to `gd`.
  std::string take_changed() {
    Message reply{'g', 'd', {}, {}, {}};
    for (const auto& [sensor, r] : std::exchange(changed_, {}))
      reply.values.insert(reply.values.end(), {static_cast<std::uint32_t>(sensor - 1), r.counter,
                                               std::uint32_t{r.milli}, r.extra});
    return encode_reply(reply);
  }

  Protocol::socket socket_;
  std::weak_ptr<Listener> listener_;
  std::string who_ = "another program", heard_, line_;
  std::map<int, Reading> changed_;  ///< by sensor, since its last `gd`
};

void BusService::Listener::accept() {
  acceptor_.async_accept(
      [weak = weak_from_this()](const boost::system::error_code& error, Protocol::socket socket) {
        const auto self = weak.lock();
        if (!self || error == asio::error::operation_aborted) return;
        if (!error) {
          auto client = std::make_shared<Client>(std::move(socket), weak);
          if (self->clients_.size() < most_clients) {
            self->clients_.insert(client);
            client->say(self->greeting_);
          } else {
            client->say(fmt::format("no {} programs ask at once, and no more may", most_clients), true);
          }
        }
        self->accept();
      });
}

void BusService::Listener::record(const Reading& reading) {
  latest_[reading.sensor] = reading;
  for (const auto& client : clients_) client->record(reading);
}

void BusService::Listener::leave(const std::shared_ptr<Client>& client) {
  clients_.erase(client);
  if (aside.lock() != client) return;
  aside.reset();
  owner.come_back();
}

void BusService::Listener::stop() {
  boost::system::error_code ignored;
  if (acceptor_.is_open()) ::unlink(path_.c_str());
  acceptor_.close(ignored);
  for (const auto& client : std::set(clients_)) client->close();
}

BusService::BusService(asio::io_context& loop, const fs::path& socket, std::string greeting, Owner owner)
    : listener_(std::make_shared<Listener>(loop, socket, std::move(greeting), std::move(owner))) {
  listener_->accept();
}

BusService::~BusService() { stop(); }

void BusService::record(const mainboard::Record& record) {
  if (const auto* reading = std::get_if<Reading>(&record)) listener_->record(*reading);
}

void BusService::stop() { listener_->stop(); }

fs::path bus_socket(const fs::path& state_folder) {
  const char* given = std::getenv("RUNTIME_DIRECTORY");
  return fs::absolute(given != nullptr && *given == '/' ? fs::path(given) : state_folder) / "bus";
}

std::string bus_greeting(double speed, const std::string& port) {
  return fmt::format("flmd 1 {} {}", speed, port);
}

}  // namespace flm::flmd
