// One emulated ATmega168P, or a sibling of it: what libsimavr offers, in the terms that the models of
// this folder are written in.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <sim_avr.h>

#include "sim/image/chip/crystal_time.hpp"
#include "sim/image/elf/elf.hpp"
#include "sim/image/elf/engine_error.hpp"

namespace flm::sim {

class Observer;
class Event;

/// Data-space addresses of the ATmega168P's registers that the models handle (data sheet 8271, register
/// summary).
namespace reg {
enum : std::uint16_t {
  pinb = 0x23,
  ddrb = 0x24,
  portb = 0x25,
  pinc = 0x26,
  ddrc = 0x27,
  portc = 0x28,
  pind = 0x29,
  ddrd = 0x2A,
  portd = 0x2B,
  tifr0 = 0x35,
  tifr1 = 0x36,
  tifr2 = 0x37,
  pcifr = 0x3B,
  eifr = 0x3C,
  eimsk = 0x3D,
  gpior0 = 0x3E,
  eecr = 0x3F,
  eedr = 0x40,
  eearl = 0x41,
  eearh = 0x42,
  spcr = 0x4C,
  spsr = 0x4D,
  spdr = 0x4E,
  acsr = 0x50,
  smcr = 0x53,
  mcusr = 0x54,
  wdtcsr = 0x60,
  clkpr = 0x61,
  pcicr = 0x68,
  timsk0 = 0x6E,
  timsk1 = 0x6F,
  timsk2 = 0x70,
  adcl = 0x78,
  adch = 0x79,
  adcsra = 0x7A,
  adcsrb = 0x7B,
  admux = 0x7C,
  tccr1b = 0x81
};
}

/// Interrupt vectors by number (data sheet, chapter 12, counted from 0).
namespace vector {
enum : std::uint8_t {
  watchdog = 6,
  timer1_capture = 10,
  timer0_compare_a = 14,
  spi = 17,
  usart_rx = 18,
  usart_empty = 19,
  usart_sent = 20,
  adc = 21,
  eeprom_ready = 22
};
inline constexpr int count = 26;
/// Name as avr-libc has it, without `_vect`: "ADC".
const char* name(int vector);
}  // namespace vector

/// Why the controller starts: bits of MCUSR (11.9.1).
enum class ResetCause : std::uint8_t { power_on = 1, watchdog = 8 };

/// The controller with its program. Models attach to it in their constructors and must live as long as it
/// runs.
class Chip {
 public:
  /// crystal_hz: clock before the prescaler. starts_divided: fuse CKDIV8 is programmed (9.12.2). mcu: an
  /// ATmega48 to 328 of any kind, which differ in memory alone.
  Chip(std::uint32_t crystal_hz, bool starts_divided, const char* mcu = "atmega168p");
  ~Chip();
  Chip(const Chip&) = delete;
  Chip& operator=(const Chip&) = delete;

  /// Programs flash, and remembers the file for messages. Throws InputError when it does not fit.
  void load(const ElfFile&);
  /// Runs to a time; stops at the first instruction boundary at or after it. Throws EngineError.
  void run_until(CrystalTime);
  /// Starts the program from power-on reset at a time, until which nothing ran; whatever `chance` says is in
  /// RAM and in the CPU's registers. Events bound to a time are kept; those of the time without power come at
  /// once.
  void power_on(CrystalTime, std::uint64_t chance);
  /// The watchdog's reset, after the instruction in progress: RAM is kept. For callbacks.
  void reset_soon();

  [[nodiscard]] avr_t* avr() const { return avr_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] std::uint64_t cycle() const { return avr_->cycle; }
  [[nodiscard]] CrystalTime now() const { return clock_.at(avr_->cycle); }
  [[nodiscard]] std::uint8_t& data(std::uint16_t address) const { return avr_->data[address]; }
  /// The program counter with its symbol.
  [[nodiscard]] std::string where() const;
  /// Sets the clock prescaler and moves every event that is bound to a time.
  void divide_clock(int shift);
  /// The CPU stands still for some cycles (interrupt entry, EEPROM access).
  void stall(unsigned cycles);
  /// True between the SLEEP instruction and the interrupt that ends it; reading clears it.
  bool take_slept();
  /// Called once each time that the CPU goes to sleep, also when an interrupt already waits and wakes it at
  /// once.
  void on_sleep(std::function<void()> action) { sleep_actions_.push_back(std::move(action)); }
  /// True once the program has ended itself with `cli; sleep`.
  [[nodiscard]] bool done() const { return avr_->state == cpu_Done && failure_.empty(); }

