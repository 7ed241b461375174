#include "tools/flmd/subscribers/keeper.hpp"

#include <chrono>
#include <limits>

#include "tools/common/input_error.hpp"
#include "tools/flmd/site/sensors.hpp"

namespace flm::flmd {
namespace {

constexpr std::chrono::milliseconds kBetweenSteps{1};

}  // namespace

Keeper::Keeper(boost::asio::io_context& loop, const std::filesystem::path& folder,
               history::HistoryOptions options, const SiteClock& clock, Listeners listeners)
    : clock_(clock),
      listeners_(std::move(listeners)),
      disk_(std::make_unique<history::PosixDisk>(folder.string())),
      timer_(loop) {
  try {
    store_ = std::make_unique<history::History>(
        *disk_, options,
        history::History::Listeners{
            [this](const history::Series& series, history::BlockId id, std::string_view gzip) {
              if (listeners_.block) listeners_.block({series.sid, series.rid, id.level, id.start}, gzip);
            },
            [this](const history::Notice& notice) {
              if (listeners_.notice) listeners_.notice(notice);
            }});
  } catch (const history::DiskError& error) {
    throw InputError(error.what());
  }
}

Keeper::~Keeper() = default;

void Keeper::on_sensors(std::span<const SiteSensor>) { described_.clear(); }

void Keeper::on_reading(const Reading& reading) {
  const SiteSensor& sensor = *reading.sensor;
  if ((reading.quantity == Quantity::counter) != sensor.counter_is_data) return;
  const history::Series series{sensor.sid, sensor.rid};
  if (described_.insert(sensor.sid).second) store_->describe(series, block_parameters(sensor, reading.unit));
  store_->add(series, reading.point);
}

void Keeper::tick() {
  store_->tick(clock_.now());
  if (!working_) work();
}

/// One piece of work at a time, so that whoever waits for the loop comes between.
void Keeper::work() {
  working_ = store_->step();
  if (!working_) return;
  timer_.expires_after(kBetweenSteps);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) work();
  });
}

void Keeper::stop() {
  timer_.cancel();
  store_->sync();
}

std::vector<mqtt::BlockName> Keeper::blocks(const std::string& sid) {
  std::vector<mqtt::BlockName> ids;
  for (const history::Series& series : store_->series()) {
    if (series.sid != sid) continue;
    for (const history::BlockId& id : store_->blocks_after(series, {}))
      ids.push_back({sid, series.rid, id.level, id.start});
  }
  return ids;
}

std::optional<std::string> Keeper::block(const mqtt::BlockName& id) {
  try {
    return store_->block({id.sid, id.rid}, {id.lvl, id.bid});
  } catch (const history::DiskError&) {
    return std::nullopt;  // The store reports it when it reads the block itself.
  }
}

std::vector<history::Point> Keeper::after(const Series& series, std::int64_t time, std::size_t most) const {
  std::vector<history::Point> points;
  try {
    auto place = places_.find(series);
    if (place == places_.end() || place->second.time != time) {
      if (place != places_.end()) places_.erase(place);
      const std::int64_t from = time < 0 ? -1 : time;
      place = places_.emplace(series, Place{time, store_->points_since(series, from)}).first;
    }
    history::Point point;
    while (points.size() < most && place->second.stream.next(point)) points.push_back(point);
    if (points.size() < most)
      places_.erase(place);  // A stream that has ended sees nothing new.
    else
      place->second.time = points.back().time;
  } catch (const history::DiskError& error) {
    places_.erase(series);
    throw InputError(error.what());
  }
  return points;
}

std::optional<std::int64_t> Keeper::newest(const Series& series) const {
  const auto point = store_->newest(series);
  return point ? std::optional(point->time) : std::nullopt;
}

}  // namespace flm::flmd
