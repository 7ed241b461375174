#include "tools/mainboard/readings/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "protocol/hex.hpp"
#include "protocol/p1.hpp"
#include "tools/common/input_error.hpp"
#include "tools/mainboard/readings/p1_text.hpp"

namespace flm::sim {
namespace {

namespace p1 = protocol::p1;
using p1::Error;
using p1::Event;
using Parser = p1::Parser<p1::AllFieldsAnyCrc>;

/// Bytes in readable form, cut where they are too many.
std::string printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, 60))
    text +=
        c >= ' ' && c <= '~' ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return bytes.size() > 60 ? text + "..." : text;
}

/// "4530..." as the text that it is, if it is.
std::string equipment_text(std::string_view digits) {
  std::string text;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    const std::uint8_t high = protocol::hex_value(digits[i]), low = protocol::hex_value(digits[i + 1]);
    const char c = static_cast<char>(high << 4 | low);
    if (high == protocol::not_hex || low == protocol::not_hex || c < ' ' || c > '~')
      return std::string(digits);
    text += c;
  }
  return digits.size() % 2 == 0 && !text.empty() ? text : std::string(digits);
}

std::string_view line_at(const std::string& bytes, std::size_t at) {
  const std::size_t before = at == 0 ? std::string::npos : bytes.rfind('\n', at - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  const std::size_t end = std::min(bytes.find_first_of("\r\n", begin), bytes.size());
  return std::string_view(bytes).substr(begin, end - begin);
}

/// The text with a meter's line ends, CR LF.
std::string with_line_ends(std::string_view text) {
  std::string result;
  for (const char c : text)
    if (c == '\n')
      result += "\r\n";
    else if (c != '\r')
      result += c;
  return result;
}

bool has_crc(std::string_view text, std::string_view given) {
  std::uint16_t arc = p1::Arc::initial, x25 = p1::X25::initial;
  for (const char c : text) {
    arc = p1::Arc::step(arc, static_cast<std::uint8_t>(c));
    x25 = p1::X25::step(x25, static_cast<std::uint8_t>(c));
  }
  unsigned number = 0;
  const auto end = std::from_chars(given.data(), given.data() + given.size(), number, 16).ptr;
  return end == given.data() + given.size() && !given.empty() &&
         (number == arc || number == (x25 ^ p1::X25::final_xor));
}

class Decoder {
 public:
  Decoder(const std::string& bytes, bool without_crc) : bytes_(bytes) {
    parser_.accept_without_crc(without_crc);
  }

  Decoded run() {
    for (at_ = 0; at_ < bytes_.size(); ++at_) step(static_cast<std::uint8_t>(bytes_[at_]));
    // The last line may have no end.
    if (!bytes_.empty() && bytes_.back() != '\n') step('\n');
    if (begun_ && parser_.in_telegram()) refuse(Error::cut, bytes_.size());
    for (std::uint8_t e = 0; e < static_cast<std::uint8_t>(Error::count); ++e) {
      const auto count = static_cast<unsigned>(parser_.errors(static_cast<Error>(e)));
      if (count != 0) result_.errors[std::string(p1_error_name(static_cast<Error>(e)))] += count;
    }
    return result_;
  }

 private:
  void step(std::uint8_t byte) {
    if (byte == '/' && !parser_.in_telegram()) begin(at_);
    switch (parser_.push(byte)) {
      case Event::none: break;
      case Event::telegram: accept(); break;
      case Event::reading_refused: {
        const std::string_view line = line_at(bytes_, at_);
        faults_.push_back({at_, std::string(p1_error_name(parser_.error())),
                           fmt::format("{}: {}", printable(line), p1_error_message(parser_.error()))});
        break;
      }
      case Event::refused: {
        if (parser_.error() != Error::cut) {
          refuse(parser_.error(), at_);
          break;
        }
        const std::size_t next = byte == '/' ? at_ : header_of_line(at_);
        refuse(Error::cut, next);
        begin(next);
        break;
      }
    }
    if (in_header_ && byte == '\n') {
      begin_ = header_of_line(at_);
      in_header_ = false;
    }
  }
  void begin(std::size_t at) {
    begin_ = at;
    begun_ = in_header_ = true;
    faults_.clear();
  }
  /// The '/' of the header whose line ends here: the last one, as the parser takes it, but for those of
  /// Holley: /HLY5/D545-METER.
  [[nodiscard]] std::size_t header_of_line(std::size_t end) const {
    const std::size_t before = end == 0 ? std::string::npos : bytes_.rfind('\n', end - 1);
    std::size_t header = std::string::npos, length = 0;
    for (std::size_t i = before == std::string::npos ? 0 : before + 1; i < end; ++i) {
      if (bytes_[i] == '\r') continue;
      if (bytes_[i] == '/' && (header == std::string::npos || length != 5)) {
        header = i;
        length = 0;
      }
      ++length;
    }
    return header == std::string::npos ? begin_ : header;
  }

  DecodedTelegram common(std::size_t end) {
    DecodedTelegram telegram{};
    telegram.offset = begin_;
    telegram.bytes = end - begin_;
    const std::string_view text = std::string_view(bytes_).substr(begin_, end - begin_);
    telegram.header = printable(text.substr(0, text.find_first_of("\r\n")).substr(1));
    telegram.faults = std::move(faults_);
    faults_.clear();
    begun_ = false;
    return telegram;
  }

  void accept() {
    DecodedTelegram telegram = common(at_);
    const std::string_view text = std::string_view(bytes_).substr(begin_, at_ - begin_);
    for (const char* id : {"\n0-0:96.1.1(", "\n0-0:96.1.0(", "\n0-0:42.0.0("}) {
      const std::size_t found = text.find(id);
      if (found == std::string_view::npos || !telegram.equipment.empty()) continue;
      const std::size_t value = found + std::strlen(id);
      telegram.equipment = printable(equipment_text(text.substr(value, text.find(')', value) - value)));
    }
    if (parser_.has_net()) {
      telegram.import_wh = parser_.import_wh();
      telegram.export_wh = parser_.export_wh();
      telegram.net_wh = parser_.net_wh();
    }
    if (parser_.has_power()) telegram.power_w = parser_.power_w();
    for (std::uint8_t r = 0; r < static_cast<std::uint8_t>(p1::Register::count); ++r) {
      const auto one = static_cast<p1::Register>(r);
      if (parser_.has(one))
        telegram.registers.emplace_back(p1_register_name(one), static_cast<std::int64_t>(parser_.get(one)));
    }
    for (std::uint8_t i = 0; i < p1::AllFields::devices; ++i) {
      const p1::Device& device = parser_.device(i);
      if (!device.has_value) continue;
      telegram.devices.push_back({device.channel, p1_device_name(device.type),
                                  std::string(p1_device_unit(device.type)), device.value,
                                  device.time != 0 ? std::optional(device.time) : std::nullopt});
    }
    result_.telegrams.push_back(std::move(telegram));
  }

  void refuse(Error error, std::size_t at) {
    DecodedTelegram telegram = common(at);
    std::string message(p1_error_message(error));
    if (error == Error::crc || error == Error::crc_form) {
      const std::size_t end = bytes_.rfind('!', at);
      const std::string_view rest = std::string_view(bytes_).substr(end + 1);
      const std::string_view given = rest.substr(0, rest.find_first_of("\r\n"));
      std::uint16_t crc = p1::Arc::initial;
      for (std::size_t i = telegram.offset; i <= end; ++i)
        crc = p1::Arc::step(crc, static_cast<std::uint8_t>(bytes_[i]));
      message += fmt::format("; after '!' is '{}', CRC-16/ARC of the bytes is {:04X}", printable(given), crc);
      const std::string_view text =
          std::string_view(bytes_).substr(telegram.offset, end + 1 - telegram.offset);
      const std::string ended = with_line_ends(text);
      if (ended != text && has_crc(ended, given.substr(0, given.find_last_not_of(' ') + 1)))
        message += fmt::format("; with CR LF line ends it is right: this file has {}",
                               ended.size() > text.size() ? "lost its CRs" : "other line ends");
    }
    telegram.error = DecodedFault{at, std::string(p1_error_name(error)), message};
    if (error == Error::cut && at == bytes_.size()) ++result_.errors["cut"];
    result_.telegrams.push_back(std::move(telegram));
  }

  const std::string& bytes_;
  std::size_t at_ = 0, begin_ = 0;
  bool begun_ = false, in_header_ = false;
  Parser parser_;
  std::vector<DecodedFault> faults_;
  Decoded result_;
};

void finish(std::FILE* out) {
  if (std::fflush(out) != 0) throw InputError(fmt::format("standard output: {}", std::strerror(errno)));
}

constexpr const char* no_energy = "the telegram has no energy of a register that is read";
constexpr const char* no_telegram =
    "no telegram: one begins with '/' at the beginning of a line, and ends with '!' at that of a later line";

bool is_time(const std::string& name) { return name == "time" || name == "month_peak_time"; }

nlohmann::ordered_json json_of(const DecodedFault& fault) {
  return {{"offset", fault.offset}, {"error", fault.error}, {"message", fault.message}};
}

nlohmann::ordered_json json_of(const DecodedTelegram& t) {
  nlohmann::ordered_json j;
  j["offset"] = t.offset;
  j["bytes"] = t.bytes;
  j["accepted"] = !t.error.has_value() && t.has_energy();
  j["header"] = t.header;
  if (t.error) {
    j["error"] = t.error->error;
    j["error_offset"] = t.error->offset;
    j["message"] = t.error->message;
  } else {
    if (!t.equipment.empty()) j["equipment"] = t.equipment;
    if (t.net_wh) {
      j["import_wh"] = *t.import_wh;
      j["export_wh"] = *t.export_wh;
      j["net_wh"] = *t.net_wh;
    }
    if (!t.has_energy()) j["message"] = no_energy;
    if (t.power_w) j["power_w"] = *t.power_w;
    j["registers"] = nlohmann::ordered_json::object();
    for (const auto& [name, value] : t.registers)
      if (is_time(name))
        j["registers"][name] = utc_text(static_cast<std::uint32_t>(value));
      else
        j["registers"][name] = value;
    j["devices"] = nlohmann::ordered_json::array();
    for (const DecodedDevice& d : t.devices) {
      nlohmann::ordered_json one = {{"channel", d.channel}, {"type", d.type}};
      one["value_" + d.unit] = d.value;
      if (d.time) one["time"] = utc_text(*d.time);
      j["devices"].push_back(one);
    }
  }
  j["faults"] = nlohmann::ordered_json::array();
  for (const DecodedFault& fault : t.faults) j["faults"].push_back(json_of(fault));
  return j;
}

}  // namespace

