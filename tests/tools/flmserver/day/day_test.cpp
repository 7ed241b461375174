// A pulse from the contact to the dash's pixel: a simulated board, flmd, flmserver and Chromium, with the
// server away for a day of the house. Its cases are one story, in their order.
//   house_day_test --program FLMSERVER --folder FOLDER [Catch's options]
// FOLDER gets pictures and logs. The house is this program, too: --house CONFIGURATION BEGIN UNTIL
// (fast_house.hpp).
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <ctime>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "tests/tools/flmserver/day/contact.hpp"
#include "tests/tools/flmserver/day/fast_house.hpp"
#include "tests/tools/free_port.hpp"
#include "tests/tools/web/browser/browser.hpp"
#include "tests/tools/web/browser/story.hpp"
#include "tests/tools/web/raw_client.hpp"
#include "tools/flmserver/store/series_store.hpp"

namespace {

using namespace flm::day;
using namespace std::chrono_literals;
using flm::browser::Browser;
using flm::browser::Json;
using flm::browser::Program;
using flm::history::Point;

constexpr const char* device = "00112233445566778899aabbccddeeff";
constexpr const char* key = "ffeeddccbbaa99887766554433221100";
constexpr const char* sid = "000000000000000000000000000000c4";
constexpr const char* password = "correct horse";

/// Board's seconds at which the server dies, at which it is back, and when the day is over.
constexpr double dies = hour / 2, is_back = dies + 24 * hour, over = end + 60;

std::filesystem::path folder;
std::string this_program, flmserver;

/// The house and its server.
class Town {
 public:
  Town() {
    begin_ = (std::time(nullptr) - 26 * 3600) / 3600 * 3600;  // an hour's beginning, and `over` before now
    const auto file = [](const char* name, const std::string& text) { std::ofstream(folder / name) << text; };
    write_contact(folder / "contact.csv");
    file("house.toml",
         fmt::format("board = \"flm02b\"\nduration = {}\n[[pulses]]\nport = {}\nfile = \"contact.csv\"\n",
                     over, port));
    file("flmd.toml", fmt::format(R"(board = "flm02b"
[link]
port = "sim:house.toml,configure=no"
[state]
dir = "state"
[device]
id = "{}"
key = "{}"
serial = "FL02B00042"
[http]
listen = ["127.0.0.1:{}"]
announce = false
[[report]]
kind = "flukso"
url = "http://127.0.0.1:{}/"
interval = 1
[[sensor]]
id = 4
name = "house"
class = "pulse"
sid = "{}"
ports = [{}]
constant = {}
)",
                                  device, key, flmd_port_, server_port_, sid, port, constant));
    file("flmserver.toml",
         fmt::format("[http]\nlisten = [\"127.0.0.1:{}\"]\n[store]\nurl = \"{}\"\n", server_port_, store()));
    file("password", std::string(password) + "\n");
    const std::string config = folder / "flmserver.toml";
    const std::string account = said(
        {flmserver, "user", "add", "icarus", "--config", config, "--password-file", folder / "password"});
    token_ = account.substr(account.find(' ') + 1, 32);
    said({flmserver, "device", "add", "--config", config, "--user", "icarus", "--serial", "FL02B00042",
          "--device", device, "--key", key});
  }

  [[nodiscard]] std::int64_t begin() const { return begin_; }
  [[nodiscard]] std::string address() const { return fmt::format("http://127.0.0.1:{}", server_port_); }
  [[nodiscard]] static std::string store() { return "sqlite:" + (folder / "store.db").string(); }

  void start_server() {
    server_.emplace(std::vector<std::string>{flmserver, "run", folder / "flmserver.toml"},
                    folder / "flmserver.log");
    REQUIRE(flm::browser::listens(server_port_, 20s));
  }
  void kill_server() { server_->kill(); }
  [[nodiscard]] bool server_runs() { return server_ && server_->runs(); }

