#include "tools/history/disk/point_journal.hpp"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace flm::history {
namespace {

constexpr std::string_view magic = "flmjrn1\n";
constexpr const char* file_name = "journal";
constexpr std::size_t full_payload = 16384;            ///< bytes from which on a record is closed
constexpr std::uint64_t longest_payload = 256 * 1024;  ///< bytes: full, and one entry's declaration more
constexpr std::size_t points_at_once = 1024;

void put_varint(std::string& text, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) text += static_cast<char>(value | 0x80);
  text += static_cast<char>(value);
}
void put_zigzag(std::string& text, std::int64_t value) {
  put_varint(text, static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

std::uint32_t crc_of(std::uint32_t before, std::string_view payload) {
  return static_cast<std::uint32_t>(
      crc32(before, reinterpret_cast<const Bytef*>(payload.data()), static_cast<uInt>(payload.size())));
}

/// Takes apart what was put together; `ok` is false once there was less, or something that nobody writes.
struct Reader {
  std::string_view bytes;
  bool ok = true;

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    ok = false;
    return 0;
  }
  std::int64_t zigzag() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
  }
  std::string_view text(std::uint64_t size) {
    if (size > bytes.size()) {
      ok = false;
      return {};
    }
    const std::string_view taken = bytes.substr(0, static_cast<std::size_t>(size));
    bytes.remove_prefix(taken.size());
    return taken;
  }
};

// Differences as they wrap, so that no bytes do harm.
std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

/// Series by their index, while a file is read.
struct Replayed {
  Journal::Entry entry;
  Point last;
};

/// One payload; false: nobody wrote it.
bool replay_payload(Reader in, std::vector<Replayed>& all,
                    const std::function<void(const Journal::Entry&)>& give) {
  while (in.ok && !in.bytes.empty()) {
    const std::uint64_t kind = in.varint(), place = in.varint();
    if (place > all.size()) return false;
    const auto index = static_cast<std::size_t>(place);
    if (kind == 0) {
      Replayed next;
      next.entry.series.rid = static_cast<int>(in.varint() & 0x7FFFFFFF);
      next.entry.series.sid = in.text(32);
      next.entry.cfg = in.text(in.varint());
      if (!in.ok || !is_right(next.entry.series)) return false;
      if (index < all.size()) next.last = all[index].last;
      index < all.size() ? void(all[index] = next) : all.push_back(next);
      continue;
    }
    if (kind != 1 || index >= all.size()) return false;
    Replayed& series = all[index];
    const std::uint64_t size = in.varint();
    const std::int64_t scale = (size & 1) != 0 ? 1000 : 1;
    series.entry.points.clear();
    for (std::uint64_t i = 0; in.ok && i < size >> 1; ++i) {
      series.last.time = sum(series.last.time, in.zigzag());
      const auto change = static_cast<std::uint64_t>(in.zigzag()) * static_cast<std::uint64_t>(scale);
      series.last.value = sum(series.last.value, static_cast<std::int64_t>(change));
      if (in.ok) series.entry.points.push_back(series.last);
    }
    if (!in.ok) return false;
    give(series.entry);
  }
  return in.ok;
}

}  // namespace

Journal::~Journal() { close(); }

void Journal::close() {
  if (file_ >= 0) disk_.close(file_);
  file_ = -1;
}

std::size_t Journal::replay(const std::function<void(const Entry&)>& give) {
  std::string bytes;
  try {
    bytes = disk_.read(file_name);
  } catch (const DiskError& error) {
    if (error.number() == ENOENT) return 0;
    throw;
  }
  Reader in{bytes};
  if (in.text(magic.size()) != magic) return bytes.size();
  std::uint32_t crc = 0;
  std::vector<Replayed> all;
  for (std::size_t left = in.bytes.size(); left != 0; left = in.bytes.size()) {
    const std::uint64_t size = in.varint();
    const std::string_view check = in.text(4), payload = in.text(std::min(size, longest_payload + 1));
    std::uint32_t expected = 0;
    for (std::size_t i = check.size(); i > 0; --i)
      expected = expected << 8 | static_cast<unsigned char>(check[i - 1]);
    if (!in.ok || size == 0 || size > longest_payload || crc_of(crc, payload) != expected ||
        !replay_payload({payload}, all, give))
      return left;
    crc = expected;
  }
  return 0;
}

void Journal::seal(std::string& payload, std::string& records) {
  if (payload.empty()) return;
  crc_ = crc_of(crc_, payload);
  put_varint(records, payload.size());
  for (unsigned shift = 0; shift < 32; shift += 8) records += static_cast<char>(crc_ >> shift);
  records += payload;
  payload.clear();
}

std::string Journal::records_of(const std::vector<Entry>& entries) {
  std::string records, payload;
  for (const Entry& entry : entries) {
    auto [place, is_new] = known_.try_emplace(entry.series, Known{known_.size(), {}, {}});
    Known& known = place->second;
    if (is_new || known.cfg != entry.cfg) {
      known.cfg = entry.cfg;
      put_varint(payload, 0);
      put_varint(payload, known.index);
      put_varint(payload, static_cast<std::uint64_t>(entry.series.rid));
      payload += entry.series.sid;
      put_varint(payload, entry.cfg.size());
      payload += entry.cfg;
    }
    for (std::size_t begin = 0; begin < entry.points.size(); begin += points_at_once) {
      const std::size_t end = std::min(entry.points.size(), begin + points_at_once);
      Milli before = known.last.value;
      bool whole = true;
      for (std::size_t i = begin; i < end; ++i) {
        whole = whole && difference(entry.points[i].value, before) % 1000 == 0;
        before = entry.points[i].value;
      }
      put_varint(payload, 1);
      put_varint(payload, known.index);
      put_varint(payload, 2 * (end - begin) + (whole ? 1 : 0));
      for (std::size_t i = begin; i < end; ++i) {
        put_zigzag(payload, difference(entry.points[i].time, known.last.time));
        put_zigzag(payload, difference(entry.points[i].value, known.last.value) / (whole ? 1000 : 1));
        known.last = entry.points[i];
      }
      if (payload.size() >= full_payload) seal(payload, records);
    }
  }
  seal(payload, records);
  return records;
}

void Journal::append(const std::vector<Entry>& entries) {
  try {
    disk_.write_all(file_, records_of(entries));
    disk_.sync(file_);
  } catch (...) {
    close();
    throw;
  }
}

void Journal::restart(const std::vector<Entry>& entries) {
  close();
  known_.clear();
  crc_ = 0;
  // Kept open after it has its name: what follows is appended.
  const std::string beside = std::string(file_name) + ".new";
  file_ = disk_.create(beside);
  try {
    disk_.write_all(file_, std::string(magic) + records_of(entries));
    disk_.sync(file_);
    disk_.rename(beside, file_name);
    disk_.sync_folder("");
  } catch (...) {
    close();
    throw;
  }
}

}  // namespace flm::history
