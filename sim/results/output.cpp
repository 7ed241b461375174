#include "sim/results/output.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <span>

#include "tools/common/atomic_file.hpp"
#include "tools/common/files.hpp"
#include "tools/mainboard/readings/packet_view.hpp"
#include "tools/mainboard/readings/record_json.hpp"

namespace flm::sim {
namespace {

std::string watts(const Reading& r) { return r.has_power() ? fmt::format("{} W", r.power()) : "-"; }

std::string escaped_xml(std::string_view text) {
  std::string result;
  for (const char c : text) switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      default: result += static_cast<unsigned char>(c) < 0x20 && c != '\n' ? '?' : c;
    }
  return result;
}

const Sensor* sensor_of(const Scenario& scenario, int id) {
  for (const Sensor& s : scenario.sensors)
    if (s.id == id) return &s;
  return nullptr;
}

/// Unit of a sensor's counter.
const char* unit(const Scenario& scenario, int id) {
  const Sensor* s = sensor_of(scenario, id);
  return s && s->sensor_class == SensorClass::pulse && s->type != SensorType::electricity ? "l" : "Wh";
}

std::string hex(std::span<const std::uint8_t> bytes) { return fmt::format("{:02x}", fmt::join(bytes, "")); }

std::string meter_text(const MeterReport& report) {
  std::string text;
  for (const auto& [name, value] : meter_values(report)) text += fmt::format("  {} {}", name, value);
  return text;
}

}  // namespace

RecordWriter::RecordWriter(Format format, const Scenario& scenario, std::FILE* out, bool terminal)
    : format_(format), scenario_(scenario), out_(out), live_(terminal && format == Format::table) {}

void RecordWriter::begin() {
  if (begun_) return;
  begun_ = true;
  if (format_ == Format::csv) fmt::print(out_, "t,sensor,counter,power,stamp_ms,host,reply\n");
  if (format_ == Format::table && !live_)
    fmt::print(out_, "{:>9}  {:>6}  {:>14}  {:>10}\n", "time s", "sensor", "counter", "reading");
}

void RecordWriter::write(const Record& record) {
  if (std::ferror(out_) != 0)
    throw OutputFull("standard output: cannot be written");  // Not after an hour: now.
  begin();
  if (format_ == Format::jsonl) {
    fmt::print(out_, "{}\n", to_json(record));
  } else if (const Reading* r = std::get_if<Reading>(&record)) {
    if (format_ == Format::table)
      write_table(*r);
    else if (r->kind == SensorKind::pulse)
      fmt::print(out_, "{:.3f},{},{},,{},,\n", r->t, r->sensor, counter_text(*r), r->extra);
    else
      fmt::print(out_, "{:.3f},{},{},{},,,\n", r->t, r->sensor, counter_text(*r),
                 r->has_power() ? std::to_string(r->power()) : "");
  } else if (const RadioPacket* packet = std::get_if<RadioPacket>(&record)) {
    const PacketView view(packet->frame);
    std::string values;
    for (const auto& [name, value] : view.values()) values += fmt::format("  {} {}", name, value_text(value));
    if (format_ == Format::csv)
      fmt::print(out_, "{:.3f},,,,,\"radio\",\"{}\"\n", packet->t, hex(packet->frame));
    else if (!live_)
      fmt::print(out_, "{:>9.3f}  radio {}/{}{} {}{}\n", packet->t, view.group, view.node,
                 view.whole ? "" : " WRONG", hex(view.payload), values);
  } else if (const MeterReport* meter = std::get_if<MeterReport>(&record)) {
    if (format_ == Format::csv)
      fmt::print(out_, "{:.3f},,,,,\"gz\",\"{}\"\n", meter->t, fmt::join(meter->fields, " "));
    else if (!live_)
      fmt::print(out_, "{:>9.3f}  meter{}\n", meter->t, meter_text(*meter));
  } else if (const SerialBytes* serial = std::get_if<SerialBytes>(&record)) {
    if (format_ == Format::csv)
      fmt::print(out_, "{:.3f},,,,,\"serial\",\"{}\"\n", serial->t, hex(serial->bytes));
    else if (!live_)
      fmt::print(out_, "{:>9.3f}  serial {}\n", serial->t, hex(serial->bytes));
  } else {
    const Reply& reply = std::get<Reply>(record);
    if (format_ == Format::csv)
      fmt::print(out_, "{:.3f},,,,,\"{}\",\"{}\"\n", reply.t, reply.host, reply.reply);
    else if (!live_)
      fmt::print(out_, "{:>9.3f}  {} -> {}\n", reply.t, reply.host, reply.reply);
  }
}

void RecordWriter::write_table(const Reading& r) {
  if (live_) {
    if (r.t != drawn_t_ && drawn_t_ >= 0.0) draw_live();
    drawn_t_ = r.t;
    latest_[r.sensor] = r;
    return;
  }
  const std::string counter = fmt::format("{} {}", counter_text(r), unit(scenario_, r.sensor));
  const std::string reading =
      r.kind == SensorKind::pulse ? fmt::format("{:.3f} s", r.extra / 1000.0) : watts(r);
  fmt::print(out_, "{:>9.3f}  {:>6}  {:>14}  {:>10}{}\n", r.t, r.sensor, counter, reading,
             r.clipped ? "  clipped" : "");
}

void RecordWriter::draw_live() {
  if (drawn_lines_ > 0) fmt::print(out_, "\x1b[{}A", drawn_lines_);
  fmt::print(out_, "\x1b[K  {:.0f} s of {:.0f} s\n\x1b[K  sensor         counter       power   last pulse\n",
             drawn_t_, scenario_.duration);
  for (const auto& [id, r] : latest_)
    fmt::print(out_, "\x1b[K  {:>6}  {:>11} {:<2}  {:>10}  {:>11}{}\n", id, counter_text(r),
               unit(scenario_, id), r.kind == SensorKind::pulse ? "" : watts(r),
               r.kind == SensorKind::pulse ? fmt::format("{:.3f} s", r.extra / 1000.0) : "",
               r.clipped ? "  clipped" : "");
  std::fflush(out_);
  drawn_lines_ = 2 + static_cast<int>(latest_.size());
}

void RecordWriter::finish() {
  begin();
  if (live_ && drawn_t_ >= 0.0) draw_live();
  if (std::fflush(out_) != 0 || std::ferror(out_))
    throw OutputFull(fmt::format("standard output: {}; not everything was written", reason(errno)));
}

void write_junit(const std::filesystem::path& file,
                 const std::vector<std::pair<std::string, std::vector<std::string>>>& cases) {
  std::size_t failures = 0;
  std::string body;
  for (const auto& [name, messages] : cases) {
    body += fmt::format("    <testcase classname=\"flmsim\" name=\"{}\"", escaped_xml(name));
    if (messages.empty()) {
      body += "/>\n";
      continue;
    }
    ++failures;
    body += fmt::format(">\n      <failure message=\"{}\">", escaped_xml(messages.front()));
    for (const std::string& message : messages) body += escaped_xml(message) + "\n";
    body += "</failure>\n    </testcase>\n";
  }
  AtomicFile out(file);
  out.write(
      fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"flmsim\" "
                  "tests=\"{}\" failures=\"{}\">\n{}"
                  "  </testsuite>\n</testsuites>\n",
                  cases.size(), failures, body));
  out.commit();
}

}  // namespace flm::sim
