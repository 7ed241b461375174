#include "tools/mainboard/board/board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <tuple>

#include "protocol/commands.hpp"
#include "tools/mainboard/link/link_text.hpp"

namespace flm::ctl {
namespace {

constexpr int kTries = 5;
constexpr int kProbeTries = 2;  ///< in an SPI mode that may be the wrong one
constexpr std::size_t kLongestReply =
    700;                             ///< bytes; a board that never ends its reply is not waited for longer
constexpr double kPatience = 0.1;    ///< s until a message is taken as lost
constexpr double kCommitWait = 0.5;  ///< s, what a stock board needs
constexpr double kCommitPatience = 1.0;  ///< s

/// A typed line as a message. Throws InputError for what is no command.
Message typed(std::string_view line) {
  try {
    return message_of(line);
  } catch (const std::invalid_argument& error) {
    throw InputError(error.what());
  }
}

}  // namespace

/// What came back, to say what is wrong when it is no reply.
struct Board::Seen {
  std::size_t count = 0, zeros = 0, ones = 0;
  std::string sample;
  int rejected = 0;  ///< times

  void add(std::string_view bytes) {
    for (const char c : bytes) {
      ++count;
      if (c == '\0') ++zeros;
      if (c == '\xff') ++ones;
      if (c != '\0' && sample.size() < 8) sample += c;
    }
  }
};

std::string Identity::version() const {
  return fmt::format("{}.{}.{}", version_major, version_minor, version_patch);
}

std::vector<std::string> Identity::feature_names() const {
  namespace feature = protocol::feature;
  constexpr std::pair<std::uint16_t, const char*> all[] = {
      {feature::true_rms, "true_rms"},
      {feature::journal, "journal"},
      {feature::port_configuration, "port_configuration"},
      {feature::radio, "radio"},
      {feature::rs485, "rs485"},
      {feature::p1, "p1"}};
  std::vector<std::string> names;
  for (const auto& [bit, name] : all)
    if ((features & bit) != 0) names.emplace_back(name);
  return names;
}

bool Identity::newer() const {
  if (!extended) return false;
  int major = 0, minor = 0, patch = 0;
  const std::string_view own = FLM_VERSION;
  const char* end = own.data() + own.size();
  auto result = std::from_chars(own.data(), end, major);
  if (result.ptr < end) result = std::from_chars(result.ptr + 1, end, minor);
  if (result.ptr < end) std::from_chars(result.ptr + 1, end, patch);
  return std::tuple(version_major, version_minor, version_patch) > std::tuple(major, minor, patch);
}

SensorKind Layout::port_kind(int port) const {
  if (port == 6) return SensorKind::meter;
  if (port == 1) return SensorKind::clamp;
  return port <= 3 && analog ? SensorKind::clamp : SensorKind::pulse;
}

SensorKind Layout::sensor_kind(int sensor) const {
  for (int port = 1; port <= 6; ++port)
    if (sensor_of[port - 1] == sensor) return port_kind(port);
  return SensorKind::none;
}

std::vector<int> Layout::ports_of(int sensor) const {
  std::vector<int> ports;
  for (int port = 1; port <= 6; ++port)
    if (sensor_of[port - 1] == sensor) ports.push_back(port);
  return ports;
}

bool Layout::is_clipped(const Health& health, int sensor) const {
  const std::vector<int> ports = ports_of(sensor);
  return std::any_of(ports.begin(), ports.end(),
                     [&](int port) { return port_kind(port) == SensorKind::clamp && health.clipped(port); });
}

Board::Board(Bus& bus, std::string name) : bus_(bus), name_(std::move(name)) {
  // The slower board's timing is right for both.
  for (const BoardFacts& board : all_boards()) reply_wait_ = std::max(reply_wait_, board.reply_wait);
}

void Board::adapt(const BoardFacts& board) {
  bus_.adapt(board);
  reply_wait_ = board.reply_wait;
}

const Identity& Board::identify() {
  identity_ = {};
  std::optional<Message> version;
  if (bus_.has_modes()) {
    // In the mode of one board after the other, the newest first. None hears anything that makes sense in the
    // wrong one.
    const auto& boards = all_boards();
    for (std::size_t i = boards.size(); !version;) {
      BoardFacts slow = boards[--i];
      for (const BoardFacts& board : boards) slow.byte_gap = std::max(slow.byte_gap, board.byte_gap);
      bus_.adapt(slow);
      try {
        version = exchange(get_message('v'), kProbeTries);
      } catch (const NoAnswer&) {
        if (i == 0) throw;
      } catch (const BoardRefused&) {
        if (i == 0) throw;
      }
    }
  } else {
    version = exchange(get_message('v'), kTries);
  }
  const auto hardware = get('h'), software = get('s');
  identity_.hardware_major = static_cast<int>(hardware.at(0));
  identity_.hardware_minor = static_cast<int>(hardware.at(1));
  identity_.software_major = static_cast<int>(software.at(0));
  identity_.software_minor = static_cast<int>(software.at(1));
  take_identity(version->values);
  if (identity_.facts != nullptr) adapt(*identity_.facts);
  return identity_;
}

void Board::take_identity(const std::vector<std::uint32_t>& version) {
  identity_.extended = version.size() == 5;
  if (identity_.extended) {
    identity_.version_major = static_cast<int>(version[0]);
    identity_.version_minor = static_cast<int>(version[1]);
    identity_.version_patch = static_cast<int>(version[2]);
    identity_.features = static_cast<std::uint16_t>(version[4]);
  }
  for (const BoardFacts& board : all_boards()) {
    const bool same = identity_.extended ? board.letter == version[3]
                                         : board.hardware_major == identity_.hardware_major &&
                                               board.hardware_minor == identity_.hardware_minor;
    if (same) identity_.facts = &board;
  }
}

std::string Board::read(Seen& seen) {
  std::string text;
  while (text.size() < kLongestReply) {
    const std::string byte = bus_.clock(std::string_view("\0", 1));
    seen.add(byte);
    if (byte[0] == '\0') break;
    text += byte;
  }
  seen.add(bus_.clock(std::string_view("\0", 1)));
  if (on_channel)
    if (const auto bytes = channel_bytes(text); !bytes.empty()) on_channel(bytes);
  return text;
}

Board::Outcome Board::fetch(const Message& message, double first_wait, double patience, Message& reply,
                            Seen& seen) {
  bus_.wait(first_wait);
  for (double waited = first_wait;; waited += reply_wait_) {
    const std::string text = read(seen);
    if (const auto found = control_reply(text)) {
      reply = decode(*found);
      if (is_rejection(reply)) return Outcome::rejected;
      if (answers(reply, message)) return Outcome::reply;
      ++counters_.garbled;  // The answer to something older: this message's own is still to come.
    } else if (!text.empty() && text.front() != 'u' && !text.starts_with("lu")) {
      return Outcome::garbled;
    }
    if (waited >= patience) return Outcome::silence;
    bus_.wait(reply_wait_);
  }
}

Message Board::exchange(const Message& message, int tries) {
  const std::string bytes = encode(message) + std::string(2, '\0');
  const bool commit = message == commit_message();
  const bool quick = identity_.extended;  // Answers a commit when it is done.
  Seen seen;
  for (int attempt = 0; attempt < tries; ++attempt) {
    if (attempt > 0) ++counters_.retries;
    ++counters_.messages;
    seen.add(bus_.clock(bytes));
    Message reply;
    const double first = commit && !quick ? kCommitWait : reply_wait_;
    switch (
        fetch(message, first, commit ? kCommitPatience : std::max(kPatience, 2 * reply_wait_), reply, seen)) {
      case Outcome::reply: return reply;
      case Outcome::garbled: ++counters_.garbled; break;
      case Outcome::rejected:
        ++counters_.rejected;
        ++seen.rejected;
        break;
      default: break;
    }
  }
  fail(text_of(message), seen, tries);
}

void Board::fail(const std::string& line, const Seen& seen, int tries) const {
  if (seen.rejected == tries && line == "ct") throw NotStored(name_);
  if (seen.rejected != 0)
    throw BoardRefused(
        fmt::format("{}: the board answers 'zz' to '{}', {} times: what reaches it is damaged, by noise or "
                    "gaps that are too short",
                    name_, line, tries));
  if (seen.zeros == seen.count)
    throw NoAnswer(
        fmt::format("{}: no answer from the board to '{}', {} times: only zeros came back; has it power, and "
                    "is it on this port?",
                    name_, line, tries));
  if (seen.ones * 10 > seen.count * 9)
    throw NoAnswer(fmt::format(
        "{}: no answer from the board to '{}', {} times: the line stays high; is a board on this port?",
        name_, line, tries));
  std::string sample;
  for (const char c : seen.sample)
    sample += fmt::format("{}{:02x}", sample.empty() ? "" : " ", static_cast<unsigned char>(c));
  throw NoAnswer(
      fmt::format("{}: what comes back to '{}' is no answer of a board ({} ...), {} times; is this the right "
                  "port and speed?",
                  name_, line, sample, tries));
}

std::optional<Message> Board::ask(const Message& message) {
  Message reply = exchange(message, kTries);
  if (!is_answer(reply)) return std::nullopt;
  return reply;
}

Message Board::request(const Message& message) {
  if (auto reply = ask(message)) return *std::move(reply);
  throw BoardRefused(
      fmt::format("{}: the board refuses '{}': no such command on this board, no such sensor, clamp or port, "
                  "or a value out of "
                  "range; nothing has changed",
                  name_, text_of(message)));
}

std::string Board::request(std::string_view line) { return text_of(request(typed(line))); }

std::optional<std::vector<std::uint32_t>> Board::try_get(char letter, std::optional<int> index) {
  auto reply = ask(get_message(letter, index));
  if (!reply) return std::nullopt;
  return std::move(reply->values);
}

std::vector<std::uint32_t> Board::get(char letter, std::optional<int> index) {
  if (auto numbers = try_get(letter, index)) return *numbers;
  throw BoardRefused(fmt::format("{}: the board does not know 'g{}'{}", name_, letter,
                                 index ? fmt::format(" of {}", *index) : ""));
}

void Board::set(char letter, std::optional<int> index, std::vector<std::uint32_t> values) {
  request(set_message(letter, index, std::move(values)));
}

std::optional<Health> Board::health() {
  const auto reply = ask(get_message('r'));
  return reply ? mainboard::health_of(*reply) : std::nullopt;
}

std::optional<MeterReport> Board::meter(double t) {
  const auto reply = ask(get_message('z'));
  return reply ? mainboard::meter_report_of(*reply, t) : std::nullopt;
}

std::optional<ErrorCounters> Board::errors() {
  const auto reply = ask(get_message('x'));
  return reply ? mainboard::errors_of(*reply) : std::nullopt;
}

std::vector<Reading> Board::poll(const Layout& layout, double t) {
  return mainboard::readings_of(request(get_message('d')), t,
                                [&](int sensor) { return layout.sensor_kind(sensor); });
}

void Board::wait(double seconds) {
  if (!wait_unless_stopped(bus_, seconds)) throw Cancelled("cancelled");
}

void Board::commit() { request(commit_message()); }

Layout Board::layout() {
  Layout layout;
  const auto map = get('p');
  for (int port = 0; port < 6; ++port) {
    const auto sensor = map.at(static_cast<std::size_t>(port));
    layout.sensor_of[port] = sensor < 6 ? static_cast<int>(sensor) + 1 : 0;
  }
  for (int sensor = 0; sensor < 6; ++sensor) layout.enabled[sensor] = get('e', sensor).at(0) != 0;
  if (identity_.facts == nullptr || !identity_.facts->switched_ports.empty())
    if (const auto lines = try_get('k')) layout.analog = lines->at(0) != 0;
  return layout;
}

ClampStatistics Board::statistics(int port) {
  constexpr double step = 0.5, longest = 3.0;
  for (double waited = 0.0;; waited += step) {
    const auto reply = ask(get_message('a', port - 1));
    const auto statistics = reply ? mainboard::statistics_of(*reply) : std::nullopt;
    if (!statistics)
      throw BoardRefused(fmt::format("{}: the board does not know 'ga' of {}", name_, port - 1));
    if (statistics->samples != 0 || waited >= longest) return *statistics;
    bus_.wait(step);
  }
}

void Board::send_channel(std::string_view hex) {
  try {
    ++counters_.messages;
    (void)bus_.clock(encode_message(fmt::format("u {}", hex)) + std::string(2, '\0'));
  } catch (const std::invalid_argument& error) {
    throw InputError(error.what());
  }
  bus_.wait(reply_wait_);
}

void Board::listen() {
  Seen seen;
  (void)read(seen);
}

}  // namespace flm::ctl
