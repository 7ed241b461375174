#include "tests/tools/flmserver/page/house.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <cmath>
#include <ctime>
#include <fstream>
#include <functional>
#include <numbers>
#include <stdexcept>
#include <thread>

#include "tests/tools/free_port.hpp"
#include "tests/tools/web/raw_client.hpp"
#include "tools/api/claim_code.hpp"
#include "tools/api/digest.hpp"
#include "tools/web/exchange/response.hpp"

namespace flm::browser {
namespace {

constexpr const char* device = "0123456789abcdef0123456789abcdef";
constexpr const char* key = "00112233445566778899aabbccddeeff";
constexpr std::int64_t day = 86'400;

double bell(double hour, double at, double wide) {
  return std::exp(-(hour - at) * (hour - at) / (2 * wide * wide));
}

/// 0 to 1, the same for the same number.
double noise(std::int64_t n) {
  auto x = static_cast<std::uint64_t>(n) * 0x9E3779B97F4A7C15ULL;
  x ^= x >> 29;
  x *= 0xBF58476D1CE4E5B9ULL;
  return static_cast<double>((x ^ x >> 32) & 0xFFFF) / 65'535;
}

void wait_for(Program& program) {
  while (program.runs()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

}  // namespace

double household_w(std::int64_t time) {
  const double hour = static_cast<double>(time % day) / 3600;
  const double fridge = time / 600 % 4 == 0 ? 90 : 5, busy = 0.6 + 0.8 * noise(time / day);
  const double kettle = noise(time / 120) > 0.985 ? 1800 : 0;
  return 110 + fridge +
         busy * (500 * bell(hour, 7.2, 0.8) + 350 * bell(hour, 12.3, 0.7) + 900 * bell(hour, 19, 1.8)) +
         (hour > 6 && hour < 22 ? kettle : 0) + 25 * noise(time / 60);
}

double solar_w(std::int64_t time) {
  const double hour = static_cast<double>(time % day) / 3600;
  const double sun = std::sin((hour - 6.5) / 11 * std::numbers::pi);
  if (hour < 6.5 || hour > 17.5) return 0;
  return 2400 * sun * sun * (0.35 + 0.65 * noise(time / day + 7)) * (0.75 + 0.25 * noise(time / 900));
}

House::House(std::string program, const std::filesystem::path& folder)
    : folder_(std::filesystem::absolute(folder)), port_(test::free_port()), local_port_(test::free_port()) {
  address_ = fmt::format("http://127.0.0.1:{}", port_);
  const std::string file = (folder_ / "flmserver.toml").string();
  std::ofstream(file) << fmt::format("[http]\nlisten = [\"127.0.0.1:{}\"]\n\n[store]\nurl = \"sqlite:{}\"\n",
                                     port_, (folder_ / "store.db").string());
  Program added(
      {program, "device", "add", "--config", file, "--serial", serial, "--device", device, "--key", key},
      folder_ / "device_add.log");
  wait_for(added);
  if (!added.words().empty()) throw std::runtime_error("flmserver device add: " + added.words());
  server_ =
      std::make_unique<Program>(std::vector{program, std::string("run"), file}, folder_ / "flmserver.log");
  if (!listens(port_, std::chrono::seconds(20)))
    throw std::runtime_error("flmserver does not listen: " + server_->words());
}

House::~House() = default;

std::string House::claim_code() { return api::claim_code(device, key); }

void House::send(const std::string& path, const std::string& body) {
  const std::unique_ptr<CURL, void (*)(CURL*)> call(curl_easy_init(), curl_easy_cleanup);
  curl_slist* lines = curl_slist_append(nullptr, "X-Version: 1.0");
  lines = curl_slist_append(lines, "Content-Type: application/json");
  lines = curl_slist_append(lines, ("X-Digest: " + api::digest(key, body)).c_str());
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(lines, curl_slist_free_all);
  std::string answer;
  const std::string address = address_ + path;
  curl_easy_setopt(call.get(), CURLOPT_URL, address.c_str());
  curl_easy_setopt(call.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(call.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(call.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(call.get(), CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(call.get(), CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(
      call.get(), CURLOPT_WRITEFUNCTION, +[](char* bytes, std::size_t size, std::size_t count, void* text) {
        static_cast<std::string*>(text)->append(bytes, size * count);
        return size * count;
      });
  long status = 0;
  const CURLcode error = curl_easy_perform(call.get());
  curl_easy_getinfo(call.get(), CURLINFO_RESPONSE_CODE, &status);
  if (error != CURLE_OK || status != 200)
    throw std::runtime_error(fmt::format("{}: {} {}", path, status, answer));
}

std::int64_t House::first_time(std::int64_t now) { return (now / day - 40) * day + day / 4; }

void House::meter_reports() {
  send(
      fmt::format("/device/{}", device),
      fmt::format(R"({{"version":243,"uptime":86400,"reset":0,"ip":"127.0.0.1","port":"{}"}})", local_port_));
  const std::int64_t now = std::time(nullptr);
  const auto sensor = [&](int number, const char* sid, const char* name, const char* kind,
                          const std::function<double(std::int64_t)>& rate) {
    send(fmt::format("/sensor/{}", sid),
         fmt::format(R"({{"config":{{"number":{},"function":"{}",{},"enable":1}}}})", number, name, kind));
    std::string body = R"({"measurements":[)";
    double counter = 0;  // Wh or L
    for (std::int64_t time = first_time(now) - 900; time < now;) {
      const std::int64_t step = time < now - 2 * day ? 900 : 60;
      counter += rate(time + step / 2) * static_cast<double>(step) / 3600;
      time += step;
      body += fmt::format("[{},{}],", std::min(time, now), std::llround(counter));
    }
    body.back() = ']';
    send(fmt::format("/sensor/{}", sid), body + "}");
  };
  sensor(1, main_sid, "main", R"("class":"analog","type":"electricity")", household_w);
  sensor(2, solar_sid, "solar", R"("class":"pulse","type":"electricity")", solar_w);
  sensor(3, water_sid, "water", R"("class":"pulse","type":"water")",
         [](std::int64_t time) { return household_w(time) / 20; });
  sensor(4, hostile_sid, hostile_name, R"("class":"pulse","type":"electricity")",
         [](std::int64_t) { return 60.0; });
}

void House::meter_is_near(bool near) {
  local_.reset();
  if (!near) return;
  web::Router router;
  router.get("/sensor/{sid}",
             [](const web::Request& request) {
               const bool known = request.query("version") == "1.0" &&
                                  request.query("interval") == "minute" && request.query("unit") == "watt";
               if (!known) throw web::HttpError(400, "version, interval and unit are required");
               const bool is_solar = request.parameter("sid") == solar_sid;
               std::string rows;
               const std::int64_t now = std::time(nullptr);
               for (std::int64_t time = now - 59; time <= now; ++time)
                 rows += fmt::format("[{},{}],", time,
                                     1000 + std::llround(is_solar ? 300 : 200 + 20 * (time % 10)));
               rows.back() = ']';
               return web::json("[" + rows);
             },
             {.any_origin = true});
  local_ = std::make_unique<test::RunningServer>(std::move(router), web::ServerLimits{}, web::Log(),
                                                 fmt::format("127.0.0.1:{}", local_port_));
}

}  // namespace flm::browser