  /// The emulator's record of a vector; throws std::logic_error when the chip has none of that number.
  [[nodiscard]] avr_int_vector_t& interrupt(int number) const;
  void raise(int vector) { avr_raise_interrupt(avr_, &interrupt(vector)); }
  void clear(int vector) { avr_clear_interrupt(avr_, &interrupt(vector)); }

  /// The bits of a flag register that an instruction really writes: `sbi` writes one bit, `cbi` none as 1
  /// (4.4, note 3 of the register summary), whatever the emulator's read-modify-write makes of them.
  [[nodiscard]] std::uint8_t written_ones(std::uint8_t value) const;

  struct WriteHook {
    avr_io_write_t function = nullptr;
    void* parameter = nullptr;
    /// Writes as the register did before it was hooked.
    void operator()(Chip& chip, std::uint16_t address, std::uint8_t value) const {
      if (function != nullptr)
        function(chip.avr(), address, value, parameter);
      else
        chip.data(address) = value;
    }
  };
  /// Model::Method(address, value) replaces what a write to a register does; returns what it did before.
  template <auto Method, class Model>
  WriteHook on_write(std::uint16_t address, Model* model) {
    auto& slot = avr_->io[AVR_DATA_TO_IO(address)].w;
    const WriteHook before{slot.c, slot.param};
    slot.param = model;
    slot.c = [](avr_t*, avr_io_addr_t register_address, std::uint8_t value, void* parameter) {
      (static_cast<Model*>(parameter)->*Method)(register_address, value);
    };
    return before;
  }
  /// Model::Method(address) gives what a read of a register yields.
  template <auto Method, class Model>
  void on_read(std::uint16_t address, Model* model) {
    auto& slot = avr_->io[AVR_DATA_TO_IO(address)].r;
    slot.param = model;
    slot.c = [](avr_t*, avr_io_addr_t register_address, void* parameter) -> std::uint8_t {
      return (static_cast<Model*>(parameter)->*Method)(register_address);
    };
  }
  /// Model::Method(value) is called when an emulator signal is raised.
  template <auto Method, class Model>
  static void on_signal(avr_irq_t* signal, Model* model) {
    avr_irq_register_notify(
        signal,
        [](avr_irq_t*, std::uint32_t value, void* parameter) {
          (static_cast<Model*>(parameter)->*Method)(value);
        },
        model);
  }

  /// Called after each reset of the controller (watchdog, power-on), when its registers have their initial
  /// values again.
  void on_reset(std::function<void()> action) { reset_actions_.push_back(std::move(action)); }
  /// Called after each change of the CPU's clock.
  void on_clock(std::function<void()> action) { clock_actions_.push_back(std::move(action)); }
  /// Ends the run: the next run_until() throws an EngineError with this text. For callbacks, which must not
  /// throw.
  void fail(const std::string& why);
  /// Something that the program does and that the real chip punishes without a sign. Each text is kept once.
  void warn(const std::string& what);
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  /// Measurements, or null while nothing is measured.
  [[nodiscard]] Observer* observer() const { return observer_; }
  void observe(Observer*);

 private:
  friend class Event;
  void step();
  void check() const;
  /// SLEEP: the CPU goes to sleep, if SMCR lets it.
  bool fall_asleep();
  void reset(ResetCause);
  void fill_memory(std::uint64_t chance);
  void rearm_timed_events();

  avr_t* avr_ = nullptr;
  Clock clock_;
  bool starts_divided_;
  bool slept_ = false;
  bool stopped_ = false;
  bool reset_due_ = false;
  Observer* observer_ = nullptr;
  std::unique_ptr<ElfFile> program_;
  std::vector<Event*> events_;
  std::vector<std::function<void()>> reset_actions_, sleep_actions_, clock_actions_;
  std::vector<std::string> warnings_;
  std::string failure_;
  std::unique_ptr<Event> stop_;
};

/// One thing that will happen: at a time (it stays there when the clock changes or the chip is reset), or
/// after some cycles of the CPU (it goes with them, and a reset cancels it).
class Event {
 public:
  Event(Chip& chip, std::function<void()> action);
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void at(CrystalTime);
  void at_cycle(std::uint64_t);
  void cancel();
  [[nodiscard]] bool armed() const { return kind_ != Kind::off; }
  /// CPU cycle at which it is, or last was, due.
  [[nodiscard]] std::uint64_t due_cycle() const { return due_cycle_; }

 private:
  friend class Chip;
  enum class Kind : std::uint8_t { off, timed, counted };
  static avr_cycle_count_t fire(avr_t*, avr_cycle_count_t, void*);
  void arm(std::uint64_t cycle);

  Chip& chip_;
  std::function<void()> action_;
  Kind kind_ = Kind::off;
  CrystalTime time_ = 0;
  std::uint64_t due_cycle_ = 0;
};

}  // namespace flm::sim
