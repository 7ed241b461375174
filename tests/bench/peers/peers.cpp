// InfluxDB and VictoriaMetrics as processes, on 127.0.0.1, with files of their own. Their settings are those
// of their packages but for what the comments say.
#include <fcntl.h>
#include <fmt/compile.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "tests/bench/peers/contender.hpp"
#include "tests/tools/free_port.hpp"

namespace flm::bench {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
namespace fs = std::filesystem;

/// Path of a program of PATH; empty: it is not there.
fs::path installed(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::stringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((fs::path(folder) / name).c_str(), X_OK) == 0) return fs::path(folder) / name;
  return {};
}

/// A program that ends with this one.
class Process {
 public:
  Process(const std::vector<std::string>& words, fs::path log) : log_(std::move(log)) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    id_ = ::fork();
    if (id_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
  }
  ~Process() {
    if (id_ <= 0) return;
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  [[nodiscard]] pid_t id() const { return id_; }
  /// Its end of its log, for a message.
  [[nodiscard]] std::string complaint() const {
    std::stringstream text;
    text << std::ifstream(log_).rdbuf();
    const std::string all = text.str();
    return all.substr(all.size() > 2'000 ? all.size() - 2'000 : 0);
  }

 private:
  fs::path log_;
  pid_t id_ = -1;
};

/// A server that takes InfluxDB's line protocol.
class Peer : public Contender {
 public:
  Peer(std::string name, fs::path folder) : name_(std::move(name)), folder_(std::move(folder)) {
    fs::create_directories(folder_);
  }
  [[nodiscard]] std::string name() const override { return name_; }
  fleet::Address address() override { return {"127.0.0.1", std::to_string(port_)}; }
  [[nodiscard]] double processor_s() const override { return test::processor_s(process_->id()); }
  std::unique_ptr<Way> way(bool) override;

  double bytes() override {
    // Blocks of the disk: InfluxDB makes files of 4 MB beforehand, which are almost empty.
    double sum = 0;
    for (const auto& [path, size] : files())
      if (struct stat file{}; ::stat(path.c_str(), &file) == 0)
        sum += 512.0 * static_cast<double>(file.st_blocks);
    return sum;
  }
  void settle() override {
    flush();
    // Still: what it does later begins within some seconds of the last change.
    constexpr auto still = 8s, most = 180s;
    const auto begin = std::chrono::steady_clock::now();
    auto changed = begin;
    auto before = files();
    while (std::chrono::steady_clock::now() - changed < still) {
      std::this_thread::sleep_for(500ms);
      if (auto now = files(); now != before || is_busy()) {
        before = std::move(now);
        changed = std::chrono::steady_clock::now();
      }
      if (changed - begin > most)
        throw std::runtime_error(fmt::format("{} still writes after {} s", name_, most.count()));
    }
  }

 protected:
  /// Starts it and waits until it answers.
  void start(const std::vector<std::string>& words) {
    process_ = std::make_unique<Process>(words, folder_ / "log");
    for (int i = 0; i < 1'000; ++i) try {
        if (fleet::Connection(address()).ask("GET", "/ping").status < 300) return;
      } catch (const fleet::ConnectionLost&) {
        std::this_thread::sleep_for(20ms);
      }
    throw std::runtime_error(fmt::format("{} does not start: {}", name_, process_->complaint()));
  }
  std::string ask(std::string_view method, const std::string& target) {
    fleet::HttpAnswer answer = fleet::Connection(address()).ask(method, target);
    if (answer.status >= 300)
      throw std::runtime_error(fmt::format("{}: {}: {} {}", name_, target, answer.status, answer.body));
    return std::move(answer.body);
  }
  virtual void flush() {}
  /// It says that it works on its files.
  virtual bool is_busy() { return false; }
  [[nodiscard]] std::map<std::string, std::uintmax_t> files() const {
    std::map<std::string, std::uintmax_t> all;
    std::error_code gone;  // meanwhile
    for (auto each = fs::recursive_directory_iterator(folder_ / "data", gone);
         each != fs::recursive_directory_iterator(); each.increment(gone)) {
      const bool is_file = each->is_regular_file(gone);
      if (const auto size = is_file ? each->file_size(gone) : 0; is_file && !gone) all[each->path()] = size;
    }
    return all;
  }
  [[nodiscard]] const fs::path& folder() const { return folder_; }
  [[nodiscard]] int port() const { return port_; }