  /// Lets the house's time pass up to this second of the board, and waits for it.
  void live_until(double second) {
    const auto until = folder / "until";
    std::ofstream(folder / "until.new") << fmt::format("{:.1f}\n", second);
    std::filesystem::rename(folder / "until.new", until);
    if (!house_) {
      house_.emplace(std::vector<std::string>{this_program, "--house", folder / "flmd.toml",
                                              std::to_string(begin_), until},
                     folder / "flmd.log");
      REQUIRE(flm::browser::listens(flmd_port_, 20s));
    }
    const auto wanted = begin_ + static_cast<std::int64_t>(second);
    REQUIRE(soon([&] { return !house_->runs() || now() >= wanted; }, 240s));
    REQUIRE(house_->runs());
  }
  void end_house() { house_->end(); }
  [[nodiscard]] std::string house_words() const { return house_->words(); }

  /// What the server answers to the owner's token.
  [[nodiscard]] Json ask_server(const std::string& path) const {
    return ask(server_port_, path, "X-Version: 1.0\r\nX-Token: " + token_ + "\r\n");
  }

  /// The house's time, Unix s; 0: it does not answer.
  [[nodiscard]] std::int64_t now() const {
    const Json status = ask_flmd("/api/status");
    return status.is_object() ? status["time"].get<std::int64_t>() : 0;
  }
  /// How flmd's report to the server fares: its `behind` and `complaint`; nothing when it does not answer.
  [[nodiscard]] Json report() const {
    const Json status = ask_flmd("/api/status");
    return status.is_object() ? status["reports"].at(0) : Json{{"behind", nullptr}, {"complaint", nullptr}};
  }
  /// Wh, as flmd has it from the board; -1: nothing yet.
  [[nodiscard]] double at_flmd() const {
    for (const Json& sensor : ask_flmd("/api/sensors"))
      if (sensor["sid"] == sid && sensor.contains("counter")) return sensor["counter"][1];
    return -1;
  }
  /// Whole Wh that the server has last; -1: nothing yet, or it is away.
  [[nodiscard]] std::int64_t at_server() const {
    const Json answer = ask_server(fmt::format("/sensor/{}?param=all", sid));
    if (!answer.is_object() || !answer.contains("lastupdate") || !answer["lastupdate"].is_array()) return -1;
    return answer["lastupdate"].at(1);
  }

  /// Whether it happens in time.
  static bool soon(const std::function<bool()>& happens, std::chrono::seconds within = 60s) {
    for (const auto end = std::chrono::steady_clock::now() + within;
         std::chrono::steady_clock::now() < end;) {
      if (happens()) return true;
      std::this_thread::sleep_for(50ms);
    }
    return false;
  }

