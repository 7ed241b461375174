// flmsim: replays recorded waveforms and pulses on the metering firmware, and says what a main board would
// read.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "sim/image/elf/engine_error.hpp"
#include "sim/results/output.hpp"
#include "sim/run/runner.hpp"
#include "sim/run/serve.hpp"
#include "tools/common/command_line.hpp"
#include "tools/common/files.hpp"
#include "tools/common/places.hpp"
#include "tools/common/stop_on_signal.hpp"
#include "tools/mainboard/readings/decode.hpp"

namespace {

namespace fs = std::filesystem;
using namespace flm;
using namespace flm::sim;

constexpr int kFailed = 1;  ///< an expectation failed
constexpr int kWrong = 2;   ///< the command line, a scenario or a file is wrong
constexpr std::string_view kNoCommand =
    "A subcommand is required";  ///< CLI11's words, which do not say of what

fs::path image_for(const std::string& given, const std::string& board) {
  if (!given.empty()) return given;
  return flm::image_folder() / (board + ".elf");
}

/// A scenario, or what the file is instead.
Scenario scenario_of(const fs::path& file) {
  constexpr const char* allowed = "a scenario (.toml)";
  check_input(file, allowed);
  if (!fs::is_regular_file(file))
    throw InputError(fmt::format("{}: is a device or a pipe; allowed: {}", file.string(), allowed));
  return read_scenario(file);
}

/// A scenario, and every file that it names.
void read_by(const Scenario& scenario, FileUse& files) {
  const std::string of = " of " + scenario.path.string();
  files.reads(scenario.path, "the scenario");
  for (const Waveform& w : scenario.waveforms) files.reads(w.file, "a waveform" + of);
  for (const Pulses& p : scenario.pulses) files.reads(p.file, "the pulses" + of);
  for (const SerialTraffic& s : scenario.serial) files.reads(s.file, "the bytes for port 6" + of);
  for (const RadioTraffic& r : scenario.radio) files.reads(r.file, "the packets" + of);
}

/// Adds the files that the engine reads.
void read_by_engine(const std::string& engine, const std::string& image, const std::string& eeprom,
                    FileUse& files) {
  if (!image.empty()) check_input(image, "an AVR image (.elf)");
  if (!image.empty() && engine == "native")
    fmt::print(stderr, "warning: --image {}: is not run, the engine is native; --engine image runs it\n",
               image);
  if (!eeprom.empty()) static_cast<void>(read_eeprom(eeprom));
  files.reads(image, "the image");
  files.reads(eeprom, "the EEPROM");
}

/// Ends as a program that the signal has ended, for shells and make.
[[noreturn]] void end_by(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  std::abort();
}

/// "a, b and c".
std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : i + 1 == words.size() ? " and " : ", ", words[i]);
  return text;
}

/// Says once, after the readings, which sensors' clamps were at the end of the converter's range.
void warn_of_clipping(const std::vector<Record>& records) {
  std::map<int, std::pair<int, int>> seconds;  // by sensor: clipped, all
  for (const Record& record : records)
    if (const Reading* r = std::get_if<Reading>(&record)) {
      auto& [clipped, all] = seconds[r->sensor];
      clipped += r->clipped ? 1 : 0;
      ++all;
    }
  for (const auto& [sensor, count] : seconds)
    if (count.first > 0)
      fmt::print(stderr,
                 "warning: sensor {}: clipped in {} of {} readings: the current was over what the converter "
                 "can show, and they are low\n",
                 sensor, count.first, count.second);
}

struct RunArguments {
  std::string scenario, engine = "native", format = format_names.front(), report, vcd, image, eeprom;
};

