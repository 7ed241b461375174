#include "tests/tools/mqtt/broker.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <utility>

#include "tests/tools/free_port.hpp"

extern char** environ;

namespace flm::test {
namespace {

using namespace std::chrono_literals;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool listens(int port) {
  const int number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool connected = ::connect(number, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(number);
  return connected;
}

/// Debian's mosquitto is in a folder that a user's path may lack.
std::string mosquitto() {
  return std::filesystem::exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";
}

}  // namespace

Process::Process(std::vector<std::string> arguments) {
  if (arguments.empty()) return;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::vector<char*> list;
  for (std::string& argument : arguments) list.push_back(argument.data());
  list.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  const int error = ::posix_spawnp(&id_, list[0], &actions, nullptr, list.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  output_ = ends[0];
  if (error != 0) throw std::runtime_error(fmt::format("{} cannot be started", arguments[0]));
  ::fcntl(output_, F_SETFL, O_NONBLOCK);
}

Process::Process(Process&& other) noexcept { *this = std::move(other); }

Process& Process::operator=(Process&& other) noexcept {
  end();
  id_ = std::exchange(other.id_, -1);
  output_ = std::exchange(other.output_, -1);
  rest_ = std::move(other.rest_);
  lines_ = std::move(other.lines_);
  return *this;
}

Process::~Process() { end(); }

void Process::end() {
  if (id_ > 0) {
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }
  if (output_ >= 0) ::close(output_);
  id_ = output_ = -1;
}

void Process::kill(int signal) {
  if (id_ > 0) ::kill(id_, signal);
}

int Process::wait() {
  int status = 0;
  if (id_ > 0) ::waitpid(id_, &status, 0);
  id_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const std::vector<std::string>& Process::lines() {
  char bytes[65536];
  for (ssize_t count; (count = ::read(output_, bytes, sizeof bytes)) > 0;)
    rest_.append(bytes, static_cast<std::size_t>(count));
  for (std::size_t end; (end = rest_.find('\n')) != rest_.npos; rest_.erase(0, end + 1))
    lines_.push_back(rest_.substr(0, end));
  return lines_;
}

void run(std::vector<std::string> arguments) {
  const std::string program = arguments[0];
  Process process(std::move(arguments));
  if (process.wait() != 0) {
    std::string output;
    for (const std::string& line : process.lines()) output += "\n" + line;
    throw std::runtime_error(fmt::format("{} failed:{}", program, output));
  }
}

bool until(boost::asio::io_context& loop, const std::function<bool()>& holds,
           std::chrono::milliseconds longest) {
  const auto end = std::chrono::steady_clock::now() + longest;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    loop.restart();
    loop.run_one_for(10ms);
    if (loop.stopped()) std::this_thread::sleep_for(1ms);
  }
  return true;
}

Broker::Broker(std::vector<std::string> lines) : port_(free_port()) {
  if (lines.empty()) lines = {"allow_anonymous true"};
  std::string text = fmt::format("listener {} 127.0.0.1\n", port_);
  if (::geteuid() == 0) text += "user root\n";
  for (const std::string& line : lines) text += line + "\n";
  folder_.file("mosquitto.conf", text);
}

void Broker::start() {
  process_ = Process({mosquitto(), "-c", folder_.path() / "mosquitto.conf"});
  for (int i = 0; i < 1'000 && !listens(port_); ++i) std::this_thread::sleep_for(10ms);
  if (listens(port_)) return;
  std::string output;
  for (const std::string& line : process_.lines()) output += "\n" + line;
  throw std::runtime_error("mosquitto does not listen:" + output);
}

void Broker::kill() {
  process_.kill(SIGKILL);
  process_.wait();
}

std::vector<std::string> Broker::client(const std::string& program) const {
  return {program, "-h", "127.0.0.1", "-p", std::to_string(port_)};
}

Process Broker::watch() const {
  // Else "Subscribed" stays in its buffer.
  std::vector<std::string> arguments = {"stdbuf", "-oL"};
  for (std::string& argument : client("mosquitto_sub")) arguments.push_back(std::move(argument));
  for (const char* more : {"-t", "#", "-q", "1", "-F", "%t %q %r %p", "-d"}) arguments.push_back(more);
  Process process(std::move(arguments));
  const auto subscribed = [&] {
    const auto& lines = process.lines();
    return std::any_of(lines.begin(), lines.end(),
                       [](const std::string& line) { return line.starts_with("Subscribed"); });
  };
  for (int i = 0; i < 1'000 && !subscribed(); ++i) std::this_thread::sleep_for(10ms);
  return process;
}

std::vector<std::string> Broker::kept() const {
  auto arguments = client("mosquitto_sub");
  for (const char* more : {"-t", "#", "-q", "1", "-F", "%t %q %r %p", "-W", "1"}) arguments.push_back(more);
  Process process(std::move(arguments));
  process.wait();
  auto lines = process.lines();
  std::erase_if(lines, [](const std::string& line) {
    return line.find(" 0 1 ") == line.npos && line.find(" 1 1 ") == line.npos;
  });
  std::sort(lines.begin(), lines.end());
  return lines;
}

bool Broker::keeps(const std::vector<std::string>& lines) const {
  for (int i = 0; i < 5; ++i)
    if (kept() == lines) return true;
  return false;
}

void Broker::publish(const std::string& topic, const std::string& payload, bool retain) const {
  auto arguments = client("mosquitto_pub");
  for (const std::string& more : {std::string("-t"), topic, std::string("-m"), payload})
    arguments.push_back(more);
  if (retain) arguments.push_back("-r");
  run(std::move(arguments));
}

}  // namespace flm::test
