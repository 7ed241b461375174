#include "tools/flmd/daemon.hpp"

#include <fmt/format.h>
#include <syslog.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <vector>

#include "tools/api/claim_code.hpp"
#include "tools/common/service/host_and_port.hpp"
#include "tools/common/service/log.hpp"
#include "tools/flmd/board/board_thread.hpp"
#include "tools/flmd/board/bus_service.hpp"
#include "tools/flmd/board/measuring.hpp"
#include "tools/flmd/board/smart_meter.hpp"
#include "tools/flmd/device/announcement.hpp"
#include "tools/flmd/device/button.hpp"
#include "tools/flmd/device/command.hpp"
#include "tools/flmd/device/led.hpp"
#include "tools/flmd/device/service_manager.hpp"
#include "tools/flmd/kubes/kube_routes.hpp"
#include "tools/flmd/kubes/kubes.hpp"
#include "tools/flmd/kubes/pair_command.hpp"
#include "tools/flmd/metrics.hpp"
#include "tools/flmd/owner/configuration.hpp"
#include "tools/flmd/owner/owner.hpp"
#include "tools/flmd/page/page.hpp"
#include "tools/flmd/site/sensors.hpp"
#include "tools/flmd/site/site.hpp"
#include "tools/flmd/site/state.hpp"
#include "tools/flmd/subscribers/keeper.hpp"
#include "tools/flmd/subscribers/local_api.hpp"
#include "tools/flmd/subscribers/mqtt.hpp"
#include "tools/flmd/subscribers/mqtt_watch.hpp"
#include "tools/flmd/subscribers/report_flukso.hpp"
#include "tools/flmd/subscribers/report_influx.hpp"
#include "tools/web/server.hpp"

namespace flm::flmd {
namespace {

namespace fs = std::filesystem;

class Daemon {
 public:
  Daemon(const fs::path& configuration, SiteClock& clock, BoardThread::Opener opener)
      : clock_(clock),
        file_(configuration),
        site_(read_site(configuration)),
        state_(site_.state_dir),
        sensors_(adopt(site_, state_), state_,
                 [this](const std::string& line) { log_.write(LOG_WARNING, line); }),
        owner_(password_file(site_.state_dir),
               [this](const std::string& line) { log_.write(LOG_INFO, line); }),
        configuration_(
            file_, sensors_, [this](Site next) { take_over(std::move(next)); },
            [this](const std::string& line) { log_.write(LOG_INFO, line); }),
        keeper_(loop_, site_.state_dir / "history", store_options(site_), clock_,
                {[this](const mqtt::BlockName& id, std::string_view gzip) {
                   if (mqtt_ != nullptr) mqtt_->on_block(id, gzip);
                 },
                 [this](const history::Notice& notice) { log_.write(LOG_WARNING, notice.text); }}),
        api_(sensors_, keeper_, clock_, history::Zone(site_.time_zone)),
        measuring_(
            sensors_, state_, [this](const Reading& reading) { give(reading); },
            [this] { sensors_changed(); }),
        smart_meter_(
            site_.port.meter_baud == 9'600,  // DSMR 2.2 and 3
            [this](std::span<const MeterValue> telegram, Moment at) { measuring_.take(telegram, at); },
            [this](const std::string& line) { log_.write(LOG_INFO, line); }),
        board_(loop_, site_, clock_,
               {[this](const mainboard::Record& record, Moment at) {
                  measuring_.take(record, at);
                  if (bus_) bus_->record(record);
                  if (const auto* packet = std::get_if<mainboard::RadioPacket>(&record); packet && kubes_)
                    kubes_->take(*packet, at);
                },
                [this](Moment at) { measuring_.polled(at); },
                [this](const std::string& bytes, Moment at) { smart_meter_.take(bytes, at); },
                [this](const BoardState& state) {
                  const bool is_back = state.answers && !board_state_.answers;
                  board_state_ = state;
                  if (is_back && kubes_) kubes_->board_answers();
                },
                [this](const std::string& line) { log_.write(LOG_INFO, line); }},
               std::move(opener)) {
    state_.save();
    subscribers_ = {&keeper_, &api_};
    add_kubes();
    add_http();  // first: an address may be taken, and then nothing has been said to anybody
    add_mqtt();
    add_reports();
    add_bus();
    add_button();
    add_announcement();
  }

