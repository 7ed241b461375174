#include "sim/world/recording.hpp"

#include <fmt/format.h>
#include <sndfile.h>

#include <charconv>
#include <cmath>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/common/input_error.hpp"

namespace flm::sim {
namespace {

std::string_view trimmed(std::string_view s) {
  const auto blank = " \t\r";
  const auto first = s.find_first_not_of(blank);
  return first == s.npos ? std::string_view{} : s.substr(first, s.find_last_not_of(blank) - first + 1);
}

bool digits_only(std::string_view s) { return !s.empty() && s.find_first_not_of("0123456789") == s.npos; }

/// A field of a line, without blanks around it and quotes. Where a comma cannot end a field, it is a decimal
/// comma.
struct Field {
  std::string_view text;
  bool comma_is_decimal = false;

  [[nodiscard]] std::optional<double> number() const {
    std::string digits(text.starts_with('+') ? text.substr(1) : text);
    if (comma_is_decimal && digits.find('.') == digits.npos)
      if (const auto comma = digits.find(','); comma != digits.npos) digits[comma] = '.';
    double value = 0.0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (result.ec != std::errc{} || result.ptr != digits.data() + digits.size()) return std::nullopt;
    return value;
  }
};

std::vector<Field> fields_of(std::string_view line, char separator) {
  std::vector<Field> fields;
  while (true) {
    std::size_t end = 0;
    if (line.starts_with('"')) {
      const auto quote = line.find('"', 1);
      if (quote == line.npos) return {{line}};
      end = line.find(separator, quote);
      fields.push_back({trimmed(line.substr(1, quote - 1)), true});
    } else {
      end = line.find(separator);
      fields.push_back({trimmed(line.substr(0, end)), separator != ','});
    }
    if (end == line.npos) return fields;
    line = separator == '\t' ? line.substr(end + 1) : trimmed(line.substr(end + 1));
  }
}

/// Columns of a file without names that are halves of numbers with decimal commas: "0,0707" is 0 and 0707.
/// No program writes columns of whole numbers alone, every second of which has as many digits in all lines,
/// with zeros in front; or no sign, beside one that has.
class Halves {
 public:
  void look(const std::vector<Field>& fields) {
    ++lines_;
    if (fields.size() % 2 != 0) likely_ = false;
    for (std::size_t i = 0; likely_ && i < fields.size(); ++i) {
      const std::string_view text = fields[i].text;
      if (i % 2 == 0) {
        negative_ = negative_ || text.starts_with('-');
        likely_ = digits_only(text.substr(text.starts_with('-') ? 1 : 0));
        continue;
      }
      if (digits_ == 0) digits_ = text.size();
      likely_ = digits_only(text);
      even_ = even_ && text.size() == digits_ && digits_ >= 2;
      zero_ = zero_ || text.starts_with('0');
    }
  }
  [[nodiscard]] bool found() const { return likely_ && lines_ >= 2 && (negative_ || (even_ && zero_)); }

