#include "sim/image/chip/chip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "sim/image/chip/observer.hpp"
#include "sim/scenario/random.hpp"
#include "tools/common/input_error.hpp"

namespace flm::sim {
namespace {

constexpr std::uint64_t longest_run = 100'000;  ///< cycles between two looks at the emulator's event list

std::string last_message;  ///< the emulator's last message; it explains a crash

void keep_message(avr_t* avr, const int level, const char* format, va_list arguments) {
  if (level > LOG_ERROR) return;
  char text[200];
  std::vsnprintf(text, sizeof text, format, arguments);
  last_message = text;
  for (const char* colour : {"\x1b[31m", "\x1b[0m", "\n"})
    for (std::size_t at; (at = last_message.find(colour)) != std::string::npos;)
      last_message.erase(at, std::strlen(colour));
  if (avr != nullptr && avr->custom.data != nullptr &&
      last_message.find("Invalid Opcode") != std::string::npos)
    static_cast<Chip*>(avr->custom.data)
        ->fail("the program crashed: it reached a word that is not an instruction");
}

}  // namespace

const char* vector::name(int number) {
  static constexpr const char* names[count] = {
      "RESET",        "INT0",         "INT1",         "PCINT0",       "PCINT1",      "PCINT2",
      "WDT",          "TIMER2_COMPA", "TIMER2_COMPB", "TIMER2_OVF",   "TIMER1_CAPT", "TIMER1_COMPA",
      "TIMER1_COMPB", "TIMER1_OVF",   "TIMER0_COMPA", "TIMER0_COMPB", "TIMER0_OVF",  "SPI_STC",
      "USART_RX",     "USART_UDRE",   "USART_TX",     "ADC",          "EE_READY",    "ANALOG_COMP",
      "TWI",          "SPM_READY"};
  return number >= 0 && number < count ? names[number] : "?";
}

Chip::Chip(std::uint32_t crystal_hz, bool starts_divided, const char* mcu)
    : clock_(crystal_hz), starts_divided_(starts_divided) {
  avr_global_logger_set(keep_message);
  avr_ = avr_make_mcu_by_name(mcu);
  if (avr_ == nullptr) throw std::logic_error(fmt::format("libsimavr knows no {}", mcu));
  avr_init(avr_);
  avr_->log = LOG_ERROR;
  avr_->run_cycle_limit = longest_run;
  avr_->custom.data = this;
  avr_->sleep = [](avr_t* avr, avr_cycle_count_t cycles) {
    auto* chip = static_cast<Chip*>(avr->custom.data);
    const bool begins = !chip->slept_;
    if (begins && !chip->fall_asleep()) avr->state = cpu_Running;
    // The emulator adds what it sleeps and a cycle more. The chip needs no such cycle, and when it is time to
    // stop no sleep; nor at its begin, which may have changed what comes next.
    avr->cycle -= 1 + (begins || chip->stopped_ || chip->reset_due_ ? cycles : 0);
  };
  stop_ = std::make_unique<Event>(*this, [this] { stopped_ = true; });
  fill_memory(0);
  divide_clock(starts_divided_ ? 3 : 0);
  data(reg::mcusr) = static_cast<std::uint8_t>(ResetCause::power_on);
}

Chip::~Chip() {
  stop_.reset();
  avr_terminate(avr_);
  std::free(avr_);
}

void Chip::load(const ElfFile& program) {
  for (const ElfPart& segment : program.segments()) {
    if (segment.address >= ElfFile::ram_base) continue;
    if (segment.address + segment.contents.size() > std::size_t{avr_->flashend} + 1)
      throw InputError(fmt::format("{}: a program of {} bytes; the {} has {} bytes of flash",
                                   program.path().string(), segment.address + segment.contents.size(),
                                   avr_->mmcu, avr_->flashend + 1));
    std::memcpy(avr_->flash + segment.address, segment.contents.data(), segment.contents.size());
    avr_->codeend =
        std::max(avr_->codeend, static_cast<std::uint32_t>(segment.address + segment.contents.size()));
  }
  program_ = std::make_unique<ElfFile>(program.path());
}

std::string Chip::where() const {
  return program_ ? program_->describe(avr_->pc) : fmt::format("0x{:04x}", avr_->pc);
}

void Chip::divide_clock(int shift) {
  clock_.divide(avr_->cycle, shift);
  avr_->frequency = clock_.cpu_hz();
  data(reg::clkpr) = static_cast<std::uint8_t>(shift);
  rearm_timed_events();
  for (const auto& action : clock_actions_) action();
}

void Chip::rearm_timed_events() {
  for (Event* event : events_)
    if (event->kind_ == Event::Kind::timed) event->at(event->time_);
}

void Chip::stall(unsigned cycles) {
  avr_->cycle += cycles;
  avr_->run_cycle_count = avr_->run_cycle_count > cycles ? avr_->run_cycle_count - cycles : 1;
}

void Chip::fail(const std::string& why) {
  if (failure_.empty()) failure_ = why + " (" + where() + ")";
  avr_->run_cycle_count = 1;
}

bool Chip::take_slept() { return std::exchange(slept_, false); }

avr_int_vector_t& Chip::interrupt(int number) const {
  const avr_int_table_t& table = avr_->interrupts;
  for (int i = 0; i < table.vector_count; ++i)
    if (table.vector[i]->vector == number) return *table.vector[i];
  throw std::logic_error(fmt::format("libsimavr's {} has no interrupt vector {}", avr_->mmcu, number));
}

std::uint8_t Chip::written_ones(std::uint8_t value) const {
  const unsigned opcode = static_cast<unsigned>(avr_->flash[avr_->pc] | avr_->flash[avr_->pc + 1] << 8);
  if ((opcode & 0xFF00u) == 0x9A00u) return static_cast<std::uint8_t>(1u << (opcode & 7u));  // sbi
  if ((opcode & 0xFF00u) == 0x9800u) return 0;                                               // cbi
  return value;
}

void Chip::warn(const std::string& what) {
  if (std::find(warnings_.begin(), warnings_.end(), what) == warnings_.end()) warnings_.push_back(what);
}

void Chip::observe(Observer* observer) {
  observer_ = observer;
  avr_->run_cycle_limit = observer != nullptr ? 1 : longest_run;
}

/// Fills RAM and r0 to r31 by chance: no program may rely on what is there.
void Chip::fill_memory(std::uint64_t chance) {
  constexpr std::uint16_t cpu_registers = 32;
  for (std::uint16_t address = 0; address <= avr_->ramend; ++address)
    if (address < cpu_registers || address > avr_->ioend)
      data(address) = static_cast<std::uint8_t>(mixed(chance + address));
}

void Chip::reset_soon() {
  reset_due_ = true;
  avr_->run_cycle_count = 1;
}

/// 11.9.1: a power-on reset clears the other causes, the watchdog's adds its own.
void Chip::reset(ResetCause cause) {
  const unsigned before = cause == ResetCause::power_on ? 0u : data(reg::mcusr);
  reset_due_ = slept_ = false;
  avr_reset(avr_);
  avr_->run_cycle_limit = observer_ != nullptr ? 1 : longest_run;  // The emulator's reset makes it 1.
  data(reg::mcusr) = static_cast<std::uint8_t>(before | static_cast<unsigned>(cause));
  for (Event* event : events_)
    if (event->kind_ == Event::Kind::counted) event->kind_ = Event::Kind::off;
  divide_clock(starts_divided_ ? 3 : 0);
  for (const auto& action : reset_actions_) action();
}

void Chip::power_on(CrystalTime time, std::uint64_t chance) {
  clock_.divide(avr_->cycle, 0);
  avr_->cycle = std::max<std::uint64_t>(avr_->cycle, clock_.cycle(time));
  fill_memory(chance);
  reset(ResetCause::power_on);
}

bool Chip::fall_asleep() {
  enum : std::uint8_t { enabled = 0x01, mode_bits = 0x0E, noise_reduction = 0x02 };
  const unsigned control = data(reg::smcr);
  if ((control & enabled) == 0) {
    warn("SLEEP with SMCR SE clear: it does nothing");
    return false;
  }
  slept_ = true;
  if ((control & mode_bits) != 0)
    warn("a sleep mode that stops more than the CPU: the simulator has idle alone (SMCR SM2:0 is not 000)");
  if ((control & mode_bits) <= noise_reduction)
    for (const auto& action : sleep_actions_) action();
  return true;
}

void Chip::step() {
  // With an interrupt waiting the emulator takes SLEEP for a NOP; the chip sleeps, and wakes (10.2).
  constexpr unsigned sleep = 0x9588;
  const bool waits = avr_->state == cpu_Running && avr_->interrupt_state != 0 && avr_->sreg[S_I] != 0 &&
                     avr_has_pending_interrupts(avr_) != 0;
  if (waits && static_cast<unsigned>(avr_->flash[avr_->pc] | avr_->flash[avr_->pc + 1] << 8) == sleep)
    fall_asleep();
  avr_run(avr_);
  if (avr_->state == cpu_Done && !slept_ && (data(reg::smcr) & 1) == 0 && avr_->sreg[S_I] == 0) {
    fall_asleep();  // With interrupts off, and not even allowed.
    avr_->state = cpu_Running;
  }
  if (reset_due_) reset(ResetCause::watchdog);
  if (observer_ != nullptr) observer_->after_step(*avr_);
}

/// Throws when the program cannot go on.
void Chip::check() const {
  const bool ended = avr_->state == cpu_Done,
             crashed = avr_->state == cpu_Crashed || avr_->state == cpu_Stopped;
  if (failure_.empty() && !ended && !crashed) return;
  const std::string when = fmt::format("t={:.6f} s", seconds(clock_.nanoseconds(now())));
  if (!failure_.empty()) throw EngineError(fmt::format("{}: {}", when, failure_));
  if (ended)
    throw EngineError(
        fmt::format("{}: the program sleeps with interrupts off, for ever ({})", when, where()));
  throw EngineError(fmt::format("{}: the program crashed ({}): {}", when, where(), last_message));
}

void Chip::run_until(CrystalTime time) {
  if (clock_.cycle(time) <= avr_->cycle) return;
  check();
  stopped_ = false;
  stop_->at(time);
  while (!stopped_) {
    step();
    check();
  }
}

Event::Event(Chip& chip, std::function<void()> action) : chip_(chip), action_(std::move(action)) {
  chip_.events_.push_back(this);
}

Event::~Event() {
  cancel();
  std::erase(chip_.events_, this);
}

avr_cycle_count_t Event::fire(avr_t*, avr_cycle_count_t, void* parameter) {
  auto* event = static_cast<Event*>(parameter);
  event->kind_ = Kind::off;
  event->action_();
  return 0;
}

void Event::arm(std::uint64_t cycle) {
  due_cycle_ = cycle;
  const std::uint64_t now = chip_.avr_->cycle;
  avr_cycle_timer_register(chip_.avr_, cycle > now ? cycle - now : 0, &Event::fire, this);
}

void Event::at(CrystalTime time) {
  kind_ = Kind::timed;
  time_ = time;
  arm(chip_.clock_.cycle(time));
}

void Event::at_cycle(std::uint64_t cycle) {
  kind_ = Kind::counted;
  arm(cycle);
}

void Event::cancel() {
  if (kind_ == Kind::off) return;
  kind_ = Kind::off;
  avr_cycle_timer_cancel(chip_.avr_, &Event::fire, this);
}

}  // namespace flm::sim
