// The client against the real mosquitto, and against brokers that do what none should.
#include "tools/mqtt/client.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <optional>

#include "tests/tools/mqtt/broker.hpp"
#include "tools/common/input_error.hpp"

using namespace flm;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using flm::mqtt::Client;
using flm::mqtt::Message;
using flm::mqtt::Options;
using test::Broker;
using test::until;
namespace asio = boost::asio;

namespace {

Options quick(int port) {
  Options options;
  options.host = "127.0.0.1";
  options.port = static_cast<std::uint16_t>(port);
  options.client_id = "flmd-test";
  options.first_delay = 20ms;
  options.longest_delay = 100ms;
  options.answer_within = 2'000ms;
  return options;
}

/// A client, its loop, and what it said.
struct Subject {
  explicit Subject(Options options)
      : client(loop, std::move(options),
               {[this] { ++connections; },
                [this](std::string_view topic, std::string_view payload, bool retained) {
                  messages.push_back(fmt::format("{} {} {}", topic, retained ? 1 : 0, payload));
                },
                [this](const std::string& line) { log.push_back(line); }}) {}

  bool connects(int times = 1) {
    return until(loop, [&] { return connections >= times && client.state() == Client::State::connected; });
  }
  bool says(std::string_view words) {
    return until(loop, [&] { return !log.empty() && log.back().find(words) != std::string::npos; });
  }

  asio::io_context loop;
  int connections = 0;
  std::vector<std::string> messages, log;
  Client client;
};

/// A broker of bytes: each connection is answered with what the test says, and then closed if it wants.
class FakeBroker {
 public:
  FakeBroker(asio::io_context& loop, std::string answer, bool closes)
      : acceptor_(loop, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        answer_(std::move(answer)),
        closes_(closes) {
    accept();
  }
  [[nodiscard]] int port() const { return acceptor_.local_endpoint().port(); }
  /// Bytes that the socket took, over and over.
  void flood(std::string bytes) { flood_ = std::move(bytes); }

 private:
  using Socket = asio::ip::tcp::socket;
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, Socket socket) {
      if (error) return;
      sockets_.push_back(std::make_shared<Socket>(std::move(socket)));
      const auto mine = sockets_.back();
      mine->async_read_some(asio::buffer(received_), [this, mine](boost::system::error_code failed,
                                                                  std::size_t) {
        if (failed) return;
        asio::async_write(*mine, asio::buffer(answer_), [this, mine](boost::system::error_code, std::size_t) {
          if (closes_) mine->close();
          if (!flood_.empty()) pour(mine);
        });
      });
      accept();
    });
  }
  void pour(const std::shared_ptr<Socket>& socket) {
    asio::async_write(*socket, asio::buffer(flood_),
                      [this, socket](boost::system::error_code error, std::size_t) {
                        if (!error) pour(socket);
                      });
  }

  asio::ip::tcp::acceptor acceptor_;
  std::string answer_, flood_;
  bool closes_;
  std::array<char, 4096> received_{};
  std::vector<std::shared_ptr<Socket>> sockets_;
};

using std::string_literals::operator""s;
const std::string agreed = "\x20\x02\x00\x00"s;  // CONNACK, MQTT 3.1.1 section 3.2

/// A client whose broker answers `answer`, until it has said something.
std::string words_after(std::string answer, bool closes) {
  asio::io_context loop;
  FakeBroker broker(loop, std::move(answer), closes);
  std::vector<std::string> log;
  Options options = quick(broker.port());
  options.answer_within = 300ms;
  Client client(loop, options, {{}, {}, [&](const std::string& line) { log.push_back(line); }});
  client.start();
  // Some attempts, of which each says the same.
  REQUIRE(until(loop, [&] { return client.counters().failures >= 3; }));
  std::erase_if(log, [](const std::string& line) { return line.ends_with(": connected"); });
  REQUIRE(!log.empty());
  return log.back().substr(log.back().find(": ") + 2);
}

}  // namespace

