// flmserver's API over HTTP on loopback, with a store of its own and a clock that a test sets.
#pragma once
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/tools/web/raw_client.hpp"
#include "tools/api/digest.hpp"
#include "tools/flmserver/accounts/accounts.hpp"
#include "tools/flmserver/api/api.hpp"
#include "tools/flmserver/jobs/workers.hpp"
#include "tools/flmserver/store/schema.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/web/server.hpp"

namespace flm::test {

/// One HTTP answer.
struct Answer {
  int status = 0;
  std::string head, body;
  [[nodiscard]] bool has(std::string_view header) const { return head.find(header) != head.npos; }
};

inline const std::string device_id = "0123456789abcdef0123456789abcdef",
                         device_key = "fedcba9876543210fedcba9876543210",
                         main_sid = "c1411c6b4f9910bbbab09f145f8533b9";

class ServerUnderTest {
 public:
  explicit ServerUnderTest(std::int64_t now = 1'700'000'000)
      : now_(now), folder_(std::filesystem::temp_directory_path() / ("flmserver-" + unique())) {
    std::filesystem::create_directories(folder_);
    url_ = "sqlite:" + (folder_ / "store.db").string();
    database_ = server::open_database(url_);
    server::migrate(*database_);
    workers_ = std::make_unique<server::Workers>(loop_, server::Workers::Options{.url = url_},
                                                 [this](std::string_view line) { log_.emplace_back(line); });
    api_ = std::make_unique<server::Api>(*workers_, server::SessionOf(), [this] { return now_.load(); });
    web::Router router;
    api_->add_routes(router);
    http_ = std::make_unique<web::Server>(loop_, std::move(router));
    http_->listen("127.0.0.1:0");
    const std::string at = http_->addresses().at(0);
    port_ = static_cast<std::uint16_t>(std::stoul(at.substr(at.rfind(':') + 1)));
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~ServerUnderTest() {
    boost::asio::post(loop_, [this] { http_->stop(); });
    workers_->stop();
    loop_.stop();
    thread_.join();
    workers_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  void set_now(std::int64_t now) { now_ = now; }
  [[nodiscard]] std::int64_t now() const { return now_; }

  /// Does something in a transaction on a connection of the test's own.
  template <class Use>
  auto in_store(Use use) {
    server::Transaction transaction(*database_, server::Database::Mode::write);
    server::Accounts accounts(*database_);
    if constexpr (std::is_void_v<decltype(use(accounts))>) {
      use(accounts);
      transaction.commit();
    } else {
      auto result = use(accounts);
      transaction.commit();
      return result;
    }
  }
  server::Database& database() { return *database_; }

  /// An account with the device of `device_id`.
  server::Account with_device(std::string_view zone = "UTC", std::string_view name = "icarus") {
    return in_store([&](server::Accounts& accounts) {
      server::Account account = accounts.add_account(name, "", zone, now_);
      accounts.add_device(device_id, device_key, "FL02B00042");
      accounts.give(account.uid, device_id);
      return account;
    });
  }
  std::string token_of(std::string_view sid) {
    return in_store([&](server::Accounts& accounts) { return accounts.tokens_of(sid).at(0).token; });
  }

  /// A request with these header lines (each with its line end).
  Answer ask(std::string_view method, std::string_view target, std::string_view headers = {},
             std::string_view body = {}) {
    RawClient client(
        port_, std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: flm\r\n" +
                   std::string(headers) +
                   (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" +
                   std::string(body));
    const std::string all = client.answer(method == "HEAD");
    Answer answer;
    const std::size_t end = all.find("\r\n\r\n");
    if (end == all.npos) return answer;
    answer.head = all.substr(0, end + 2);
    answer.body = all.substr(end + 4);
    answer.status = std::stoi(all.substr(9, 3));
    return answer;
  }
  Answer get(std::string_view target, std::string_view headers = {}) { return ask("GET", target, headers); }
  /// As a Fluksometer does, signed with a key.
  Answer post(std::string_view target, std::string_view body, std::string_view key = device_key) {
    return ask(
        "POST", target,
        "Content-Type: application/json\r\nX-Version: 1.0\r\nUser-Agent: Fluksometer v250\r\nX-Digest: " +
            api::digest(key, body) + "\r\n",
        body);
  }
  /// Points of a sensor, in as many POSTs as they need.
  Answer measure(std::string_view sid, const std::vector<std::pair<std::int64_t, std::int64_t>>& points) {
    std::string body = R"({"measurements":[)";
    for (const auto& [time, value] : points)
      body += "[" + std::to_string(time) + "," + std::to_string(value) + "],";
    if (!points.empty()) body.pop_back();
    return post("/sensor/" + std::string(sid), body + "]}");
  }

 private:
  static std::string unique() {
    static std::atomic<int> count{0};
    return std::to_string(::getpid()) + "-" + std::to_string(++count);
  }

  std::atomic<std::int64_t> now_;
  std::filesystem::path folder_;
  std::string url_;
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::unique_ptr<server::Database> database_;
  std::vector<std::string> log_;
  std::unique_ptr<server::Workers> workers_;
  std::unique_ptr<server::Api> api_;
  std::unique_ptr<web::Server> http_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace flm::test
