#include "tools/mainboard/board/board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <tuple>

#include "protocol/commands.hpp"
#include "tools/mainboard/link/link_text.hpp"

namespace flm::mainboard {
namespace {

constexpr int kProbeTries = 2;  ///< in an SPI mode that may be the wrong one

/// A typed line as a message. Throws InputError for what is no command.
Message typed(std::string_view line) {
  try {
    return message_of(line);
  } catch (const std::invalid_argument& error) {
    throw InputError(error.what());
  }
}

}  // namespace

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
  if (port == board->meter_port) return SensorKind::meter;
  return board->is_clamp_port(port) && (analog || !board->is_switched(port)) ? SensorKind::clamp
                                                                             : SensorKind::pulse;
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

Board::Board(Bus& bus, std::string name, const LinkPolicy& policy)
    : bus_(bus), link_(bus, policy), name_(std::move(name)) {
  set_reply_wait(0ns);
  // The slower board's timing is right for both.
  for (const BoardFacts& board : all_boards()) set_reply_wait(std::max(reply_wait_, board.reply_wait));
}

void Board::set_reply_wait(Time wait) {
  reply_wait_ = wait;
  link_.set_reply_wait(wait);
}

void Board::adapt(const BoardFacts& board) {
  bus_.adapt(board);
  set_reply_wait(board.reply_wait);
}

void Board::assume(const BoardFacts& board) {
  identity_.facts = &board;
  adapt(board);
}

const Identity& Board::identify() {
  identity_ = {};
  link_.set_quick_commit(false);
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
    version = exchange(get_message('v'), link_.policy().tries);
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
  link_.set_quick_commit(identity_.extended);
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

Message Board::exchange(const Message& message, int tries) {
  Link::Result result = link_.exchange(message, tries);
  if (!result.reply) fail(text_of(message), result.seen, tries);
  return *std::move(result.reply);
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
  Message reply = exchange(message, link_.policy().tries);
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
  return reply ? health_of(*reply) : std::nullopt;
}

std::optional<MeterReport> Board::meter(double t) {
  const auto reply = ask(get_message('z'));
  return reply ? meter_report_of(*reply, t) : std::nullopt;
}

std::optional<ErrorCounters> Board::errors() {
  const auto reply = ask(get_message('x'));
  return reply ? errors_of(*reply) : std::nullopt;
}

std::vector<Reading> Board::poll(const Layout& layout, double t) {
  return readings_of(request(get_message('d')), t, [&](int sensor) { return layout.sensor_kind(sensor); });
}

void Board::wait(Time span) {
  if (!wait_unless_stopped(bus_, span)) throw Cancelled("cancelled");
}

void Board::commit() { request(commit_message()); }

Layout Board::layout() {
  Layout layout;
  if (identity_.facts != nullptr) layout.board = identity_.facts;
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
  constexpr Time step = 500ms, longest = 3s;
  for (Time waited{};; waited += step) {
    const auto reply = ask(get_message('a', port - 1));
    const auto statistics = reply ? statistics_of(*reply) : std::nullopt;
    if (!statistics)
      throw BoardRefused(fmt::format("{}: the board does not know 'ga' of {}", name_, port - 1));
    if (statistics->samples != 0 || waited >= longest) return *statistics;
    bus_.wait(step);
  }
}

void Board::send_channel(std::string_view hex) {
  try {
    link_.send(encode_message(fmt::format("u {}", hex)));
  } catch (const std::invalid_argument& error) {
    throw InputError(error.what());
  }
  bus_.wait(reply_wait_);
}

}  // namespace flm::mainboard