TEST_CASE("a broker that is absent is said once, and found when it comes") {
  Broker broker;
  Subject subject(quick(broker.port()));
  subject.client.start();
  REQUIRE(until(subject.loop, [&] { return subject.client.counters().failures >= 4; }));
  CHECK(subject.log ==
        std::vector<std::string>{fmt::format(
            "MQTT broker 127.0.0.1:{}: connection refused: no broker there; tries again", broker.port())});
  CHECK(subject.client.problem() == "connection refused: no broker there");
  CHECK_FALSE(subject.client.publish({"/event", "lost", 0, false}));
  CHECK(subject.client.publish({"/state", "1", 0, true}));
  CHECK(subject.client.publish({"/state", "2", 0, true}));
  broker.start();
  REQUIRE(subject.connects());
  CHECK(subject.log.back() == fmt::format("MQTT broker 127.0.0.1:{}: connected", broker.port()));
  CHECK(subject.client.problem().empty());
  REQUIRE(until(subject.loop, [&] { return subject.client.idle(); }));
  CHECK(broker.keeps({"/state 0 1 2"}));  // the newest, once
  CHECK(subject.client.counters().published == 1);
  CHECK(subject.client.counters().dropped == 1);
}

TEST_CASE("a broker that was killed and forgot all gets the newest of each topic again") {
  Broker broker;
  broker.start();
  Subject subject(quick(broker.port()));
  subject.client.start();
  REQUIRE(subject.connects());
  subject.client.publish({"/a", "1", 0, true});
  subject.client.publish({"/b", "1", 1, true});
  broker.kill();
  REQUIRE(until(subject.loop, [&] { return subject.client.state() == Client::State::waiting; }));
  CHECK_THAT(subject.log[1], Contains("the broker closed the connection; tries again"));
  subject.client.publish({"/a", "2", 0, true});
  broker.start();
  REQUIRE(subject.connects(2));
  REQUIRE(until(subject.loop, [&] { return subject.client.idle(); }));
  CHECK(broker.keeps({"/a 0 1 2", "/b 1 1 1"}));
}

TEST_CASE("a wrong password is said once and in words") {
  TemporaryFolder secrets;
  Broker broker({"allow_anonymous false", "password_file " + (secrets.path() / "users").string()});
  test::run({"mosquitto_passwd", "-c", "-b", (secrets.path() / "users").string(), "meter", "right"});
  broker.start();
  Options options = quick(broker.port());
  options.username = "meter";
  options.password_file = secrets.file("password", "wrong\n");
  Subject subject(options);
  subject.client.start();
  REQUIRE(until(subject.loop, [&] { return subject.client.counters().failures >= 3; }));
  REQUIRE(subject.log.size() == 1);
  CHECK_THAT(subject.log[0], Contains("the broker refuses user name or password; tries again"));

  options.password_file = secrets.file("password", "right\n");
  Subject allowed(options);
  allowed.client.start();
  CHECK(allowed.connects());
}

TEST_CASE("a password file that is none is refused with its name") {
  TemporaryFolder secrets;
  asio::io_context loop;
  Options options = quick(1);
  options.password_file = secrets.path() / "none";
  CHECK_THROWS_WITH(Client(loop, options, {}), Contains("none: no such file; allowed: "));
  options.password_file = secrets.file("empty", "\n");
  CHECK_THROWS_WITH(Client(loop, options, {}), Contains("empty: its first line is empty; allowed: "));
}

TEST_CASE("a name that nobody knows is said once") {
  Options options = quick(1883);
  options.host = "no-such-host.invalid";  // RFC 2606: never resolved
  Subject subject(options);
  subject.client.start();
  REQUIRE(until(
      subject.loop, [&] { return subject.client.counters().failures >= 2; }, 30s));
  REQUIRE(subject.log.size() == 1);
  CHECK_THAT(subject.log[0], Contains("MQTT broker no-such-host.invalid:1883: the name is not known"));
}

TEST_CASE("a name is looked up, and each of its addresses is tried") {
  // On 127.0.0.1 only. Where localhost is ::1 as well, that is refused first.
  Broker broker;
  broker.start();
  Options options = quick(broker.port());
  options.host = "localhost";
  Subject subject(options);
  subject.client.start();
  CHECK(subject.connects());
  CHECK(subject.client.counters().failures == 0);
}