int run(const RunArguments& arguments) {
  const Scenario scenario = scenario_of(arguments.scenario);
  for (const std::string& question : scenario.questions)
    fmt::print(stderr, "warning: {}\n", flm::visible(question));
  FileUse files;
  read_by(scenario, files);
  read_by_engine(arguments.engine, arguments.image, arguments.eeprom, files);
  files.writes(arguments.report, "--report", html_page);
  files.writes(arguments.vcd, "--vcd", value_change_dump);
  const auto name = std::find(format_names.begin(), format_names.end(), arguments.format);
  const auto format = static_cast<Format>(name - format_names.begin());
  RecordWriter writer(format, scenario, stdout, isatty(STDOUT_FILENO) != 0);
  RunOptions options;
  options.engine = arguments.engine == "image" ? EngineKind::image : EngineKind::native;
  options.image = image_for(arguments.image, scenario.board);
  options.eeprom = arguments.eeprom;
  options.report = arguments.report;
  options.vcd = arguments.vcd;
  options.record = [&](const Record& record) { writer.write(record); };
  options.progress = isatty(STDERR_FILENO) != 0 && !(isatty(STDOUT_FILENO) != 0 && format == Format::table);
  const StopOnSignal stop_on_signal;
  options.stopped = [] { return stopped(); };
  Run result;
  try {
    result = run_scenario(scenario, options);
  } catch (const Interrupted& interrupted) {
    writer.finish();
    std::vector<std::string> missing = {"the readings after it"};
    if (!scenario.expectations.empty()) missing.emplace_back("the expectations");
    if (!arguments.report.empty()) missing.emplace_back("the report");
    if (!arguments.vcd.empty()) missing.emplace_back("the dump");
    fmt::print(stderr, "flmsim: interrupted at {:.3f} of {} s; missing: {}\n", interrupted.at(),
               scenario.duration, listed(missing));
    end_by(StopOnSignal::came());
  }
  writer.finish();

  warn_of_clipping(result.records);
  for (const std::string& warning : result.warnings) fmt::print(stderr, "warning: {}\n", warning);
  for (const ExpectationResult& e : result.expectations)
    fmt::print(stderr, "{}  {}\n", e.ok ? "met   " : "FAILED", e.message);
  fmt::print(stderr, "{} s simulated on the {} engine of {} in {:.2f} s: {:.0f} x real time\n",
             scenario.duration, result.engine, scenario.board, result.wall_seconds,
             scenario.duration / result.wall_seconds);
  if (!arguments.report.empty())
    fmt::print(stderr, "report: {}\n", fs::absolute(arguments.report).lexically_normal().string());
  return result.ok() ? 0 : kFailed;
}

