// A main board whose clock is not set, or is set back and forth: what the history keeps and a broker is told.
#include "tools/flmd/board/clock.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/flmd/owner/visitor.hpp"
#include "tests/tools/flmd/site.hpp"
#include "tests/tools/mqtt/broker.hpp"
#include "tools/flmd/board/measuring.hpp"
#include "tools/flmd/subscribers/keeper.hpp"
#include "tools/flmd/subscribers/local_api.hpp"
#include "tools/flmd/subscribers/mqtt.hpp"
#include "tools/mainboard/link/board_facts.hpp"

using namespace flm;
using namespace flm::flmd;
using namespace std::chrono_literals;
using history::Point;
using mainboard::Time;

namespace {

constexpr std::int64_t morning = 1'458'752'000 / 4'096 * 4'096;  ///< start of a block of 4096 s

/// A clamp at 360 W, which counts 1 Wh every 10 s and has counted 1000 before; what sees its readings, and
/// the real mosquitto.
struct House {
  House()
      : the_site(site()),
        state(folder.path() / "state"),
        sensors(the_site, state, [](const std::string&) {}),
        keeper(loop, folder.path() / "state" / "history", {}, clock,
               {{}, [this](const history::Notice& n) { notices.push_back(n.kind); }}),
        api(sensors, keeper, clock, history::Zone("")),
        measuring(
            sensors, state,
            [this](const Reading& reading) {
              for (Subscriber* s : {static_cast<Subscriber*>(&keeper), static_cast<Subscriber*>(&api),
                                    static_cast<Subscriber*>(&*mqtt)})
                s->on_reading(reading);
            },
            [] {}) {
    broker.start();
    MqttOptions options;
    options.broker.host = "127.0.0.1";
    options.broker.port = static_cast<std::uint16_t>(broker.port());
    options.gateway = {test::device, "FLM02B", "1.0.0", "", ""};
    mqtt.emplace(loop, options, nullptr, [](const std::string&) {});
    api.add_routes(router);
    api.on_sensors(sensors.all());
    REQUIRE(test::until(loop, [&] { return mqtt->client().counters().connections == 1; }));
  }

  static Site site() {
    Site s;
    s.board.board = mainboard::find_board("flm02b");
    mainboard::SensorConfig clamp;
    clamp.id = 1;
    clamp.name = "main";
    clamp.ports = {1};
    s.board.sensors = {clamp};
    return s;
  }