TEST_CASE("a connection that breaks in mid-message is made anew") {
  // A PUBLISH of 16 bytes, of which five come.
  CHECK(words_after(agreed + "\x30\x10\x00\x02/"s, true) == "the broker closed the connection; tries again");
}

TEST_CASE("a broker that hangs up at once is given words of its own") {
  CHECK(words_after("", true) ==
        "the broker closed the connection before it agreed: perhaps that port is for TLS; tries again");
}

TEST_CASE("a broker that says nothing is left after a time") {
  CHECK(words_after("", false) == "no answer in 0.3 s; tries again");
}

TEST_CASE("a broker that falls silent is left") {
  asio::io_context loop;
  FakeBroker broker(loop, agreed, false);
  std::vector<std::string> log;
  Options options = quick(broker.port());
  options.keep_alive = 5s;  // libmosquitto allows no less
  Client client(loop, options, {{}, {}, [&](const std::string& line) { log.push_back(line); }});
  client.start();
  REQUIRE(until(
      loop, [&] { return client.counters().failures >= 1; }, 15s));
  CHECK_THAT(log.back(), Contains("the broker has been silent for 5 s; tries again"));
}

TEST_CASE("something else than a broker is recognised") {
  CHECK(words_after("HTTP/1.1 400 Bad Request\r\n\r\n" + std::string(100, 'x'), false) ==
        "what came is not MQTT; tries again");
}

TEST_CASE("each refusal of MQTT 3.1.1 has its words") {
  CHECK(words_after("\x20\x02\x00\x01"s, false) == "the broker does not speak MQTT 3.1.1; tries again");
  CHECK(words_after("\x20\x02\x00\x02"s, false) == "the broker refuses the client id; tries again");
  CHECK(words_after("\x20\x02\x00\x03"s, false) == "the broker is not ready; tries again");
  CHECK(words_after("\x20\x02\x00\x04"s, false) == "the broker refuses user name or password; tries again");
  CHECK(words_after("\x20\x02\x00\x05"s, false) == "the broker refuses user name or password; tries again");
}

