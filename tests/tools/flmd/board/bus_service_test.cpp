#include "tools/flmd/board/bus_service.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <fstream>
#include <string>

#include "tests/sim/temporary_folder.hpp"
#include "tools/common/input_error.hpp"
#include "tools/mainboard/link/message.hpp"

using namespace flm;
using namespace flm::flmd;

namespace {

std::string hex(const std::string& bytes) {
  std::string digits;
  for (const char c : bytes) {
    constexpr const char* digit = "0123456789abcdef";
    digits += digit[static_cast<unsigned char>(c) >> 4];
    digits += digit[c & 15];
  }
  return digits;
}

/// A program at the socket.
class Program {
 public:
  Program(boost::asio::io_context& loop, const std::filesystem::path& path) : loop_(loop) {
    fd_ = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~Program() { end(); }
  void end() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    run();
  }
  void run() {
    loop_.restart();
    loop_.run_for(std::chrono::milliseconds(20));
  }
  void send(const std::string& bytes) {
    (void)::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    run();
  }
  /// What has come; "END" at the end of the connection.
  std::string heard() {
    run();
    char bytes[8192];
    const ssize_t count = recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    return count > 0                           ? std::string(bytes, static_cast<std::size_t>(count))
           : count == 0 || errno == ECONNRESET ? "END"
                                               : "";
  }

 private:
  boost::asio::io_context& loop_;
  int fd_;
};

struct Served {
  explicit Served(const std::filesystem::path& folder) : path(folder / "bus") { begin(); }
  void begin() {
    service = std::make_unique<BusService>(
        loop, path, bus_greeting(4.0, "spi:/dev/spidev1.0"),
        BusService::Owner{[this](std::string message, auto answer) {
                            asked.push_back({message, answer});
                          },
                          [this](std::string, auto gone) { aside = gone; }, [this] { ++back; }});
  }
  boost::asio::io_context loop;
  std::filesystem::path path;
  struct Asked {
    std::string message;
    std::function<void(const std::string&, const std::string&)> answer;
  };
  std::deque<Asked> asked;
  std::function<void()> aside;
  int back = 0;
  std::unique_ptr<BusService> service;
};

mainboard::Reading reading(int sensor, std::uint32_t counter) {
  mainboard::Reading r;
  r.sensor = sensor;
  r.counter = counter;
  r.extra = 7;
  return r;
}

}  // namespace

TEST_CASE("a program is greeted, asks, and has the board's answer") {
  const TemporaryFolder folder;
  Served flmd(folder.path());
  Program flmctl(flmd.loop, flmd.path);
  CHECK(flmctl.heard() == "flmd 1 4 spi:/dev/spidev1.0\n");
  const std::string message = encode(get_message('c', 0));
  flmctl.send("ask " + hex(message) + "\n");
  REQUIRE(flmd.asked.size() == 1);
  CHECK(flmd.asked[0].message == message);
  flmd.asked[0].answer("lgc00x.", "");
  CHECK(flmctl.heard() == "answer " + hex("lgc00x.") + "\n");
}

