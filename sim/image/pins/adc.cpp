#include "sim/image/pins/adc.hpp"

#include <cstring>

#include "sim/image/chip/observer.hpp"

namespace flm::sim {
namespace {

// Conversion times in half converter clocks (data sheet, table 24-1).
constexpr unsigned first_conversion = 50, started_conversion = 26, triggered_conversion = 27;

const avr_timer_t* find_timer(const avr_t* avr, char name) {
  for (const avr_io_t* io = avr->io_port; io != nullptr; io = io->next) {
    if (io->kind == nullptr || std::strcmp(io->kind, "timer") != 0) continue;
    const auto* timer = reinterpret_cast<const avr_timer_t*>(io);
    if (timer->name == name) return timer;
  }
  throw std::logic_error("libsimavr's atmega168p has no such timer");
}

}  // namespace

Adc::Adc(Chip& chip, CodeSource source)
    : chip_(chip),
      source_(std::move(source)),
      timer_(find_timer(chip.avr(), '0')),
      end_(chip, [this] { finish(); }) {
  chip.on_write<&Adc::write_control>(reg::adcsra, this);
  chip.on_write<&Adc::write_trigger>(reg::adcsrb, this);
  chip.on_read<&Adc::read_low>(reg::adcl, this);
  chip.on_read<&Adc::read_high>(reg::adch, this);
  Chip::on_signal<&Adc::compare_flag>(chip.interrupt(vector::timer0_compare_a).irq + AVR_INT_IRQ_PENDING,
                                      this);
  chip.on_sleep([this] { sleep(); });
  chip.on_reset([this] { reset(); });
}

void Adc::reset() {
  end_.cancel();
  compare_flag_ = locked_ = false;
  first_ = true;
  result_ = 0;
}

unsigned Adc::divisor() const {
  const unsigned power = chip_.data(reg::adcsra) & prescaler_bits;
  return power == 0 ? 2 : 1u << power;
}

bool Adc::triggered_by_timer() const {
  return (chip_.data(reg::adcsra) & (aden | adate)) == (aden | adate) &&
         (chip_.data(reg::adcsrb) & 7) == timer0_compare_a;
}

/// The emulator notices a match at the next instruction boundary; the converter starts at the match itself.
std::uint64_t Adc::compare_match_cycle() const {
  const std::uint64_t offset = timer_->comp[AVR_TIMER_COMPA].comp_cycles;
  const std::uint64_t match = timer_->tov_base + (offset < timer_->tov_cycles ? offset : 0);
  const std::uint64_t now = chip_.cycle();
  return match <= now && now - match < 16 ? match : now;
}

void Adc::compare_flag(std::uint32_t raised) {
  const bool rising = raised != 0 && !compare_flag_;
  compare_flag_ = raised != 0;
  if (!triggered_by_timer() || raised == 0) return;
  if (rising)
    trigger(compare_match_cycle());
  else if (Observer* observer = chip_.observer())
    observer->trigger_missed();
}

void Adc::trigger(std::uint64_t cycle) {
  if (!end_.armed())
    start(cycle, first_ ? first_conversion : triggered_conversion);
  else if (Observer* observer = chip_.observer())
    observer->trigger_missed();
}

void Adc::sleep() {
  if ((chip_.data(reg::adcsra) & aden) != 0 && !end_.armed())
    start(chip_.cycle(), first_ ? first_conversion : started_conversion);
}

void Adc::start(std::uint64_t cycle, unsigned half_clocks) {
  const std::uint8_t selector = chip_.data(reg::admux);
  input_ = selector & 0x0F;
  last_start_ = chip_.clock().at(cycle);
  code_ = source_(input_, last_start_);
  first_ = false;
  ++conversions_;
  chip_.data(reg::adcsra) |= adsc;
  if ((selector & 0xC0) != 0xC0)
    chip_.warn("a conversion with a reference other than the internal 1.1 V: ADMUX REFS1:0 is not 11");
  if ((selector & 0x20) != 0) chip_.warn("a conversion with a left-adjusted result: ADMUX ADLAR is set");
  if (Observer* observer = chip_.observer()) observer->conversion_starts(last_start_, input_);
  end_.at_cycle(cycle + std::uint64_t{half_clocks} * divisor() / 2);
}

void Adc::finish() {
  if (!locked_) result_ = code_;
  chip_.data(reg::adcsra) &= static_cast<std::uint8_t>(~adsc);
  chip_.raise(vector::adc);
  const bool again = (chip_.data(reg::adcsra) & adate) != 0 && (chip_.data(reg::adcsrb) & 7) == free_running;
  if (again) start(end_.due_cycle(), started_conversion);
}

void Adc::write_control(std::uint16_t, std::uint8_t value) {
  const std::uint8_t before = chip_.data(reg::adcsra);
  const bool flag = (before & adif) != 0;
  const bool clear = (value & adif) != 0;
  const bool running = end_.armed() && (value & aden) != 0;
  chip_.data(reg::adcsra) =
      static_cast<std::uint8_t>((value & ~(adif | adsc)) | (flag ? adif : 0) | (running ? adsc : 0));
  if (clear) chip_.clear(vector::adc);
  if ((value & aden) == 0) {
    end_.cancel();
    first_ = true;
    return;
  }
  if ((value & adsc) != 0 && !running) start(chip_.cycle(), first_ ? first_conversion : started_conversion);
  if ((value & adie) != 0 && flag && !clear) chip_.raise(vector::adc);
}

void Adc::write_trigger(std::uint16_t address, std::uint8_t value) {
  const bool selected = (chip_.data(address) & 7) == timer0_compare_a;
  chip_.data(address) = value;
  // 24.4: from a source whose flag is clear to one whose flag is set is a rising edge as well.
  if (!selected && triggered_by_timer() && compare_flag_) trigger(chip_.cycle());
  const std::uint8_t trigger_source = value & 7;
  if ((chip_.data(reg::adcsra) & adate) != 0 && trigger_source != free_running &&
      trigger_source != timer0_compare_a)
    chip_.warn(
        "the converter waits for a trigger that the simulator does not have: ADCSRB ADTS2:0 is neither 000 "
        "nor 011");
}

std::uint8_t Adc::read_low(std::uint16_t) {
  locked_ = true;
  return static_cast<std::uint8_t>(result_ & 0xFF);
}

std::uint8_t Adc::read_high(std::uint16_t) {
  locked_ = false;
  return static_cast<std::uint8_t>(result_ >> 8);
}

}  // namespace flm::sim
