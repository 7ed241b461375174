// A controller to flash: an ATmega168P in reset, as a main board with /sys/class/gpio has it on its lines.
// Preloaded into avrdude (LD_PRELOAD), it answers serial programming bit by bit (data sheet 8271, 28.8) and
// keeps its memories in a file.
//   ISP_CHIP   the file: 16 384 bytes of flash, 512 of EEPROM, fuses low, high, extended; made erased, with
//   factory fuses, when absent ISP_BOARD  flm02a or flm02b: which lines are inverted on their way ISP_CUT the
//   controller falls silent after this many page writes: a flash that was interrupted
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t flash_size = 16384, eeprom_size = 512, page_size = 128;

/// Memories that the controller keeps without power.
struct Memories {
  std::array<std::uint8_t, flash_size> flash;
  std::array<std::uint8_t, eeprom_size> eeprom;
  std::array<std::uint8_t, 3> fuses;  ///< low, high, extended
};

class Chip {
 public:
  Chip() {
    memories_.flash.fill(0xFF);
    memories_.eeprom.fill(0xFF);
    memories_.fuses = {0x62, 0xDF, 0xF9};  // as the factory leaves them; unused bits of the third read as 1
    if (std::FILE* file = std::fopen(path(), "rb")) {
      if (std::fread(&memories_, sizeof memories_, 1, file) != 1) std::abort();
      std::fclose(file);
    }
    if (const char* cut = std::getenv("ISP_CUT")) writes_left_ = std::atoi(cut);
  }
  ~Chip() {
    std::FILE* file = std::fopen(path(), "wb");
    if (file == nullptr || std::fwrite(&memories_, sizeof memories_, 1, file) != 1) std::abort();
    std::fclose(file);
  }

  // The controller's pins.
  void reset(bool high) {
    if (reset_ && !high) {  // 28.8.2: SCK must be low when reset falls
      in_step_ = !clock_;
      enabled_ = false;
      bits_ = 0;
    }
    reset_ = high;
  }
  void data_in(bool high) { data_in_ = high; }
  void clock(bool high) {
    if (high && !clock_) rises();
    if (!high && clock_) falls();
    clock_ = high;
  }
  [[nodiscard]] bool data_out() const { return reset_ || !in_step_ || (out_ & 0x80) != 0; }

 private:
  static const char* path() { return std::getenv("ISP_CHIP"); }

  void rises() {
    if (reset_ || !in_step_) return;
    in_ = static_cast<std::uint8_t>(in_ << 1 | (data_in_ ? 1 : 0));
    ++bits_;
  }
  void falls() {
    if (reset_ || !in_step_) return;
    if (bits_ % 8 != 0) {
      out_ = static_cast<std::uint8_t>(out_ << 1);
      return;
    }
    instruction_[(bits_ / 8 - 1) % 4] = in_;
    out_ = in_;  // the byte before comes back, unless there is an answer
    if (bits_ == 24) out_ = answer();
    if (bits_ == 32) {
      perform();
      bits_ = 0;
    }
  }

  [[nodiscard]] std::size_t address() const {
    return static_cast<std::size_t>(instruction_[1] << 8 | instruction_[2]);
  }

  /// The fourth byte of a read (table 28-17).
  [[nodiscard]] std::uint8_t answer() const {
    if (!enabled_) return in_;
    const std::uint8_t lock = 0xFF;
    switch (instruction_[0]) {
      case 0x20: return memories_.flash[address() * 2 % flash_size];
      case 0x28: return memories_.flash[(address() * 2 + 1) % flash_size];
      case 0xA0: return memories_.eeprom[address() % eeprom_size];
      case 0x30: return std::array<std::uint8_t, 4>{0x1E, 0x94, 0x0B, 0xFF}[instruction_[2] & 3u];
      case 0x50: return memories_.fuses[instruction_[1] == 0x08 ? 2 : 0];
      case 0x58: return instruction_[1] == 0x08 ? memories_.fuses[1] : lock;
      case 0xF0: return 0;  // not busy
      default: return in_;
    }
  }

  void perform() {
    if (instruction_[0] == 0xAC && instruction_[1] == 0x53) {
      enabled_ = true;
      return;
    }
    if (!enabled_) return;
    const std::uint8_t value = instruction_[3];
    switch (instruction_[0]) {
      case 0xAC:
        if ((instruction_[1] & 0xE0) == 0x80) erase();
        if (instruction_[1] == 0xA0) memories_.fuses[0] = value;
        if (instruction_[1] == 0xA8) memories_.fuses[1] = value;
        if (instruction_[1] == 0xA4) memories_.fuses[2] = static_cast<std::uint8_t>(0xF8 | value);
        break;
      case 0x40: page_[address() % (page_size / 2) * 2] = value; break;
      case 0x48: page_[address() % (page_size / 2) * 2 + 1] = value; break;
      case 0x4C: write_page(); break;
      case 0xC0: memories_.eeprom[address() % eeprom_size] = value; break;
      case 0xC1: eeprom_page_[address() % eeprom_page_.size()] = value; break;
      case 0xC2:
        for (std::size_t i = 0; i < eeprom_page_.size(); ++i)
          memories_.eeprom[(address() & ~(eeprom_page_.size() - 1)) % eeprom_size + i] = eeprom_page_[i];
        break;
      default: break;
    }
  }

