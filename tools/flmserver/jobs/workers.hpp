// Threads that may wait for the database, and answers that they make for the loop.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tools/flmserver/store/database.hpp"
#include "tools/web/conversation.hpp"  // Log
#include "tools/web/exchange/response.hpp"

namespace boost::asio {
class io_context;
}

namespace flm::server {

/// A handler's work: it may read, or read and write, in a transaction that it is given; what it throws
/// becomes its answer, and nothing of it is kept. It may run again, after a collision, so it changes nothing
/// but the database.
using Job = std::function<web::Response(Database&)>;

/// Two threads write, on SQLite one, the others read. A writer takes the jobs that wait into one transaction,
/// so that they share the time that a disk takes; a job is answered once all of it is on disk. One that fails
/// after it has written something makes the others of its group be done again without it. No job waits for
/// another connection's client.
class Workers {
 public:
  struct Options {
    std::string url;                       ///< of the store
    std::size_t readers = 2;               ///< threads beside those that write
    std::size_t group = 64;                ///< jobs of a transaction
    std::size_t waiting = 2'000;           ///< jobs; further ones are answered 503
    std::size_t waiting_bytes = 64 << 20;  ///< of what they carry
  };
  struct Counts {
    std::uint64_t written = 0, read = 0;  ///< jobs that were done
    std::uint64_t commits = 0;            ///< of the writer
    std::uint64_t collisions = 0;         ///< transactions that were done again
    std::uint64_t failures = 0;           ///< jobs that the database could not do
    std::uint64_t refused = 0;            ///< for want of room
    std::size_t waiting = 0;
    bool away = false;  ///< the database did not answer last time
  };

  /// Answers go to the loop. `log` is called on it too. Throws InputError and DatabaseError: the store does
  /// not open.
  Workers(boost::asio::io_context&, Options, web::Log log);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// On the loop's thread. `bytes`: what the job carries, for the limit.
  web::Response read(Job);
  web::Response write(Job, std::size_t bytes = 0);
  /// For work that no request asked for: jobs of this kind are done one after the other, as they came. Calls
  /// `done` with the answer on the loop's thread.
  void write_in_order(Job, std::size_t bytes, std::function<void(web::Response)> done);

  /// Runs the work that `make` gives for a connection on a thread of its own, again and again while it
  /// returns true; then after `pause_s`.
  void in_background(std::function<std::function<bool()>(Database&)> make, int pause_s);

  [[nodiscard]] Counts counts() const;
  /// Does what waits, then ends its threads.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flm::server
