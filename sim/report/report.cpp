#include "sim/report/report.hpp"

#include <fmt/format.h>

#include "sim/report/report_sections.hpp"
#include "tools/common/atomic_file.hpp"
#include "tools/common/plot/svg.hpp"

namespace flm::sim {

void write_report(const std::filesystem::path& file, const Run& run, const Environment& environment) {
  AtomicFile out(file);
  std::vector<SensorView> views;
  for (const Sensor& sensor : run.scenario.sensors) views.push_back(view_of(run, environment, sensor));

  const std::string title = svg::escape(run.scenario.path.filename().string());
  out.write(
      fmt::format("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{} on "
                  "{}: flmsim report</title>\n"
                  "<style>\n{}</style>\n</head>\n<body>\n",
                  title, svg::escape(run.scenario.board), report::style_sheet()));
  out.write(report::headline(run));
  out.write(report::summary(views));
  // Failed expectations come first, met ones last.
  if (!run.ok()) out.write(report::expectations(run));
  for (const SensorView& view : views) out.write(report::sensor_section(run, environment, view));
  out.write(report::radio(run));
  if (run.ok()) out.write(report::expectations(run));
  out.write(report::replies(run));
  out.write(
      "<footer>Made by flmsim. A clamp's true power is the configured voltage times the true RMS of its "
      "input current in each "
      "second; "
      "each reading is drawn over the second that it measured.</footer>\n</body>\n</html>\n");
  out.commit();
}

}  // namespace flm::sim
