// What devices, or who calls itself one, bring to flmserver: bodies of POSTs, and a broker's topics with
// blocks, into a store in memory.
//   1. Measurements are refused with what is allowed, or their points ascend, one a second, within what
//   thousandths can hold; the store keeps each, or says why not, and the same again changes nothing.
//   2. A configuration is refused with what is allowed, or its sensor is one that can be, as JSON and text;
//   it changes no sensor of another device.
//   3. A topic is refused, or has an id and numbers that are not below zero.
//   4. A block is refused, or kept byte for byte, and its points are in order and within it.
//   5. Whatever came, the store answers a question about the sensor.
// The first byte chooses.
#include <memory>
#include <nlohmann/json.hpp>

#include "tests/fuzz/promise.hpp"
#include "tools/common/input_error.hpp"
#include "tools/flmserver/accounts/provision.hpp"
#include "tools/flmserver/api/measurements.hpp"
#include "tools/flmserver/ingest/topic.hpp"
#include "tools/flmserver/store/schema.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/web/exchange/json_input.hpp"

using namespace flm;
using namespace flm::server;
using fuzz::promise;

namespace {

const std::string device(32, 'd'), other_device(32, 'f'), sid(32, '1'), other_sid(32, '2');
constexpr std::int64_t now = 1'700'001'000, start = 1'404'043'264;  // of a block of each level up to 16

Database& store() {
  static const std::unique_ptr<Database> opened = [] {
    auto database = open_database("sqlite::memory:");
    migrate(*database);
    Accounts accounts(*database);
    accounts.add_device(device, std::string(32, 'a'), "A1");
    accounts.add_device(other_device, std::string(32, 'b'), "B1");
    for (const auto& [owner, id] : {std::pair(device, sid), {other_device, other_sid}})
      provision(accounts, *accounts.device(owner), id, nlohmann::json::object(), now);
    return database;
  }();
  return *opened;
}

std::vector<history::Point> kept(Database& database, const history::Series& series) {
  std::vector<history::Point> points;
  SeriesStore(database).points(series, 0, std::int64_t{1} << 40,
                               [&](history::Point point) { points.push_back(point); });
  for (std::size_t i = 1; i < points.size(); ++i)
    promise(points[i - 1].time < points[i].time, "5: points are in order");
  return points;
}

template <class Work>
void taken_or_refused(Work work, const char* what) {
  std::string why;
  try {
    return work();
  } catch (const web::HttpError& error) {
    promise(error.status() == 400, what, error.what());
    why = error.what();
  } catch (const InputError& error) {
    why = error.what();
  }
  promise(!why.empty() && why.size() < 2000, what, why);
}

void measurements(Database& database, const nlohmann::json& body) {
  const std::vector<history::Point> points = points_of(body);
  for (std::size_t i = 0; i < points.size(); ++i) {
    promise(i == 0 || points[i - 1].time < points[i].time, "1: points ascend");
    promise(points[i].value % 1000 == 0 && std::abs(points[i].value) <= 1'000'000'000'000'000, "1: values");
  }
  const history::Series series{sid, 0};
  const Added added = SeriesStore(database).add(series, points, now);
  promise(added.stored + added.known + added.refused == points.size(), "1: each is kept, or is not");
  const std::vector<history::Point> stored = kept(database, series);
  promise(stored.size() == added.stored, "1: what is kept is there");
  const Added again = SeriesStore(database).add(series, points, now);
  promise(again.stored == 0 && again.refused == added.refused && kept(database, series) == stored,
          "1: the same again changes nothing");
}

void configuration(Database& database, const nlohmann::json& body) {
  Accounts accounts(database);
  const std::string before = accounts.sensor(other_sid)->config;
  const Device of = *accounts.device(device);
  taken_or_refused(
      [&] {
        const Sensor sensor = provision(accounts, of, sid, body, now);
        promise(nlohmann::json::accept(sensor.config) && web::is_text(sensor.function), "2: JSON and text");
        promise(sensor.rid >= 0 && sensor.number >= 0 && sensor.number <= 64, "2: numbers that can be");
      },
      "2: a refusal has a reason");
  taken_or_refused([&] { provision_all(accounts, of, body, now); }, "2: a refusal has a reason");
  promise(accounts.sensor(other_sid)->config == before && accounts.sensor(other_sid)->device == other_device,
          "2: another device's sensor stays as it is");
}

void body(Database& database, const std::string& text) {
  taken_or_refused(
      [&] {
        const nlohmann::json body = web::parse_json(text, "the body", 6);
        if (body.is_object() && body.contains("config")) return configuration(database, body["config"]);
        measurements(database,
                     body.is_object() && body.contains("measurements") ? body["measurements"] : body);
      },
      "1: a refusal has a reason");
}

void topic(const std::string& text) {
  taken_or_refused(
      [&] {
        const Topic found = topic_of(text);
        promise(is_id(found.id), "3: an id", found.id);
        promise(found.rid >= 0 && found.block.level >= 0 && found.block.start >= 0, "3: numbers");
      },
      "3: a refusal has a reason");
}

void block(Database& database, const std::string& gzip, history::BlockId id) {
  taken_or_refused(
      [&] {
        const history::Series series{sid, 0};
        const Added added = SeriesStore(database).add_block(series, id, gzip, now);
        promise(SeriesStore(database).block(series, id) == gzip, "4: a block is kept byte for byte");
        const std::vector<history::Point> points = kept(database, series);
        promise(points.size() == added.stored && !points.empty(), "4: its points are there");
        for (const history::Point& point : points) promise(id.holds(point.time), "4: within the block");
        SeriesStore(database).add_block(series, id, gzip, now);
        promise(kept(database, series) == points, "4: the same again changes nothing");
      },
      "4: a refusal has a reason");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Database& database = store();
  const Transaction transaction(database, Database::Mode::write);  // nothing of it stays
  switch (data[0] % 4) {
    case 0: body(database, bytes); break;
    case 1: topic(bytes); break;
    case 2: block(database, bytes, history::BlockId::at(8 + 4 * (data[0] / 4 % 4), start)); break;
    default: block(database, history::gzip(bytes), history::BlockId::at(8 + 4 * (data[0] / 4 % 4), start));
  }
  kept(database, {sid, 0});
  promise(SeriesStore(database).blocks_after(sid, 0, {0, 0}).size() <= 1, "5: the store answers");
  return 0;
}
