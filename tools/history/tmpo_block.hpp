// A TMPO block: the points of a span of time, as gzip of one JSON object. The stock format, byte for byte.
//
//     {"h":{"cfg":{...},"tail":[t_last,v_last],"vsn":1,"head":[t_first,v_first]},"t":[0,dt,...],"v":[0,dv,...]}
//
// No white space; members in the order h, t, v; each dt and dv is the difference to the point before.
// Published readers find t by the text `"t":[`, so that cfg never contains it.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/history/gzip.hpp"
#include "tools/history/point.hpp"

namespace flm::history {

/// The levels that there are, the highest first.
inline constexpr std::array levels = {20, 16, 12, 8};

/// A block's place in time.
struct BlockId {
  int level = 0;           ///< the block spans 2^level s: 256 s, 68 min, 18.2 h, 12.1 days
  std::int64_t start = 0;  ///< "bid": Unix s, a multiple of the span

  /// The block of a level that holds a time, which is not negative.
  static constexpr BlockId at(int level, std::int64_t time) { return {level, time >> level << level}; }
  [[nodiscard]] constexpr std::int64_t span() const { return std::int64_t{1} << level; }
  [[nodiscard]] constexpr std::int64_t end() const { return start + span(); }  ///< the first second after it
  [[nodiscard]] constexpr bool holds(std::int64_t time) const { return time >= start && time < end(); }
  [[nodiscard]] constexpr BlockId parent() const { return at(level + 4, start); }
  /// One of the levels, and a start that fits it.
  [[nodiscard]] bool is_right() const;
  auto operator<=>(const BlockId&) const = default;
};

/// What can be wrong with a block's bytes.
enum class Fault : std::uint8_t {
  gzip,            ///< no gzip, or its data or checksum are wrong
  cut,             ///< the bytes end too early
  after_end,       ///< something follows the end
  too_long,        ///< more text than the points of its span can need
  form,            ///< not the members h, t, v in this order
  header,          ///< head, tail, vsn or cfg are not there, or not what they should be
  version,         ///< vsn is not 1
  other_sensor,    ///< cfg is of another sensor
  number,          ///< an element of t or v is no number
  time,            ///< a time that is not later than the one before, or outside the block's span
  value,           ///< a value out of Milli's range
  lengths,         ///< t and v have different lengths
  repeated_joins,  ///< v has the difference at each joint of two level-8 blocks twice, as stock wrote until
                   ///< 2014-09: all is read
  sums,            ///< the last point is not the header's tail
};
/// A fault in words: "the bytes end too early".
std::string_view text_of(Fault);

/// What is wrong with a block, and where.
struct Damage {
  Fault fault;
  std::size_t place;  ///< byte in the JSON text; of `gzip`, `cut` and `after_end`, where there is no text: in
                      ///< the gzip bytes
  bool operator==(const Damage&) const = default;
};
std::string text_of(const Damage&);
/// What is wrong with a block whose gzip ends so; nothing when it is whole.
std::optional<Fault> fault_of(GzipEnd::Kind);

/// Bytes of a header at most.
inline constexpr std::size_t longest_header = 65536;
/// Bytes of a block's text at most: 2^level points of 24 bytes ("1," and "-9223372036854775.807,") and the
/// header. A gzip that unpacks to more is not unpacked further.
constexpr std::size_t longest_text(int level) { return longest_header + (std::size_t{24} << level); }

/// A block's points one after the other, every check made on the way. A damaged block is read as far as it
/// goes; no input does harm. Holds the block's text, and no list of points.
class BlockReader {
 public:
  /// `sid`: whose block it is, 32 hex digits; empty: of any sensor.
  BlockReader(std::string_view gzip, BlockId, std::string_view sid = {});
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  /// The next points; 0: the end, or as far as the block goes.
  std::size_t read(std::span<Point>);
  /// The first damage found so far; once read() has returned 0, whether there is any.
  [[nodiscard]] const std::optional<Damage>& damage() const { return damage_; }

  /// Text of h, as it stands in the block; empty when it cannot be read.
  [[nodiscard]] std::string_view header() const { return header_; }
  /// cfg is a JSON object. Points are right without.
  [[nodiscard]] bool has_cfg() const { return has_cfg_; }
  /// First and last point, as the header has them.
  [[nodiscard]] Point head() const { return head_; }
  [[nodiscard]] Point tail() const { return tail_; }

 private:
  void unpack(std::string_view gzip);
  void open(std::string_view sid);
  void check_header(std::string_view sid);
  bool begin();
  std::size_t read_short(std::span<Point>);
  void finish();
  [[nodiscard]] std::size_t joints_of_times() const;
  void after_joint(const char* element);
  void fail(Fault, const char* place);  ///< and no further point
  void note(Fault, std::size_t place);  ///< the first one stays
  [[nodiscard]] std::size_t place(const char* p) const { return static_cast<std::size_t>(p - text_.data()); }

  BlockId id_;
  std::string text_;  ///< and zeros after it, for reading eight bytes at once
  const char* end_ = nullptr;
  std::string_view header_;
  Point head_, tail_, now_;
  const char* t_ = nullptr;  ///< the next element of t, or `]`
  const char* v_ = nullptr;
  bool begun_ = false, ended_ = false, has_cfg_ = false;
  enum class Joints : std::uint8_t { right, twice, not_known } joints_ = Joints::right;  ///< in v
  std::optional<Damage> damage_;
};

/// A whole block in memory: 16 bytes a point.
struct Block {
  std::string header;  ///< text of h
  std::vector<Point> points;
  std::optional<Damage> damage;
};
Block decode(std::string_view gzip, BlockId, std::string_view sid = {});

/// A block, written piece by piece: first all times, then all values. Memory: zlib's 270 kB, and the gzip.
class BlockWriter {
 public:
  explicit BlockWriter(std::string_view header, int effort = stock_effort);
  ~BlockWriter();
  BlockWriter(const BlockWriter&) = delete;
  BlockWriter& operator=(const BlockWriter&) = delete;
  void times(std::span<const Point>);   ///< the next points' times
  void values(std::span<const Point>);  ///< the next points' values, once all times are there
  std::string finish();                 ///< the gzip

 private:
  void element(bool first, Milli thousandths);
  std::unique_ptr<GzipWriter> gzip_;
  std::string text_;
  std::optional<Point> last_;
  bool in_values_ = false;
};

/// A block of points in the order of their times. Throws std::invalid_argument for no points.
std::string encode(std::string_view cfg, std::span<const Point>, int effort = stock_effort);

/// cfg as a block has it: one JSON object, without white space, and a member "t" that holds a list written
/// "\u0074", so that
/// `"t":[` is not in it. Throws std::invalid_argument for what is no JSON object, or longer than 48 KiB.
std::string checked_cfg(std::string_view json);
/// Text of h for a new block.
std::string make_header(std::string_view cfg, Point head, Point tail);
/// Text of h with another head and tail; everything else, and each that is the same already, stays as it is
/// written.
std::string change_header(std::string_view header, Point head, Point tail);

}  // namespace flm::history