 private:
  bool likely_ = true, even_ = true, zero_ = false, negative_ = false;
  std::size_t digits_ = 0, lines_ = 0;
};

/// Calls use(line number, columns) for each line with numbers in it.
void read_csv(const std::filesystem::path& file,
              const std::function<void(int, const std::vector<double>&)>& use) {
  std::ifstream in(file);
  if (!in) throw InputError(fmt::format("{}: cannot be opened", file.string()));
  std::string line;
  std::vector<double> columns;
  char separator = 0;        // not known yet
  std::size_t in_first = 0;  // columns of the first line
  bool has_names = false;
  Halves halves;
  int first_number = 0;
  for (int number = 1; std::getline(in, line); ++number) {
    if (number == 1 && (line.starts_with("\xFF\xFE") || line.starts_with("\xFE\xFF")))
      throw InputError(fmt::format("{}: is UTF-16; allowed: ASCII or UTF-8", file.string()));
    if (number == 1 && line.starts_with("\xEF\xBB\xBF"))
      line.erase(0, 3);  // the byte-order mark of spreadsheets
    const std::string_view rest = trimmed(std::string_view(line).substr(0, line.find('#')));
    if (rest.empty()) continue;
    if (separator == 0 && rest.size() == 5 &&
        rest.starts_with("sep=")) {  // how a spreadsheet names a different separator
      separator = rest[4];
      continue;
    }
    const bool first = in_first == 0;
    if (first && separator == 0)
      separator = rest.find(';') != rest.npos ? ';' : rest.find('\t') != rest.npos ? '\t' : ',';
    const std::vector<Field> fields = fields_of(rest, separator);
    columns.clear();
    bool names = false;
    for (const Field& field : fields) {
      const auto value = field.number();
      if (!value) {
        if (!first) {
          if (fields.size() != in_first) break;  // reported below
          throw InputError(fmt::format("{}:{}: column {}: '{}' is not a number", file.string(), number,
                                       columns.size(), field.text));
        }
        names = true;
      } else if (!std::isfinite(*value)) {
        throw InputError(fmt::format("{}:{}: column {}: '{}' is not finite; allowed: finite numbers",
                                     file.string(), number, columns.size(), field.text));
      }
      columns.push_back(value.value_or(0.0));
    }
    if (first) {
      in_first = fields.size();
      has_names = names;
      if (names && in_first == 1) separator = ';';  // One column: a comma in it is a decimal comma.
    } else if (fields.size() != in_first) {
      throw InputError(fmt::format(
          "{}:{}: {} columns where the first line has {}{}; allowed: as many in every line, and with decimal "
          "commas semicolons between them",
          file.string(), number, fields.size(), in_first, separator == ',' ? ": a decimal comma?" : ""));
    }
    if (names) continue;
    if (first_number == 0) first_number = number;
    if (!has_names && separator == ',') halves.look(fields);
    use(number, columns);
  }
  if (!has_names && separator == ',' && halves.found())
    throw InputError(
        fmt::format("{}:{}: columns that look like halves of numbers: decimal commas? allowed: decimal "
                    "points, semicolons between columns, or a line of names first",
                    file.string(), first_number));
}

Recording read_csv_recording(const std::filesystem::path& file, int channel, std::optional<double> rate) {
  const auto column = static_cast<std::size_t>(channel);
  Recording recording;
  std::vector<double> times;
  if (!rate && channel == 0)
    throw InputError(
        fmt::format("{}: channel 0 is the time column when no rate is given; allowed: 1 and up, or a rate",
                    file.string()));
  read_csv(file, [&](int line, const std::vector<double>& columns) {
    if (columns.size() <= column)
      throw InputError(fmt::format("{}:{}: {} columns, channel {} asked for; allowed: 0 to {}", file.string(),
                                   line, columns.size(), channel, columns.size() - 1));
    if (!rate) {
      if (!times.empty() && columns[0] <= times.back())
        throw InputError(fmt::format("{}:{}: time {} does not come after {}; times must increase",
                                     file.string(), line, columns[0], times.back()));
      times.push_back(columns[0]);
      const std::size_t n = times.size();
      if (n >= 3 &&
          std::abs((times[n - 1] - times[n - 2]) - (times[1] - times[0])) > 0.01 * (times[1] - times[0]))
        throw InputError(fmt::format(
            "{}:{}: the step to time {} differs from the first step, {} s; times must be evenly spaced",
            file.string(), line, columns[0], times[1] - times[0]));
    }
    recording.samples.push_back(columns[column]);
  });
  if (recording.samples.size() < 2) throw InputError(fmt::format("{}: fewer than 2 samples", file.string()));
  recording.rate = rate ? *rate : static_cast<double>(times.size() - 1) / (times.back() - times.front());
  return recording;
}

Recording read_sound(const std::filesystem::path& file, int channel) {
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, decltype(&sf_close)> sound(sf_open(file.c_str(), SFM_READ, &info),
                                                            &sf_close);
  if (!sound)
    throw InputError(fmt::format("{}: {}; allowed: a sound file that libsndfile reads, or .csv",
                                 file.string(), sf_strerror(nullptr)));
  if (channel >= info.channels)
    throw InputError(
        fmt::format("{}: no channel {}; allowed: 0 to {}", file.string(), channel, info.channels - 1));
  Recording recording;
  recording.rate = info.samplerate;
  constexpr sf_count_t block = 4096;
  std::vector<double> frames(static_cast<std::size_t>(block * info.channels));
  for (sf_count_t got = 0; (got = sf_readf_double(sound.get(), frames.data(), block)) > 0;)
    for (sf_count_t i = 0; i < got; ++i) {
      const double value = frames[static_cast<std::size_t>(i * info.channels + channel)];
      if (!std::isfinite(value))
        throw InputError(fmt::format("{}: frame {} is not finite", file.string(), recording.samples.size()));
      recording.samples.push_back(value);
    }
  if (static_cast<sf_count_t>(recording.samples.size()) != info.frames)
    throw InputError(fmt::format("{}: ends after {} of {} frames: the file is cut or damaged", file.string(),
                                 recording.samples.size(), info.frames));
  if (recording.samples.size() < 2) throw InputError(fmt::format("{}: fewer than 2 samples", file.string()));
  return recording;
}

}  // namespace

Recording read_recording(const std::filesystem::path& file, int channel, std::optional<double> rate) {
  return file.extension() == ".csv" ? read_csv_recording(file, channel, rate) : read_sound(file, channel);
}

std::vector<Edge> read_edges(const std::filesystem::path& file) {
  std::vector<Edge> edges;
  read_csv(file, [&](int line, const std::vector<double>& columns) {
    if (columns.size() != 2)
      throw InputError(
          fmt::format("{}:{}: {} columns; allowed: seconds,level, or seconds;level with decimal commas",
                      file.string(), line, columns.size()));
    if (columns[0] < 0.0 || (!edges.empty() && columns[0] <= edges.back().time))
      throw InputError(
          fmt::format("{}:{}: time {} does not come after the one before; times must increase from 0",
                      file.string(), line, columns[0]));
    if (columns[1] != 0.0 && columns[1] != 1.0)
      throw InputError(fmt::format("{}:{}: level {}; allowed: 0, 1", file.string(), line, columns[1]));
    edges.push_back({columns[0], columns[1] == 1.0});
  });
  return edges;
}

}  // namespace flm::sim
