// Requests that come at their own times, however long the answers take, as those of many users do.
#pragma once
#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tools/fleet/connection.hpp"

namespace flm::bench {

/// A GET, as fleet::Connection::ask() takes it.
struct Request {
  std::string target, headers;
};

/// ms from when each of `count` requests was due, `rate` a second, to the end of its answer; in order of
/// size. Four connections that stay take them in turns. Before the first one is due each of these asks `warm`
/// requests whose time does not count; `of` gives the request of a number, negative for those. Throws
/// std::runtime_error for an answer that is not right.
inline std::vector<double> open_loop(const fleet::Address& address, double rate, int count, int warm,
                                     const std::function<Request(int)>& of,
                                     const std::function<bool(const fleet::HttpAnswer&)>& is_right) {
  using Clock = std::chrono::steady_clock;
  constexpr int connections = 4;
  std::vector<double> times;
  std::mutex mutex;
  std::string fault;
  std::vector<std::unique_ptr<fleet::Connection>> ways;
  for (int t = 0; t < connections; ++t) ways.push_back(std::make_unique<fleet::Connection>(address));
  const auto in_turns = [&](const std::function<void(int)>& work) {
    std::vector<std::thread> threads;
    for (int t = 0; t < connections; ++t)
      threads.emplace_back([&, t] {
        try {
          work(t);
        } catch (const std::exception& error) {
          const std::lock_guard lock(mutex);
          fault = error.what();
        }
      });
    for (std::thread& thread : threads) thread.join();
    if (!fault.empty()) throw std::runtime_error(fault);
  };
  const auto ask = [&](int t, int n) {
    const Request request = of(n);
    const fleet::HttpAnswer answer =
        ways[static_cast<std::size_t>(t)]->ask("GET", request.target, request.headers);
    if (!is_right(answer))
      throw std::runtime_error(request.target + ": " + std::to_string(answer.status) + " " + answer.body);
  };
  in_turns([&](int t) {
    for (int n = 0; n < warm; ++n) ask(t, -1 - t - n * connections);
  });
  const auto begin = Clock::now() + std::chrono::milliseconds(100);
  in_turns([&](int t) {
    for (int n = t; n < count; n += connections) {
      const auto due =
          begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(n / rate));
      std::this_thread::sleep_until(due);
      ask(t, n);
      const double took = std::chrono::duration<double, std::milli>(Clock::now() - due).count();
      const std::lock_guard lock(mutex);
      times.push_back(took);
    }
  });
  std::sort(times.begin(), times.end());
  return times;
}

/// ms by which 500 steps of 1 ms of work, one each 10 ms, end after they were due, the 99th of 100: what the
/// machine does to anybody's latency.
inline double machine_p99() {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  const auto begin = Clock::now();
  for (int n = 0; n < 500; ++n) {
    const auto due = begin + std::chrono::milliseconds(10 * n);
    std::this_thread::sleep_until(due);
    const auto from = Clock::now();
    while (Clock::now() - from < std::chrono::milliseconds(1)) {
    }
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - due).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() * 99 / 100];
}

}  // namespace flm::bench