  int run() {
    ending_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) stop();
    });
    wait_for_hang_up();
    sensors_changed();
    kubes_changed();
    board_.start(bus_ ? bus_socket(site_.state_dir).string() : "");
    tick();
    log_.write(LOG_INFO,
               fmt::format("flmd {}: device {}, {}", FLM_VERSION, site_.device_id,
                           http_ ? fmt::format("http://{}/", http_->addresses().front()) : "no HTTP"));
    tell_service_manager("READY=1");
    loop_.run();
    // It ends: a signal that comes now does not end it otherwise.
    sigset_t late;
    sigemptyset(&late);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&late, signal);
    pthread_sigmask(SIG_BLOCK, &late, nullptr);
    return 0;
  }

 private:
  /// The ids of the configuration, or those that were kept or drawn.
  static const Site& adopt(Site& site, State& state) {
    for (const auto& [given, kept] :
         {std::pair{&site.device_id, &state.ids().device}, {&site.device_key, &state.ids().key}}) {
      if (given->empty())
        *given = *kept;
      else
        *kept = *given;
    }
    return site;
  }

  static history::HistoryOptions store_options(const Site& site) {
    history::HistoryOptions options;
    if (site.history) options.limit_bytes = *site.history;
    return options;
  }

  /// To each subscriber, whatever another one makes of it.
  void give(const Reading& reading) {
    for (Subscriber* subscriber : subscribers_) {
      try {
        subscriber->on_reading(reading);
      } catch (const std::exception& error) {
        if (trouble_.is_due())
          log_.write(LOG_ERR, fmt::format("a reading of sensor {} is lost to one subscriber: {}",
                                          reading.sensor->number, error.what()));
      }
    }
  }

  /// The board for flmctl. Without the socket flmd works all the same.
  void add_bus() {
    const fs::path socket = bus_socket(site_.state_dir);
    const double speed =
        site_.port.kind == mainboard::Port::Kind::sim && site_.port.speed > 0.0 ? site_.port.speed : 1.0;
    try {
      bus_ = std::make_unique<BusService>(
          loop_, socket, bus_greeting(speed, site_.port.text),
          BusService::Owner{[this](std::string message, BoardThread::Answer answer) {
                              board_.ask(std::move(message), std::move(answer));
                            },
                            [this](std::string who, std::function<void()> gone) {
                              board_.step_aside(std::move(who), std::move(gone));
                            },
                            [this] { board_.come_back(); }});
    } catch (const InputError& error) {
      log_.write(LOG_WARNING, error.what());
    }
  }

  void add_kubes() {
    read_kube_types(kube_types_, site_.kubes.types);
    if (!site_.board.board->has_radio()) return;
    Kubes::Options options{site_.state_dir, site_.kubes.firmware, {}, site_.device_id};
    if (const auto& group = site_.board.radio_group) options.group = static_cast<int>(*group);
    kubes_ = std::make_unique<Kubes>(
        kube_types_, sensors_, state_, std::move(options),
        Kubes::Listeners{[this](const Reading& reading) { give(reading); }, [this] { sensors_changed(); },
                         [this] { kubes_changed(); },
                         [this](const std::vector<std::uint8_t>& packet) {
                           board_.post([text = fmt::format("{:02x}", fmt::join(packet, ""))](
                                           mainboard::Board& board) { board.send_channel(text); });
                         },
                         [this](int group) {
                           board_.post([group](mainboard::Board& board) {
                             board.set('g', {}, {static_cast<std::uint32_t>(group)});
                           });
                         },
                         [this](int node, std::string_view hex) {
                           if (mqtt_) mqtt_->on_packet(node, hex);
                         },
                         [this](const std::string& line) { log_.write(LOG_INFO, line); }});
  }

  void kubes_changed() {
    if (!kubes_ || !mqtt_) return;
    std::vector<mqtt::Kube> all;
    for (const Kubes::Kube& kube : kubes_->list())
      all.push_back(
          {kube.kid, kube.record.hw_id, kube.record.hw_type, kube.record.sw_version, kube.record.name, true});
    if (kubes_->collect_group() == 0 && all.empty()) return;
    mqtt::KubeNetwork network;
    network.collect_group = kubes_->collect_group();
    mqtt_->on_kubes(all, network);
  }

  void add_button() {
    if (site_.button.device.empty()) return;
    const auto log = [this](const std::string& line) { log_.write(LOG_INFO, line); };
    commands_ = std::make_unique<CommandRunner>(loop_, log);
    const auto pressed = [this](Press press) {
      const auto place = static_cast<std::size_t>(press);
      const std::vector<std::string>& words = site_.button.commands.at(place);
      log_.write(LOG_INFO, fmt::format("button held for {} to {} s: {}", press_ranges[place][0].count(),
                                       press_ranges[place][1].count(),
                                       words.empty() ? "has no command" : "runs " + words.front()));
      if (!words.empty()) commands_->run(words);
    };
    button_ = std::make_unique<Button>(
        loop_, Button::Options{.device = site_.button.device, .key = site_.button.key}, pressed, log);
  }

  /// The first address that others reach.
  void add_announcement() {
    if (!site_.announce) return;
    for (const std::string& address : site_.listen) {
      const auto [host, port] = *host_and_port(address, 0);
      if (boost::asio::ip::make_address(host).is_loopback()) continue;
      announcement_ = std::make_unique<Announcement>(
          loop_,
          Announcement::Options{
              .machine = boost::asio::ip::host_name(), .device = site_.device_id, .port = port, .bus = ""},
          [this](const std::string& line) { log_.write(LOG_INFO, line); });
      return;
    }
  }

  void add_mqtt() {
    if (!site_.mqtt) return;
    const BrokerConfig& broker = *site_.mqtt;
    MqttOptions options;
    static_cast<flm::mqtt::Broker&>(options.broker) = broker;
    options.gateway = {site_.device_id, model(), FLM_VERSION, site_.serial,
                       site_.listen.empty() ? "" : fmt::format("http://{}/", site_.listen.front())};
    if (broker.home_assistant) options.discovery_prefix = broker.discovery_prefix;
    flm::mqtt::Options watching = options.broker;
    watching.client_id = fmt::format("flmd-{}-page", site_.device_id.substr(0, 6));
    mqtt_watch_ = std::make_unique<MqttWatch>(loop_, std::move(watching), clock_);
    mqtt_ = std::make_unique<MqttSubscriber>(loop_, std::move(options), &keeper_,
                                             [this](const std::string& line) { log_.write(LOG_INFO, line); });
    subscribers_.push_back(mqtt_.get());
  }

  void add_reports() {
    const auto log = [this](int priority, const std::string& line) { log_.write(priority, line); };
    for (const ReportConfig& r : site_.reports) {
      if (r.kind == ReportConfig::Kind::flukso) {
        FluksoSettings settings;
        settings.url = r.url;
        settings.ca_file = r.ca_file;
        settings.device = site_.device_id;
        settings.key = site_.device_key;
        if (!site_.listen.empty()) settings.http_port = host_and_port(site_.listen.front(), 0)->second;
        settings.cursor_file = cursor_file(site_.state_dir, "flukso", r.url);
        settings.recent_log = [this] { return log_.recent(); };
        settings.globe = [this](bool on) { globe_led_.set(on); };
        settings.log = log;
        if (r.interval) {
          settings.interval = *r.interval;
          settings.backoff = {*r.interval, 3 * *r.interval};
        }
        reports_.push_back(std::make_unique<ReportFlukso>(loop_, keeper_, std::move(settings)));
      } else {
        InfluxSettings settings;
        settings.url = r.url;
        settings.ca_file = r.ca_file;
        settings.token = r.token;
        settings.username = r.username;
        settings.password = r.password;
        settings.measurement = r.measurement;
        settings.gzip = r.gzip;
        settings.cursor_file = cursor_file(site_.state_dir, "influx", r.url);
        settings.log = log;
        if (r.interval) settings.interval = *r.interval;
        reports_.push_back(report_influx(loop_, keeper_, std::move(settings)));
      }
      subscribers_.push_back(reports_.back().get());
    }
  }

  void add_http() {
    if (site_.listen.empty()) return;
    web::Router router;
    api_.add_routes(router);
    router.get("/metrics", [this](const web::Request& request) {
      const web::MetricsFormat format = web::metrics_format_of(request.header("Accept").value_or(""));
      web::Response response;
      response.body = metrics({sensors_, api_, board_state_, board_.late_polls(), keeper_.store(),
                               mqtt_ ? &mqtt_->client() : nullptr, progress(), clock_.now()},
                              format);
      response.content_type = web::content_type(format);
      return response;
    });
    owner_.add_routes(router);
    configuration_.add_routes(router, owner_.guard());
    if (kubes_)
      add_kube_routes(router, owner_.guard(), *kubes_, clock_, [this] { return board_state_.answers; });
    router.get("/api/mqtt", [this](const web::Request&) {
      if (!mqtt_watch_) throw web::HttpError(404, "no broker is configured");
      return mqtt_watch_->open();
    });
    router.get("/api/status", [this](const web::Request& request) {
      return web::json(status(owner_.asks(request))).with("Cache-Control", "no-store");
    });
    router.get("/api/log", [this](const web::Request&) {
      web::Response response;
      response.content_type = "text/plain; charset=utf-8";
      response.body = log_.recent();
      return response;
    });
    web::add_pages(router, page_files());
    http_ = std::make_unique<web::Server>(loop_, std::move(router), web::ServerLimits{},
                                          [this](std::string_view line) { log_.write(LOG_ERR, line); });
    for (const std::string& address : site_.listen) http_->listen(address);
  }

  [[nodiscard]] std::string model() const {
    std::string name = site_.board.board->name;
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
  }

  [[nodiscard]] std::vector<Progress> progress() const {
    std::vector<Progress> all;
    for (const auto& report : reports_) all.push_back(report->progress());
    return all;
  }

  [[nodiscard]] std::string status(bool for_owner) const {
    nlohmann::ordered_json json = {{"version", FLM_VERSION},
                                   {"device", site_.device_id},
                                   {"serial", site_.serial},
                                   {"time", clock_.now()},
                                   {"board",
                                    {{"name", board_state_.board},
                                     {"answers", board_state_.answers},
                                     {"firmware", board_state_.firmware},
                                     {"synchronised", board_state_.synchronised},
                                     {"what", board_state_.what},
                                     {"retries", board_state_.link.retries},
                                     {"garbled", board_state_.link.garbled},
                                     {"late_polls", board_.late_polls()}}},
                                   {"history", {{"bytes", keeper_.store().bytes_on_disk()}}}};
    // Whoever has the code may claim the meter on a server.
    if (for_owner) json["claim_code"] = api::claim_code(site_.device_id, site_.device_key);
    if (board_state_.pending) json["board"]["pending"] = true;
    if (mqtt_)
      json["mqtt"] = {{"broker", fmt::format("{}:{}", site_.mqtt->host, site_.mqtt->port)},
                      {"connected", mqtt_->client().state() == flm::mqtt::Client::State::connected},
                      {"problem", mqtt_->client().problem()}};
    json["reports"] = nlohmann::ordered_json::array();
    for (const Progress& p : progress()) {
      json["reports"].push_back({{"name", p.name},
                                 {"points", p.points},
                                 {"behind", p.behind() ? nlohmann::json(*p.behind()) : nullptr},
                                 {"complaint", p.complaint}});
    }
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  void sensors_changed() {
    try {
      state_.save();
    } catch (const InputError& error) {
      log_.write(LOG_ERR, error.what());
    }
    for (Subscriber* subscriber : subscribers_) subscriber->on_sensors(sensors_.all());
    if (!announcement_) return;
    std::map<int, std::string> ids;
    for (const SiteSensor& sensor : sensors_.all())
      if (sensor.enabled && !sensor.sid.empty() && sensor.sensor_class != "uart")
        ids.emplace(sensor.number, sensor.sid);
    announcement_->set_sensors(std::move(ids));
  }

  /// The board's part of another configuration, without a pause; the rest is for the next start.
  void take_over(Site next) {
    site_.board = std::move(next.board);
    sensors_.configure(site_, state_, [this](const std::string& line) { log_.write(LOG_WARNING, line); });
    sensors_changed();
    board_state_.synchronised = false;
    board_state_.pending = true;
    if (board_state_.answers) board_state_.what = "the new configuration is on its way to the board";
    board_.configure(site_.board);
  }

  void read_anew() {
    try {
      Site next = read_site(file_);
      if (next.board.board != site_.board.board)
        throw InputError(
            fmt::format("{}: is for {}, and was for {}; allowed: a restart of flmd for another board",
                        file_.string(), next.board.board->name, site_.board.board->name));
      const auto others = tables_that_differ(site_, next);
      log_.write(LOG_INFO, fmt::format("SIGHUP: {} is read anew{}", file_.string(),
                                       others.empty() ? ""
                                                      : fmt::format("; {} as it was until flmd is restarted",
                                                                    fmt::join(others, ", "))));
      take_over(std::move(next));
    } catch (const InputError& error) {
      log_.write(LOG_ERR, fmt::format("SIGHUP: {}; what was read before stays", error.what()));
    }
  }

  void tick() {
    if (std::exchange(hung_up_, false)) read_anew();
    timer_.expires_after(std::chrono::seconds(1));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) tick();
    });
    keeper_.tick();
    if (kubes_) {
      if (take_pair_request(site_.state_dir)) kubes_->start_pairing(clock_.moment());
      kubes_->tick(clock_.moment());
    }
    if (mqtt_watch_) mqtt_watch_->tick();
    if (!site_.port.meter.empty()) smart_meter_.tick(clock_.moment());
    if (!site_.wifi_led.empty()) wifi_led_.set(interface_up(operstate_));
    tell_service_manager("WATCHDOG=1");
  }

  void wait_for_hang_up() {
    hang_up_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      hung_up_ = true;  // once a second is enough, however many come
      wait_for_hang_up();
    });
  }

  void stop() {
    tell_service_manager("STOPPING=1");
    log_.write(LOG_INFO, "ends");
    board_.stop();
    // What the board's thread has posted comes first.
    boost::asio::post(loop_, [this] {
      for (auto subscriber = subscribers_.rbegin(); subscriber != subscribers_.rend(); ++subscriber)
        (*subscriber)->stop();
      mqtt_watch_.reset();
      announcement_.reset();
      if (http_) http_->stop();
      if (bus_) bus_->stop();
      timer_.cancel();
      loop_.stop();
    });
  }

  boost::asio::io_context loop_{1};
  // Before all else: a signal that comes during the start is answered after it.
  boost::asio::signal_set ending_{loop_, SIGTERM, SIGINT}, hang_up_{loop_, SIGHUP};
  SiteClock& clock_;
  LogBook log_;
  const fs::path file_;
  Site site_;
  Led globe_led_{site_.globe_led, [this](const std::string& line) { log_.write(LOG_WARNING, line); }};
  Led wifi_led_{site_.wifi_led, [this](const std::string& line) { log_.write(LOG_WARNING, line); }};
  fs::path operstate_ = fs::path("/sys/class/net") / site_.wifi_interface / "operstate";
  State state_;
  Sensors sensors_;
  Owner owner_;
  Configuration configuration_;
  Keeper keeper_;
  LocalApi api_;
  Measuring measuring_;
  SmartMeter smart_meter_;
  BoardThread board_;
  BoardState board_state_;
  KubeTypes kube_types_;
  std::unique_ptr<Kubes> kubes_;
  std::unique_ptr<MqttSubscriber> mqtt_;
  std::unique_ptr<MqttWatch> mqtt_watch_;
  std::vector<std::unique_ptr<Reporter>> reports_;
  std::unique_ptr<web::Server> http_;
  std::unique_ptr<BusService> bus_;
  std::unique_ptr<Announcement> announcement_;
  std::unique_ptr<CommandRunner> commands_;
  std::unique_ptr<Button> button_;
  std::vector<Subscriber*> subscribers_;
  boost::asio::steady_timer timer_{loop_};
  bool hung_up_ = false;
  OnceAMinute trouble_;
};

}  // namespace

int run_daemon(const fs::path& configuration) {
  SiteClock clock;
  return run_daemon(configuration, clock, mainboard::open_without_meter);
}

int run_daemon(const fs::path& configuration, SiteClock& clock, BoardThread::Opener opener) {
  return Daemon(configuration, clock, std::move(opener)).run();
}

}  // namespace flm::flmd