 private:
  [[nodiscard]] Json ask_flmd(const std::string& path) const { return ask(flmd_port_, path, ""); }
  static Json ask(int port, const std::string& path, const std::string& headers) {
    try {
      flm::test::RawClient client(static_cast<std::uint16_t>(port),
                                  fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n", path, headers));
      const std::string answer = client.answer();
      const std::size_t end = answer.find("\r\n\r\n");
      return end == answer.npos ? Json() : Json::parse(answer.substr(end + 4), nullptr, false);
    } catch (const std::runtime_error&) {
      return {};  // nobody listens
    }
  }
  /// What a command says until it ends.
  static std::string said(const std::vector<std::string>& command) {
    const auto words = folder / "command.log";
    std::filesystem::remove(words);
    Program program(command, words);
    if (!soon([&] { return !program.runs(); })) throw std::runtime_error(command[0] + " does not end");
    return program.words();
  }

  std::int64_t begin_;
  int server_port_ = flm::test::free_port(), flmd_port_ = flm::test::free_port();
  std::string token_;
  std::optional<Program> server_, house_;
};

std::unique_ptr<Town> town;

/// Whole Wh that have passed the contact by a second of the board.
std::int64_t counted_by(double second) { return pulses_between(0, second) / 2; }

/// Where the pixels of the line are, and where the axes have their numbers: {x: [[ms, pixel] * 2], y: [[W,
/// pixel] * 2], line: [pixel or null for each time]}. arguments: the times, ms.
constexpr const char* look_at_line = R"(
  const chart = document.querySelector('#chart'), canvas = chart.querySelector('canvas');
  const area = canvas.getBoundingClientRect(), ratio = canvas.width / area.width;
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const labels = (axis) => [...chart.querySelectorAll(`.dygraph-axis-label-${axis}`)].map((label) => {
    const box = label.getBoundingClientRect(), size = parseFloat(getComputedStyle(label).fontSize);
    return {text: label.textContent, x: box.left + box.width / 2 - area.left, y: box.top + size / 2 - area.top};
  });
  // Two numbers of an axis, far apart, but not at its ends, where a label may have been moved to stay in the picture.
  const two = (all) => [all.at(1), all.at(-2)];
  const times = arguments[0], first = new Date(times[0]);
  let last = times[0] - 3600000;
  const hours = labels('x').filter(({text}) => /^\d\d:\d\d$/.test(text)).sort((a, b) => a.x - b.x).map(({text, x}) => {
    const at = new Date(last), [hour, minute] = text.split(':').map(Number);
    at.setHours(hour, minute, 0, 0);
    if (at < last) at.setDate(at.getDate() + 1);
    last = at.getTime();
    return [last, x];
  });
  const powers = labels('y').sort((a, b) => b.y - a.y).map(({text, y}) => [Number(text.replaceAll(',', '')), y]);
  const [x0, x1] = two(hours);
  const colour = getComputedStyle(document.querySelector('#summary .dot')).backgroundColor.match(/\d+/g).map(Number);
  const line = times.map((time) => {
    const x = Math.round((x0[1] + (time - x0[0]) * (x1[1] - x0[1]) / (x1[0] - x0[0])) * ratio);
    let weight = 0, sum = 0;
    for (let y = 0; y < canvas.height; ++y) {
      const at = 4 * (y * canvas.width + x), pixel = data.slice(at, at + 4);
      // The area below the line is far fainter.
      if (pixel[3] < 64 || colour.some((part, of) => Math.abs(part - pixel[of]) > 24)) continue;
      weight += pixel[3];
      sum += pixel[3] * (y + 0.5) / ratio;
    }
    return weight ? sum / weight : null;
  });
  return {x: two(hours), y: two(powers), line};)";

}  // namespace

TEST_CASE("while the server is there, it has what the contact counts") {
  town->start_server();
  town->live_until(dies);
  CHECK(Town::soon([] { return town->at_server() >= counted_by(dies); }));
  CHECK(town->report()["complaint"] == "");
}

TEST_CASE("the server is away for a day: the house counts on, and nothing comes to the server") {
  const std::int64_t before = town->at_server();
  town->kill_server();
  town->live_until(is_back);
  CHECK_FALSE(town->server_runs());
  CHECK(town->at_flmd() >= static_cast<double>(counted_by(is_back)));
  CHECK(counted_by(is_back) > before + 5000);  // a day of the household
  const Json report = town->report();
  CHECK(report["behind"] > 23 * 3600);
  CHECK(report["complaint"] != "");
}

TEST_CASE("the server is back: contact, board, flmd and server have the same count") {
  town->start_server();
  CHECK(Town::soon([] { return town->at_server() >= counted_by(is_back); }));
  town->live_until(over);
  CHECK(Town::soon([] { return town->at_server() >= counted_by(over); }));
  CHECK(Town::soon([] { return town->report()["behind"] == 0; }));
  REQUIRE(pulses().size() % 2 == 1);
  CHECK(town->at_flmd() == static_cast<double>(pulses().size()) * constant);
  CHECK(town->at_server() == counted_by(over));
  town->end_house();
  // What the server does not take, flmd writes down.
  CHECK(town->house_words().find("left out") == std::string::npos);
}