  void erase() {
    memories_.flash.fill(0xFF);
    if ((memories_.fuses[1] & 0x08) != 0) memories_.eeprom.fill(0xFF);  // EESAVE not programmed
  }

  void write_page() {
    if (writes_left_ == 0) {
      in_step_ = false;
      return;
    }
    if (writes_left_ > 0) --writes_left_;
    const std::size_t start = address() * 2 / page_size * page_size % flash_size;
    for (std::size_t i = 0; i < page_size; ++i)
      memories_.flash[start + i] &= page_[i];  // a write clears bits, it sets none
    page_.fill(0xFF);
  }

  Memories memories_{};
  int writes_left_ = -1;  ///< -1: any number
  bool reset_ = true, clock_ = false, data_in_ = false;
  bool in_step_ = false, enabled_ = false;
  unsigned bits_ = 0;
  std::uint8_t in_ = 0, out_ = 0;
  std::array<std::uint8_t, 4> instruction_{};
  std::array<std::uint8_t, page_size> page_ = erased_page();
  std::array<std::uint8_t, 4> eeprom_page_{0xFF, 0xFF, 0xFF, 0xFF};

  static std::array<std::uint8_t, page_size> erased_page() {
    std::array<std::uint8_t, page_size> page{};
    page.fill(0xFF);
    return page;
  }
};

/// The lines between main board and controller (boards/README.md): 0 reset, 1 data in, 2 data out,
/// 3 clock.
class Lines {
 public:
  static Lines& all() {
    static Lines lines;
    return lines;
  }
  void set(int line, bool high) {
    if (line == 0) chip_.reset(!high);
    if (line == 1) chip_.data_in(high);
    if (line == 3) chip_.clock(high != clock_inverted_);
  }
  /// A line that is not driven: a resistor keeps the controller running.
  void release(int line) {
    if (line == 0) chip_.reset(true);
  }
  [[nodiscard]] bool get(int line) const { return line == 2 && chip_.data_out(); }

 private:
  Chip chip_;
  bool clock_inverted_ = std::string_view(std::getenv("ISP_BOARD")) == "flm02a";
};

constexpr std::string_view folder = "/sys/class/gpio/";
std::map<int, std::string> files;  ///< below the folder, by descriptor
std::map<int, bool> driven;        ///< exported lines: set to output

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int line_of(const std::string& file) {
  int line = -1;
  std::sscanf(file.c_str(), "gpio%d", &line);
  return line;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  static auto* const next = real<int(const char*, int, mode_t)>("open");
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  const std::string_view name(path);
  if (!name.starts_with(folder)) return next(path, flags, mode);
  const std::string file(name.substr(folder.size()));
  const int line = line_of(file);
  if (line >= 0 && !driven.contains(line)) {
    errno = ENOENT;
    return -1;
  }
  const int descriptor = next("/dev/null", O_RDWR, 0);
  files[descriptor] = file;
  return descriptor;
}

int close(int descriptor) {
  static auto* const next = real<int(int)>("close");
  files.erase(descriptor);
  return next(descriptor);
}

ssize_t write(int descriptor, const void* data, size_t size) {
  static auto* const next = real<ssize_t(int, const void*, size_t)>("write");
  const auto found = files.find(descriptor);
  if (found == files.end()) return next(descriptor, data, size);
  const std::string text(static_cast<const char*>(data), size);
  const std::string& file = found->second;
  const int line = line_of(file);
  if (file == "export") {
    driven[std::atoi(text.c_str())] = false;
  } else if (file == "unexport") {
    driven.erase(std::atoi(text.c_str()));
  } else if (file.ends_with("/direction")) {
    driven[line] = text.starts_with("out");
    if (driven[line])
      Lines::all().set(line, false);  // the kernel's "out" is "low"
    else
      Lines::all().release(line);
  } else if (driven[line]) {
    Lines::all().set(line, text.starts_with("1"));
  }
  return static_cast<ssize_t>(size);
}

ssize_t read(int descriptor, void* data, size_t size) {
  static auto* const next = real<ssize_t(int, void*, size_t)>("read");
  const auto found = files.find(descriptor);
  if (found == files.end()) return next(descriptor, data, size);
  *static_cast<char*>(data) = Lines::all().get(line_of(found->second)) ? '1' : '0';
  return 1;
}

int stat(const char* path, struct stat* result) {
  static auto* const next = real<int(const char*, struct stat*)>("stat");
  return std::string_view(path).starts_with(folder) ? 0 : next(path, result);
}

/// avrdude waits 100 ms for each line of a real kernel, and for each page of a real memory.
int usleep(useconds_t) { return 0; }

}  // extern "C"
