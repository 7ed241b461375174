// Sensors: the board's configuration as a form; saved, brought to the board, and what came of it.
import {by_id, element, get, notice, send, set_text} from "./page.js";
import {colour_of} from "./flm.js";
import {log_in, show_session} from "./session.js";

const longest_name = 32;
const currents = [50, 100, 250, 500];
const pulse_types = ["electricity", "gas", "water"];
const class_names = {analog: "Current clamp", pulse: "Pulses", uart: "Smart meter"};
const most_sync_s = 30;

let saved;  // as the server has it
let draft;  // as the form has it
const has_toggle = () => draft.board !== "flm02a";

// Rules of the form: what one choice makes of others.

function set_clamp_ports(count) {
  draft.clamp_ports = count;
  for (const sensor of draft.sensors.filter((s) => s.number === 2 || s.number === 3)) {
    sensor.enabled = false;
    sensor.class = count === 3 ? "analog" : "pulse";
    if (count === 3) sensor.type = "electricity";
    complete(sensor);
  }
  if (count === 1) set_phases(1);
}

function set_phases(phases) {
  draft.phases = phases;
  for (const sensor of draft.sensors.filter((s) => s.number <= 3)) {
    sensor.ports = phases === 1 ? [sensor.number] : sensor.number === 1 ? [1, 2, 3] : [];
    if (!sensor.ports.length) sensor.enabled = false;
  }
}

/// What a sensor of its class has, where it has none yet.
function complete(sensor) {
  if (sensor.class === "analog") {
    sensor.voltage ??= 230;
    sensor.current ??= 50;
  }
  if (sensor.class === "pulse" && sensor.pulses_per_kwh === undefined) sensor.constant ??= "1";
}

/// The same meter in the other way of saying it, as far as the digits go.
function set_constant_by(sensor, way) {
  if (way === "pulses_per_kwh" && sensor.pulses_per_kwh === undefined) {
    sensor.pulses_per_kwh = Number(sensor.constant) > 0 ? Math.round(1e7 / Number(sensor.constant)) / 1e4 : 1000;
    delete sensor.constant;
  }
  if (way === "constant" && sensor.constant === undefined) {
    sensor.constant = String(sensor.pulses_per_kwh > 0 ? Math.max(1, Math.round(1e6 / sensor.pulses_per_kwh)) / 1e3 : 1);
    delete sensor.pulses_per_kwh;
  }
}

// What is wrong with a sensor's fields: [field, complaint].

function complaints(sensor) {
  const found = [];
  if (!sensor.enabled) return found;
  if (!sensor.name.trim()) found.push(["name", "An enabled sensor needs a name."]);
  if ([...sensor.name].length > longest_name) found.push(["name", `At most ${longest_name} characters.`]);
  if (draft.sensors.some((other) => other !== sensor && other.enabled && other.name.trim() && other.name.trim() === sensor.name.trim()))
    found.push(["name", "Another sensor has this name."]);
  if (sensor.class === "analog" && !(sensor.voltage >= 1 && sensor.voltage <= 1000))
    found.push(["voltage", "1 to 1000 V."]);
  if (sensor.class === "pulse" && sensor.pulses_per_kwh !== undefined && !(sensor.pulses_per_kwh >= 0.1 && sensor.pulses_per_kwh <= 1e6))
    found.push(["constant", "0.1 to 1000000."]);
  if (sensor.class === "pulse" && sensor.constant !== undefined && !(/^\d{1,5}(\.\d{0,3})?$/.test(sensor.constant) && Number(sensor.constant) > 0 && Number(sensor.constant) <= 65535.999))
    found.push(["constant", "0.001 to 65535.999, with a decimal point."]);
  return found;
}

// The form.

const select = (id, value, options, change) => {
  const made = element("select", {id}, ...options.map(([key, text]) => element("option", {value: key}, text)));
  made.value = value;
  made.addEventListener("change", () => {
    change(made.value);
    draw();
  });
  return made;
};