TEST_CASE("readings are given to each program, and taken from none") {
  const TemporaryFolder folder;
  Served flmd(folder.path());
  flmd.service->record(reading(1, 100));
  Program one(flmd.loop, flmd.path), other(flmd.loop, flmd.path);
  (void)one.heard(), (void)other.heard();
  const std::string gd = "ask " + hex(encode(get_message('d'))) + "\n";
  const auto reply = [](std::vector<std::uint32_t> values) {
    return "answer " + hex(encode_reply({'g', 'd', {}, std::move(values), {}})) + "\n";
  };
  // A reply is what a board's is: read as one, it says the same.
  const Message two{'g', 'd', {}, {0, 100, 0, 7, 3, 5, 999, 0xFFFF'FFFF}, {}};
  CHECK(decode(control_reply(encode_reply(two)).value_or("")) == two);
  one.send(gd);
  CHECK(one.heard() == reply({0, 100, 0, 7}));
  flmd.service->record(reading(4, 5));
  one.send(gd);
  CHECK(one.heard() == reply({3, 5, 0, 7}));
  other.send(gd);
  CHECK(other.heard() == reply({0, 100, 0, 7, 3, 5, 0, 7}));
  one.send(gd);
  CHECK(one.heard() == reply({}));
  CHECK(flmd.asked.empty());
}

TEST_CASE("what is no order ends the connection, and never reaches the board") {
  const TemporaryFolder folder;
  Served flmd(folder.path());
  const std::string right = encode(get_message('c', 0));
  std::string wrong_crc = right;
  wrong_crc[wrong_crc.size() - 2] ^= 1;
  for (const std::string& line :
       {std::string("hello\n"), std::string("ask zz\n"), std::string("ask 1\n"), std::string("\n"),
        "ask " + hex(wrong_crc) + "\n", "ask " + hex(right + right) + "\n", "ask " + hex("p2f.") + "\n",
        "ask " + std::string(1000, '6') + "\n", std::string(5000, 'x'), std::string("\0\0\xff\n", 4)}) {
    Program program(flmd.loop, flmd.path);
    (void)program.heard();
    program.send(line);
    CHECK(program.heard().starts_with("no "));
    CHECK(program.heard() != "");
  }
  CHECK(flmd.asked.empty());
}

TEST_CASE("a flood waits in the program's own socket: one message at a time") {
  const TemporaryFolder folder;
  Served flmd(folder.path());
  Program program(flmd.loop, flmd.path);
  std::string flood;
  for (int i = 0; i < 1'000; ++i) flood += "ask " + hex(encode(get_message('c', 0))) + "\n";
  program.send(flood);
  CHECK(flmd.asked.size() == 1);
  flmd.asked[0].answer("x", "");
  program.run();
  CHECK(flmd.asked.size() == 2);
}

TEST_CASE("a program that is killed while the board answers is forgotten") {
  const TemporaryFolder folder;
  Served flmd(folder.path());
  {
    Program program(flmd.loop, flmd.path);
    program.send("ask " + hex(encode(get_message('c', 0))) + "\n");
  }
  REQUIRE(flmd.asked.size() == 1);
  flmd.asked[0].answer("x", "");
  Program next(flmd.loop, flmd.path);
  CHECK(next.heard().starts_with("flmd 1 "));
}

TEST_CASE("eight programs at once; one that hangs costs a place and nothing else") {
  const TemporaryFolder folder;
  Served flmd(folder.path());
  std::deque<Program> programs;
  for (std::size_t i = 0; i < BusService::most_clients; ++i) programs.emplace_back(flmd.loop, flmd.path);
  {
    Program ninth(flmd.loop, flmd.path);
    CHECK(ninth.heard().starts_with("no 8 programs"));
  }
  programs.front().end();
  Program again(flmd.loop, flmd.path);
  CHECK(again.heard().starts_with("flmd 1 "));
}

TEST_CASE("flmd steps aside for one program, and comes back when its connection ends") {
  const TemporaryFolder folder;
  Served flmd(folder.path());
  Program one(flmd.loop, flmd.path), other(flmd.loop, flmd.path);
  (void)one.heard(), (void)other.heard();
  one.send("aside\n");
  REQUIRE(flmd.aside);
  CHECK(one.heard() == "");
  flmd.aside();
  CHECK(one.heard() == "aside\n");
  other.send("aside\n");
  CHECK(other.heard().find("has the board already") != std::string::npos);
  other.end();
  CHECK(flmd.back == 0);
  one.end();
  CHECK(flmd.back == 1);
}

TEST_CASE("a program that ends before flmd has stepped aside is noticed then") {
  const TemporaryFolder folder;
  Served flmd(folder.path());
  {
    Program program(flmd.loop, flmd.path);
    program.send("aside\n");
  }
  REQUIRE(flmd.aside);
  flmd.aside();
  flmd.loop.restart();
  flmd.loop.run_for(std::chrono::milliseconds(20));
  CHECK(flmd.back == 1);
}

TEST_CASE("a socket left over is replaced; a living flmd's and what is no socket are not") {
  const TemporaryFolder folder;
  Served flmd(folder.path());
  struct stat status {};
  REQUIRE(stat(flmd.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0660);
  CHECK_THROWS_AS(Served(folder.path()), InputError);
  Program program(flmd.loop, flmd.path);
  CHECK(program.heard().starts_with("flmd 1 "));
  program.end();
  flmd.service.reset();
  flmd.loop.restart();
  flmd.loop.run_for(std::chrono::milliseconds(20));
  const int left = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  flmd.path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(bind(left, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(left);
  CHECK_NOTHROW(flmd.begin());
  flmd.service.reset();
  flmd.loop.restart();
  flmd.loop.run_for(std::chrono::milliseconds(20));
  std::ofstream(flmd.path) << "a file";
  CHECK_THROWS_AS(flmd.begin(), InputError);
  CHECK(std::filesystem::file_size(flmd.path) == 6);
}