TEST_CASE("the server has a reading for each pulse, in its second, and no other") {
  const auto database = flm::server::open_database(Town::store());
  std::vector<Point> points;
  flm::server::SeriesStore(*database).points({sid, 0}, 0, std::time(nullptr),
                                             [&](Point point) { points.push_back(point); });
  REQUIRE(points.size() == pulses().size());
  int wrong = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double after = static_cast<double>(points[i].time - town->begin()) - std::floor(pulses()[i]);
    // The board is asked each second, and a reading's time is that second.
    if (after >= 0 && after <= 1 && points[i].value == static_cast<std::int64_t>(i + 1) / 2 * 1000) continue;
    if (++wrong > 5) continue;
    UNSCOPED_INFO(fmt::format("pulse {} at {:.3f} s: the reading is {} s later and says {}", i, pulses()[i],
                              after, points[i].value));
  }
  CHECK(wrong == 0);
}

TEST_CASE("the server's day and its hours are those of the contact") {
  const Json rows = town->ask_server(fmt::format("/sensor/{}?start={}&end={}&resolution=hour&unit=watt", sid,
                                                 town->begin(), town->begin() + std::llround(end) - 1));
  REQUIRE(rows.size() == watts.size());
  double sum = 0, truth = 0;
  for (std::size_t h = 1; h < watts.size(); ++h) {
    const double from = hour * static_cast<double>(h);
    const double wh = pulses_between(from, from + hour) * constant;
    INFO("hour " << h);
    CHECK(rows[h][0] == town->begin() + std::llround(from + hour));  // its end
    // A row begins and ends between two counts of 1 Wh.
    CHECK(std::abs(rows[h][1].get<double>() - wh) <= 1);
    sum += rows[h][1].get<double>();
    truth += wh;
  }
  // Rows are whole watts.
  CHECK(std::abs(sum - truth) <= 0.5 * static_cast<double>(watts.size()));
}

TEST_CASE("the dash's line is at the pixel that the contact's power has, in each hour") {
  Browser browser(folder);
  browser.look(1280, false);
  browser.open(town->address() + "/login");
  browser.until("return document.querySelector('#zone option') !== null");
  browser.write("#name", "icarus");
  browser.write("#password", password);
  browser.click("#enter [type=submit]");
  browser.until("return location.pathname === '/' && document.querySelector('#sign-out') !== null");
  browser.open(fmt::format("{}/?range=day&unit=watt&resolution=hour&sensors={}&start={}&end={}",
                           town->address(), std::string(sid, 8), town->begin(),
                           town->begin() + std::llround(end)));
  browser.until(
      "return document.querySelectorAll('#summary tbody tr').length === 1 && "
      "!document.querySelector('section[aria-busy]')");
  browser.picture(folder / "Dash-day.png");
  Json middles = Json::array();
  for (std::size_t h = 0; h < watts.size(); ++h)
    middles.push_back((town->begin() + std::llround(hour * (static_cast<double>(h) + 0.5))) * 1000);
  const Json seen = browser.run(look_at_line, Json::array({middles}));
  INFO(seen.dump());
  const auto y = seen["y"];
  const double watt0 = y[0][0], pixel0 = y[0][1], watt1 = y[1][0], pixel1 = y[1][1];
  REQUIRE(watt1 > watt0 + 100);
  REQUIRE(pixel0 > pixel1 + 50);
  constexpr double half_a_line = 1.75 / 2;  // chart.js
  for (std::size_t h = 1; h < watts.size(); ++h) {
    INFO("hour " << h);
    REQUIRE(seen["line"][h].is_number());
    const double from = hour * static_cast<double>(h);
    const double watt = pulses_between(from, from + hour) * constant;
    const double expected = pixel0 + (watt - watt0) * (pixel1 - pixel0) / (watt1 - watt0);
    CHECK(std::abs(seen["line"][h].get<double>() - expected) <= half_a_line);
  }
  CHECK(browser.errors() == std::vector<std::string>());
}

int main(int argc, char** argv) {
  if (argc == 5 && std::string(argv[1]) == "--house")
    return run_fast_house(argv[2], std::stoll(argv[3]), argv[4]);
  return flm::browser::run({"--program FLMSERVER", [](const auto& given) { return !given.program.empty(); },
                            [](const auto& given) {
                              folder = given.folder;
                              flmserver = given.program;
                              this_program = std::filesystem::read_symlink("/proc/self/exe");
                              town = std::make_unique<Town>();
                            },
                            [] { town.reset(); }},
                           argc, argv);
}
