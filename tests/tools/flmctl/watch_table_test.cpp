#include "tools/flmctl/console/watch_table.hpp"

#include <catch2/catch.hpp>

using namespace flm::ctl;

namespace {
Reading reading(SensorKind kind, std::uint32_t counter, std::uint16_t milli, std::uint32_t extra) {
  return {0.0, 4, counter, milli, kind, extra, false, {}};
}
}  // namespace

TEST_CASE("a chart spans nought to the largest value, the newest last") {
  CHECK(sparkline({0, 50, 100}, 10, false) ==
        "_=#");  // half of 7 levels, rounded up, is the fifth character from below
  CHECK(sparkline({0, 350, 700}, 2, true) == "▅█");
  CHECK(sparkline({-100, 0, 100}, 3, false) == "_=#");
  CHECK(sparkline({5, 5}, 4, false) == "##");
  CHECK(sparkline({0, 0}, 4, false) == "__");
  CHECK(sparkline({}, 4, true).empty());
}

TEST_CASE("text is cut by places, not by bytes") {
  CHECK(clipped("Küche ▁▂▃", 5) == "Küche");
  CHECK(clipped("Küche ▁▂▃", 8) == "Küche ▁▂");
  CHECK(clipped("abc", 8) == "abc");
}

TEST_CASE("a pulse meter's rate is that of its last pulses, and falls when none comes") {
  WatchedSensor s;
  s.kind = SensorKind::pulse;
  s.take(reading(SensorKind::pulse, 10, 0, 1000), 1.0);
  CHECK_FALSE(s.has_rate);                                 // One reading is no rate.
  s.take(reading(SensorKind::pulse, 10, 500, 2800), 3.0);  // 0.5 Wh in 1.8 s
  CHECK(s.rate == Approx(1000.0));
  s.poll_over(4.0);
  CHECK(s.rate == Approx(1000.0));
  s.poll_over(13.0);  // 0.5 Wh at most in 10 s
  CHECK(s.rate == Approx(180.0));
  CHECK(s.history.back() == Approx(180.0));
}

TEST_CASE("the board's time stamps wrap, a counter that was set back gives no rate") {
  WatchedSensor s;
  s.kind = SensorKind::pulse;
  s.take(reading(SensorKind::pulse, 10, 0, 0xFFFFFFFF), 1.0);
  s.take(reading(SensorKind::pulse, 11, 0, 3599), 5.0);  // 3.6 s
  CHECK(s.rate == Approx(1000.0));
  s.take(reading(SensorKind::pulse, 2, 0, 9000), 9.0);
  CHECK_FALSE(s.has_rate);
}

TEST_CASE("a clipped clamp is marked beside its power, and the columns stay where they are when it is over") {
  WatchView view;
  WatchedSensor s;
  s.sensor = 1;
  s.kind = SensorKind::clamp;
  s.label = {"", "Wh", "W"};
  s.take(reading(SensorKind::clamp, 10, 0, 10304), 1.0);
  view.sensors = {s};
  CHECK(watch_lines(view, 100, false)[3].find("clipped") == std::string::npos);
  view.sensors[0].take_clipped(true);
  const std::string marked = watch_lines(view, 100, false)[3];
  CHECK(marked.find("10304 W clipped ") != std::string::npos);
  view.sensors[0].take_clipped(false);
  const std::string over = watch_lines(view, 100, false)[3];
  CHECK(over.find("clipped") == std::string::npos);
  CHECK(over.find("10 Wh") == marked.find("10 Wh"));
}

TEST_CASE("no line is longer than the terminal is wide") {
  WatchView view;
  view.title = std::string(200, 'x');
  WatchedSensor s;
  s.sensor = 1;
  s.kind = SensorKind::clamp;
  s.label = {"Wohnzimmer und Küche mit langem Namen", "Wh", "W"};
  s.take(reading(SensorKind::clamp, 4000000000, 0, 4000000000), 1.0);
  for (int i = 0; i < 300; ++i) s.poll_over(i);
  view.sensors = {s};
  for (const std::size_t columns : {20u, 40u, 80u, 300u})
    for (const std::string& line : watch_lines(view, columns, true)) CHECK(clipped(line, columns) == line);
}
