#include "tools/history/query/zone.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/history/query/printing.hpp"
#include "tools/common/input_error.hpp"
#include "tools/history/query/grid.hpp"

using namespace flm;
using Catch::Matchers::Contains;
using history::Cell;
using history::Grid;
using history::Zone;

namespace {

const std::filesystem::path files = "/usr/share/zoneinfo";
constexpr const char* central_europe = "CET-1CEST,M3.5.0,M10.5.0/3";

/// Offset by the C library, which knows one zone a process.
std::int64_t offset_by_c(const std::string& name, std::int64_t time) {
  setenv("TZ", name.c_str(), 1);
  tzset();
  const std::time_t t = time;
  std::tm local{};
  localtime_r(&t, &local);
  return local.tm_gmtoff;
}

std::string refusal(const std::string& name) {
  try {
    const Zone zone(name);
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("no name and UTC are UTC") {
  CHECK(Zone().offset(1'310'034'875) == 0);
  CHECK(Zone("").offset(1'310'034'875) == 0);
  CHECK(Zone("UTC").time_of(12'345) == 12'345);
}

TEST_CASE("a rule changes clocks on the last Sundays of March and October at 01:00 UTC") {
  const Zone zone(central_europe);
  // 2024-03-31 and 2024-10-27, 01:00 UTC: date -u -d '2024-03-31 01:00' +%s
  CHECK(zone.offset(1'711'846'799) == 3'600);
  CHECK(zone.offset(1'711'846'800) == 7'200);
  CHECK(zone.offset(1'729'990'799) == 7'200);
  CHECK(zone.offset(1'729'990'800) == 3'600);
}

TEST_CASE("a rule by days of the year counts 29 February or leaves it out") {
  // In 2024 day J60 is 1 March, and day 59 from 0 is 29 February; 1709164800 is its begin.
  const Zone without("AAA0BBB,J60/0,J300"), with("AAA0BBB,59/0,J300");
  CHECK(without.offset(1'709'251'199) == 0);
  CHECK(without.offset(1'709'251'200) == 3'600);
  CHECK(with.offset(1'709'164'799) == 0);
  CHECK(with.offset(1'709'164'800) == 3'600);
}

TEST_CASE("offsets are the C library's, by file and by rule, for 130 years") {
  if (!std::filesystem::exists(files / "Europe/Brussels")) return;
  const char* names[] = {"Europe/Brussels",
                         "Europe/Dublin",
                         "America/New_York",
                         "America/Sao_Paulo",
                         "America/Nuuk",
                         "Asia/Kathmandu",
                         "Africa/Casablanca",
                         "Pacific/Apia",
                         "Australia/Sydney",
                         "Australia/Lord_Howe",
                         "Etc/GMT+5",
                         central_europe,
                         "<-03>3",
                         "EST5EDT,M3.2.0,M11.1.0",
                         "IST-2IDT,M3.4.4/26,M10.5.0",
                         "XST-9:30:15XDT-11,J60/1,300/-2",
                         "AAA3BBB,0/0,J365/23"};
  std::mt19937 random(21);
  for (const std::string name : names) {
    const Zone zone(name);
    for (int i = 0; i < 2'000; ++i) {
      const auto time = static_cast<std::int64_t>(random() % 4'102'444'800U);
      INFO(name << " at " << time);
      REQUIRE(zone.offset(time) == offset_by_c(name, time));
    }
  }
}

TEST_CASE("a local time is found again, but for the hours that clocks leave out") {
  const Zone zone(central_europe);
  std::mt19937 random(22);
  for (int i = 0; i < 20'000; ++i) {
    const auto time = static_cast<std::int64_t>(random() % 4'102'444'800U);
    const std::int64_t again = zone.time_of(time + zone.offset(time));
    REQUIRE((again == time || (again == time - 3'600 && zone.offset(again) == zone.offset(time) + 3'600)));
  }
  // 02:30 on 2024-03-31 is not there, and counts as 01:30 UTC; on 2024-10-27 it is there twice, first at
  // 00:30 UTC.
  CHECK(zone.time_of(1'711'852'200) == 1'711'848'600);
  CHECK(zone.time_of(1'729'996'200) == 1'729'989'000);
}

TEST_CASE("a night is the twelve quarter hours before 05:00 local time, also when clocks change") {
  const Zone zone(central_europe);
  const auto night = [&](std::int64_t after) { return Grid::night_after(after, zone); };
  // 2024-01-15: 02:00 to 05:00 CET is 01:00 to 04:00 UTC. 2024-07-15: 00:00 to 03:00 UTC.
  CHECK(night(1'705'276'800) == Cell{1'705'280'400, 1'705'291'200, 1'705'291'200});
  CHECK(night(1'721'001'600) == Cell{1'721'001'600, 1'721'012'400, 1'721'012'400});
  // 2024-03-31: 05:00 CEST is 03:00 UTC, and an hour is missing before it. 2024-10-27: 05:00 CET is 04:00
  // UTC.
  CHECK(night(1'711'843'200) == Cell{1'711'843'200, 1'711'854'000, 1'711'854'000});
  CHECK(night(1'729'987'200) == Cell{1'729'990'800, 1'730'001'600, 1'730'001'600});
  // The moment after one ends, the next day's follows.
  CHECK(night(1'705'291'200).end == 1'705'291'200 + 86'400);
}

TEST_CASE("a night that ends as a day of UTC does belongs to that day") {
  const Zone zone("<+05>-5");  // 05:00 is 00:00 UTC
  const Grid days{history::Resolution::day, zone, 1'704'067'200, 1'704'067'200, true};
  CHECK(days.cell_after(days.begin()) == Cell{1'704'142'800, 1'704'153'600, 1'704'153'600});
  CHECK(days.cell_after(1'704'153'600) == std::nullopt);
}

TEST_CASE("months follow each other, also where clocks change at their first midnight") {
  // Brazil's 1985 to 2018 rules changed at 00:00; the third zone leaves out every year's first hour.
  for (const char* name : {"<-03>3<-02>,M11.1.0/0,M2.3.0/0", "AAA0BBB,M2.1.4/0,M11.1.5/0",
                           "AAA3BBB,0/0,J365/23", "AAA0BBB,J60/0,J305/0"}) {
    const Zone zone(name);
    const Grid grid{history::Resolution::month, zone, 1'704'067'200, 1'704'067'200};
    std::int64_t begin = grid.begin();
    for (int month = 0; month < 240; ++month) {
      const std::int64_t next = grid.next(begin);
      INFO(name << " in month " << month);
      REQUIRE(next - begin >= 28 * 86'400 - 3'600);
      REQUIRE(next - begin <= 31 * 86'400 + 3'600);
      REQUIRE(grid.floor(next) == next);
      begin = next;
    }
  }
}

TEST_CASE("every day of a year has one night, in any zone") {
  for (const char* name : {"", central_europe, "<+14>-14", "<-12>12", "AEST-10AEDT,M10.1.0,M4.1.0/3",
                           "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"}) {
    const Zone zone(name);
    std::int64_t end = 1'704'067'200;
    for (int day = 0; day < 366; ++day) {
      const Cell night = Grid::night_after(end, zone);
      INFO(name << " on day " << day);
      REQUIRE(night.end - night.begin == 10'800);
      REQUIRE((night.end + zone.offset(night.end)) % 86'400 == 18'000);
      if (day > 0) REQUIRE(std::abs(night.end - end - 86'400) <= 3'600);
      end = night.end;
    }
  }
}

TEST_CASE("what is no zone is refused with what is allowed") {
  const std::string name = GENERATE(
      "Europe/Flukso", "../passwd", "/etc/passwd", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CE-1", "CET-25",
      "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "<CET-1",
      "CET-1CEST,J0,J100", "CET-1CEST,M3.5.0,M10.5.0/168", "CET-1CEST,M3.5.0,M10.5.0x", "Europe");
  if (name == "CET" && std::filesystem::exists(files / "CET")) return;
  CHECK_THAT(refusal(name), Contains("time zone \"" + name +
                                     "\" is neither a file in /usr/share/zoneinfo, such as Europe/Brussels, "
                                     "nor a rule such as CET-1CEST,M3.5.0,M10.5.0/3"));
}

TEST_CASE("a zone file that is cut anywhere is refused, and never read beyond its end") {
  if (!std::filesystem::exists(files / "Europe/Brussels")) return;
  std::ifstream in(files / "Europe/Brussels", std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  const TemporaryFolder folder;
  const auto try_file = [&](const std::string& text) {
    std::ofstream(folder.path() / "Cut", std::ios::binary) << text;
    return Zone("Cut", folder.path());
  };
  CHECK(try_file(whole).offset(1'711'846'800) == 7'200);
  for (std::size_t length = 0; length < whole.size(); length += length < 100 ? 1 : 7) {
    INFO(length);
    REQUIRE_THROWS_AS(try_file(whole.substr(0, length)), InputError);
  }
  std::mt19937 random(23);
  for (int i = 0; i < 300; ++i) {
    std::string broken = whole;
    for (int change = 0; change < 3; ++change) broken[random() % 100] = static_cast<char>(random());
    try {
      try_file(broken).offset(1'711'846'800);
    } catch (const InputError&) {
    }
  }
}
