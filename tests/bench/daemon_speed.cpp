// What flmd costs on this machine, with a full board, a broker and an open page: its time, memory and size;
// how soon a reading is with an MQTT subscriber; how many minute windows it answers, and whether its polls
// wait for that.
//   daemon_speed PROGRAMS SCENARIO [FIGURES.json]       exit 1 when a budget is broken
#include <arpa/inet.h>
#include <fmt/format.h>
#include <mosquitto.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/figure_table.hpp"
#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/flmd/site.hpp"
#include "tests/tools/free_port.hpp"
#include "tests/tools/mqtt/broker.hpp"
#include "tools/flmd/subscribers/mqtt.hpp"

using namespace flm;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace {

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A connection to flmd that stays.
class Connection {
 public:
  explicit Connection(int port) : handle_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("flmd does not answer");
  }
  ~Connection() { close(handle_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void ask(const std::string& path) {
    const std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
    if (send(handle_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      throw std::runtime_error("flmd takes no request");
  }
  /// The next bytes; empty at the end.
  std::string some() {
    char part[16'384];
    const ssize_t count = recv(handle_, part, sizeof part, 0);
    return {part, static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }
  /// Body of a 200.
  std::string get(const std::string& path) {
    ask(path);
    std::string answer;
    std::size_t end = 0;
    while ((end = answer.find("\r\n\r\n")) == answer.npos) more(answer);
    constexpr std::string_view length_is = "Content-Length: ";
    const std::size_t at = answer.find(length_is);
    std::size_t length = 0;
    if (!answer.starts_with("HTTP/1.1 200") || at > end ||
        std::from_chars(answer.data() + at + length_is.size(), answer.data() + end, length).ec != std::errc())
      throw std::runtime_error(path + ": " + answer.substr(0, 200));
    while (answer.size() < end + 4 + length) more(answer);
    return answer.substr(end + 4);
  }
  void end() { shutdown(handle_, SHUT_RDWR); }

 private:
  void more(std::string& answer) {
    const std::string part = some();
    if (part.empty()) throw std::runtime_error("flmd ends a connection");
    answer += part;
  }
  int handle_;
};

/// A running flmd with a house of three clamps and two pulse meters, a broker, and a page that listens.
class Running {
 public:
  Running(const fs::path& program, const fs::path& scenario, const test::Broker& broker)
      : port_(test::free_port()) {
    std::string text = fmt::format(
        "board = \"flm02b\"\n[link]\nport = \"sim:{}\"\n[state]\ndir = \"{}\"\n[http]\nlisten = "
        "[\"127.0.0.1:{}\"]\n"
        "[mqtt]\nbroker = \"127.0.0.1:{}\"\nhome_assistant = true\n",
        scenario.string(), (folder_.path() / "state").string(), port_, broker.port());
    for (int id = 1; id <= 5; ++id)
      text += fmt::format(
          "[[sensor]]\nid = {0}\nname = \"sensor {0}\"\nclass = \"{1}\"\nports = [{0}]\nsid = \"{0:032x}\"\n",
          id, id <= 3 ? "analog" : "pulse");
    const fs::path file = folder_.file("flmd.toml", text);
    // Its process's number is that of the shell, which it takes the place of.
    const fs::path number = folder_.path() / "number";
    process_ =
        test::Process({"/bin/sh", "-c", R"(echo $$ >"$1"; exec "$2" run "$3" 2>"$4")", "sh", number.string(),
                       program.string(), file.string(), (folder_.path() / "log").string()});
    for (int i = 0; !answers(); ++i) {
      if (i == 100) throw std::runtime_error("flmd does not start: " + text_of(folder_.path() / "log"));
      std::this_thread::sleep_for(100ms);
    }
    id_ = std::stoi(text_of(number));
    page_.emplace(port_);
    page_->ask("/events");
    listener_ = std::thread([this] {
      while (!page_->some().empty()) {
      }
    });
  }
  ~Running() {
    page_->end();
    listener_.join();
    process_.kill(SIGTERM);
    process_.wait();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] int port() const { return port_; }
  /// s of processor time, of all its threads.
  [[nodiscard]] double processor_time() const {
    double sum = 0;
    for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", id_)))
      sum += std::stod(text_of(task.path() / "schedstat")) / 1e9;
    return sum;
  }
  [[nodiscard]] double resident_megabytes() const {
    const std::string text = text_of(fmt::format("/proc/{}/status", id_));
    return std::stod(text.substr(text.find("VmRSS:") + 6)) / 1'000;  // kB
  }
  /// Of /metrics.
  [[nodiscard]] double metric(const std::string& name) const {
    const std::string text = Connection(port_).get("/metrics");
    const std::size_t at = text.find("\n" + name + " ");
    if (at == text.npos) throw std::runtime_error("no metric " + name);
    return std::stod(text.substr(at + name.size() + 2));
  }

 private:
  [[nodiscard]] bool answers() const {
    try {
      return !Connection(port_).get("/api/status").empty();
    } catch (const std::runtime_error&) {
      return false;
    }
  }

  TemporaryFolder folder_;
  int port_;
  int id_ = 0;
  test::Process process_;
  std::optional<Connection> page_;
  std::thread listener_;
};

/// ms from a reading, handed to the loop as the board's thread does, to a subscriber of the broker; the 99th
/// of 100.
double latency_p99(const test::Broker& broker) {
  constexpr int bursts = 400, in_burst = 12;  // readings that a full board has in a second
  std::vector<Clock::time_point> sent(bursts * in_burst);
  std::vector<double> taken(sent.size(), 1e9);
  struct Subscriber {
    std::vector<Clock::time_point>& sent;
    std::vector<double>& taken;
    std::atomic<std::size_t> count = 0;
  } subscriber{sent, taken};
  mosquitto_lib_init();
  mosquitto* const client = mosquitto_new(nullptr, true, &subscriber);
  mosquitto_message_callback_set(client, [](mosquitto*, void* user, const mosquitto_message* message) {
    auto& to = *static_cast<Subscriber*>(user);
    const std::string_view payload(static_cast<const char*>(message->payload),
                                   static_cast<std::size_t>(message->payloadlen));
    std::size_t index = 0;  // [time,index,"W"]
    const std::size_t comma = payload.find(',');
    if (comma == payload.npos ||
        std::from_chars(payload.data() + comma + 1, payload.data() + payload.size(), index).ec !=
            std::errc() ||
        index >= to.sent.size())
      return;
    to.taken[index] = 1e3 * seconds_since(to.sent[index]);
    ++to.count;
  });
  const int delay = mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
  if (delay != 0 || mosquitto_connect(client, "127.0.0.1", broker.port(), 60) != 0 ||
      mosquitto_loop_start(client) != 0 || mosquitto_subscribe(client, nullptr, "/sensor/+/gauge", 0) != 0)
    throw std::runtime_error("no subscriber");

  boost::asio::io_context loop;
  flmd::MqttOptions options;
  options.broker.host = "127.0.0.1";
  options.broker.port = static_cast<std::uint16_t>(broker.port());
  options.gateway = {test::device, "FLM02B", "1.0.0", "", ""};
  flmd::MqttSubscriber mqtt(loop, options, nullptr, [](const std::string&) {});
  const flmd::SiteSensor sensor = test::clamp();
  if (!test::until(loop, [&] { return mqtt.client().idle(); })) throw std::runtime_error("no broker");
  std::this_thread::sleep_for(300ms);
  loop.restart();
  const auto guard = boost::asio::make_work_guard(loop);
  std::thread board([&] {
    for (int burst = 0; burst < bursts; ++burst) {
      for (int i = 0; i < in_burst; ++i) {
        const auto index = static_cast<std::size_t>(burst * in_burst + i);
        sent[index] = Clock::now();
        boost::asio::post(loop, [&, index] {
          mqtt.on_reading(
              {&sensor,
               flmd::Quantity::gauge,
               {1'700'000'000 + static_cast<std::int64_t>(index), static_cast<history::Milli>(index) * 1'000},
               "W"});
        });
      }
      std::this_thread::sleep_for(10ms);
    }
    for (int i = 0; i < 50 && subscriber.count < sent.size(); ++i) std::this_thread::sleep_for(100ms);
    boost::asio::post(loop, [&] {
      mqtt.stop();
      loop.stop();
    });
  });
  loop.run();
  board.join();
  mosquitto_disconnect(client);
  mosquitto_loop_stop(client, true);
  mosquitto_destroy(client);
  std::sort(taken.begin(), taken.end());
  return taken[taken.size() * 99 / 100];
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3 && argc != 4) {
    fmt::print(stderr, "usage: daemon_speed PROGRAMS SCENARIO [FIGURES.json]\n");
    return 2;
  }
  const fs::path programs = fs::absolute(argv[1]), scenario = fs::absolute(argv[2]);
  bench::FigureTable table("daemon", "flmd on this machine");
  test::Broker broker;
  broker.start();
  table.at_most("latency", "board reading to MQTT subscriber, p99", "", 5, latency_p99(broker), "ms");

  const TemporaryFolder folder;
  const fs::path stripped = folder.path() / "flmd";
  test::run({"strip", "-o", stripped.string(), (programs / "flmd").string()});
  table.at_most("size", "program, stripped", "", 2.5, static_cast<double>(fs::file_size(stripped)) / 1e6,
                "MB");

  Running flmd(programs / "flmd", scenario, broker);
  std::this_thread::sleep_for(10s);
  const double before = flmd.processor_time();
  const auto begin = Clock::now();
  std::this_thread::sleep_for(30s);
  table.at_most("processor", "time, with a full board, MQTT, history and an open page", "", 0.5,
                100 * (flmd.processor_time() - before) / seconds_since(begin), "% of a core");
  table.at_most("memory", "resident memory", "", 12, flmd.resident_megabytes(), "MB");

  const double late_before = flmd.metric("flm_board_late_polls_total");
  const double own = flmd.processor_time();
  std::atomic<bool> over = false;
  std::atomic<std::uint64_t> answers = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&] {
      Connection connection(flmd.port());
      const std::string path = fmt::format("/sensor/{:032x}?version=1.0&interval=minute&unit=watt", 1);
      while (!over) {
        if (!connection.get(path).starts_with("[[")) throw std::runtime_error("no minute window");
        ++answers;
      }
    });
  std::this_thread::sleep_for(10s);
  over = true;
  for (std::thread& client : clients) client.join();
  table.at_least("windows", "minute windows, keep-alive, a second of its own time", "11", 15,
                 static_cast<double>(answers) / (flmd.processor_time() - own) / 1e3, "thousand/s");
  table.plain("windows_clock", "the same by the clock, the clients on the same cores", "",
              static_cast<double>(answers) / 10e3, "thousand/s");
  table.at_most("late", "polls late by more than 5 ms meanwhile", "", 0,
                flmd.metric("flm_board_late_polls_total") - late_before, "");
  if (argc == 4) bench::save(argv[3]);
  return bench::broken() == 0 ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "daemon_speed: {}\n", error.what());
  return 1;
}
