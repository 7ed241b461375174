// kill -9 of flmserver and of its database at random moments while a fleet sends: all that was acknowledged
// is there, once.
//   server_kills FLMSERVER KILLS [SEED]      exit 1 when a reading is lost or doubled
// The store is FLM_STORE_URL (with_postgres.sh), without it a SQLite file. Server and PostgreSQL are killed
// in turn.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <random>
#include <thread>

#include "tests/sim/temporary_folder.hpp"
#include "tests/tools/fleet/running_server.hpp"
#include "tools/fleet/play.hpp"
#include "tools/flmserver/store/point_reader.hpp"
#include "tools/flmserver/store/schema.hpp"
#include "tools/flmserver/store/series_store.hpp"
#include "tools/flmserver/store/upkeep.hpp"

using namespace flm;
using namespace std::chrono_literals;

namespace {

struct Found {
  std::size_t sent = 0, lost = 0, wrong = 0, doubled = 0;
};

std::size_t stored_points(server::Database& database, const std::string& sid) {
  std::size_t count = 0;
  for (const server::Row& row : database.run("SELECT first, gzip FROM piece WHERE sid = $1", {sid}))
    count += server::points_of(row.text(1), server::window_of(row.integer(0))).size();
  for (const server::Row& row : database.run("SELECT level, bid, gzip FROM block WHERE sid = $1", {sid}))
    count += server::points_of(row.text(2), {static_cast<int>(row.integer(0)), row.integer(1)}).size();
  return count;
}

/// What the store has, beside what was acknowledged.
Found compare(server::Database& database, const fleet::PlayOptions& options, const fleet::Played& played) {
  Found found;
  server::Transaction transaction(database, server::Database::Mode::read);
  server::SeriesStore store(database);
  for (int device = 0; device < options.devices.count; ++device)
    for (int sensor = 0; sensor < options.devices.sensors; ++sensor) {
      const std::string sid = options.devices.sid(device, sensor);
      const std::vector<history::Point> sent = fleet::sent(options, played, device, sensor);
      std::vector<history::Point> there;
      store.points({sid, 0}, 0, std::time(nullptr) + 1'000'000,
                   [&](history::Point point) { there.push_back(point); });
      std::sort(there.begin(), there.end());
      found.sent += sent.size();
      for (const history::Point& point : sent)
        if (!std::binary_search(there.begin(), there.end(), point)) ++found.lost;
      for (const history::Point& point : there)
        if (!std::binary_search(sent.begin(), sent.end(), point)) ++found.wrong;
      there.erase(std::unique(there.begin(), there.end()), there.end());
      found.doubled += stored_points(database, sid) - there.size();
    }
  transaction.commit();
  return found;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3 && argc != 4) {
    fmt::print(stderr, "usage: server_kills FLMSERVER KILLS [SEED]\n");
    return 2;
  }
  const int kills = std::stoi(argv[2]);
  std::mt19937 random(argc == 4 ? static_cast<unsigned>(std::stoul(argv[3])) : std::random_device()());
  const TemporaryFolder folder;
  const char* const given = std::getenv("FLM_STORE_URL");
  const std::string url = given != nullptr ? given : "sqlite:" + (folder.path() / "store.db").string();

  fleet::PlayOptions options;
  options.devices = {.seed = 1, .count = 12, .sensors = 4};
  auto database = server::open_database(url);
  const bool is_postgres = database->bytes_type() == "BYTEA";
  server::migrate(*database);
  fleet::add_to_store(*database, options.devices, std::time(nullptr));
  test::RunningServer server(argv[1], url);
  server.start();

  std::atomic<bool> enough = false;
  std::atomic<std::uint64_t> taken = 0;
  options.server = server.address();
  options.connections = 12;
  options.speed = 600;  // each sensor a batch each half second
  options.start = std::time(nullptr) - 86'400 * 20;
  options.seconds = 3'000;  // 20 days of theirs; ends before
  options.retry_s = 0.05;
  options.enough = &enough;
  options.taken = &taken;
  fleet::Played played;
  std::thread playing([&] { played = fleet::play(options); });

  int of_database = 0;
  const auto wait_for_posts = [&] {
    const std::uint64_t before = taken;
    for (int i = 0; taken < before + 5; ++i) {
      if (i == 60'000) throw std::runtime_error("nothing is taken any more");
      std::this_thread::sleep_for(1ms);
    }
  };
  try {
    for (int i = 0; i < kills; ++i) {
      wait_for_posts();
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 300'000));
      if (is_postgres && i % 2 == 1) {
        ++of_database;
        database = server::open_database(url);
        ::kill(test::postgres_of(*database), SIGKILL);
      } else {
        server.kill();
        server.start();
      }
    }
    wait_for_posts();
  } catch (const std::exception& error) {
    fmt::print(stderr, "server_kills: {}\n", error.what());
    server.kill();
    std::filesystem::remove_all(folder.path());
    std::_Exit(1);  // and the fleet with it
  }
  enough = true;
  playing.join();
  server.kill();

  database = server::open_database(url);
  std::size_t faults = static_cast<std::size_t>(played.unsent);
  if (played.unsent > 0) fmt::print("{} devices could not send all\n", played.unsent);
  fmt::print("{}: killed {} times the server, {} times the database; {} POSTs acknowledged, {} readings\n",
             is_postgres ? "PostgreSQL" : "SQLite", kills - of_database, of_database, played.posts,
             played.readings);
  for (const auto& [reason, times] : played.refusals)
    fmt::print("  not taken at first: {}, {}\n", times, reason);
  for (const bool is_kept : {false, true}) {
    if (is_kept) {
      server::Upkeep upkeep(*database, [](const std::string&) { return false; });
      while (upkeep.step()) {
      }
    }
    const Found found = compare(*database, options, played);
    fmt::print("{}: {} readings sent, {} lost, {} others, {} doubled\n",
               is_kept ? "after upkeep" : "as they came", found.sent, found.lost, found.wrong, found.doubled);
    faults += found.lost + found.wrong + found.doubled + (found.sent == played.readings ? 0 : 1);
  }
  return faults == 0 ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "server_kills: {}\n", error.what());
  return 1;
}
