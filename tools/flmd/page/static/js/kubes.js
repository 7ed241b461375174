// Kubes: what is paired, its values; pairing, names, removal.
import {by_id, element, get, notice, repeat, send, set_text} from "./page.js";
import {duration, number} from "./units.js";
import {colour_of} from "./flm.js";
import {log_in, show_session} from "./session.js";

const longest_name = 32;
const old_after_s = 1200;

const outcome = (text, bad = false) => {
  set_text(by_id("outcome"), text);
  by_id("outcome").className = bad ? "error" : "hint";
};

/// Does something that needs the password, and says what came of it.
async function change(work, done) {
  try {
    if (!await log_in()) return outcome("Nothing is changed: not logged in.", true);
    await work();
    outcome(done);
    await show();
  } catch (error) {
    outcome(error.message, true);
  }
}

function rename(kube, name) {
  if (!name || [...name].length > longest_name) return outcome(`A name has 1 to ${longest_name} characters.`, true);
  change(() => send("PUT", `/api/kubes/${kube.kid}`, {name}), `Kube ${kube.kid} is “${name}” now.`);
}

function remove(kube) {
  const dialog = element("dialog", {"aria-label": "Remove a kube"},
    element("form", {method: "dialog"},
      element("h2", {}, `Remove “${kube.name || `kube ${kube.kid}`}”?`),
      element("p", {className: "hint"}, "Its sensors end. What was measured stays in the history."),
      element("div", {className: "buttons"},
        element("button", {value: "yes", className: "primary"}, "Remove"), element("button", {value: "no"}, "Cancel"))));
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue === "yes")
      change(() => send("DELETE", `/api/kubes/${kube.kid}`), `Kube ${kube.kid} is removed.`);
  });
  document.body.append(dialog);
  dialog.showModal();
}

function card(kube, sensors, now) {
  const mine = kube.sensors.map((sid) => sensors.find((sensor) => sensor.sid === sid)).filter(Boolean);
  const name = element("input", {type: "text", id: `name-${kube.kid}`, value: kube.name, maxLength: 2 * longest_name, autocomplete: "off"});
  const age = kube.heard ? now - kube.heard : Infinity;
  const values = element("dl");
  for (const sensor of mine)
    values.append(
      element("dt", {"data-series": colour_of(sensor)}, element("span", {className: "dot"}), ` ${sensor.type}`),
      element("dd", {}, sensor.gauge ? `${number(sensor.gauge[1], 3)} ${sensor.gauge[2]}` : "–"));
  // What no type of the registry explains.
  if (kube.packet) values.append(element("dt", {}, "last packet"), element("dd", {}, element("code", {}, kube.packet)));
  return element("section", {className: "card sensor"},
    element("div", {className: "card-head"},
      element("h2", {}, kube.name || `Kube ${kube.kid}`),
      element("span", {className: `state ${age > old_after_s ? "wait" : "good"}`},
              age === Infinity ? "not heard yet" : `heard ${duration(age)} ago`)),
    element("p", {className: "hint"}, [`number ${kube.kid}`, kube.type, kube.firmware && `firmware ${kube.firmware}`].filter(Boolean).join(" · ")),
    values,
    element("form", {className: "fields", onsubmit: (event) => { event.preventDefault(); rename(kube, name.value.trim()); }},
      element("label", {className: "wide"}, "Name ", name),
      element("div", {className: "buttons wide"},
        element("button", {type: "submit"}, "Rename"),
        element("button", {type: "button", onclick: () => remove(kube)}, "Remove"))));
}

/// Nodes that are heard and not paired.
const stranger = (node, now) => element("tr", {},
  element("td", {}, String(node.node)), element("td", {}, element("code", {}, node.packet)),
  element("td", {}, `${duration(now - node.heard)} ago`));

let drawn = "";
async function show() {
  const [state, sensors, status] = await Promise.all([get("/api/kubes"), get("/api/sensors"), get("/api/status")]);
  notice();
  by_id("content").hidden = false;
  by_id("none").hidden = state.kubes.length > 0;
  by_id("pair").disabled = state.pairing > 0;
  if (state.pairing > 0) outcome(`Listening for ${state.pairing} s more …`);
  else if (pairing) outcome(state.kubes.length > pairing.before ? "Paired." : "No kube was heard.", state.kubes.length <= pairing.before);
  if (state.pairing === 0) pairing = null;
  by_id("strangers").hidden = state.strangers.length === 0;
  by_id("nodes").replaceChildren(...state.strangers.map((node) => stranger(node, status.time)));
  // Who writes a name is not interrupted.
  const text = JSON.stringify([state.kubes, sensors.map((sensor) => [sensor.sid, sensor.gauge])]);
  if (text === drawn || by_id("list").contains(document.activeElement)) return;
  drawn = text;
  by_id("list").replaceChildren(...state.kubes.map((kube) => card(kube, sensors, status.time)));
}

let pairing = null;  // {before: number of kubes}
by_id("pair").addEventListener("click", () => change(async () => {
  const {kubes} = await get("/api/kubes");
  await send("POST", "/api/kubes/pair");
  pairing = {before: kubes.length};
}, "Listening …"));

let asked = false;
repeat(2, async () => {
  try {
    await show();
    if (!asked) await show_session(by_id("session"), (text) => outcome(text, true));
    asked = true;
  } catch (error) {
    if (error.status === 404) {
      notice("This flmd has no kubes: they need the radio of an FLM02B.", "wait");
      return false;
    }
    notice(error.message);
  }
  return true;
});