const field = (text, input, note) => element("label", {}, text, input, note);

function draw_board() {
  const box = element("div", {className: "fields"});
  if (has_toggle())
    box.append(field("Ports 2 and 3", select("clamp-ports", draft.clamp_ports,
      [[3, "current clamps"], [1, "pulses"]], (value) => set_clamp_ports(Number(value)))));
  const phases = select("phases", draft.phases, [[1, "1: a sensor a clamp"], [3, "3: one sensor of three clamps"]],
                        (value) => set_phases(Number(value)));
  phases.disabled = draft.clamp_ports === 1;
  box.append(field("Phases", phases));
  if (has_toggle()) {
    const lights = [["heartbeat", "heartbeat"], [4, "port 4"], [5, "port 5"]];
    if (!lights.some(([light]) => light === draft.led))
      lights.push(draft.led === null ? ["", "what the board was set to"] : [draft.led, `port ${draft.led}`]);
    box.append(
      field("LED shows", select("led", draft.led ?? "", lights,
        (value) => { draft.led = value === "heartbeat" ? value : Number(value) || null; })),
      field("Smart meter", select("dsmr", draft.dsmr, [["4.0", "DSMR 4.0 and later"], ["2.2", "DSMR 2.2 and 3"]],
        (value) => { draft.dsmr = value; })));
  }
  by_id("wiring").replaceChildren(element("legend", {}, `Board ${draft.board.toUpperCase()}`), box);
}

function draw_sensor(sensor) {
  const n = sensor.number, id = (name) => `${name}-${n}`;
  const input = (name, properties, take) => {
    const made = element("input", {id: id(name), "aria-describedby": id(`${name}-error`), ...properties});
    made.addEventListener("input", () => {
      take(made.value);
      check();
    });
    return made;
  };
  const error = (name) => element("span", {id: id(`${name}-error`), className: "error"});

  const enable = element("input", {type: "checkbox", id: id("enabled"), checked: sensor.enabled, disabled: !sensor.ports.length});
  enable.addEventListener("change", () => {
    sensor.enabled = enable.checked;
    draw();
    if (sensor.enabled && !sensor.name) by_id(id("name")).focus();
  });
  const ports = sensor.ports.length ? `port${sensor.ports.length > 1 ? "s" : ""} ${sensor.ports.join(", ")}` : "no port: sensor 1 has it";
  const fields = element("div", {className: "fields"},
    element("div", {className: "wide"}, field("Name",
      input("name", {type: "text", value: sensor.name, required: sensor.enabled, maxLength: 2 * longest_name, autocomplete: "off"},
            (value) => { sensor.name = value; }), error("name"))));
  if (sensor.class === "pulse") {
    const by = sensor.pulses_per_kwh === undefined ? "constant" : "pulses_per_kwh";
    fields.append(field("Counts", select(id("type"), sensor.type, pulse_types.map((type) => [type, type]), (value) => {
      sensor.type = value;
      if (value !== "electricity") set_constant_by(sensor, "constant");
    })));
    if (sensor.type === "electricity")
      fields.append(field("The meter says", select(id("by"), by,
        [["pulses_per_kwh", "pulses a kWh"], ["constant", "Wh a pulse"]], (value) => set_constant_by(sensor, value))));
    fields.append(field(by === "pulses_per_kwh" ? "Pulses a kWh" : sensor.type === "electricity" ? "Wh a pulse" : "Litres a pulse",
      input("constant", {type: "text", inputMode: "decimal", value: sensor[by]}, (value) => {
        value = value.trim();
        sensor[by] = by === "constant" ? value : /^\d+(\.\d+)?$/.test(value) ? Number(value) : NaN;
      }), error("constant")));
  }
  if (sensor.class === "analog")
    fields.append(
      field("Clamp", select(id("current"), sensor.current, currents.map((amperes) => [amperes, `${amperes} A`]),
        (value) => {
          sensor.current = Number(value);
          delete sensor.meter_constant;
        })),
      field("Voltage, V",
        input("voltage", {type: "text", inputMode: "numeric", value: sensor.voltage}, (value) => {
          sensor.voltage = /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : NaN;
          delete sensor.meter_constant;
        }),
        error("voltage")));
  return element("section", {className: `card sensor${sensor.enabled ? "" : " off"}`, "data-series": colour_of(sensor), "aria-labelledby": id("title")},
    element("div", {className: "card-head"},
      element("h2", {id: id("title")}, element("span", {className: "dot"}), ` Sensor ${n} `),
      element("label", {className: "check"}, enable, "Enabled")),
    element("p", {className: "hint"}, `${class_names[sensor.class] ?? sensor.class}, ${ports}`
      + (sensor.class === "analog" && sensor.meter_constant ? `; calibrated (${sensor.meter_constant}) until clamp or voltage change` : "")),
    fields,
    element("p", {className: "hint sid"}, sensor.sid ?? ""));
}

