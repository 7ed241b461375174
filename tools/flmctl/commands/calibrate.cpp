// flmctl calibrate: guided calibrations, and the report of what was done.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "tools/calibration/calibration_report.hpp"
#include "tools/calibration/procedure.hpp"
#include "tools/common/atomic_file.hpp"
#include "tools/common/command_line.hpp"
#include "tools/common/files.hpp"
#include "tools/common/stop_on_signal.hpp"
#include "tools/flmctl/commands/commands.hpp"
#include "tools/mainboard/config/config.hpp"

namespace flm::ctl {
namespace {

using namespace calibration;
using calibration::Record;  // not the main board's

/// Dialogue at the console: lines on stdout, progress on stderr where that is a terminal.
class Console : public Dialogue {
 public:
  explicit Console(const Globals& globals) : globals_(globals), terminal_(isatty(STDERR_FILENO) != 0) {}
  ~Console() override { clear(); }
  void say(const std::string& line) override {
    clear();
    if (!globals_.json) fmt::print("{}\n", line);
    flush_output();
  }
  void progress(const std::string& line) override {
    if (!terminal_) return;
    clear();
    if (line.empty()) return;
    fmt::print(stderr, "\r{}", line);
    std::fflush(stderr);
    shown_ = true;
  }
  bool confirm(const std::string& question) override {
    clear();
    ctl::confirm(globals_, question);  // throws when the answer is no
    return true;
  }

