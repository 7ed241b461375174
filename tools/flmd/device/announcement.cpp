#include "tools/flmd/device/announcement.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <systemd/sd-bus.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <utility>

namespace flm::flmd {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kLongestName = 63;  ///< bytes of a DNS label
constexpr std::size_t kMostText = 1'250;  ///< bytes of a TXT record, so that a packet holds it
constexpr std::size_t kMoreDigits = 6;    ///< after each collision
constexpr const char* kBus = "org.freedesktop.DBus";
constexpr const char* kAvahi = "org.freedesktop.Avahi";
constexpr const char* kServer = "org.freedesktop.Avahi.Server";
constexpr const char* kGroup = "org.freedesktop.Avahi.EntryGroup";
constexpr int kServerRunning = 2;
constexpr int kGroupEstablished = 2, kGroupCollision = 3, kGroupFailure = 4;

std::string name_of(const std::string& what, const std::string& machine, const std::string& digits) {
  const std::string end = digits.empty() ? "" : fmt::format(" ({})", digits);
  return what + machine.substr(0, kLongestName - what.size() - end.size()) + end;
}

}  // namespace

std::vector<Service> services(const std::string& machine, const std::string& device, std::size_t digits,
                              std::uint16_t port, const std::map<int, std::string>& sensor_ids) {
  const std::string part = device.substr(0, digits);
  Service flukso{name_of("Flukso RESTful API on ", machine, part),
                 "_flukso._tcp",
                 port,
                 {"path=/sensor", "version=1.0", "device=" + device}};
  std::size_t bytes = 0;
  for (const std::string& text : flukso.txt) bytes += text.size() + 1;
  for (const auto& [number, id] : sensor_ids) {
    std::string text = fmt::format("id{}={}", number, id);
    bytes += text.size() + 1;
    if (bytes > kMostText) break;
    flukso.txt.push_back(std::move(text));
  }
  return {std::move(flukso),
          {name_of("Fluksometer on ", machine, part), "_http._tcp", port, {"path=/", "device=" + device}}};
}

