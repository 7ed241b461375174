// flmsim: replays recorded waveforms and pulses on the metering firmware, and says what a main board would read.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/decode.hpp"
#include "sim/image/engine_error.hpp"
#include "tools/common/places.hpp"
#include "sim/output.hpp"
#include "sim/runner.hpp"
#include "sim/serve.hpp"

namespace {

namespace fs = std::filesystem;
using namespace flm::sim;

constexpr int kFailed = 1;  ///< an expectation failed
constexpr int kWrong = 2;   ///< the command line, a scenario or a file is wrong

fs::path image_for(const std::string& given, const std::string& board) {
  if (!given.empty()) return given;
  return flm::image_folder() / (board + ".elf");
}

struct RunArguments {
  std::string scenario, engine = "native", format = "table", report, vcd, image, eeprom;
};

int run(const RunArguments& arguments) {
  const Scenario scenario = read_scenario(arguments.scenario);
  for (const std::string& question : scenario.questions) fmt::print(stderr, "warning: {}\n", flm::visible(question));
  const Format format = arguments.format == "jsonl" ? Format::jsonl : arguments.format == "csv" ? Format::csv : Format::table;
  RecordWriter writer(format, scenario, stdout, isatty(STDOUT_FILENO) != 0);
  RunOptions options;
  options.engine = arguments.engine == "image" ? EngineKind::image : EngineKind::native;
  options.image = image_for(arguments.image, scenario.board);
  options.eeprom = arguments.eeprom;
  options.report = arguments.report;
  options.vcd = arguments.vcd;
  options.record = [&](const Record& record) { writer.write(record); };
  options.progress = isatty(STDERR_FILENO) != 0 && !(isatty(STDOUT_FILENO) != 0 && format == Format::table);
  const Run result = run_scenario(scenario, options);
  writer.finish();

  for (const std::string& warning : result.warnings) fmt::print(stderr, "warning: {}\n", warning);
  for (const ExpectationResult& e : result.expectations)
    fmt::print(stderr, "{}  {}\n", e.ok ? "met   " : "FAILED", e.message);
  fmt::print(stderr, "{} s simulated on the {} engine of {} in {:.2f} s: {:.0f} x real time\n", scenario.duration, result.engine,
             scenario.board, result.wall_seconds, scenario.duration / result.wall_seconds);
  if (!arguments.report.empty()) fmt::print(stderr, "report: {}\n", fs::absolute(arguments.report).lexically_normal().string());
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
    for (const auto& entry : fs::recursive_directory_iterator(place))
      if (entry.path().extension() == ".toml") found.push_back(entry.path());
    if (found.empty()) throw InputError(fmt::format("{}: no scenario in this folder; allowed: a folder with .toml files", place));
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
  const Scenario scenario = read_scenario(arguments.scenario);
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

int test(const TestArguments& arguments) {
  std::vector<EngineKind> kinds;
  if (arguments.engine != "image") kinds.push_back(EngineKind::native);
  if (arguments.engine != "native") kinds.push_back(EngineKind::image);

  std::vector<Scenario> scenarios;  // All are read before the first runs: a typo in the last costs no time.
  for (const fs::path& file : scenarios_in(arguments.places)) scenarios.push_back(read_scenario(file));

  std::vector<std::pair<std::string, std::vector<std::string>>> cases;
  const auto report = [&](const std::string& name, std::vector<std::string> messages, const std::string& note) {
    fmt::print("{}  {}{}\n", messages.empty() ? "passed" : "FAILED", name, note);
    for (const std::string& message : messages) fmt::print("        {}\n", message);
    std::fflush(stdout);
    cases.emplace_back(name, std::move(messages));
  };
  for (const Scenario& scenario : scenarios) {
    std::vector<Run> runs;
    for (const EngineKind kind : kinds) {
      RunOptions options;
      options.engine = kind;
      options.image = image_for(arguments.image, scenario.board);
      options.eeprom = arguments.eeprom;
      const std::string name = fmt::format("{} [{}]", scenario.path.string(), kind == EngineKind::native ? "native" : "image");
      try {
        runs.push_back(run_scenario(scenario, options));
      } catch (const EngineError& error) {
        report(name, {error.what()}, "");
        continue;
      }
      std::vector<std::string> failures = runs.back().warnings;  // The chip would not do what the emulator just did.
      for (const ExpectationResult& e : runs.back().expectations)
        if (!e.ok) failures.push_back(e.message);
      report(name, std::move(failures), fmt::format("  {:.0f} x real time", scenario.duration / runs.back().wall_seconds));
    }
    if (kinds.size() == 2) {
      const std::string unlike = runs.size() == 2 ? difference(runs[0], runs[1]) : "an engine gave no readings";
      report(fmt::format("{} [native = image]", scenario.path.string()),
             unlike.empty() ? std::vector<std::string>{} : std::vector<std::string>{unlike}, "");
    }
  }
  const auto failed = static_cast<std::size_t>(std::count_if(cases.begin(), cases.end(), [](const auto& c) { return !c.second.empty(); }));
  fmt::print("{} passed, {} failed\n", cases.size() - failed, failed);
  if (!arguments.junit.empty()) write_junit(arguments.junit, cases);
  return failed == 0 ? 0 : kFailed;
}

struct DecodeArguments {
  std::string file, format = "table";
  bool without_crc = false;
};

int decode(const DecodeArguments& arguments) {
  const Decoded decoded = decode_p1(read_file_bytes(arguments.file), arguments.without_crc);
  print_decoded(decoded, arguments.file, arguments.format == "json", stdout);
  return decoded.refused() == 0 ? 0 : kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Replays recorded waveforms and pulses on the metering firmware, and says what a main board would read.", "flmsim"};
  app.set_version_flag("--version", FLM_VERSION);
  app.require_subcommand(1);
  app.footer("Exit status: 0 every expectation met and telegram accepted, 1 one failed, 2 the command line, a scenario or a file is wrong.");

  RunArguments run_arguments;
  CLI::App* run_command = app.add_subcommand("run", "Run one scenario and print its readings");
  run_command->add_option("SCENARIO", run_arguments.scenario, "scenario file (.toml)")->required();
  run_command->add_option("--engine", run_arguments.engine, "native: the firmware compiled for this machine; image: the AVR image")
      ->check(CLI::IsMember({"native", "image"}))
      ->capture_default_str();
  run_command->add_option("--format", run_arguments.format, "how readings are printed")
      ->check(CLI::IsMember({"table", "jsonl", "csv"}))
      ->capture_default_str();
  run_command->add_option("--report", run_arguments.report, "write an HTML report to this file");
  run_command->add_option("--vcd", run_arguments.vcd, "write a value change dump for GTKWave to this file");
  run_command->add_option("--image", run_arguments.image, "AVR image to run instead of the one built with this program");
  run_command->add_option("--eeprom", run_arguments.eeprom, "what the board's EEPROM holds, from flmctl or serve: it is configured already; [[sensor]] only says what is read");

  TestArguments test_arguments;
  CLI::App* test_command = app.add_subcommand("test", "Run scenarios and check what they expect");
  test_command->add_option("SCENARIO|DIR", test_arguments.places, "scenario files, or folders of them")->required();
  test_command->add_option("--engine", test_arguments.engine, "both also compares the two engines' readings")
      ->check(CLI::IsMember({"native", "image", "both"}))
      ->capture_default_str();
  test_command->add_option("--junit", test_arguments.junit, "write the results as JUnit XML to this file");
  test_command->add_option("--image", test_arguments.image, "AVR image to run instead of the one built with this program");
  test_command->add_option("--eeprom", test_arguments.eeprom, "what the board's EEPROM holds, from flmctl or serve: it is configured already; [[sensor]] only says what is read");

  ServeArguments serve_arguments;
  CLI::App* serve_command = app.add_subcommand("serve", "Serve a board to host software: one byte in, one byte out");
  serve_command->add_option("SCENARIO", serve_arguments.scenario, "what is on the board's inputs; it is configured by the host")->required();
  auto* pty = serve_command->add_option("--pty", serve_arguments.pty, "name to give to the pseudo terminal that is the board's bus, in real time");
  serve_command->add_option("--meter-pty", serve_arguments.meter, "name to give to a pseudo terminal that is the main board's UART at a smart meter's line (flm02b)")
      ->needs(pty);
  bool lines_wanted = false;
  auto* lines = serve_command->add_flag("--lines", lines_wanted, "serve lines on stdin instead, 'clock HEXDIGITS', 'wait SECONDS' and 'meter': time passes as they say");
  pty->excludes(lines);
  serve_command->add_option("--speed", serve_arguments.speed, "simulated seconds per second")
      ->check(CLI::Range(0.001, 10000.0))
      ->excludes(lines)
      ->capture_default_str();
  serve_command->add_option("--engine", serve_arguments.engine, "native: the firmware's C++ on this machine; image: the AVR image")
      ->check(CLI::IsMember({"native", "image"}))
      ->capture_default_str();
  serve_command->add_flag("--configure", serve_arguments.configure, "first configure the board as a stock main board does; not when the EEPROM file is there");
  serve_command->add_option("--eeprom", serve_arguments.eeprom, "file that keeps the EEPROM between runs; made when it is not there");
  serve_command->add_option("--image", serve_arguments.image, "AVR image to run instead of the one built with this program");

  DecodeArguments decode_arguments;
  CLI::App* decode_command = app.add_subcommand("decode", "Print what the P1 telegrams in a file say, and why one was refused");
  decode_command->add_option("FILE", decode_arguments.file, "bytes as a smart meter sends them")->required();
  decode_command->add_option("--format", decode_arguments.format, "how they are printed")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  decode_command->add_flag("--without-crc", decode_arguments.without_crc, "accept telegrams without CRC as well (DSMR 2.2 and 3)");

  try {
    app.parse(argc, argv);
    if (decode_command->parsed()) return decode(decode_arguments);
    if (run_command->parsed()) return run(run_arguments);
    if (test_command->parsed()) return test(test_arguments);
    if (pty->count() == 0 && lines->count() == 0) throw InputError("serve: where? allowed: --pty PATH, or --lines");
    return serve_board(serve_arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrong;
  } catch (const InputError& error) {
    fmt::print(stderr, "flmsim: {}\n", error.what());
    return kWrong;
  } catch (const EngineError& error) {
    fmt::print(stderr, "flmsim: {}\n", error.what());
    return kFailed;
  } catch (const std::exception& error) {
    fmt::print(stderr, "flmsim: {}\n", error.what());
    return kWrong;
  }
}
