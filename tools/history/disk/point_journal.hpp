// The journal: what stands in no block yet, safe on disk. One file for all series, only appended to; when its
// blocks are on disk, a new one with what is still open takes its place.
//
//     "flmjrn1\n", then records: length (varint), CRC-32 (4 bytes, low first), payload
//
// The CRC is over the payload, and begins with that of the record before, so that a record stands only where
// it was written. A payload is a list of
//
//     0, varint(index), varint(rid), 32 bytes sid, varint(bytes of cfg), cfg        a series, or its new
//     parameters 1, varint(index), varint(2 * count + whole), count times (dt, dv)             points of a
//     series
//
// A varint has seven bits a byte, low first. dt and dv are differences to the series' point before (0,0 at
// first), as zigzag varints; dv in whole units when `whole` is 1, in thousandths else. A second's count costs
// two bytes.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/history/disk/disk.hpp"
#include "tools/history/point.hpp"
#include "tools/history/series.hpp"

namespace flm::history {

class Journal {
 public:
  /// What a series has to say.
  struct Entry {
    Series series;
    std::string cfg;  ///< its parameters, as a block has them
    std::vector<Point> points;
  };

  explicit Journal(Disk& disk) : disk_(disk) {}
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Gives what stands in the file, record by record, in order; up to the first that is not whole. Returns
  /// the bytes after it that are dropped. To be called before anything is written. Throws DiskError when the
  /// file cannot be read; no file is an empty one.
  std::size_t replay(const std::function<void(const Entry&)>&);

  /// Adds entries, and returns when they are safe. Throws DiskError: what is then in the file is not known,
  /// and only restart() goes on.
  void append(const std::vector<Entry>&);
  /// A new file of these entries takes the place of the old one. Throws DiskError: the old one is still
  /// there, as it was.
  void restart(const std::vector<Entry>&);
  /// Nothing is open to append to: at first, and after an error.
  [[nodiscard]] bool is_closed() const { return file_ < 0; }

 private:
  struct Known {
    std::uint64_t index;
    std::string cfg;
    Point last;
  };
  std::string records_of(const std::vector<Entry>&);
  void seal(std::string& payload, std::string& records);
  void close();

  Disk& disk_;
  int file_ = -1;
  std::uint32_t crc_ = 0;  ///< of the last record
  std::map<Series, Known> known_;
};

}  // namespace flm::history
