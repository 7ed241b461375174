// What a reporter meets in a test: a loop that turns until something has happened, a folder, made-up points,
// sensors, a log.
#pragma once
#include <syslog.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tools/flmd/report/source.hpp"  // Source
#include "tools/flmd/site/reading.hpp"   // SiteSensor

namespace flm::flmd {

/// Whether it has happened within `limit`; the loop turns meanwhile.
inline bool turn_until(boost::asio::io_context& loop, const std::function<bool()>& happened,
                       std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!happened()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.restart();
    if (loop.run_one_for(std::chrono::milliseconds(5)) == 0 && loop.stopped())
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}
inline void turn_for(boost::asio::io_context& loop, std::chrono::milliseconds time) {
  turn_until(
      loop, [] { return false; }, time);
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "flm_report.XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
inline void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

/// Points that a test puts in.
class MadeUpSource : public Source {
 public:
  [[nodiscard]] std::vector<history::Point> after(const Series& series, std::int64_t time,
                                                  std::size_t most) const override {
    const auto found = points.find(series);
    if (found == points.end()) return {};
    const auto& all = found->second;
    const auto first =
        std::upper_bound(all.begin(), all.end(), time,
                         [](std::int64_t t, const history::Point& point) { return t < point.time; });
    const auto count = std::min<std::size_t>(most, static_cast<std::size_t>(all.end() - first));
    return {first, first + static_cast<std::ptrdiff_t>(count)};
  }
  [[nodiscard]] std::optional<std::int64_t> newest(const Series& series) const override {
    const auto found = points.find(series);
    if (found == points.end() || found->second.empty()) return std::nullopt;
    return found->second.back().time;
  }
  std::map<Series, std::vector<history::Point>> points;
};

/// Points of `count` seconds from `start` on, whose whole values are 1, 2, 3, ...
inline std::vector<history::Point> seconds(std::int64_t start, std::int64_t count) {
  std::vector<history::Point> points;
  for (std::int64_t i = 0; i < count; ++i) points.push_back({start + i, (i + 1) * 1000});
  return points;
}

/// Sensor `number` with a sid that ends in it.
inline SiteSensor sensor_of(int number, const std::string& sensor_class = "pulse",
                            const std::string& type = "electricity") {
  std::string sid = "0123456789abcdef0123456789abcd00";
  sid[30] = static_cast<char>('0' + number / 10);
  sid[31] = static_cast<char>('0' + number % 10);
  return {number, sid,  "sensor " + std::to_string(number), type, sensor_class, true,
          0,      true, nlohmann::json::object(),           false};
}

struct LogLines {
  std::vector<std::pair<int, std::string>> lines;
  [[nodiscard]] std::function<void(int, const std::string&)> sink() {
    return [this](int priority, const std::string& line) { lines.emplace_back(priority, line); };
  }
  [[nodiscard]] bool has(int priority, const std::string& line) const {
    return std::find(lines.begin(), lines.end(), std::pair(priority, line)) != lines.end();
  }
  [[nodiscard]] std::size_t count(const std::string& part) const {
    return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [&](const auto& line) {
      return line.second.find(part) != std::string::npos;
    }));
  }
};

}  // namespace flm::flmd
