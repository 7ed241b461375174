#include "tools/flmserver/jobs/workers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "tools/web/router.hpp"  // answer_of

namespace flm::server {
namespace {

using namespace std::chrono_literals;
constexpr int attempts = 5;
// One makes its statements while another waits for the disk; where rows are not locked one by one, they would
// only wait for each other.
constexpr std::size_t most_writers = 2;

/// A database that remembers whether it answered, and whether it was written to.
class Watched final : public Database {
 public:
  explicit Watched(Database& of) : of_(of) {}
  Rows run(std::string_view sql, std::initializer_list<Bound> values) override {
    if (!sql.starts_with("SELECT")) wrote = true;
    Rows rows = of_.run(sql, values);
    answered = true;
    return rows;
  }
  [[nodiscard]] std::int64_t changed() const override { return of_.changed(); }
  void run_script(const std::string& sql) override {
    wrote = true;
    of_.run_script(sql);
  }
  void begin(Mode mode) override { of_.begin(mode); }
  void commit() override { of_.commit(); }
  void rollback() noexcept override { of_.rollback(); }
  [[nodiscard]] std::string_view for_update() const override { return of_.for_update(); }
  [[nodiscard]] std::string_view bytes_type() const override { return of_.bytes_type(); }

  bool answered = false, wrote = false;

 private:
  Database& of_;
};

web::Response unavailable(std::string_view why) { return web::text(503, why).with("Retry-After", "5"); }

}  // namespace

class Workers::Impl {
 public:
  Impl(boost::asio::io_context& loop, Options options, web::Log log)
      : loop_(loop), options_(std::move(options)), log_(std::move(log)) {
    // All connections open at the start, so that a store that is not there is said before anything is served.
    std::vector<std::unique_ptr<Database>> databases;
    databases.push_back(open_database(options_.url));
    const std::size_t writers = databases[0]->for_update().empty() ? 1 : most_writers;
    while (databases.size() < writers + options_.readers) databases.push_back(open_database(options_.url));
    for (std::size_t i = 0; i < databases.size(); ++i)
      threads_.emplace_back(
          [this, i, writers, database = std::shared_ptr<Database>(std::move(databases[i]))] {
            if (i == 0)
              write_loop(*database, {&in_order_, &writes_});
            else if (i < writers)
              write_loop(*database, {&writes_});
            else
              read_loop(*database);
          });
  }
  ~Impl() { stop(); }

  struct Task {
    Job job;
    std::size_t bytes = 0;
    std::function<void(web::Response)> done;
  };
  struct Queue {
    std::deque<Task> tasks;
    std::size_t bytes = 0;
  };

  bool add(Queue& queue, Task task) {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue.tasks.size() >= options_.waiting ||
        queue.bytes + task.bytes > options_.waiting_bytes) {
      ++refused_;
      return false;
    }
    queue.bytes += task.bytes;
    queue.tasks.push_back(std::move(task));
    came_.notify_all();  // not each thread takes of each queue
    return true;
  }
  web::Response later(Queue& queue, Job job, std::size_t bytes) {
    auto answer = std::make_shared<web::Later>();
    if (!add(queue, {std::move(job), bytes,
                     [answer](web::Response response) { answer->complete(std::move(response)); }}))
      return unavailable("too much waits already; again in some seconds");
    return web::Response{.later = std::move(answer)};
  }

  void in_background(std::function<std::function<bool()>(Database&)> make, int pause_s) {
    threads_.emplace_back([this, make = std::move(make), pause_s] {
      std::unique_ptr<Database> database;
      std::function<bool()> step;
      for (;;) {
        bool more = false;
        try {
          if (!database) {
            database = open_database(options_.url);
            step = make(*database);
          }
          more = step();
        } catch (const DatabaseError& error) {
          if (error.kind() != DatabaseError::Kind::collision) note("upkeep", error);
        } catch (const std::exception& error) {
          report(fmt::format("upkeep: {}", error.what()));
        }
        std::unique_lock lock(mutex_);
        // Work that goes on leaves the processor to those who wait for an answer.
        const std::chrono::milliseconds pause = more ? 2ms : std::chrono::milliseconds(pause_s * 1000);
        if (end_.wait_for(lock, pause, [&] { return stopping_; })) return;
      }
    });
  }

