#include "tools/flmserver/jobs/workers.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <mutex>
#include <numeric>
#include <thread>

#include "tests/tools/flmserver/store/store.hpp"

using namespace flm;
using namespace flm::server;
using namespace std::chrono_literals;

namespace {

/// Runs the loop until that many answers have come, for at most 20 s.
void until(boost::asio::io_context& loop, const std::size_t& answers, std::size_t wanted) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (answers < wanted && std::chrono::steady_clock::now() < end) {
    loop.restart();
    loop.run_one_for(10ms);
  }
  REQUIRE(answers == wanted);
}

}  // namespace

TEST_CASE("jobs in order are done in their order, beside others and whatever they take") {
  constexpr int jobs = 300;
  boost::asio::io_context loop{1};
  Workers workers(loop, {.url = test::empty_database(), .group = 4}, {});
  std::mutex mutex;
  std::vector<int> done;
  std::size_t answers = 0;
  const auto answered = [&](const web::Response& response) {
    CHECK(response.status == 204);
    ++answers;
  };
  for (int i = 0; i < jobs; ++i) {
    workers.write_in_order(
        [&, i](Database&) {
          if (i % 3 == 0) std::this_thread::sleep_for(1ms);
          const std::lock_guard lock(mutex);
          done.push_back(i);
          return web::no_content();
        },
        0, answered);
    (void)workers.write([](Database&) { return web::no_content(); });
  }
  until(loop, answers, jobs);
  std::vector<int> wanted(jobs);
  std::iota(wanted.begin(), wanted.end(), 0);
  CHECK(done == wanted);
}

TEST_CASE("where rows are locked one by one, a job that waits does not keep another from being kept") {
  boost::asio::io_context loop{1};
  const std::string url = test::empty_database();
  Workers workers(loop, {.url = url, .group = 1}, {});
  const bool side_by_side = !open_database(url)->for_update().empty();
  std::atomic<bool> other = false;
  std::size_t answers = 0;
  bool met = false;
  workers.write_in_order(
      [&](Database&) {
        for (int i = 0; i < 500 && !other; ++i) std::this_thread::sleep_for(1ms);
        met = other;
        return web::no_content();
      },
      0, [&](const web::Response&) { ++answers; });
  std::this_thread::sleep_for(50ms);  // it runs
  (void)workers.write([&](Database&) {
    other = true;
    return web::no_content();
  });
  until(loop, answers, 1);
  CHECK(met == side_by_side);
}
