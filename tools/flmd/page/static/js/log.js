// Log: the last lines, as text; those with a word only, if one is given.
import {by_id, element, notice, repeat, request, store} from "./page.js";
import "./flm.js";

const box = by_id("log"), filter = by_id("filter"), follow = by_id("follow");
let lines = [], drawn = "";

function draw() {
  const word = filter.value.toLowerCase();
  const shown = word ? lines.filter((line) => line.toLowerCase().includes(word)) : lines;
  const text = shown.join("\n");
  if (text !== drawn || !box.childNodes.length) {
    box.replaceChildren(...(shown.length ? shown.map((line) => element("span", {className: "line"}, line))
      : [word ? `No line has “${filter.value}”.` : "No line yet."]));
    drawn = text;
  }
  if (follow.checked) box.scrollTop = box.scrollHeight;
}

filter.addEventListener("input", draw);
follow.checked = store.get("log-follow") !== "no";
follow.addEventListener("change", () => {
  store.set("log-follow", follow.checked ? "yes" : "no");
  draw();
});
// Who scrolls up wants to read.
box.addEventListener("wheel", (event) => { if (event.deltaY < 0) follow.checked = false; }, {passive: true});
repeat(5, async () => {
  try {
    lines = (await request("/api/log")).split("\n").filter((line) => line !== "");
    notice();
  } catch (error) {
    notice(error.message);
  }
  draw();
});