  [[nodiscard]] Counts counts() const {
    const std::lock_guard lock(mutex_);
    return {written_,
            read_,
            commits_,
            collisions_,
            failures_,
            refused_,
            writes_.tasks.size() + in_order_.tasks.size() + reads_.tasks.size(),
            away_};
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      came_.notify_all();
      end_.notify_all();
    }
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
  }

  Queue writes_, in_order_, reads_;

 private:
  /// Waits for tasks and takes up to `most`: of each queue a share, then what is left of the first. Empty:
  /// the end.
  std::vector<Task> take(std::initializer_list<Queue*> queues, std::size_t most) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] {
      return stopping_ || std::any_of(queues.begin(), queues.end(),
                                      [](const Queue* queue) { return !queue->tasks.empty(); });
    });
    std::vector<Task> taken;
    const auto take_of = [&](Queue& queue, std::size_t until) {
      for (; !queue.tasks.empty() && taken.size() < until; queue.tasks.pop_front()) {
        queue.bytes -= queue.tasks.front().bytes;
        taken.push_back(std::move(queue.tasks.front()));
      }
    };
    std::size_t share = 0;
    for (Queue* queue : queues) take_of(*queue, ++share * most / queues.size());
    for (Queue* queue : queues) take_of(*queue, most);
    return taken;
  }

  void answer(Task& task, web::Response response) {
    boost::asio::post(loop_, [done = std::move(task.done), response = std::move(response)]() mutable {
      done(std::move(response));
    });
  }
  void report(std::string line) {
    boost::asio::post(loop_, [this, line = std::move(line)] {
      if (log_) log_(line);
    });
  }
  /// A line when the database goes away and comes back, and for each other failure.
  void note(const char* who, const DatabaseError& error) {
    const bool away = error.kind() == DatabaseError::Kind::away;
    if (away && away_.exchange(true)) return;
    report(fmt::format("{}: {}", who, error.what()));
  }
  void works() {
    if (away_.exchange(false)) report("the database answers again");
  }

  /// A job's answer. A DatabaseError goes through, since it ends the transaction.
  std::optional<web::Response> run(const Job& job, Database& database, std::optional<DatabaseError>& failed) {
    std::string fault;
    web::Response response = web::answer_of(
        [&] {
          try {
            return job(database);
          } catch (const DatabaseError& error) {
            failed.emplace(error);
            return web::Response{};
          }
        },
        fault);
    if (failed) return std::nullopt;
    if (!fault.empty()) report("a fault: " + fault);
    return response;
  }

  /// One transaction of one task, repeated while it collides. What was read is answered before the
  /// transaction ends, what was written once it is kept.
  void alone(Task& task, Database& database, Database::Mode mode) {
    bool is_answered = false;
    for (int attempt = 0;; ++attempt) {
      std::optional<DatabaseError> failed;
      try {
        Watched watched(database);
        Transaction transaction(database, mode);
        std::optional<web::Response> response = run(task.job, watched, failed);
        if (response) {
          const bool is_kept = response->status < 400;
          if (mode == Database::Mode::read) {
            answer(task, *std::move(response));
            is_answered = true;
          }
          if (is_kept) transaction.commit();
          if (watched.answered) works();
          if (!is_answered) answer(task, *std::move(response));
          return;
        }
      } catch (const DatabaseError& error) {
        failed.emplace(error);
        if (is_answered) return note("read", error);
      }
      // A row that came between a look and an insertion is a collision too: the next look finds it.
      const bool again = failed->kind() == DatabaseError::Kind::collision ||
                         failed->kind() == DatabaseError::Kind::not_unique;
      if (again && attempt + 1 < attempts) {
        ++collisions_;
        pause_after_collision(attempt);
        continue;
      }
      if (failed->kind() == DatabaseError::Kind::away && attempt == 0)
        continue;  // it was restarted: once more
      ++failures_;
      note(mode == Database::Mode::write ? "write" : "read", *failed);
      return answer(task, unavailable("the store does not answer; nothing was kept; again in some seconds"));
    }
  }

  /// All in one transaction. False: it came to nothing, and no one was answered.
  bool together(std::vector<Task>& tasks, Database& database) {
    std::vector<web::Response> responses;
    bool answered = false;
    try {
      Transaction transaction(database, Database::Mode::write);
      for (Task& task : tasks) {
        Watched watched(database);
        std::optional<DatabaseError> failed;
        std::optional<web::Response> response = run(task.job, watched, failed);
        if (!response || (response->status >= 400 && watched.wrote)) return false;
        responses.push_back(std::move(*response));
        answered = answered || watched.answered;
      }
      transaction.commit();
    } catch (const DatabaseError&) {
      return false;
    }
    if (answered) works();
    ++commits_;
    for (std::size_t i = 0; i < tasks.size(); ++i) answer(tasks[i], std::move(responses[i]));
    return true;
  }

  void write_loop(Database& database, std::initializer_list<Queue*> queues) {
    for (;;) {
      std::vector<Task> tasks = take(queues, options_.group);
      if (tasks.empty()) return;
      if (tasks.size() == 1 || !together(tasks, database))
        for (Task& task : tasks) {
          alone(task, database, Database::Mode::write);
          ++commits_;
        }
      written_ += tasks.size();
    }
  }
  void read_loop(Database& database) {
    for (;;) {
      std::vector<Task> tasks = take({&reads_}, 1);
      if (tasks.empty()) return;
      alone(tasks[0], database, Database::Mode::read);
      ++read_;
    }
  }

  boost::asio::io_context& loop_;
  const Options options_;
  const web::Log log_;
  mutable std::mutex mutex_;
  std::condition_variable came_, end_;
  bool stopping_ = false;
  std::atomic<std::uint64_t> written_ = 0, read_ = 0, commits_ = 0, collisions_ = 0, failures_ = 0,
                             refused_ = 0;
  std::atomic<bool> away_ = false;
  std::vector<std::thread> threads_;
};

Workers::Workers(boost::asio::io_context& loop, Options options, web::Log log)
    : impl_(std::make_unique<Impl>(loop, std::move(options), std::move(log))) {}
Workers::~Workers() = default;
web::Response Workers::read(Job job) { return impl_->later(impl_->reads_, std::move(job), 0); }
web::Response Workers::write(Job job, std::size_t bytes) {
  return impl_->later(impl_->writes_, std::move(job), bytes);
}
void Workers::write_in_order(Job job, std::size_t bytes, std::function<void(web::Response)> done) {
  if (!impl_->add(impl_->in_order_, {std::move(job), bytes, done}))
    done(unavailable("too much waits already"));
}
void Workers::in_background(std::function<std::function<bool()>(Database&)> make, int pause_s) {
  impl_->in_background(std::move(make), pause_s);
}
Workers::Counts Workers::counts() const { return impl_->counts(); }
void Workers::stop() { impl_->stop(); }

}  // namespace flm::server