 private:
  std::string name_;
  fs::path folder_;
  int port_ = test::free_port();
  std::unique_ptr<Process> process_;
};

/// `r,sensor=<sid> v=<counter>i <s>`, ten thousand lines a POST.
class LineWay : public Contender::Way {
 public:
  LineWay(std::string name, const fleet::Address& address) : name_(std::move(name)), connection_(address) {}
  void add(const Sensor& sensor, std::span<const history::Point> points) override {
    for (const history::Point& point : points) {
      fmt::format_to(std::back_inserter(body_), FMT_COMPILE("r,sensor={} v={}i {}\n"), sensor.sid,
                     point.value / 1'000, point.time);
      if (++lines_ == 10'000) finish();
    }
  }
  void finish() override {
    if (lines_ == 0) return;
    const fleet::HttpAnswer answer = connection_.ask("POST", "/write?db=fleet&precision=s", {}, body_);
    if (answer.status != 204)
      throw std::runtime_error(fmt::format("{}: /write: {} {}", name_, answer.status, answer.body));
    body_.clear();
    lines_ = 0;
  }

 private:
  std::string name_;
  fleet::Connection connection_;
  std::string body_;
  int lines_ = 0;
};

std::unique_ptr<Contender::Way> Peer::way(bool) { return std::make_unique<LineWay>(name_, address()); }

std::string encoded(std::string_view text) {
  std::string result;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      result += c;
    else
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return result;
}

class InfluxDb final : public Peer {
 public:
  InfluxDb(const fs::path& program, const fs::path& folder) : Peer("InfluxDB", folder) {
    // Caches go to disk, and files are made as small as they get, soon after the last write instead of after
    // ten minutes and four hours. It keeps no log of requests, and no statistics of its own.
    std::ofstream(folder / "influxdb.conf") << fmt::format(
        "reporting-disabled = true\nbind-address = \"127.0.0.1:{}\"\n"
        "[meta]\ndir = \"{}/data/meta\"\n"
        "[data]\ndir = \"{}/data/data\"\nwal-dir = \"{}/data/wal\"\nquery-log-enabled = false\n"
        "cache-snapshot-write-cold-duration = \"3s\"\ncompact-full-write-cold-duration = \"5s\"\n"
        "[http]\nbind-address = \"127.0.0.1:{}\"\nlog-enabled = false\n"
        "[monitor]\nstore-enabled = false\n",
        test::free_port(), folder.string(), folder.string(), folder.string(), port());
    start({program, "-config", folder / "influxdb.conf"});
    ask("POST", "/query?q=" + encoded("CREATE DATABASE fleet"));
  }

  [[nodiscard]] Request request(const Sensor& sensor, const Question& question) const override {
    // From a bin earlier, for the difference to it.
    return {"/query?db=fleet&epoch=s&q=" +
                encoded(fmt::format("SELECT derivative(last(\"v\"), {}s) FROM \"r\" WHERE \"sensor\" = '{}'"
                                    " AND time >= {}s AND time < {}s GROUP BY time({}s)",
                                    sensor.unit_s(), sensor.sid, question.begin - question.bin_s,
                                    question.end, question.bin_s)),
            {}};
  }
  [[nodiscard]] std::map<std::int64_t, double> rates(const std::string& body,
                                                     const Question& question) const override {
    std::map<std::int64_t, double> all;
    const Json answer = Json::parse(body);
    for (const Json& row : answer.at("results").at(0).at("series").at(0).at("values"))
      all[row.at(0).get<std::int64_t>() + question.bin_s] = row.at(1);
    return all;
  }

 private:
  /// What it got last lies in its log of writes, or it merges files.
  bool is_busy() override {
    for (const auto& [path, size] : files())
      if ((path.find("/wal/") != path.npos && size > 0) || path.ends_with(".tmp")) return true;
    return false;
  }
};

class VictoriaMetrics final : public Peer {
 public:
  VictoriaMetrics(const fs::path& program, const fs::path& folder) : Peer("VictoriaMetrics", folder) {
    start({program, "-storageDataPath=" + (folder / "data").string(),
           fmt::format("-httpListenAddr=127.0.0.1:{}", port()),
           "-retentionPeriod=24",  // months
           "-loggerLevel=WARN"});
  }

  [[nodiscard]] Request request(const Sensor& sensor, const Question& question) const override {
    return {fmt::format("/api/v1/query_range?start={}&end={}&step={}s&query=",
                        question.begin + question.bin_s, question.end, question.bin_s) +
                encoded(fmt::format("rate(r_v{{sensor=\"{}\"}}[{}s])*{}", sensor.sid, question.bin_s,
                                    sensor.unit_s())),
            {}};
  }
  [[nodiscard]] std::map<std::int64_t, double> rates(const std::string& body,
                                                     const Question&) const override {
    std::map<std::int64_t, double> all;
    const Json answer = Json::parse(body);
    for (const Json& row : answer.at("data").at("result").at(0).at("values"))
      all[row.at(0).get<std::int64_t>()] = std::stod(row.at(1).get<std::string>());
    return all;
  }

 private:
  void flush() override {
    ask("GET", "/internal/force_flush");
    ask("GET", "/internal/force_merge");
  }
  bool is_busy() override {
    std::stringstream lines(ask("GET", "/metrics"));
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("vm_active_merges{") && !line.ends_with(" 0")) return true;
    return false;
  }
};

template <class Made>
std::unique_ptr<Contender> if_installed(const std::string& program, const fs::path& folder) {
  const fs::path path = installed(program);
  if (path.empty()) return nullptr;
  fs::create_directories(folder);
  return std::make_unique<Made>(path, folder);
}

}  // namespace

std::unique_ptr<Contender> influxdb(const fs::path& folder) {
  return if_installed<InfluxDb>("influxd", folder);
}
std::unique_ptr<Contender> victoria_metrics(const fs::path& folder) {
  return if_installed<VictoriaMetrics>("victoria-metrics", folder);
}

}  // namespace flm::bench
