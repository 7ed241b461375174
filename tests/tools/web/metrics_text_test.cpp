#include "tools/web/metrics_text.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <stdexcept>

using namespace flm::web;
using Kind = MetricsText::Kind;
using Catch::Matchers::Contains;

namespace {

std::string example(MetricsFormat format) {
  MetricsText text(format);
  text.family("flm_sensor", Kind::info, "", "A sensor's name and type.");
  text.sample({{"sensor", "0a"}, {"name", "main"}, {"type", "electricity"}, {"class", "analog"}}, 1);
  text.family("flm_energy_joules", Kind::counter, "joules", "Energy counted.");
  text.sample({{"sensor", "0a"}}, 7'737'187'200.0);
  text.family("flm_power_watts", Kind::gauge, "watts", "");
  text.sample({{"sensor", "0a"}}, 157);
  text.sample({{"sensor", "0b"}}, -2.5);
  text.family("flm_board_up", Kind::gauge, "", "");
  text.sample({}, 1);
  return text.finish();
}

}  // namespace

TEST_CASE("OpenMetrics names a counter without _total, has units, and ends with EOF") {
  // The example of OpenMetrics 1.0's order: TYPE, UNIT, HELP, samples.
  CHECK(example(MetricsFormat::openmetrics) ==
        "# TYPE flm_sensor info\n"
        "# HELP flm_sensor A sensor's name and type.\n"
        "flm_sensor_info{sensor=\"0a\",name=\"main\",type=\"electricity\",class=\"analog\"} 1\n"
        "# TYPE flm_energy_joules counter\n"
        "# UNIT flm_energy_joules joules\n"
        "# HELP flm_energy_joules Energy counted.\n"
        "flm_energy_joules_total{sensor=\"0a\"} 7737187200\n"
        "# TYPE flm_power_watts gauge\n"
        "# UNIT flm_power_watts watts\n"
        "flm_power_watts{sensor=\"0a\"} 157\n"
        "flm_power_watts{sensor=\"0b\"} -2.5\n"
        "# TYPE flm_board_up gauge\n"
        "flm_board_up 1\n"
        "# EOF\n");
}

TEST_CASE("the older text names a family as its samples, and knows neither infos nor units") {
  CHECK(example(MetricsFormat::prometheus) ==
        "# TYPE flm_sensor_info gauge\n"
        "# HELP flm_sensor_info A sensor's name and type.\n"
        "flm_sensor_info{sensor=\"0a\",name=\"main\",type=\"electricity\",class=\"analog\"} 1\n"
        "# TYPE flm_energy_joules_total counter\n"
        "# HELP flm_energy_joules_total Energy counted.\n"
        "flm_energy_joules_total{sensor=\"0a\"} 7737187200\n"
        "# TYPE flm_power_watts gauge\n"
        "flm_power_watts{sensor=\"0a\"} 157\n"
        "flm_power_watts{sensor=\"0b\"} -2.5\n"
        "# TYPE flm_board_up gauge\n"
        "flm_board_up 1\n");
}

TEST_CASE("labels escape what would end them, help what would end its line") {
  for (const MetricsFormat format : {MetricsFormat::prometheus, MetricsFormat::openmetrics}) {
    MetricsText text(format);
    text.family("a", Kind::gauge, "", "x\\y\n\"z\"");
    text.sample({{"name", "\"} 1\n\\\xc3\xa9"}}, 2);
    const std::string quote = format == MetricsFormat::openmetrics ? "\\\"" : "\"";
    CHECK_THAT(text.finish(), Contains("# HELP a x\\\\y\\n" + quote + "z" + quote +
                                       "\na{name=\"\\\"} 1\\n\\\\\xc3\xa9\"} 2\n"));
  }
}

TEST_CASE("values keep 17 digits, and are what both formats call infinite and no number") {
  MetricsText text(MetricsFormat::prometheus);
  text.family("a", Kind::gauge, "", "");
  text.sample({}, 0.1 + 0.2);
  text.sample({}, 1e300);
  text.sample({}, std::numeric_limits<double>::infinity());
  text.sample({}, -std::numeric_limits<double>::infinity());
  text.sample({}, std::numeric_limits<double>::quiet_NaN());
  CHECK(text.finish() == "# TYPE a gauge\na 0.30000000000000004\na 1e+300\na +Inf\na -Inf\na NaN\n");
}

TEST_CASE("what would make a scraper refuse everything is a fault of the caller") {
  MetricsText text(MetricsFormat::openmetrics);
  CHECK_THROWS_AS(text.sample({}, 1), std::logic_error);
  CHECK_THROWS_AS(text.family("", Kind::gauge, "", ""), std::logic_error);
  CHECK_THROWS_AS(text.family("1a", Kind::gauge, "", ""), std::logic_error);
  CHECK_THROWS_AS(text.family("a-b", Kind::gauge, "", ""), std::logic_error);
  CHECK_THROWS_AS(text.family("a_total", Kind::counter, "", ""), std::logic_error);
  CHECK_THROWS_AS(text.family("a_info", Kind::info, "", ""), std::logic_error);
  CHECK_THROWS_AS(text.family("a_watts", Kind::gauge, "joules", ""), std::logic_error);
  text.family("a", Kind::counter, "", "");
  CHECK_THROWS_AS(text.family("a", Kind::counter, "", ""), std::logic_error);
  CHECK_THROWS_AS(text.sample({}, -1), std::logic_error);
  CHECK_THROWS_AS(text.sample({}, std::numeric_limits<double>::quiet_NaN()), std::logic_error);
  CHECK_THROWS_AS(text.sample({{"le:ft", ""}}, 1), std::logic_error);
}

TEST_CASE("OpenMetrics is for who asks for it") {
  CHECK(metrics_format_of("") == MetricsFormat::prometheus);
  CHECK(metrics_format_of("*/*") == MetricsFormat::prometheus);
  CHECK(metrics_format_of("text/plain") == MetricsFormat::prometheus);
  CHECK(metrics_format_of("application/openmetrics-text") == MetricsFormat::openmetrics);
  CHECK(metrics_format_of("application/openmetrics-text;version=0.0.1,text/plain;q=0.5") ==
        MetricsFormat::prometheus);
  CHECK(metrics_format_of("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.5") ==
        MetricsFormat::prometheus);
  CHECK(metrics_format_of("application/openmetrics-text;version=1.0.0;q=0,*/*") == MetricsFormat::prometheus);
  CHECK(metrics_format_of("application/openmetrics-text;q=0,text/plain;q=0") == MetricsFormat::prometheus);
  CHECK(metrics_format_of("text/plain;q=0.5,application/openmetrics-text;q=0.5") ==
        MetricsFormat::openmetrics);
  // Prometheus 2.53's header.
  CHECK(
      metrics_format_of(
          "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
          "text/plain;version=0.0.4;q=0.3,*/*;q=0.2") == MetricsFormat::openmetrics);
  CHECK(content_type(MetricsFormat::openmetrics) ==
        "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK(content_type(MetricsFormat::prometheus) == "text/plain; version=0.0.4; charset=utf-8");
}
