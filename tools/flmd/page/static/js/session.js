// Who may change something: the session, and the dialog that opens one.
import {element, get, send, set_csrf, set_text} from "./page.js";

export const shortest_password = 8;

let session = {user: null, csrf: null, password_set: true, local: true};
/// Is called after each change of the session.
let changed = () => {};

async function load_session(on_change) {
  changed = on_change ?? changed;
  session = await get("/api/session");
  set_csrf(session.csrf);
  changed(session);
  return session;
}

async function log_out() {
  await send("POST", "/api/logout");
  await load_session();
}

const dialog = make_dialog();

function make_dialog() {
  const field = (id, autocomplete) =>
    element("input", {id, type: "password", autocomplete, maxLength: 256});
  const parts = {
    title: element("h2", {id: "login-title"}),
    hint: element("p", {className: "hint"}),
    old: field("old", "current-password"),
    password: field("password", "current-password"),
    again: field("again", "new-password"),
    error: element("p", {className: "error", role: "alert"}),
    submit: element("button", {type: "submit", className: "primary"}),
  };
  const old_row = element("label", {id: "old-row"}, "Old password ", parts.old);
  const word = element("span", {});
  const again_row = element("label", {id: "again-row"}, "Once more ", parts.again);
  const cancel = element("button", {type: "button", onclick: () => root.close()}, "Cancel");
  const form = element("form", {method: "dialog"}, parts.title, parts.hint,
    // For what remembers passwords.
    element("input", {type: "text", name: "username", autocomplete: "username", value: "owner", hidden: true}),
    old_row, element("label", {}, word, parts.password), again_row, parts.error,
    element("div", {className: "buttons"}, parts.submit, cancel));
  const root = element("dialog", {id: "login", "aria-labelledby": "login-title"}, form);
  document.body.append(root);
  return {root, form, old_row, word, again_row, ...parts};
}

/// Asks for the password, or for a new one where none is set or `change` is true. Resolves to whether the user
/// is logged in afterwards.
export async function log_in(change = false) {
  await load_session();
  if (session.user && !change) return true;
  const {root, form, title, hint, old, old_row, word, password, again, again_row, error, submit} = dialog;
  const makes = change || !session.password_set;
  const may = session.password_set || session.local;
  set_text(title, change ? "Change the password" : makes ? "Set a password" : "Log in");
  set_text(hint, !may ? "No password is set yet. Set it from the local network, or by “flmd password”."
    : makes ? `A new password, ${shortest_password} characters or more. Looking needs none, changing does.`
    : "Changing something, and seeing the claim code, needs the password.");
  set_text(submit, makes ? "Set password" : "Log in");
  set_text(error, "");
  set_text(word, change ? "New password " : "Password ");
  old.value = password.value = again.value = "";
  password.autocomplete = makes ? "new-password" : "current-password";
  password.disabled = submit.disabled = !may;
  old_row.hidden = !change;
  again_row.hidden = !makes;
  root.showModal();
  return new Promise((resolve) => {
    const refuse = (text, field = password) => {
      set_text(error, text);
      field.focus();
      field.select();
    };
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (makes && password.value.length < shortest_password)
        return refuse(`The password has ${password.value.length} characters; it needs ${shortest_password} or more.`);
      if (makes && password.value !== again.value) return refuse("The two are not the same.");
      submit.disabled = true;
      try {
        await send("POST", makes ? "/api/password" : "/api/login",
                   {...(change ? {old: old.value} : {}), password: password.value});
        await load_session();
        root.close();
      } catch (fault) {
        refuse(fault.message, change ? old : password);
      }
      submit.disabled = false;
    };
    root.onclose = () => {
      old.value = password.value = again.value = "";
      resolve(Boolean(session.user));
    };
  });
}

/// Shows in an element what a session can do; nothing while there is none.
export function show_session(target, complain) {
  return load_session(({user}) => target.replaceChildren(...(user
    ? [element("button", {type: "button", onclick: () => log_in(true)}, "Change the password"),
       element("button", {type: "button", onclick: () => log_out().catch((fault) => complain(fault.message))}, "Log out")]
    : [])));
}