/// One call is on its way at a time; a new start forgets the answer of the one before.
class Announcement::Impl {
 public:
  Impl(asio::io_context& loop, Options options, Log log)
      : options_(std::move(options)), log_(std::move(log)), socket_(loop), timeout_(loop), again_(loop) {
    connect();
  }
  ~Impl() { disconnect(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void set_sensors(std::map<int, std::string> ids) {
    if (ids == sensor_ids_) return;
    sensor_ids_ = std::move(ids);
    if (running_) announce();
    if (bus_ != nullptr) watch();
  }

 private:
  using Handler = void (Impl::*)(sd_bus_message*);

  // The bus.

  void connect() {
    int result = 0;
    if (options_.bus.empty()) {
      result = sd_bus_open_system(&bus_);
    } else {
      result = sd_bus_new(&bus_);
      if (result >= 0) result = sd_bus_set_address(bus_, options_.bus.c_str());
      if (result >= 0) result = sd_bus_set_bus_client(bus_, 1);
      if (result >= 0) result = sd_bus_start(bus_);
    }
    if (result >= 0)
      result = sd_bus_set_method_call_timeout(
          bus_, static_cast<std::uint64_t>(std::chrono::microseconds(options_.answer).count()));
    boost::system::error_code error;
    if (result >= 0) socket_.assign(sd_bus_get_fd(bus_), error);
    if (result < 0 || error) return lose(result < 0 ? std::strerror(-result) : error.message());
    hear<&Impl::owner_changed>(
        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
        "member='NameOwnerChanged',arg0='org.freedesktop.Avahi'");
    hear<&Impl::server_changed>(
        "type='signal',sender='org.freedesktop.Avahi',interface='org.freedesktop.Avahi.Server',"
        "member='StateChanged'");
    hear<&Impl::group_changed>(
        "type='signal',sender='org.freedesktop.Avahi',interface='org.freedesktop.Avahi.EntryGroup',"
        "member='StateChanged'");
    call<&Impl::owner_known>(kBus, "/org/freedesktop/DBus", kBus, "GetNameOwner", "s", kAvahi);
    pump();
  }

  void disconnect() {
    forget();
    if (socket_.is_open()) socket_.release();  // the bus closes it
    bus_ = sd_bus_close_unref(bus_);
    timeout_.cancel();
    again_.cancel();
    reads_ = writes_ = false;
  }

  void lose(const std::string& why) {
    disconnect();
    complain(fmt::format("no D-Bus: {}; the network is told of flmd when there is", why));
    again_.expires_after(options_.again);
    again_.async_wait([this](const boost::system::error_code& error) {
      if (!error) connect();
    });
  }

  void pump() {
    int result = 0;
    do {
      result = sd_bus_process(bus_, nullptr);
    } while (result > 0);
    if (result < 0) return lose(std::strerror(-result));
    watch();
  }

  void watch() {
    const int events = sd_bus_get_events(bus_);
    if (events < 0) return lose(std::strerror(-events));
    wait(asio::posix::stream_descriptor::wait_read, reads_);
    if ((events & POLLOUT) != 0) wait(asio::posix::stream_descriptor::wait_write, writes_);
    std::uint64_t at = UINT64_MAX;  // µs of the monotonic clock
    sd_bus_get_timeout(bus_, &at);
    timeout_.cancel();
    if (at == UINT64_MAX) return;
    timeout_.expires_at(std::chrono::steady_clock::time_point(std::chrono::microseconds(at)));
    timeout_.async_wait([this](const boost::system::error_code& error) {
      if (!error && bus_ != nullptr) pump();
    });
  }

  void wait(asio::posix::stream_descriptor::wait_type what, bool& waits) {
    if (std::exchange(waits, true)) return;
    socket_.async_wait(what, [this, &waits](const boost::system::error_code& error) {
      if (error) return;
      waits = false;
      if (bus_ != nullptr) pump();
    });
  }

  template <Handler handler>
  void hear(const char* rule) {
    sd_bus_add_match_async(
        bus_, nullptr, rule,
        [](sd_bus_message* message, void* self, sd_bus_error*) {
          (static_cast<Impl*>(self)->*handler)(message);
          return 0;
        },
        [](sd_bus_message*, void*, sd_bus_error*) { return 0; }, this);
  }

  template <Handler handler>
  static int answered(sd_bus_message* message, void* self, sd_bus_error*) {
    static_cast<Impl*>(self)->call_ = sd_bus_slot_unref(static_cast<Impl*>(self)->call_);
    (static_cast<Impl*>(self)->*handler)(message);
    return 0;
  }

  template <Handler handler, class... Values>
  void call(const char* to, const char* path, const char* interface, const char* member, const char* types,
            Values... values) {
    call_ = sd_bus_slot_unref(call_);
    sd_bus_call_method_async(bus_, &call_, to, path, interface, member, answered<handler>, this, types,
                             values...);
  }

  // Avahi: its owner on the bus, its state, a group of services.

  void owner_known(sd_bus_message* message) {
    const char* owner = nullptr;
    if (sd_bus_message_is_method_error(message, nullptr) != 0 ||
        sd_bus_message_read(message, "s", &owner) < 0)
      return complain("no Avahi on D-Bus; the network is told of flmd when there is");
    adopt(owner);
  }

  void owner_changed(sd_bus_message* message) {
    const char *name = nullptr, *before = nullptr, *owner = nullptr;
    if (std::strcmp(sender(message), kBus) != 0 ||
        sd_bus_message_read(message, "sss", &name, &before, &owner) < 0 || std::strcmp(name, kAvahi) != 0)
      return;
    forget();
    if (*owner == '\0') return complain("Avahi has ended; the network is told of flmd when it is back");
    adopt(owner);
  }

  /// Calls go to the owner itself: so they start nobody, and reach no other one.
  void adopt(const char* owner) {
    forget();
    owner_ = owner;
    call<&Impl::server_known>(owner_.c_str(), "/", kServer, "GetState", nullptr);
  }

  void forget() {
    call_ = sd_bus_slot_unref(call_);
    owner_.clear();
    group_.clear();
    running_ = false;
  }

  void server_known(sd_bus_message* message) {
    if (failed(message)) return;
    server_changed(message);
  }

  void server_changed(sd_bus_message* message) {
    std::int32_t state = 0;
    if (owner_ != sender(message) || sd_bus_message_read(message, "i", &state) < 0) return;
    if (std::exchange(running_, state == kServerRunning) == running_) return;
    if (running_) {
      digits_ = 0;
      announce();
    } else if (!group_.empty()) {  // its name is about to change: nothing of the old one stays
      call<&Impl::done>(owner_.c_str(), group_.c_str(), kGroup, "Reset", nullptr);
    }
  }

  /// From the start, whatever was announced.
  void announce() {
    next_ = 0;
    services_ = services(options_.machine, options_.device, digits_, options_.port, sensor_ids_);
    if (group_.empty())
      call<&Impl::group_made>(owner_.c_str(), "/", kServer, "EntryGroupNew", nullptr);
    else
      call<&Impl::added>(owner_.c_str(), group_.c_str(), kGroup, "Reset", nullptr);
  }

  void group_made(sd_bus_message* message) {
    const char* path = nullptr;
    if (failed(message)) return;
    if (sd_bus_message_read(message, "o", &path) < 0) return;
    group_ = path;
    add();
  }

  void added(sd_bus_message* message) {
    if (!failed(message)) add();
  }

  void add() {
    if (next_ == services_.size()) {
      call<&Impl::done>(owner_.c_str(), group_.c_str(), kGroup, "Commit", nullptr);
      return;
    }
    const Service& service = services_[next_++];
    sd_bus_message* message = nullptr;
    int result =
        sd_bus_message_new_method_call(bus_, &message, owner_.c_str(), group_.c_str(), kGroup, "AddService");
    // Any interface, any protocol, no flags; Avahi's own domain and host.
    if (result >= 0)
      result = sd_bus_message_append(message, "iiussssq", -1, -1, 0U, service.name.c_str(),
                                     service.type.c_str(), "", "", service.port);
    if (result >= 0) result = sd_bus_message_open_container(message, 'a', "ay");
    for (const std::string& text : service.txt)
      if (result >= 0) result = sd_bus_message_append_array(message, 'y', text.data(), text.size());
    if (result >= 0) result = sd_bus_message_close_container(message);
    call_ = sd_bus_slot_unref(call_);
    if (result >= 0) result = sd_bus_call_async(bus_, &call_, message, answered<&Impl::added>, this, 0);
    sd_bus_message_unref(message);
    if (result < 0) refuse(std::strerror(-result));
  }

  void done(sd_bus_message* message) { (void)failed(message); }

  void group_changed(sd_bus_message* message) {
    std::int32_t state = 0;
    const char* error = nullptr;
    if (owner_ != sender(message) || group_.empty() || group_ != sd_bus_message_get_path(message) ||
        sd_bus_message_read(message, "is", &state, &error) < 0)
      return;
    if (state == kGroupEstablished && running_) {
      complaint_.clear();
      if (std::exchange(announced_, services_.front().name) != announced_)
        log_(fmt::format("the network is told of flmd, as '{}' and '{}'", services_[0].name,
                         services_[1].name));
    } else if (state == kGroupCollision) {
      rename();
    } else if (state == kGroupFailure) {
      refuse(error);
    }
  }

  /// Whether an answer is an error; what is to be done about it is done then.
  bool failed(sd_bus_message* message) {
    const sd_bus_error* error = sd_bus_message_get_error(message);
    if (error == nullptr) return false;
    if (std::strcmp(error->name, "org.freedesktop.Avahi.CollisionError") == 0)
      rename();
    else
      refuse(error->message != nullptr ? error->message : error->name);
    return true;
  }

  void rename() {
    if (digits_ >= options_.device.size()) return refuse("the names are those of others");
    digits_ += kMoreDigits;
    announce();
  }

  void refuse(const std::string& why) {
    complain(fmt::format("Avahi does not tell the network of flmd: {}; it is tried again", why));
    again_.expires_after(options_.again);
    again_.async_wait([this](const boost::system::error_code& error) {
      if (error || bus_ == nullptr || owner_.empty()) return;
      digits_ = 0;
      if (running_)
        announce();
      else
        adopt(std::string(owner_).c_str());
      watch();
    });
  }

  void complain(const std::string& line) {
    announced_.clear();
    if (std::exchange(complaint_, line) != line) log_(line);
  }

  static const char* sender(sd_bus_message* message) {
    const char* name = sd_bus_message_get_sender(message);
    return name != nullptr ? name : "";
  }

  const Options options_;
  Log log_;
  asio::posix::stream_descriptor socket_;
  asio::steady_timer timeout_, again_;
  bool reads_ = false, writes_ = false;
  sd_bus* bus_ = nullptr;
  sd_bus_slot* call_ = nullptr;
  std::string owner_, group_;  ///< Avahi's unique name, and the path of what we announce; or empty
  bool running_ = false;       ///< Avahi knows its own name
  std::map<int, std::string> sensor_ids_;
  std::vector<Service> services_;
  std::size_t next_ = 0, digits_ = 0;
  std::string announced_, complaint_;  ///< what was said last
};

Announcement::Announcement(asio::io_context& loop, Options options, Log log)
    : impl_(std::make_unique<Impl>(loop, std::move(options), std::move(log))) {}
Announcement::~Announcement() = default;
void Announcement::set_sensors(std::map<int, std::string> ids) { impl_->set_sensors(std::move(ids)); }

}  // namespace flm::flmd