  void set_clock(std::int64_t unix) { start_ms = unix * 1'000 - steady_s * 1'000; }
  /// Seconds go by; the board is read each ten.
  void live(std::int64_t seconds) {
    for (const std::int64_t end = steady_s + seconds; steady_s < end;) {
      steady_s += 10;
      clock.simulate(start_ms, Time{steady_s * 1s});
      mainboard::Reading r;
      r.sensor = 1;
      r.kind = mainboard::SensorKind::clamp;
      r.counter = static_cast<std::uint32_t>(1'000 + steady_s / 10);
      r.extra = 360;
      measuring.take(mainboard::Record(r), clock.moment());
      measuring.polled(clock.moment());
      keeper.tick();
      while (keeper.store().step()) {
      }
      loop.poll();
    }
  }

  [[nodiscard]] std::string sid() const { return sensors.all()[0].sid; }
  std::vector<Point> kept(std::int64_t from = 0, std::int64_t to = std::int64_t{1} << 40) {
    std::vector<Point> all;
    for (const Point& point : keeper.store().points({sid(), 0}, from, to)) all.push_back(point);
    return all;
  }
  /// What a broker that a client comes to says of the sensor: gauge and counter.
  bool broker_says(std::int64_t time, std::int64_t counter) {
    const std::string begin = "/sensor/" + sid() + "/";
    const std::vector<std::string> wanted = {
        fmt::format("{}counter 0 1 [{},{},\"Wh\"]", begin, time, counter),
        fmt::format("{}gauge 0 1 [{},360,\"W\"]", begin, time)};
    return test::until(loop, [&] {
      std::vector<std::string> lines = broker.kept();
      std::erase_if(lines, [&](const std::string& line) { return !line.starts_with(begin); });
      return lines == wanted;
    });
  }
  std::string minute() {
    const web::Response answer =
        visitor.ask(web::Method::get, "/sensor/" + sid() + "?version=1.0&interval=minute&unit=watt");
    return std::string(answer.fixed_body);
  }
  /// Wh of an hour by the server's query, in W: its last two rows are the hour and the unfinished one.
  std::string hour(std::int64_t end) {
    return visitor
        .ask(web::Method::get, fmt::format("/sensor/{}?version=1.0&start={}&end={}&resolution=hour&unit=watt",
                                           sid(), end - 3'600, end))
        .body;
  }

  const TemporaryFolder folder;
  test::Broker broker;
  boost::asio::io_context loop;
  SiteClock clock;
  std::int64_t start_ms = 0, steady_s = 0;
  Site the_site;
  State state;
  Sensors sensors;
  std::vector<history::Notice::Kind> notices;
  Keeper keeper;
  LocalApi api;
  std::optional<MqttSubscriber> mqtt;
  Measuring measuring;
  web::Router router;
  test::Visitor visitor{router};
};

}  // namespace

TEST_CASE("while the clock is at 1970 nothing is kept or said, and then all that was counted") {
  House house;
  house.set_clock(30);
  house.live(600);
  CHECK(house.kept().empty());
  CHECK(house.minute() == "[]");
  for (const std::string& line : house.broker.kept()) CHECK_FALSE(line.starts_with("/sensor/"));
  house.set_clock(morning);
  house.live(10);
  CHECK(house.kept() == std::vector<Point>{{morning + 10, 1'061'000}});
  CHECK(house.broker_says(morning + 10, 1'061));
  CHECK(house.minute() == fmt::format("[[{},360]]", morning + 10));
  CHECK(house.notices.empty());
}

TEST_CASE("a clock that is an hour back is said once, changes nothing that is kept, and costs no count") {
  House house;
  house.set_clock(morning);
  house.live(7'200);
  const auto before = house.kept();
  REQUIRE(before.size() == 720);
  house.set_clock(morning + 3'600);
  house.live(1'800);
  // A broker and the page have what is measured now, under the time that the clock shows.
  CHECK(house.broker_says(morning + 5'400, 1'900));
  CHECK(house.minute().ends_with(fmt::format("[{},360]]", morning + 5'400)));
  CHECK(house.kept() == before);
  house.live(1'800 + 3'600);
  CHECK(house.kept(0, morning + 7'201) == before);
  CHECK(house.notices == std::vector{history::Notice::Kind::late_points});
  // The hour that was lived twice is in the step to the first point after it: nothing was lost in between.
  const auto after = house.kept(morning + 7'201);
  REQUIRE(after.size() == 360);
  CHECK(after.front() == Point{morning + 7'210, 2'081'000});
  CHECK(after.back() == Point{morning + 10'800, 2'440'000});
  // The hours round it are known, 360 W each.
  CHECK(house.hour(morning + 10'800 - (morning + 10'800) % 3'600).find(",360]") != std::string::npos);
}

TEST_CASE("a clock that is a day ahead for five minutes costs nothing when it is right again") {
  House house;
  house.set_clock(morning);
  house.live(3'000);
  house.set_clock(morning + 3'000 + 86'400);
  house.live(300);
  CHECK(house.broker_says(morning + 89'700, 1'330));
  CHECK(house.minute().ends_with(fmt::format("[{},360]]", morning + 89'700)));
  house.set_clock(morning + 3'300);
  house.live(3'600);
  CHECK(house.broker_says(morning + 6'900, 1'690));
  CHECK(house.minute().ends_with(fmt::format("[{},360]]", morning + 6'900)));
  const auto today = house.kept(0, morning + 80'000), ahead = house.kept(morning + 80'000);
  REQUIRE(today.size() == 300 + 360);
  CHECK(today[299] == Point{morning + 3'000, 1'300'000});
  CHECK(today[300] == Point{morning + 3'310, 1'331'000});
  CHECK(today.back() == Point{morning + 6'900, 1'690'000});
  CHECK(ahead.size() == 30);
  CHECK(house.notices.empty());
  // Compacting goes by the right clock: the first 4096 s are one block, and nothing larger is there.
  const auto blocks = house.keeper.store().blocks_after({house.sid(), 0}, {});
  REQUIRE_FALSE(blocks.empty());
  CHECK(blocks.front() == history::BlockId{12, morning});
}