TEST_CASE("a message of 256 MB is not read to its end") {
  asio::io_context loop;
  FakeBroker broker(loop, agreed + "\x30\xFF\xFF\xFF\x7F\x00\x02/a"s, false);
  broker.flood(std::string(65'536, 'x'));
  std::vector<std::string> log;
  Client client(loop, quick(broker.port()), {{}, {}, [&](const std::string& line) { log.push_back(line); }});
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  client.start();
  REQUIRE(until(loop, [&] { return client.counters().failures >= 1; }));
  CHECK_THAT(log.back(), Contains("a message of more than 1048576 bytes came; tries again"));
  ::getrusage(RUSAGE_SELF, &after);
  CHECK(after.ru_maxrss - before.ru_maxrss < 64 * 1024);  // kB; the address sanitizer takes 32 MB for the 256
}

TEST_CASE("a broker that takes nothing blocks nobody, and gets the newest when it does") {
  asio::io_context loop;
  FakeBroker broker(loop, agreed, false);  // reads one piece, then never again
  Client client(loop, quick(broker.port()), {});
  client.start();
  REQUIRE(until(loop, [&] { return client.state() == Client::State::connected; }));
  const std::string block(10'000, 'x');
  const auto begin = std::chrono::steady_clock::now();
  int taken = 0;
  for (int i = 0; i < 2'000; ++i) {
    taken += client.publish({"/block", block, 0, false}) ? 1 : 0;
    CHECK(client.publish({"/state", std::to_string(i), 0, true}));
  }
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
  CHECK(taken < 1'990);  // what the sockets' buffers hold, and 1 MiB
  CHECK(client.counters().dropped == static_cast<std::uint64_t>(2'000 - taken));
  CHECK_FALSE(client.idle());
}

TEST_CASE("what comes is handed on with its retain flag, and nothing that is no text or too long") {
  Broker broker;
  broker.start();
  broker.publish("/d/kept", "before", true);
  Subject subject(quick(broker.port()));
  subject.client.subscribe("/d/#");
  subject.client.start();
  REQUIRE(subject.connects());
  REQUIRE(until(subject.loop, [&] { return subject.messages.size() == 1; }));
  broker.publish("/d/live", "21 °C");
  broker.publish("/d/live", "\xFF\xFE");
  const std::string big = (broker.folder() / "big").string();
  test::run({"sh", "-c", "head -c 70000 /dev/zero | tr '\\0' a >" + big});
  test::run(
      {"mosquitto_pub", "-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-t", "/d/big", "-f", big});
  broker.publish("/other", "not asked for");
  broker.publish("/d/live", "after");
  REQUIRE(until(subject.loop, [&] { return subject.messages.size() == 3; }));
  CHECK(subject.messages ==
        std::vector<std::string>{"/d/kept 1 before", "/d/live 0 21 °C", "/d/live 0 after"});
  CHECK(subject.client.counters().received == 3);
  CHECK(subject.client.counters().refused == 2);
}

TEST_CASE("a topic that is none is refused") {
  Subject subject(quick(1));
  for (const std::string& topic :
       {std::string(), std::string("/a/#"), std::string("/a/+/b"), std::string(70'000, 'a')})
    CHECK_THROWS_AS(subject.client.publish({topic, "", 0, false}), std::invalid_argument);
  CHECK_THROWS_AS(subject.client.subscribe("/a#"), std::invalid_argument);
}

TEST_CASE("the will is published when the program is killed, and not when it says good-bye") {
  Broker broker;
  broker.start();
  test::Process watch = broker.watch();
  Options options = quick(broker.port());
  options.will = {"/status", "offline", 0, true};
  const auto seen = [&](const std::string& line) {
    const auto& lines = watch.lines();
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  };
  asio::io_context waiting;
  const pid_t child = ::fork();
  if (child == 0) {
    asio::io_context loop;
    Client client(loop, options, {});
    client.publish({"/status", "online", 0, true});
    client.start();
    loop.run();
    ::_exit(0);
  }
  REQUIRE(until(waiting, [&] { return seen("/status 0 0 online"); }));
  CHECK_FALSE(seen("/status 0 0 offline"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(until(waiting, [&] { return seen("/status 0 0 offline"); }));
  CHECK(broker.keeps({"/status 0 1 offline"}));

  options.client_id = "polite";
  Subject subject(options);
  subject.client.start();
  REQUIRE(subject.connects());
  subject.client.stop({"/status", "stopped", 0, true});
  CHECK(subject.client.state() == Client::State::stopped);
  CHECK(until(waiting, [&] { return seen("/status 0 0 stopped"); }));
  CHECK(broker.keeps({"/status 0 1 stopped"}));
}

TEST_CASE("a message waits for acknowledgement with QoS 1, and no more than twenty do") {
  Broker broker;
  broker.start();
  test::Process watch = broker.watch();
  Subject subject(quick(broker.port()));
  subject.client.start();
  REQUIRE(subject.connects());
  for (int i = 0; i < 100; ++i) REQUIRE(subject.client.publish({"/q", std::to_string(i), 1, false}));
  CHECK(subject.client.counters().published == 20);
  const auto come = [&] {
    const auto& lines = watch.lines();
    return std::count_if(lines.begin(), lines.end(),
                         [](const std::string& line) { return line.starts_with("/q 1 0 "); });
  };
  CHECK(until(subject.loop, [&] { return come() == 100; }));
}

namespace {

/// An authority, a broker's certificate for localhost and 127.0.0.1, and a client's.
struct Certificates {
  TemporaryFolder folder;
  [[nodiscard]] std::string path(const std::string& name) const { return (folder.path() / name).string(); }

  explicit Certificates(const std::string& names = "DNS:localhost,IP:127.0.0.1") {
    authority("ca");
    signed_by("ca", "broker", "subjectAltName=" + names);
    signed_by("ca", "client", "extendedKeyUsage=clientAuth");
  }
  void authority(const std::string& name) const {
    test::run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
               "/CN=" + name, "-keyout", path(name + ".key"), "-out", path(name + ".pem")});
  }
  void signed_by(const std::string& ca, const std::string& name, const std::string& extension) const {
    test::run({"openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name, "-keyout",
               path(name + ".key"), "-out", path(name + ".csr")});
    test::run({"openssl", "x509", "-req", "-days", "2", "-in", path(name + ".csr"), "-CA", path(ca + ".pem"),
               "-CAkey", path(ca + ".key"), "-CAcreateserial", "-extfile",
               folder.file(name + ".ext", extension + "\n").string(), "-out", path(name + ".pem")});
  }
  [[nodiscard]] std::vector<std::string> broker_lines() const {
    return {"allow_anonymous true", "certfile " + path("broker.pem"), "keyfile " + path("broker.key"),
            "cafile " + path("ca.pem")};
  }
};

}  // namespace

TEST_CASE("TLS: a broker is taken by name and by address with its authority's certificate") {
  const Certificates certificates;
  Broker broker(certificates.broker_lines());
  broker.start();
  for (const char* host : {"localhost", "127.0.0.1"}) {
    INFO(host);
    Options options = quick(broker.port());
    options.host = host;
    options.ca_file = certificates.path("ca.pem");
    Subject subject(options);
    subject.client.subscribe("/#");
    subject.client.start();
    REQUIRE(subject.connects());
    // Longer than a TLS record, there and back.
    const std::string long_one(40'000, 'x');
    subject.client.publish({"/a", long_one, 1, false});
    CHECK(until(subject.loop, [&] { return !subject.messages.empty(); }));
    CHECK(subject.messages == std::vector<std::string>{"/a 0 " + long_one});
  }
}

TEST_CASE("TLS: another authority, another name, no TLS there: each has its words") {
  const Certificates certificates("DNS:elsewhere.example");
  certificates.authority("other");
  Broker broker(certificates.broker_lines());
  broker.start();
  Options options = quick(broker.port());
  options.host = "localhost";
  const auto words = [&](const std::string& ca) {
    options.ca_file = certificates.path(ca);
    Subject subject(options);
    subject.client.start();
    REQUIRE(until(subject.loop, [&] { return subject.client.counters().failures >= 2; }));
    for (const std::string& line : subject.log) UNSCOPED_INFO(line);
    CHECK(subject.log.size() == 1);
    return subject.log[0];
  };
  CHECK_THAT(words("ca.pem"), Contains("the broker's certificate: hostname mismatch; tries again"));
  CHECK_THAT(words("other.pem"), Contains("the broker's certificate: ") && !Contains("hostname"));
  options.host = "127.0.0.1";
  CHECK_THAT(words("ca.pem"), Contains("the broker's certificate: IP address mismatch; tries again"));

  Broker plain;
  plain.start();
  options.port = static_cast<std::uint16_t>(plain.port());
  CHECK_THAT(words("ca.pem"),
             Contains("closed the connection before it agreed: perhaps that port is without TLS"));
}

TEST_CASE("TLS: a broker that asks for a client's certificate is shown it") {
  const Certificates certificates;
  auto lines = certificates.broker_lines();
  lines.push_back("require_certificate true");
  Broker broker(lines);
  broker.start();
  Options options = quick(broker.port());
  options.ca_file = certificates.path("ca.pem");
  {
    Subject without(options);
    without.client.start();
    REQUIRE(until(without.loop, [&] { return without.client.counters().failures >= 1; }));
    CHECK(without.connections == 0);
  }
  options.certificate_file = certificates.path("client.pem");
  options.key_file = certificates.path("client.key");
  Subject with(options);
  with.client.start();
  CHECK(with.connects());
}

TEST_CASE("TLS: files that are none are refused with their names") {
  TemporaryFolder folder;
  asio::io_context loop;
  Options options = quick(1);
  options.ca_file = folder.path() / "none.pem";
  CHECK_THROWS_WITH(Client(loop, options, {}), Contains("none.pem: no such file; allowed: certificates"));
  options.ca_file = folder.file("text.pem", "no certificate\n");
  CHECK_THROWS_WITH(Client(loop, options, {}), Contains("text.pem: ") && Contains("; allowed: certificates"));
}
