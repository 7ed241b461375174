// gzip into memory, and out of it within a limit.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace flm::history {

/// How much time zlib takes for a block, its level: 9 as stock, whose blocks these are, byte for byte; 6
/// takes a tenth of the time for 4 % more bytes.
inline constexpr int stock_effort = 9, quick_effort = 6;

/// A text's pieces in, gzip as stock writes it out (windowBits 31, memLevel 8, Z_FILTERED): the same bytes,
/// however it is cut into pieces. Memory: zlib's 270 kB, and the gzip.
class GzipWriter {
 public:
  /// `field`: two letters, the id of an extra field without bytes in the gzip's header (RFC 1952, 2.3.1.1);
  /// empty: none.
  explicit GzipWriter(int effort, std::string_view field = {});
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  void put(std::string_view text, bool is_last = false);
  std::string& bytes() { return bytes_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::string bytes_;
};

/// gzip as stock writes it, with stock_effort.
std::string gzip(std::string_view text);

/// Whether a gzip's header begins with an extra field of these two letters.
bool has_field(std::string_view gzip, std::string_view field);

/// How a gzip ends.
struct GzipEnd {
  enum class Kind : std::uint8_t {
    whole,
    cut,       ///< the bytes end too early
    wrong,     ///< no gzip, or its data or checksum are wrong
    too_long,  ///< it unpacks to more than the limit, and was not unpacked further
    followed   ///< something comes after it
  };
  Kind kind;
  std::size_t at;    ///< bytes of the gzip up to there
  std::size_t size;  ///< of the text
};

/// Zeros after the text that gunzip() makes, so that it may be read eight bytes at once.
inline constexpr std::size_t padding = 16;

/// Makes `text` what a gzip holds, as far as it can be read, and `padding` after it.
GzipEnd gunzip(std::string_view gzip, std::size_t limit, std::string& text);

}  // namespace flm::history
