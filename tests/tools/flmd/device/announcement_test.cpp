// The announcement on a private bus of the real dbus-daemon, to a scripted Avahi: both are on this thread, so
// an announcement that waits for an answer never gets one. Types, names and TXT are those of stock devices.
#include "tools/flmd/device/announcement.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <numeric>
#include <optional>
#include <set>

#include "tests/sim/temporary_folder.hpp"

namespace flm::flmd {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

const std::string device = "9a3b6a0123456789abcdef0123456789";
const std::string sid = "0123456789abcdef0123456789abcde1";

class Bus {
 public:
  Bus() { start(); }
  ~Bus() { stop(); }
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  void start() {
    const std::string config =
        folder_
            .file("bus.conf", "<busconfig><listen>" + address +
                                  "</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow "
                                  "send_destination=\"*\"/>"
                                  "<allow eavesdrop=\"false\"/><allow own=\"*\"/></policy></busconfig>")
            .string();
    std::string words[] = {"dbus-daemon", "--config-file=" + config, "--nofork", "--nopidfile"};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
    posix_spawn_file_actions_t quiet;  // it complains of limits that it cannot raise
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    REQUIRE(posix_spawnp(&daemon_, "dbus-daemon", &quiet, nullptr, arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&quiet);
    for (int i = 0; i < 500 && !std::filesystem::exists(path_); ++i) usleep(10'000);
    REQUIRE(std::filesystem::exists(path_));
  }
  void stop() {
    if (daemon_ > 0) {
      kill(daemon_, SIGTERM);
      waitpid(daemon_, nullptr, 0);
    }
    daemon_ = -1;
    std::filesystem::remove(path_);
  }
  [[nodiscard]] sd_bus* connection() const {
    // Its socket is there a little before it listens.
    for (int i = 0;; ++i) {
      sd_bus* bus = nullptr;
      REQUIRE(sd_bus_new(&bus) >= 0);
      REQUIRE(sd_bus_set_address(bus, address.c_str()) >= 0);
      REQUIRE(sd_bus_set_bus_client(bus, 1) >= 0);
      const int started = sd_bus_start(bus);
      if (started >= 0) return bus;
      sd_bus_unref(bus);
      REQUIRE(i < 500);
      usleep(10'000);
    }
  }

 private:
  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "bus";
  pid_t daemon_ = -1;

 public:
  const std::string address = "unix:path=" + path_.string();
};

/// Avahi's part of the conversation, as its D-Bus interface has it.
class Avahi {
 public:
  explicit Avahi(const Bus& bus) : bus_(bus.connection()) {
    sd_bus_add_filter(
        bus_, nullptr,
        [](sd_bus_message* m, void* self, sd_bus_error*) { return static_cast<Avahi*>(self)->take(m); },
        this);
    REQUIRE(sd_bus_request_name(bus_, "org.freedesktop.Avahi", 0) >= 0);
  }
  ~Avahi() { sd_bus_flush_close_unref(bus_); }
  Avahi(const Avahi&) = delete;
  Avahi& operator=(const Avahi&) = delete;

  void process() {
    while (sd_bus_process(bus_, nullptr) > 0) {
    }
  }
  void server_state(int state) {
    state_ = state;
    sd_bus_emit_signal(bus_, "/", "org.freedesktop.Avahi.Server", "StateChanged", "is", state, "");
  }
  void group_state(int state, const char* error = "") {
    sd_bus_emit_signal(bus_, group_.c_str(), "org.freedesktop.Avahi.EntryGroup", "StateChanged", "is", state,
                       error);
  }
  /// What was committed last, and is there.
  [[nodiscard]] std::vector<Service> announced() const { return announced_; }
  [[nodiscard]] Lines names() const {
    Lines names;
    for (const Service& s : announced_) names.push_back(s.name);
    return names;
  }

  std::set<std::string> taken;  ///< names of other programs here
  std::string refusal;          ///< of AddService
  bool mute = false;            ///< it hangs
  int resets = 0, groups = 0;

 private:
  int take(sd_bus_message* m) {
    const char* interface = sd_bus_message_get_interface(m);
    const char* member = sd_bus_message_get_member(m);
    std::uint8_t type = 0;
    sd_bus_message_get_type(m, &type);
    if (type != SD_BUS_MESSAGE_METHOD_CALL || interface == nullptr) return 0;
    if (mute) return 1;
    const std::string what = member;
    if (what == "GetState") return sd_bus_reply_method_return(m, "i", state_);
    if (what == "EntryGroupNew") {
      group_ = "/Client0/EntryGroup" + std::to_string(++groups);
      return sd_bus_reply_method_return(m, "o", group_.c_str());
    }
    if (group_ != sd_bus_message_get_path(m))
      return sd_bus_reply_method_errorf(m, "org.freedesktop.Avahi.Gone", "gone");
    if (what == "AddService") return add(m);
    if (what == "Reset") {
      ++resets;
      entries_.clear();
      announced_.clear();
    }
    if (what == "Commit") announced_ = entries_;
    const int sent = sd_bus_reply_method_return(m, nullptr);
    if (what == "Commit") group_state(2);
    return sent;
  }

  int add(sd_bus_message* m) {
    std::int32_t interface = 0, protocol = 0;
    std::uint32_t flags = 1;
    const char *name = nullptr, *type = nullptr, *domain = nullptr, *host = nullptr;
    Service service;
    REQUIRE(sd_bus_message_read(m, "iiussssq", &interface, &protocol, &flags, &name, &type, &domain, &host,
                                &service.port) > 0);
    CHECK((interface == -1 && protocol == -1 && flags == 0 && *domain == '\0' && *host == '\0'));
    service.name = name;
    service.type = type;
    REQUIRE(sd_bus_message_enter_container(m, 'a', "ay") > 0);
    const void* bytes = nullptr;
    for (std::size_t size = 0; sd_bus_message_read_array(m, 'y', &bytes, &size) > 0;)
      service.txt.emplace_back(static_cast<const char*>(bytes), size);
    if (!refusal.empty())
      return sd_bus_reply_method_errorf(m, "org.freedesktop.Avahi.NotPermittedError", "%s", refusal.c_str());
    if (taken.count(service.name) > 0)
      return sd_bus_reply_method_errorf(m, "org.freedesktop.Avahi.CollisionError", "Local name collision");
    entries_.push_back(service);
    return sd_bus_reply_method_return(m, nullptr);
  }

  sd_bus* bus_;
  int state_ = 2;
  std::string group_;
  std::vector<Service> entries_, announced_;
};

struct Place {
  Place() { signal(SIGPIPE, SIG_IGN); }
  void begin() {
    announcement.emplace(loop, Announcement::Options{"meterhouse", device, 8080, bus.address, 50ms, answer},
                         [this](const std::string& line) { lines.push_back(line); });
  }
  /// Both sides go on, until it is so.
  template <class Condition>
  bool until(Condition&& condition) {
    for (const auto end = std::chrono::steady_clock::now() + 5s; std::chrono::steady_clock::now() < end;) {
      loop.restart();
      loop.run_for(2ms);
      if (avahi) avahi->process();
      if (condition()) return true;
    }
    return false;
  }
  void pass(std::chrono::milliseconds span) {
    const auto end = std::chrono::steady_clock::now() + span;
    until([&] { return std::chrono::steady_clock::now() >= end; });
  }
  bool announced_as(const std::string& digits) {
    const Lines names = {"Flukso RESTful API on meterhouse" + digits, "Fluksometer on meterhouse" + digits};
    return until([&] { return avahi->names() == names; });
  }

  Bus bus;
  std::chrono::milliseconds answer{5'000};
  std::optional<Avahi> avahi;
  boost::asio::io_context loop;
  Lines lines;
  std::optional<Announcement> announcement;
};

const std::string told =
    "the network is told of flmd, as 'Flukso RESTful API on meterhouse' and 'Fluksometer on meterhouse'";

TEST_CASE("services are those of stock devices, with the device's id") {
  const auto all = services("meterhouse", device, 0, 8080, {{4, sid}, {1, "a"}});
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "Flukso RESTful API on meterhouse");
  CHECK(all[0].type == "_flukso._tcp");
  CHECK(all[0].port == 8080);
  CHECK(all[0].txt == Lines{"path=/sensor", "version=1.0", "device=" + device, "id1=a", "id4=" + sid});
  CHECK(all[1].name == "Fluksometer on meterhouse");
  CHECK(all[1].type == "_http._tcp");
  CHECK(all[1].port == 8080);
  CHECK(all[1].txt == Lines{"path=/", "device=" + device});
}

TEST_CASE("a name fits a DNS label of 63 bytes, and a TXT record of 64 sensors one packet") {
  std::map<int, std::string> ids;
  for (int number = 1; number <= 64; ++number) ids[number] = sid;
  for (const std::size_t digits : {0U, 6U, 30U, 36U}) {
    for (const Service& service : services(std::string(64, 'm'), device, digits, 8080, ids)) {
      CHECK(service.name.size() == 63);
      CHECK((digits == 0 || service.name.ends_with(" (" + device.substr(0, digits) + ")")));
      CHECK(std::accumulate(service.txt.begin(), service.txt.end(), std::size_t{0},
                            [](std::size_t sum, const std::string& text) { return sum + 1 + text.size(); }) <=
            1'300);
    }
  }
  const auto txt = services("m", device, 0, 8080, ids)[0].txt;
  CHECK(txt.size() > 3 + 29);
  CHECK(txt.back() == "id" + std::to_string(txt.size() - 3) + "=" + sid);
}

TEST_CASE("where Avahi is there, it announces flmd, and changed sensors too") {
  Place place;
  place.avahi.emplace(place.bus);
  place.begin();
  place.announcement->set_sensors({{4, sid}});
  REQUIRE(place.announced_as(""));
  CHECK(place.avahi->announced()[0].txt.back() == "id4=" + sid);
  CHECK(place.avahi->announced()[1].port == 8080);
  place.announcement->set_sensors({{5, sid}});
  CHECK(place.until([&] { return place.avahi->resets == 1 && place.avahi->announced().size() == 2; }));
  CHECK(place.avahi->announced()[0].txt.back() == "id5=" + sid);
  place.announcement->set_sensors({{5, sid}});
  place.pass(100ms);
  CHECK(place.avahi->resets == 1);
  CHECK(place.lines == Lines{told});
}

TEST_CASE("without Avahi one line is written, and when it comes, flmd is announced") {
  Place place;
  place.begin();
  const std::string none = "no Avahi on D-Bus; the network is told of flmd when there is";
  place.pass(200ms);
  CHECK(place.lines == Lines{none});
  place.avahi.emplace(place.bus);
  CHECK(place.announced_as(""));
  CHECK(place.until([&] { return place.lines == Lines{none, told}; }));
}

TEST_CASE("Avahi that was restarted announces flmd again") {
  Place place;
  place.avahi.emplace(place.bus);
  place.begin();
  REQUIRE(place.announced_as(""));
  place.pass(20ms);
  place.avahi.reset();
  place.pass(50ms);
  place.avahi.emplace(place.bus);
  CHECK(place.announced_as(""));
  CHECK(place.until([&] {
    return place.lines == Lines{told, "Avahi has ended; the network is told of flmd when it is back", told};
  }));
}

TEST_CASE("a bus that is absent or ends is said once, and found when it comes") {
  Place place;
  place.bus.stop();
  place.begin();
  place.pass(200ms);
  const std::string absent = "no D-Bus: No such file or directory; the network is told of flmd when there is";
  CHECK(place.lines == Lines{absent});
  place.bus.start();
  place.avahi.emplace(place.bus);
  CHECK(place.announced_as(""));
  place.pass(20ms);
  place.avahi.reset();
  place.pass(20ms);
  place.bus.stop();
  place.pass(200ms);
  CHECK(place.lines.back() == absent);
  place.bus.start();
  place.avahi.emplace(place.bus);
  CHECK(place.announced_as(""));
}

TEST_CASE("names that are taken get digits of the device's id, more with each collision") {
  Place place;
  place.avahi.emplace(place.bus);
  SECTION("by another program on this machine") {
    place.avahi->taken = {"Fluksometer on meterhouse"};
    place.begin();
    CHECK(place.announced_as(" (9a3b6a)"));
  }
  SECTION("by another machine, once and again") {
    place.begin();
    REQUIRE(place.announced_as(""));
    place.avahi->group_state(3);
    CHECK(place.announced_as(" (9a3b6a)"));
    place.avahi->group_state(3);
    CHECK(place.announced_as(" (9a3b6a012345)"));
  }
}

TEST_CASE("an Avahi that collides with everything is not asked without end") {
  Place place;
  place.avahi.emplace(place.bus);
  for (const std::size_t digits : {0U, 6U, 12U, 18U, 24U, 30U, 36U})
    place.avahi->taken.insert(services("meterhouse", device, digits, 1, {})[0].name);
  place.begin();
  const std::string line =
      "Avahi does not tell the network of flmd: the names are those of others; it is tried again";
  CHECK(place.until([&] { return !place.lines.empty(); }));
  place.pass(100ms);
  CHECK(place.lines == Lines{line});
  CHECK(place.avahi->resets < 30);
  place.avahi->taken.clear();
  CHECK(place.announced_as(""));
}

TEST_CASE("a refusal of Avahi is said once, and tried again") {
  Place place;
  place.avahi.emplace(place.bus);
  place.avahi->refusal = "Not permitted";
  place.begin();
  place.pass(200ms);
  CHECK(place.lines == Lines{"Avahi does not tell the network of flmd: Not permitted; it is tried again"});
  place.avahi->refusal.clear();
  REQUIRE(place.announced_as(""));
  place.pass(20ms);
  place.avahi->group_state(4, "Too many entries");
  REQUIRE(place.until([&] { return place.lines.back() == told && place.lines.size() == 4; }));
  CHECK(place.lines[2] == "Avahi does not tell the network of flmd: Too many entries; it is tried again");
}

TEST_CASE("an Avahi that does not answer is said once, and asked again") {
  Place place;
  place.avahi.emplace(place.bus);
  place.avahi->mute = true;
  place.answer = 50ms;
  place.begin();
  place.pass(300ms);
  REQUIRE(place.lines.size() == 1);
  CHECK(place.lines[0].starts_with("Avahi does not tell the network of flmd: "));
  place.avahi->mute = false;
  CHECK(place.announced_as(""));
}

TEST_CASE("while Avahi looks for a name of its own, nothing is announced") {
  Place place;
  place.avahi.emplace(place.bus);
  place.avahi->server_state(1);
  place.begin();
  place.pass(100ms);
  CHECK(place.avahi->groups == 0);
  place.avahi->server_state(2);
  REQUIRE(place.announced_as(""));
  place.avahi->server_state(3);
  CHECK(place.until([&] { return place.avahi->names().empty(); }));
  place.avahi->server_state(2);
  CHECK(place.announced_as(""));
  CHECK(place.avahi->groups == 1);
}

TEST_CASE("what another program on the bus says of Avahi counts for nothing") {
  Place place;
  place.avahi.emplace(place.bus);
  place.begin();
  REQUIRE(place.announced_as(""));
  place.pass(20ms);
  sd_bus* stranger = place.bus.connection();
  for (int client = 0; client < 20; ++client) {
    const std::string to = ":1." + std::to_string(client);
    const auto say = [&](const char* path, const char* interface, const char* member, const auto&... values) {
      sd_bus_message* signal = nullptr;
      REQUIRE(sd_bus_message_new_signal(stranger, &signal, path, interface, member) >= 0);
      REQUIRE(sd_bus_message_append(signal, values...) >= 0);
      sd_bus_send_to(stranger, signal, to.c_str(), nullptr);
      sd_bus_message_unref(signal);
    };
    say("/Client0/EntryGroup1", "org.freedesktop.Avahi.EntryGroup", "StateChanged", "is", 3, "");
    say("/", "org.freedesktop.Avahi.Server", "StateChanged", "is", 3, "");
    say("/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged", "sss", "org.freedesktop.Avahi",
        ":1.1", "");
  }
  sd_bus_flush_close_unref(stranger);
  place.pass(200ms);
  CHECK(place.announced_as(""));
  CHECK(place.avahi->resets == 0);
  CHECK(place.lines == Lines{told});
}

}  // namespace
}  // namespace flm::flmd