 private:
  void clear() {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
    shown_ = false;
  }
  const Globals& globals_;
  bool terminal_, shown_ = false;
};

Json json_of(const Record& record) {
  Json changes = Json::array();
  for (const Change& change : record.changes)
    changes.push_back({{"command", change.command}, {"before", change.before}, {"after", change.after}});
  return {{"calibrated", record.kind},
          {"sensor", record.sensor},
          {"reference", record.reference},
          {"changes", changes},
          {"reference_w", record.reference_w},
          {"before_w", record.before_w},
          {"verified", record.verified},
          {"verified_w", record.verified_w},
          {"error_before", record.error_before},
          {"error_after", record.error_after},
          {"uncertainty", record.uncertainty},
          {"verified_error", record.verified_error},
          {"verified_uncertainty", record.verified_uncertainty},
          {"remarks", record.remarks}};
}

/// Rethrows the error inside, with a warning that settings were left changed.
[[noreturn]] void tell_what_is_left(const NotPutBack& left) {
  try {
    std::rethrow_if_nested(left);
  } catch (const NoAnswer& error) {
    throw NoAnswer(fmt::format("{}; {}", error.what(), left.what()));
  } catch (const std::exception& error) {
    throw BoardRefused(fmt::format("{}; {}", error.what(), left.what()));
  }
  throw BoardRefused(left.what());
}

/// Where the port's records are. A simulated board writes into no user's state.
std::filesystem::path records_of(const Port& port) {
  return port.kind == Port::Kind::sim ? record_file_beside(port.eeprom.empty() ? port.path : port.eeprom)
                                      : record_file();
}

void keep(const Port& port, const Record& record) {
  try {
    append_record(records_of(port), record);
  } catch (const InputError& error) {
    if (port.kind != Port::Kind::sim) throw;
    fmt::print(stderr, "flmctl: warning: the simulated board's record is not kept: {}\n", error.what());
  }
}

using Procedure = std::function<std::optional<Record>(Board&, Dialogue&)>;

int calibrate(const Globals& globals, const Procedure& procedure) {
  const auto run = [&](Board& board) {
    Console console(globals);
    std::optional<Record> record;
    try {
      const StopOnSignal stop;
      record = procedure(board, console);
    } catch (const NotPutBack& left) {
      tell_what_is_left(left);
    } catch (const Cancelled&) {
      throw Cancelled("cancelled; the board is as it was");
    } catch (const CalibrationError& error) {
      throw BoardRefused(fmt::format("{}: {}", board.name(), error.what()));
    }
    if (!record) return static_cast<int>(refused);
    record->port = board.name();
    record->board = board.identity().board();
    keep(parse_port(board.name()), *record);
    if (globals.json) print_json(json_of(*record));
    return static_cast<int>(done);
  };
  return with_board(globals, run, Manner::alone);
}

/// "pulse:4" or "p1".
std::pair<Meter, int> reference_of(const std::string& text) {
  if (text == "p1") return {Meter::p1, 6};
  if (text.size() == 7 && text.starts_with("pulse:") && text[6] >= '1' && text[6] <= '6')
    return {Meter::pulse, text[6] - '0'};
  throw InputError(fmt::format(
      "'{}' is not a reference; allowed: pulse:1 to pulse:6 (the sensor that counts the meter's pulses), p1",
      text));
}

/// Complains of a file that is there and no page.
void check_page(const std::string& file) {
  constexpr std::string_view beginning = "<!doctype html>";
  std::ifstream there(file);
  std::string found(beginning.size(), '\0');
  there.read(found.data(), static_cast<std::streamsize>(found.size()));
  found.resize(static_cast<std::size_t>(there.gcount()));
  if (!found.empty() && found != beginning)
    throw InputError(fmt::format(
        "{}: is there, and no page of flmctl's; allowed: a new file, or an earlier report", file));
}

/// Names of a configuration's sensors.
SensorNames names_of(const std::string& config) {
  SensorNames names;
  if (config.empty()) return names;
  for (const SensorConfig& sensor : read_config(config).sensors)
    if (!sensor.name.empty()) names[sensor.id] = sensor.name;
  return names;
}

int report(const Globals& globals, const std::string& html, const std::string& config) {
  std::vector<Record> records;
  if (globals.port.empty()) {
    records = read_records(record_file());
  } else {
    const Port port = parse_port(globals.port);
    records = read_records(records_of(port));
    if (port.kind != Port::Kind::sim) records = records_of_port(std::move(records), port.text);
  }
  const SensorNames names = names_of(config);
  if (!html.empty()) {
    check_page(html);
    AtomicFile file(html);
    file.write(html_report(records, names));
    file.commit();
  }
  if (globals.json) {
    Json list = Json::array();
    for (const Record& record : records) {
      Json one = json_of(record);
      one["time"] = record.time;
      one["port"] = record.port;
      one["board"] = record.board;
      list.push_back(one);
    }
    print_json({{"calibrations", list}});
  } else if (html.empty()) {
    fmt::print("{}", text_report(records, names));
  }
  return done;
}

}  // namespace

void add_calibrate(CLI::App& app, Globals& globals) {
  auto* command = app.add_subcommand("calibrate", "Fit a clamp to what is known about its current");
  command->require_subcommand(1);
  command->footer(
      "Begin a new board with 'flmctl calibrate shape': what the readings are worth hangs on the smoother's "
      "time constant, and what the\n"
      "others find on it. Then zero, and gain or against.");
  auto options = std::make_shared<Options>();
  const auto add_sensor = [&](CLI::App* to) {
    to->add_option("--sensor", options->sensor, "the clamp's sensor; absent: the only one")
        ->check(whole_number(1, 6));
  };
  const auto add_seconds = [&](CLI::App* to) {
    to->add_option("--seconds", options->seconds, "s of readings")
        ->check(whole_number(5, 600))
        ->capture_default_str();
  };

  auto* shape = command->add_subcommand(
      "shape", "First, a kettle or heater: the time constant of the input's smoother");
  add_sensor(shape);
  add_seconds(shape);
  shape->add_option("--mains", options->mains_hz, "Hz")
      ->check(CLI::IsMember({50.0, 60.0}))
      ->capture_default_str();
  shape->callback([&globals, options] {
    globals.status = calibrate(
        globals, [&](Board& link, Dialogue& console) { return calibrate_shape(link, console, *options); });
  });

  auto* zero = command->add_subcommand("zero", "No load: the input's offset and noise");
  add_sensor(zero);
  add_seconds(zero);
  zero->callback([&globals, options] {
    globals.status = calibrate(
        globals, [&](Board& link, Dialogue& console) { return calibrate_zero(link, console, *options); });
  });

  auto* gain = command->add_subcommand("gain", "A steady load whose power a different meter shows");
  auto reference = std::make_shared<std::string>();
  gain->add_option("--reference", *reference, "what the other meter shows: 1874W, 1.874kW")->required();
  add_sensor(gain);
  add_seconds(gain);
  gain->callback([&globals, options, reference] {
    ReferencePower power;
    try {
      power = parse_reference(*reference);
    } catch (const CalibrationError& error) {
      throw InputError(error.what());
    }
    globals.status = calibrate(globals, [&](Board& link, Dialogue& console) {
      return calibrate_gain(link, console, *options, power);
    });
  });

  auto* against = command->add_subcommand(
      "against", "A meter on the same load: an S0 meter on a pulse sensor, or the smart meter");
  auto meter = std::make_shared<std::string>();
  auto uncertainty = std::make_shared<double>(0.3), limit = std::make_shared<double>(60.0);
  against->add_option("REFERENCE", *meter, "pulse:4 (the sensor that counts the meter's pulses) or p1")
      ->required();
  add_sensor(against);
  against->add_option("--uncertainty", *uncertainty, "% to be reached")
      ->check(number(0.01, 10.0))
      ->capture_default_str();
  against->add_option("--limit", *limit, "min that it may take")
      ->check(number(2.0, 10080.0))
      ->capture_default_str();
  against->callback([&globals, options, meter, uncertainty, limit] {
    const auto reference_sensor = reference_of(*meter);
    options->uncertainty = *uncertainty / 100.0;
    options->limit_s = *limit * 60.0;
    globals.status = calibrate(globals, [&](Board& link, Dialogue& console) {
      return calibrate_against(link, console, *options, reference_sensor.first, reference_sensor.second);
    });
  });

  auto* reporter = command->add_subcommand(
      "report", "What was done on the port, or on all, with which reference and uncertainty");
  auto html = std::make_shared<std::string>(), config = std::make_shared<std::string>();
  reporter->add_option("--html", *html, "write a page to this file instead");
  reporter->add_option("--config", *config, "configuration (.toml) that says what the sensors are called");
  reporter->callback([&globals, html, config] { globals.status = report(globals, *html, *config); });
}

}  // namespace flm::ctl
