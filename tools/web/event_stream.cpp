#include "tools/web/event_stream.hpp"

#include <algorithm>

namespace flm::web {

void EventClients::add(EventClient* client) {
  if (ended)
    client->end();
  else
    clients.push_back(client);
}

void EventClients::remove(EventClient* client) { std::erase(clients, client); }

void EventClients::push(const Frame& frame) {
  dropped += std::erase_if(clients, [&](EventClient* client) { return !client->push(frame); });
}

void EventClients::end() {
  ended = true;
  for (EventClient* client : std::exchange(clients, {})) client->end();
}

EventStream::EventStream(Limits limits) : most_(limits.clients), shared_(std::make_shared<EventClients>()) {
  shared_->queue_limit = limits.queue;
}

EventStream::~EventStream() { shared_->end(); }

Response EventStream::open(std::string first) {
  if (clients() >= most_) return text(503, "too many pages listen already").with("Retry-After", "10");
  Response response{.content_type = "text/event-stream", .events = shared_};
  response.with("Cache-Control", "no-store");
  response.body = "retry: 2000\n\n" + first;
  return response;
}

std::string EventStream::frame(std::string_view event, std::string_view data) {
  std::string result;
  result.reserve(event.size() + data.size() + 32);
  if (!event.empty())
    result.append("event: ").append(event.substr(0, event.find_first_of("\r\n"))).append("\n");
  for (bool more = true; more;) {
    const std::size_t end = data.find_first_of("\r\n");
    more = end != data.npos;
    result.append("data: ").append(data.substr(0, end)).append("\n");
    if (more) data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  result += '\n';
  return result;
}

void EventStream::send(std::string_view event, std::string_view data) {
  if (shared_->clients.empty()) return;
  shared_->push(std::make_shared<const std::string>(frame(event, data)));
}

}  // namespace flm::web
