// A block's points in few bytes: half of a TMPO block's or less, for a counter that changes now and then. For
// whoever keeps points of its own and need not hand over bytes of stock.
//
// A gzip whose header has the extra field "FP", without bytes. In it are numbers, one after the other, each
// as LEB128 (seven bits a byte, the lowest first; the highest bit: more follow), signed ones as zigzag (0,
// -1, 1, -2 are 0, 1, 2, 3):
//
// | number | what |
// |---|---|
// | unit | a step of a value is 10^unit thousandths, 0 to 6 |
// | points | how many there are, at least 1 |
// | first time | s after the block's start |
// | first value | signed, thousandths |
// | rise | signed, steps: last value less first |
// | step, points | s from a point to the next, and how many points follow so; until all are told |
// | changes | how many points have another value than the one before |
// | stands | for each change: points before it, since the last one, that have the value before |
// | changes | for each change: signed, steps |
//
// Sums and products are of 64 bits, what is over is dropped: so each value comes back, whatever it is.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tools/history/point.hpp"
#include "tools/history/tmpo_block.hpp"

namespace flm::history {

/// A block's points. Throws std::invalid_argument for none, and for such as are not in the order of their
/// times or not within it.
std::string pack(BlockId, std::span<const Point>);

/// Whether it is a packed block, and no TMPO block.
bool is_packed(std::string_view gzip);

/// A packed block's points one after the other. Every check is made before the first one: a damaged block has
/// none; no input does harm. Holds the block's text, and no list of points.
class PackedReader {
 public:
  PackedReader(std::string_view gzip, BlockId);
  PackedReader(const PackedReader&) = delete;
  PackedReader& operator=(const PackedReader&) = delete;

  /// The next points; 0: the end.
  std::size_t read(std::span<Point>);
  /// The last point, of a block that is not damaged.
  [[nodiscard]] Point tail() const { return tail_; }
  [[nodiscard]] const std::optional<Damage>& damage() const { return damage_; }

 private:
  /// Where numbers are read.
  struct Column {
    const char* at = nullptr;
    std::uint64_t number();
    std::int64_t signed_number();
  };
  bool open();
  bool fail(Fault);

  BlockId id_;
  std::string text_;  ///< and zeros after it, which end a number that is cut
  const char* end_ = nullptr;
  Column times_, stands_, changes_;
  Point now_, tail_;
  std::uint64_t step_value_ = 1;  ///< thousandths
  std::uint64_t left_ = 0;        ///< points that are not read yet
  std::uint64_t step_s_ = 0, same_steps_ = 0;
  std::uint64_t changes_left_ = 0, stands_left_ = 0;
  bool begun_ = false;
  std::optional<Damage> damage_;
};

}  // namespace flm::history
