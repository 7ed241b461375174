// Following: whose shared sensors stand in the dash.
import {by_id, element, get, notice, send} from "./page.js";
import {begin, say} from "./site.js";

async function load() {
  const people = await get("/api/following");
  by_id("none").hidden = people.length > 0;
  by_id("list").replaceChildren(...people.map(({uid, name, shared}) => element("li", {},
    element("span", {}, element("strong", {}, name), " ",
      element("span", {className: "hint"}, shared === 1 ? "shares 1 sensor" : `shares ${shared || "no"} sensors`)),
    element("button", {type: "button", "aria-label": `Stop following ${name}`, onclick: () => stop(uid)}, "Stop following"))));
}

async function stop(uid) {
  try {
    await send("DELETE", `/api/following/${uid}`);
    await load();
  } catch (error) {
    notice(error.message);
  }
}

await begin();
load().catch((error) => notice(error.message));

by_id("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = by_id("name");
  try {
    if (!name.value) throw new Error("Whom? By the name of the account.");
    await send("POST", "/api/following", {name: name.value});
    say(by_id("outcome"), `You follow ${name.value}.`);
    name.value = "";
    await load();
  } catch (error) {
    say(by_id("outcome"), error.message, true);
    name.focus();
  }
});
