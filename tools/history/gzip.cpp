#include "tools/history/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace flm::history {
namespace {

constexpr std::size_t longest_ratio = 1032;  ///< deflate packs no text tighter (zlib's technical notes)

Bytef* bytes_of(const char* text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text)); }

}  // namespace

struct GzipWriter::State {
  z_stream stream{};
  gz_header header{};
  std::array<Bytef, 4> field{};
};

GzipWriter::GzipWriter(int effort, std::string_view field) : state_(std::make_unique<State>()) {
  if (deflateInit2(&state_->stream, effort, Z_DEFLATED, 15 + 16, 8, Z_FILTERED) != Z_OK)
    throw std::bad_alloc();
  if (field.empty()) return;
  std::copy_n(bytes_of(field.data()), 2, state_->field.begin());  // and its length, 0
  state_->header.extra = state_->field.data();
  state_->header.extra_len = static_cast<uInt>(state_->field.size());
  state_->header.os = 3;  // as without the field
  deflateSetHeader(&state_->stream, &state_->header);
}

GzipWriter::~GzipWriter() { deflateEnd(&state_->stream); }

void GzipWriter::put(std::string_view text, bool is_last) {
  z_stream& stream = state_->stream;
  stream.next_in = bytes_of(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  do {
    const std::size_t size = bytes_.size();
    bytes_.resize(size + 4096);
    stream.next_out = bytes_of(bytes_.data() + size);
    stream.avail_out = 4096;
    deflate(&stream, is_last ? Z_FINISH : Z_NO_FLUSH);
    bytes_.resize(size + 4096 - stream.avail_out);
  } while (stream.avail_out == 0);
}

std::string gzip(std::string_view text) {
  GzipWriter writer(stock_effort);
  writer.put(text, true);
  return std::move(writer.bytes());
}

bool has_field(std::string_view gzip, std::string_view field) {
  constexpr std::size_t fixed = 10, length = 2;  // bytes of the header before the field
  constexpr char extra = 4;                      // FLG.FEXTRA
  return gzip.size() > fixed + length && (gzip[3] & extra) != 0 &&
         gzip.substr(fixed + length).starts_with(field);
}

GzipEnd gunzip(std::string_view gzip, std::size_t limit, std::string& text) {
  // The last four bytes are the text's length, if they are what they should be.
  std::size_t expected = 0;
  if (gzip.size() >= 18)
    for (std::size_t i = 4; i > 0; --i)
      expected = expected << 8 | static_cast<unsigned char>(gzip[gzip.size() - 5 + i]);
  expected = std::min({std::max<std::size_t>(expected, 256), limit, gzip.size() * longest_ratio});

  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::bad_alloc();
  stream.next_in = bytes_of(gzip.data());
  stream.avail_in = static_cast<uInt>(gzip.size());
  GzipEnd end{GzipEnd::Kind::whole, 0, 0};
  int status = Z_OK;
  text.resize(expected + padding);
  for (;;) {
    stream.next_out = bytes_of(text.data() + end.size);
    stream.avail_out = static_cast<uInt>(text.size() - padding - end.size);
    status = inflate(&stream, Z_NO_FLUSH);
    end.size = text.size() - padding - stream.avail_out;
    if (status != Z_OK || stream.avail_out != 0) break;
    if (end.size >= limit) {
      status = Z_MEM_ERROR;
      break;
    }
    text.resize(std::min(limit, 2 * end.size) + padding);
  }
  end.at = gzip.size() - stream.avail_in;
  inflateEnd(&stream);
  if (status == Z_MEM_ERROR)
    end.kind = GzipEnd::Kind::too_long;
  else if (status == Z_OK || status == Z_BUF_ERROR)
    end.kind = GzipEnd::Kind::cut;
  else if (status != Z_STREAM_END)
    end.kind = GzipEnd::Kind::wrong;
  else if (end.at != gzip.size())
    end.kind = GzipEnd::Kind::followed;
  std::fill(text.begin() + static_cast<std::ptrdiff_t>(end.size), text.end(), '\0');
  text.resize(end.size + padding);
  return end;
}

}  // namespace flm::history
