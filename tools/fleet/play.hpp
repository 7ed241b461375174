// The fleet at work: each device sends what its sensors counted, as flmd reports it.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tools/fleet/connection.hpp"
#include "tools/fleet/devices.hpp"
#include "tools/history/point.hpp"

namespace flm::fleet {

struct PlayOptions {
  Address server;
  Devices devices;
  int connections = 64;         ///< that stay, shared by the devices; a thread each
  std::int64_t start = 0;       ///< Unix s that the devices have when they begin
  double speed = 1;             ///< s of theirs in a second
  double seconds = 60;          ///< how long they play, of ours
  std::int64_t interval = 300;  ///< s of theirs between two batches of a sensor
  std::int64_t spread = 300;    ///< s of theirs over which the devices' turns are spread
  std::int64_t backlog = 300;   ///< s of readings that each device has at the start: an outage that ends
  double outage_from = 0, outage_to = 0;      ///< s of ours in which no device sends; what it has comes after
  double retry_s = 2;                         ///< until what was not taken is sent again
  const std::atomic<bool>* enough = nullptr;  ///< once it is true no device begins a turn
  std::atomic<std::uint64_t>* taken = nullptr;  ///< counts POSTs as they are acknowledged
};

struct Played {
  std::uint64_t posts = 0;                 ///< acknowledged
  std::uint64_t readings = 0;              ///< in them
  std::map<std::string, int> refusals;     ///< by their reason; each was tried again until it was taken
  std::vector<double> milliseconds;        ///< of each POST, from when its device was ready, in order of size
  double seconds = 0;                      ///< until all was sent
  int unsent = 0;                          ///< devices that had something left 120 s after the end
  std::vector<std::int64_t> first, until;  ///< by device, what is acknowledged: first <= time < until

  [[nodiscard]] double percentile(double percent) const;
};

/// Plays the whole time. A device sends its sensors' batches one after another, each again until it is
/// acknowledged; 5 000 readings at most in one, as flmd does.
Played play(const PlayOptions&);

/// A device's sensor's readings that are acknowledged.
std::vector<history::Point> sent(const PlayOptions&, const Played&, int device, int sensor);

struct Checked {
  int sensors = 0, wrong = 0;
  std::string first_wrong;  ///< what was asked, expected and answered
};
/// Asks the server for the rows by the minute of so many devices that have sent something, spread over all,
/// and compares them with rows that are made here of what was sent.
Checked check(const PlayOptions&, const Played&, int devices);

}  // namespace flm::fleet