function draw() {
  const focus = document.activeElement?.id;
  draw_board();
  by_id("list").replaceChildren(...draft.sensors.map(draw_sensor));
  if (focus) by_id(focus)?.focus();
  check();
}

/// Shows what is wrong; whether nothing is.
function check() {
  let first;
  for (const sensor of draft.sensors) {
    const wrong = new Map(complaints(sensor).reverse());
    for (const name of ["name", "voltage", "constant"]) {
      const input = by_id(`${name}-${sensor.number}`);
      if (!input) continue;
      set_text(by_id(`${name}-error-${sensor.number}`), wrong.get(name) ?? "");
      if (wrong.has(name)) {
        input.setAttribute("aria-invalid", "true");
        first ??= input;
      } else input.removeAttribute("aria-invalid");
    }
  }
  const changed = JSON.stringify(draft) !== JSON.stringify(saved);
  by_id("undo").disabled = !changed;
  return {first, changed};
}

const outcome = (text, bad = false) => {
  set_text(by_id("outcome"), text);
  by_id("outcome").className = bad ? "error" : "hint";
};

/// Waits until the board has what was saved.
async function watch_board() {
  outcome("Saved. The board is synchronised …");
  for (let waited = 0; waited < most_sync_s; ++waited) {
    await new Promise((resume) => setTimeout(resume, 1000));
    const {board} = await get("/api/status");
    if (board.synchronised) return outcome(`Saved and synchronised${board.what ? `: ${board.what}` : "."}`);
    if (board.answers && !board.pending) return outcome(`Saved, but the board was not synchronised: ${board.what}`, true);
    if (!board.answers) return outcome(`Saved. The board does not answer, and is synchronised when it does: ${board.what}`, true);
  }
  outcome("Saved. The board is not synchronised yet; Status says when it is.", true);
}

async function save() {
  const {first} = check();
  if (first) {
    first.focus();
    return outcome("Not saved: see the fields marked above.", true);
  }
  const button = by_id("form").querySelector("[type=submit]");
  button.disabled = true;
  try {
    if (!await log_in()) return outcome("Not saved: not logged in.", true);
    outcome("Saving …");
    await send("PUT", "/api/config", draft);
    await load();
    await watch_board();
  } catch (error) {
    outcome(error.status === 0 ? `Perhaps not saved: ${error.message}` : `Not saved: ${error.message}`, true);
  } finally {
    button.disabled = false;
  }
}

async function load() {
  saved = await get("/api/config");
  draft = structuredClone(saved);
  draw();
}

async function begin() {
  try {
    await load();
    by_id("form").hidden = false;
    await show_session(by_id("session"), (text) => outcome(text, true));
  } catch (error) {
    if (error.status === 404) notice("This flmd is set up by its configuration file only.", "wait");
    else notice(error.message);
  }
}

by_id("form").addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
by_id("undo").addEventListener("click", () => {
  draft = structuredClone(saved);
  draw();
  outcome("");
});
addEventListener("beforeunload", (event) => {
  if (saved && check().changed) event.preventDefault();
});
begin();
