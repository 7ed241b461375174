// A value change dump (IEEE 1364-2005, clause 18) of a run, for GTKWave: clamp codes, pulse contacts, SPI
// bytes, LED, readings.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>

#include "sim/results/run.hpp"
#include "sim/world/environment.hpp"

namespace flm::sim {

class VcdWriter {
 public:
  VcdWriter(const std::filesystem::path& file, const Scenario&, const BoardModel&, const Environment&);
  ~VcdWriter();
  VcdWriter(const VcdWriter&) = delete;
  VcdWriter& operator=(const VcdWriter&) = delete;

  /// A byte on the SPI link that began at `start`; bytes, LED states and readings may come in any order.
  void byte(Nanoseconds start, std::uint8_t mosi, std::uint8_t miso);
  /// The LED's state at t; only changes take room.
  void led(Nanoseconds t, bool lit);
  void reading(const Reading&);
  /// Writes everything up to `end` in time order and renames the file into place; without it nothing stays.
  /// Throws InputError.
  void finish(Nanoseconds end);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flm::sim
