#include "tools/flmd/report/heartbeat.hpp"

#include <catch2/catch.hpp>

#include "tests/tools/flmd/report/surroundings.hpp"
#include "tests/tools/flmd/report/unpacked.hpp"
#include "tools/flmd/report/backoff.hpp"
#include "tools/flmd/report/reporter.hpp"  // one_line

using namespace flm::flmd;
using namespace std::chrono_literals;

TEST_CASE("a heartbeat has the members of the Flukso API, in its order") {
  Heartbeat beat;
  beat.version = 250;
  beat.time = 1458756425;
  beat.host = {17394, 13572, 3280, 1076, 812, "192.168.1.20"};
  beat.log = "one\ntwo\n";
  beat.port = 8080;
  const std::string body = heartbeat_body(beat);
  const std::string log = nlohmann::json::parse(body)["syslog"];
  CHECK(unpacked(from_base64(log)) == "one\ntwo\n");
  // Example of the API's description, with the log's place filled.
  CHECK(
      body ==
      R"({"reset":0,"version":250,"time":1458756425,"uptime":17394,"memtotal":13572,"memcached":3280,"membuffers":1076,"memfree":812,)"
      R"("syslog":")" +
          log + R"(","ip":"192.168.1.20","port":"8080"})");
  beat.reset = true;
  CHECK(heartbeat_body(beat).starts_with(R"({"reset":1,)"));
  beat.host.ip.clear();  // no default route
  CHECK(heartbeat_body(beat).ends_with(log + "\"}"));
}

TEST_CASE("a heartbeat carries the end of a long log, in whole lines") {
  Heartbeat beat;
  for (int i = 0; i < 10'000; ++i) beat.log += "line " + std::to_string(i) + "\n";
  const std::string log = unpacked(from_base64(nlohmann::json::parse(heartbeat_body(beat))["syslog"]));
  CHECK(log.size() <= log_limit);
  CHECK(log.size() > log_limit - 20);
  CHECK(log.starts_with("line "));
  CHECK(log.ends_with("line 9999\n"));
  beat.log = std::string(100'000, '\xff');  // no line ends, no UTF-8
  CHECK(unpacked(from_base64(nlohmann::json::parse(heartbeat_body(beat))["syslog"])).size() == log_limit);
}

TEST_CASE("memory, uptime and address are those that Linux shows") {
  const Folder folder;
  write_text(folder / "uptime", "17394.52 33033.01\n");
  write_text(folder / "meminfo",
             "MemTotal:          13572 kB\nMemFree:             812 kB\nBuffers:            1076 kB\nCached: "
             "            3280 kB\n"
             "SwapCached:            9 kB\n");
  write_text(folder / "net/route",
             "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
             "eth7\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
             "lo\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
  const HostFacts facts = host_facts(folder / "");
  CHECK(facts.uptime == 17394);
  CHECK(facts.memtotal == 13572);
  CHECK(facts.memfree == 812);
  CHECK(facts.membuffers == 1076);
  CHECK(facts.memcached == 3280);
  CHECK(facts.ip == "127.0.0.1");  // of lo, which has the default route

  write_text(folder / "net/route", "Iface\tDestination\nlo\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n");
  CHECK(host_facts(folder / "").ip.empty());
  const HostFacts none = host_facts(folder / "absent");
  CHECK(none.memtotal == 0);
  CHECK(host_facts().memtotal > 0);
}

TEST_CASE("only an answer of the API's form is an answer to a heartbeat") {
  CHECK(heartbeat_answer(R"({"upgrade":251,"timestamp":1458756425})")->upgrade == 251);
  CHECK(heartbeat_answer(R"({"upgrade":0,"timestamp":1458756425})")->timestamp == 1458756425);
  for (const char* bad : {"", "{", "[]", "null", R"({"upgrade":251})", R"({"timestamp":1})",
                          R"({"upgrade":"251","timestamp":1})", R"({"upgrade":-1,"timestamp":1})",
                          R"({"upgrade":1.5,"timestamp":1})", "<html>", "\xff\xfe\x00"})
    CHECK_FALSE(heartbeat_answer(bad).has_value());
  CHECK_FALSE(heartbeat_answer(std::string(60'000, '[')).has_value());
}

TEST_CASE("a wait doubles with each failure up to the longest, and is up to a quarter longer") {
  const Backoff backoff{300s, 900s};
  CHECK(backoff.wait(1, 0) == 300s);
  CHECK(backoff.wait(2, 0) == 600s);
  CHECK(backoff.wait(3, 0) == 900s);
  CHECK(backoff.wait(4'000'000'000, 0) == 900s);
  CHECK(backoff.wait(1, 1) == 375s);
  CHECK(backoff.wait(3, 0.5) == 1012500ms);
}

TEST_CASE("a server's text is one line in the log") {
  CHECK(one_line("a\nb\tc\x1b[31m") == "a b c\\x1b[31m");
  CHECK(one_line(std::string(1000, 'x')).size() == 200);
}
