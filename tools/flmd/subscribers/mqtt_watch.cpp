#include "tools/flmd/subscribers/mqtt_watch.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/common/input_error.hpp"

namespace flm::flmd {
namespace {

/// Whole characters of UTF-8, so many bytes at most.
std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return fmt::format("{} … ({} bytes)", text.substr(0, end), text.size());
}

}  // namespace

MqttWatch::MqttWatch(boost::asio::io_context& loop, flm::mqtt::Options broker, const SiteClock& clock)
    : loop_(loop), broker_(std::move(broker)), clock_(clock) {
  broker_.will = {};
}

web::Response MqttWatch::open() {
  if (!client_) {
    try {
      client_.emplace(loop_, broker_,
                      flm::mqtt::Client::Handlers{
                          {},
                          [this](std::string_view topic, std::string_view payload, bool retained) {
                            take(topic, cut(payload, longest_payload), retained);
                          },
                          {},
                          [this](std::string_view topic, std::string_view payload, bool retained) {
                            take(topic, fmt::format("({} bytes that are no text)", payload.size()), retained);
                          }});
    } catch (const InputError& error) {
      throw web::HttpError(503, error.what());
    }
    client_->subscribe("/sensor/#");
    client_->subscribe("/device/#");
    client_->start();
  }
  opened_ = true;
  std::string first;
  for (const auto& [topic, event] : kept_) first += web::EventStream::frame("message", event);
  return events_.open(std::move(first));
}

void MqttWatch::tick() {
  if (std::exchange(opened_, false) || events_.clients() > 0) return;
  client_.reset();
  kept_.clear();
  kept_bytes_ = 0;
}

bool MqttWatch::connected() const {
  return client_ && client_->state() == flm::mqtt::Client::State::connected;
}

void MqttWatch::take(std::string_view topic, std::string payload, bool retained) {
  if (topic.size() > longest_topic) return;
  std::string event = nlohmann::ordered_json{
      {"topic", topic},
      {"payload", std::move(payload)},
      {"t", clock_.now()},
      {"retained",
       retained}}.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  events_.send("message", event);
  const auto known = kept_.find(topic);
  const std::size_t before = known == kept_.end() ? 0 : known->second.size();
  if (kept_bytes_ - before + event.size() > most_kept) return;
  kept_bytes_ += event.size() - before;
  if (known == kept_.end())
    kept_.emplace(topic, std::move(event));
  else
    known->second = std::move(event);
}

}  // namespace flm::flmd