/// The scenarios that were named, those of a folder in the order of their names.
std::vector<fs::path> scenarios_in(const std::vector<std::string>& places) {
  std::vector<fs::path> files;
  for (const std::string& place : places) {
    if (!fs::is_directory(place)) {
      files.emplace_back(place);
      continue;
    }
    std::vector<fs::path> found;
    try {
      for (const auto& entry : fs::recursive_directory_iterator(place))
        if (entry.path().extension() == ".toml" && !entry.is_directory()) found.push_back(entry.path());
    } catch (const fs::filesystem_error& error) {
      throw InputError(
          fmt::format("{}: cannot be searched: {}; allowed: a folder that can be read, with all in it", place,
                      reason(error.code().value())));
    }
    if (found.empty())
      throw InputError(
          fmt::format("{}: no scenario in this folder; allowed: a folder with .toml files", place));
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

struct ServeArguments {
  std::string scenario, engine = "native", image, pty, meter, eeprom;
  double speed = 1.0;
  bool configure = false;
};

int serve_board(const ServeArguments& arguments) {
  const Scenario scenario = scenario_of(arguments.scenario);
  FileUse files;
  read_by(scenario, files);
  read_by_engine(arguments.engine, arguments.image, "", files);
  files.writes(arguments.eeprom, "--eeprom", eeprom_contents);
  ServeOptions options;
  options.engine = arguments.engine == "image" ? EngineKind::image : EngineKind::native;
  options.image = image_for(arguments.image, scenario.board);
  options.pty = arguments.pty;
  options.meter = arguments.meter;
  options.eeprom = arguments.eeprom;
  options.speed = arguments.speed;
  options.configure = arguments.configure;
  serve(scenario, options);
  return 0;
}

struct TestArguments {
  std::vector<std::string> places;
  std::string engine = "native", junit, image, eeprom;
};

/// Results of a test of scenarios: a line a case on standard output, and the cases for JUnit.
class TestReport {
 public:
  /// `only`: there is no other report, so a standard output that is full ends the test at once.
  explicit TestReport(bool only) : only_(only) {}

  void add(const std::string& name, std::vector<std::string> messages, const std::string& note = {}) {
    std::string text = fmt::format("{}  {}{}\n", messages.empty() ? "passed" : "FAILED", name, note);
    for (const std::string& message : messages) text += fmt::format("        {}\n", message);
    std::fputs(text.c_str(), stdout);
    if (only_)
      flush_output();
    else
      std::fflush(stdout);
    failed_ += messages.empty() ? 0 : 1;
    cases_.emplace_back(name, std::move(messages));
  }
  /// A scenario that cannot run, because a file is wrong.
  void broken(const std::string& name, const InputError& error) {
    broken_ = true;
    fmt::print(stderr, "flmsim: {}\n", error.what());
    add(name, {error.what()});
  }
  [[nodiscard]] const auto& cases() const { return cases_; }
  /// Prints the sum; the exit status.
  int sum() {
    std::fputs(fmt::format("{} passed, {} failed\n", std::ssize(cases_) - failed_, failed_).c_str(), stdout);
    flush_output();
    return broken_ ? kWrong : failed_ != 0 ? kFailed : 0;
  }

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> cases_;
  std::ptrdiff_t failed_ = 0;
  bool broken_ = false, only_;
};

/// A scenario on one engine, or on both, whose readings are compared. Throws Interrupted.
void test_scenario(const Scenario& scenario, const std::vector<EngineKind>& kinds,
                   const TestArguments& arguments, TestReport& report) {
  std::vector<Run> runs;
  for (const EngineKind kind : kinds) {
    RunOptions options;
    options.engine = kind;
    options.image = image_for(arguments.image, scenario.board);
    options.eeprom = arguments.eeprom;
    options.stopped = [] { return stopped(); };
    const std::string name =
        fmt::format("{} [{}]", scenario.path.string(), kind == EngineKind::native ? "native" : "image");
    try {
      runs.push_back(run_scenario(scenario, options));
    } catch (const EngineError& error) {
      report.add(name, {error.what()});
      continue;
    } catch (const InputError& error) {
      report.broken(name, error);
      continue;
    }
    std::vector<std::string> failures =
        runs.back().warnings;  // The chip would not do what the emulator just did.
    for (const ExpectationResult& e : runs.back().expectations)
      if (!e.ok) failures.push_back(e.message);
    report.add(name, std::move(failures),
               fmt::format("  {:.0f} x real time", scenario.duration / runs.back().wall_seconds));
  }
  if (kinds.size() < 2) return;
  const std::string unlike = runs.size() == 2 ? difference(runs[0], runs[1]) : "an engine gave no readings";
  report.add(fmt::format("{} [native = image]", scenario.path.string()),
             unlike.empty() ? std::vector<std::string>{} : std::vector<std::string>{unlike});
}

int test(const TestArguments& arguments) {
  std::vector<EngineKind> kinds;
  if (arguments.engine != "image") kinds.push_back(EngineKind::native);
  if (arguments.engine != "native") kinds.push_back(EngineKind::image);

  const std::vector<fs::path> places = scenarios_in(arguments.places);
  FileUse files;
  for (const fs::path& file : places) files.reads(file, "a scenario");
  read_by_engine(arguments.engine, arguments.image, arguments.eeprom, files);

  TestReport report{arguments.junit.empty()};
  std::vector<Scenario>
      scenarios;  // All are read before the first runs: a typo in the last is reported at once.
  for (const fs::path& file : places) {
    try {
      scenarios.push_back(scenario_of(file));
      read_by(scenarios.back(), files);
    } catch (const InputError& error) {
      report.broken(file.string(), error);
    }
  }
  files.writes(arguments.junit, "--junit", xml_file);

  const StopOnSignal stop_on_signal;
  std::size_t done = 0;
  try {
    for (const Scenario& scenario : scenarios) {
      test_scenario(scenario, kinds, arguments, report);
      ++done;
    }
  } catch (const Interrupted&) {
    report.sum();
    const std::size_t left = scenarios.size() - done;
    fmt::print(stderr, "flmsim: interrupted; missing: {} of {} scenario{}{}\n", left, scenarios.size(),
               scenarios.size() == 1 ? "" : "s", arguments.junit.empty() ? "" : ", and the JUnit file");
    end_by(StopOnSignal::came());
  }
  if (!arguments.junit.empty()) write_junit(arguments.junit, report.cases());
  return report.sum();
}

struct DecodeArguments {
  std::string file, format = "table";
  bool without_crc = false;
};

int decode(const DecodeArguments& arguments) {
  if (!fs::is_fifo(arguments.file))
    check_input(arguments.file, "a file with P1 telegrams");  // A pipe can be opened only once.
  const Decoded decoded = decode_p1(read_file_bytes(arguments.file), arguments.without_crc);
  print_decoded(decoded, arguments.file, arguments.format == "json", stdout);
  if (decoded.errors.contains("no_crc"))
    fmt::print(stderr, "flmsim: telegrams without CRC are accepted with --without-crc\n");
  return decoded.succeeded() ? 0 : kFailed;
}

/// Refuses an empty file name: as from a variable that is not set, it would be an option that does nothing.
CLI::Validator file_name() {
  return CLI::Validator(
      [](std::string& text) {
        return text.empty() ? std::string("is empty; allowed: the name of a file") : std::string();
      },
      "");
}

/// Never throws, also where standard error cannot be written.
int complain(int status, const std::string& what) {
  std::fflush(stdout);
  std::fputs(("flmsim: " + what + "\n").c_str(), stderr);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  flm::hold_standard_files();
  CLI::App app{
      "Replays recorded waveforms and pulses on the metering firmware, and says what a main board would "
      "read.",
      "flmsim"};
  app.set_version_flag("--version", FLM_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 every expectation met and telegram accepted, 1 one failed, 2 the command line, a "
      "scenario or a file is wrong.");

  RunArguments run_arguments;
  CLI::App* run_command = app.add_subcommand("run", "Run one scenario and print its readings");
  run_command->add_option("SCENARIO", run_arguments.scenario, "scenario file (.toml)")
      ->required()
      ->type_name("FILE")
      ->check(file_name());
  run_command
      ->add_option("--engine", run_arguments.engine,
                   "native: the firmware compiled for this machine; image: the AVR image")
      ->check(one_of({"native", "image"}))
      ->capture_default_str();
  run_command->add_option("--format", run_arguments.format, "how readings are printed")
      ->check(one_of(format_names))
      ->capture_default_str();
  run_command->add_option("--report", run_arguments.report, "write an HTML report to this file")
      ->type_name("FILE")
      ->check(file_name());
  run_command->add_option("--vcd", run_arguments.vcd, "write a value change dump for GTKWave to this file")
      ->type_name("FILE")
      ->check(file_name());
  run_command
      ->add_option("--image", run_arguments.image,
                   "AVR image to run instead of the one built with this program")
      ->type_name("FILE")
      ->check(file_name());
  run_command
      ->add_option("--eeprom", run_arguments.eeprom,
                   "what the board's EEPROM holds, from flmctl or serve: it is configured already; "
                   "[[sensor]] only says what is read")
      ->type_name("FILE")
      ->check(file_name());

  TestArguments test_arguments;
  CLI::App* test_command = app.add_subcommand("test", "Run scenarios and check what they expect");
  test_command->add_option("SCENARIO|DIR", test_arguments.places, "scenario files, or folders of them")
      ->required()
      ->type_name("FILE")
      ->check(file_name());
  test_command->add_option("--engine", test_arguments.engine, "both also compares the two engines' readings")
      ->check(one_of({"native", "image", "both"}))
      ->capture_default_str();
  test_command->add_option("--junit", test_arguments.junit, "write the results as JUnit XML to this file")
      ->type_name("FILE")
      ->check(file_name());
  test_command
      ->add_option("--image", test_arguments.image,
                   "AVR image to run instead of the one built with this program")
      ->type_name("FILE")
      ->check(file_name());
  test_command
      ->add_option("--eeprom", test_arguments.eeprom,
                   "what the board's EEPROM holds, from flmctl or serve: it is configured already; "
                   "[[sensor]] only says what is read")
      ->type_name("FILE")
      ->check(file_name());

  ServeArguments serve_arguments;
  CLI::App* serve_command =
      app.add_subcommand("serve", "Serve a board to host software: one byte in, one byte out");
  serve_command
      ->add_option("SCENARIO", serve_arguments.scenario,
                   "what is on the board's inputs; it is configured by the host")
      ->required()
      ->type_name("FILE")
      ->check(file_name());
  auto* pty = serve_command
                  ->add_option("--pty", serve_arguments.pty,
                               "name to give to the pseudo terminal that is the board's bus, in real time")
                  ->type_name("FILE")
                  ->check(file_name());
  serve_command
      ->add_option("--meter-pty", serve_arguments.meter,
                   "name to give to a pseudo terminal that is the main board's UART at a smart meter's line, "
                   "where it ends there")
      ->type_name("FILE")
      ->check(file_name())
      ->needs(pty);
  bool lines_wanted = false;
  auto* lines = serve_command->add_flag(
      "--lines", lines_wanted,
      "serve lines on stdin instead, 'clock HEXDIGITS', 'wait SECONDS' and 'meter': time passes as they say");
  pty->excludes(lines);
  serve_command->add_option("--speed", serve_arguments.speed, "simulated seconds per second")
      ->check(number(0.001, 10000.0))
      ->excludes(lines)
      ->capture_default_str();
  serve_command
      ->add_option("--engine", serve_arguments.engine,
                   "native: the firmware's C++ on this machine; image: the AVR image")
      ->check(one_of({"native", "image"}))
      ->capture_default_str();
  serve_command->add_flag(
      "--configure", serve_arguments.configure,
      "first configure the board as a stock main board does; not when the EEPROM file is there");
  serve_command
      ->add_option("--eeprom", serve_arguments.eeprom,
                   "file that keeps the EEPROM between runs; made when it is not there")
      ->type_name("FILE")
      ->check(file_name());
  serve_command
      ->add_option("--image", serve_arguments.image,
                   "AVR image to run instead of the one built with this program")
      ->type_name("FILE")
      ->check(file_name());

  DecodeArguments decode_arguments;
  CLI::App* decode_command =
      app.add_subcommand("decode", "Print what the P1 telegrams in a file say, and why one was refused");
  decode_command->add_option("FILE", decode_arguments.file, "bytes as a smart meter sends them")
      ->required()
      ->type_name("FILE")
      ->check(file_name());
  decode_command->add_option("--format", decode_arguments.format, "how they are printed")
      ->check(one_of({"table", "json"}))
      ->capture_default_str();
  decode_command->add_flag("--without-crc", decode_arguments.without_crc,
                           "accept telegrams without CRC as well (DSMR 2.2 and 3)");

  try {
    app.parse(argc, argv);
    if (decode_command->parsed()) return decode(decode_arguments);
    if (run_command->parsed()) return run(run_arguments);
    if (test_command->parsed()) return test(test_arguments);
    if (pty->count() == 0 && lines->count() == 0)
      throw InputError("serve: where? allowed: --pty PATH, or --lines");
    return serve_board(serve_arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      std::string what = usage_complaint(app, error, argc, argv);
      if (what.starts_with(kNoCommand)) what.insert(kNoCommand.size(), ": run, test, serve or decode");
      return complain(kWrong, what);
    }
    const int status = app.exit(error);  // --help, --version
    return std::cout.flush() ? status : complain(kWrong, "standard output: cannot be written");
  } catch (const EngineError& error) {
    return complain(kFailed, error.what());
  } catch (const fs::filesystem_error& error) {
    return complain(kWrong, fmt::format("{}: {}", error.path1().string(), reason(error.code().value())));
  } catch (const std::system_error& error) {  // fmt's, of a stream
    return complain(kWrong, fmt::format("standard output: {}", reason(error.code().value())));
  } catch (const std::exception& error) {
    return complain(kWrong, error.what());
  }
}
