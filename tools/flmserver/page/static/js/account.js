// Account: settings, token, password, and all of one's data.
import {by_id, element, notice, send, set_text} from "./page.js";
import {ask, begin, fill_zones, say, shortest_password} from "./site.js";

const {user} = await begin();

fill_zones(by_id("zone"), user.zone);
by_id("price-eur").value = user.price_eur;
by_id("price-aud").value = user.price_aud;
by_id("change").elements.username.value = user.name;
by_id("content").hidden = false;

/// A price, with a point or a comma.
function price(field) {
  const text = field.value.trim().replace(",", ".");
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  field.focus();
  throw new Error(`A price is a number such as 0.25, not “${field.value}”.`);
}

by_id("settings").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await send("PATCH", "/api/account", {zone: by_id("zone").value, price_eur: price(by_id("price-eur")), price_aud: price(by_id("price-aud"))});
    say(by_id("settings-outcome"), "Saved.");
  } catch (error) {
    say(by_id("settings-outcome"), error.message, true);
  }
});

const hidden = by_id("token").textContent;
function show_token(shown) {
  set_text(by_id("token"), shown ? user.token : hidden);
  set_text(by_id("show-token"), shown ? "Hide" : "Show");
}
by_id("show-token").addEventListener("click", () => show_token(by_id("token").textContent === hidden));
by_id("new-token").addEventListener("click", () =>
  ask("Make a new token?", "Programs that have the old one read nothing any more, until they are given the new one.", "Make a new one",
    async () => {
      user.token = JSON.parse(await send("POST", "/api/account/token")).token;
      show_token(true);
    }));

by_id("change").addEventListener("submit", async (event) => {
  event.preventDefault();
  const old = by_id("old"), fresh = by_id("new"), again = by_id("again"), outcome = by_id("change-outcome");
  if (fresh.value.length < shortest_password)
    return say(outcome, `The new password has ${fresh.value.length} characters; it needs ${shortest_password} or more.`, true);
  if (fresh.value !== again.value) return say(outcome, "The new ones are not the same.", true);
  try {
    await send("POST", "/api/password", {old: old.value, password: fresh.value});
    location.reload();  // a new session, all others have ended
  } catch (error) {
    say(outcome, error.message, true);
  }
});

by_id("delete").addEventListener("click", async () => {
  const gone = await ask("Delete the account?",
    "Its devices, their sensors and all their readings go from this server, at once and for good. The meters keep what they have, and can be added to another account.",
    "Delete everything", (password) => send("POST", "/api/account/delete", {password}), {password: true});
  if (gone) location.replace("/login");
});
