// Readings to the history: each sensor's data quantity, kept as TMPO blocks; and the history to those who
// publish and report it.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/flmd/board/clock.hpp"
#include "tools/flmd/report/source.hpp"     // Source
#include "tools/flmd/subscribers/mqtt.hpp"  // BlockSource
#include "tools/history/history.hpp"

namespace flm::flmd {

class Keeper final : public Subscriber, public BlockSource, public Source {
 public:
  struct Listeners {
    std::function<void(const mqtt::BlockName&, std::string_view gzip)> block;  ///< a block was finished
    std::function<void(const history::Notice&)> notice;
  };
  /// The history lies in `folder`. Throws InputError: another process has it, or it cannot be written.
  Keeper(boost::asio::io_context&, const std::filesystem::path& folder, history::HistoryOptions,
         const SiteClock&, Listeners);
  ~Keeper() override;

  void on_reading(const Reading&) override;
  void on_sensors(std::span<const SiteSensor>) override;
  void stop() override;
  /// Once a second.
  void tick();

  // BlockSource
  std::vector<mqtt::BlockName> blocks(const std::string& sid) override;
  std::optional<std::string> block(const mqtt::BlockName&) override;
  // Source
  [[nodiscard]] std::vector<history::Point> after(const Series&, std::int64_t time,
                                                  std::size_t most) const override;
  [[nodiscard]] std::optional<std::int64_t> newest(const Series&) const override;

  [[nodiscard]] history::History& store() { return *store_; }
  [[nodiscard]] const history::History& store() const { return *store_; }

 private:
  void work();

  const SiteClock& clock_;
  Listeners listeners_;
  std::unique_ptr<history::Disk> disk_;
  std::unique_ptr<history::History> store_;
  boost::asio::steady_timer timer_;
  bool working_ = false;
  std::set<std::string> described_;
  /// Where a reporter that catches up has come to.
  struct Place {
    std::int64_t time;
    history::PointStream stream;
  };
  mutable std::map<Series, Place> places_;
};

}  // namespace flm::flmd
