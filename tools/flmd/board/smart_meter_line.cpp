#include "tools/flmd/board/smart_meter_line.hpp"

#include <fmt/format.h>

#include "tools/mainboard/bus/clock.hpp"

namespace flm::flmd {
namespace {

using namespace std::chrono_literals;
using mainboard::Time;

class PatientLine : public mainboard::MeterLine {
 public:
  PatientLine(const mainboard::Port& port, std::function<void(std::string)> note, Time again)
      : device_(port.meter), baud_(port.meter_baud), note_(std::move(note)), again_(again) {}

  [[nodiscard]] std::string read() override {
    try {
      if (line_ == nullptr) {
        if (mainboard::steady_now() < try_at_) return {};
        line_ = mainboard::open_meter_line(device_, baud_);
        if (away_) note_(fmt::format("{}: the smart meter's line is back", device_));
        away_ = false;
      }
      return line_->read();
    } catch (const std::exception& error) {
      line_.reset();
      try_at_ = mainboard::steady_now() + again_;
      if (!away_)
        note_(fmt::format("{}; the smart meter's line is tried again every {:.0f} s", error.what(),
                          mainboard::in_seconds(again_)));
      away_ = true;
      return {};
    }
  }

 private:
  std::string device_;
  int baud_;
  std::function<void(std::string)> note_;
  std::unique_ptr<mainboard::MeterLine> line_;
  Time again_, try_at_{};
  bool away_ = false;
};

class OverheardLine : public mainboard::MeterLine {
 public:
  OverheardLine(std::unique_ptr<mainboard::MeterLine> line, std::function<void(std::string)> hear)
      : line_(std::move(line)), hear_(std::move(hear)) {}
  [[nodiscard]] std::string read() override {
    std::string bytes = line_->read();
    if (!bytes.empty()) hear_(bytes);
    return bytes;
  }

 private:
  std::unique_ptr<mainboard::MeterLine> line_;
  std::function<void(std::string)> hear_;
};

}  // namespace

std::unique_ptr<mainboard::MeterLine> patient_meter_line(const mainboard::Port& port,
                                                         std::function<void(std::string)> note, Time again) {
  return std::make_unique<PatientLine>(port, std::move(note), again);
}

std::unique_ptr<mainboard::MeterLine> overheard(std::unique_ptr<mainboard::MeterLine> line,
                                                std::function<void(std::string)> hear) {
  return std::make_unique<OverheardLine>(std::move(line), std::move(hear));
}

}  // namespace flm::flmd