std::size_t Decoded::refused() const {
  return static_cast<std::size_t>(
      std::count_if(telegrams.begin(), telegrams.end(), [](const auto& t) { return t.error.has_value(); }));
}

std::size_t Decoded::without_energy() const {
  return static_cast<std::size_t>(std::count_if(telegrams.begin(), telegrams.end(),
                                                [](const auto& t) { return !t.error && !t.has_energy(); }));
}

Decoded decode_p1(const std::string& bytes, bool without_crc) { return Decoder(bytes, without_crc).run(); }

void print_decoded(const Decoded& decoded, const std::string& name, bool json, std::FILE* out) {
  if (json) {
    nlohmann::ordered_json j;
    j["file"] = name;
    j["accepted"] = decoded.accepted();
    j["refused"] = decoded.refused();
    j["without_energy"] = decoded.without_energy();
    if (decoded.telegrams.empty()) j["message"] = no_telegram;
    j["errors"] = decoded.errors;
    j["telegrams"] = nlohmann::ordered_json::array();
    for (const DecodedTelegram& t : decoded.telegrams) j["telegrams"].push_back(json_of(t));
    fmt::print(out, "{}\n", j.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    finish(out);
    return;
  }
  for (const DecodedTelegram& t : decoded.telegrams) {
    fmt::print(out, "byte {}: /{}  {} bytes\n", t.offset, t.header, t.bytes);
    if (t.error)
      fmt::print(out, "  REFUSED at byte {}: {} ({})\n", t.error->offset, t.error->message, t.error->error);
    if (!t.error && !t.has_energy()) fmt::print(out, "  NO ENERGY: {}\n", no_energy);
    if (!t.equipment.empty()) fmt::print(out, "  {:24}{}\n", "equipment", t.equipment);
    if (t.net_wh) fmt::print(out, "  {:24}{} ({} - {})\n", "net_wh", *t.net_wh, *t.import_wh, *t.export_wh);
    if (t.power_w) fmt::print(out, "  {:24}{}\n", "power_w", *t.power_w);
    for (const auto& [register_name, value] : t.registers)
      fmt::print(
          out, "  {:24}{}\n", register_name,
          is_time(register_name) ? utc_text(static_cast<std::uint32_t>(value)) : fmt::format("{}", value));
    for (const DecodedDevice& d : t.devices)
      fmt::print(out, "  {:24}{}{}\n", fmt::format("{} {} {}", d.type, d.channel, d.unit), d.value,
                 d.time ? "  at " + utc_text(*d.time) : "  (no time)");
    for (const DecodedFault& fault : t.faults)
      fmt::print(out, "  refused at byte {}: {} ({})\n", fault.offset, fault.message, fault.error);
  }
  fmt::print(out, "{} accepted, {} refused", decoded.accepted(), decoded.refused());
  if (decoded.without_energy() != 0) fmt::print(out, ", {} without energy", decoded.without_energy());
  for (const auto& [error, count] : decoded.errors) fmt::print(out, ", {} {}", error, count);
  if (decoded.telegrams.empty()) fmt::print(out, "; {}", no_telegram);
  fmt::print(out, "\n");
  finish(out);
}

std::string read_file_bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file))
    throw InputError(fmt::format("{}: cannot be read: {}; allowed: a file with P1 telegrams", file.string(),
                                 in ? "it is a folder" : std::strerror(errno)));
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace flm::sim
