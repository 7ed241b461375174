// Reports by the InfluxDB line protocol over HTTP: to InfluxDB 1 and 2, VictoriaMetrics and Telegraf.
#pragma once
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "tools/flmd/report/reporter.hpp"  // Reporter

namespace flm::flmd {

struct InfluxSettings {
  std::string url;      ///< where lines are written to, with its query: "http://127.0.0.1:8086/write?db=home"
  std::string ca_file;  ///< PEM; empty: the system's authorities
  std::string token;    ///< "Authorization: Token <token>" (InfluxDB 2); empty: none
  std::string username, password;  ///< basic authentication; empty: none
  std::string measurement = "flm";
  bool gzip = false;                           ///< bodies are packed; all the servers above take that
  std::chrono::milliseconds interval{10'000};  ///< between two rounds
  Backoff backoff{std::chrono::seconds(10), std::chrono::minutes(5)};
  std::chrono::milliseconds answer_limit{60'000};  ///< for a request and its answer
  std::filesystem::path cursor_file;
  Log log;
};

/// A line for each point: `<measurement>,class=,name=,rid=,sensor=<sid>,type= counter=942856.5 1458756425`.
/// The field is `counter` or `gauge`: what the history keeps of the sensor, in its unit. rid is left out when
/// it is 0. A sensor that gets another name begins a new series on the server: group by `sensor`.
///
/// What the server answers: 200 and 204 are a success; 400 and 422 a refused batch, of which the server may
/// have written a part: it is sent again, and a line that is there already is overwritten by itself; points
/// that are older than what the server keeps count as delivered; 401, 403, 404 and redirections are a mistake
/// in the configuration; the rest passes.
///
/// Throws InputError for an address that is none, or asks for a precision other than seconds, and for a token
/// that cannot be sent.
std::unique_ptr<Reporter> report_influx(boost::asio::io_context&, const Source&, InfluxSettings);

/// All before a line's field, `flm,class=pulse,...`. Commas, blanks and equals signs get a backslash. Control
/// characters become blanks, and a backslash a slash: the servers do not agree on how one is written.
std::string influx_series(const std::string& measurement, const SiteSensor&);

}  // namespace flm::flmd
