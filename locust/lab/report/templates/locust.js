"use strict";
// What the lab adds to Locust's own page: the run's sentence above it, why a start was refused beside its field, and
// what a plan does with the numbers of the form. Locust's elements are its own: these only get something beside them.
const every = 2000;
const ask = window.fetch;
const refusalStays = 10000;
let asking = false;
let refused = 0;

function bar(word, sentence, kind) {
  const element = document.getElementById("lab");
  element.className = kind;
  element.querySelector("b").textContent = word;
  element.querySelector("span").textContent = sentence;
}

async function showHeadline() {
  if (asking || document.hidden || Date.now() - refused < refusalStays) return;
  asking = true;
  try {
    const answer = await ask("./lab/headline", { signal: AbortSignal.timeout(5000) });
    if (answer.status === 401) location.reload(); // the session has ended: the login takes the page's place
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const { word, sentence, kind } = await answer.json();
    bar(word, sentence, kind);
  } catch {
    bar("NO ANSWER", "The master does not answer. Still asking.", "idle");
  } finally {
    asking = false;
  }
}

function note(kind, ...parts) {
  const element = document.createElement("p");
  element.className = `lab-note ${kind}`;
  element.append(...parts);
  return element;
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

// Locust writes user_count of the form as userCount, and the last form of the page is the one on top.
function inputOf(field) {
  const name = field.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
  return field ? [...document.querySelectorAll(`[name="${CSS.escape(name)}"]`)].pop() : undefined;
}

function clear() {
  for (const shown of document.querySelectorAll(".lab-note.wrong")) shown.remove();
  for (const input of document.querySelectorAll("[aria-errormessage=lab-wrong]")) {
    input.removeAttribute("aria-errormessage");
    input.setAttribute("aria-invalid", "false");
  }
}

function showRefusal({ message, field, wrong }) {
  clear();
  const input = inputOf(field || "");
  const place = input?.closest(".MuiFormControl-root") || [...document.querySelectorAll("form button[type=submit]")].pop();
  if (!place) {
    refused = Date.now(); // the dialog has closed itself
    return bar("NOT CHANGED", message, "fail");
  }
  refused = 0;
  const shown = note("wrong");
  shown.id = "lab-wrong";
  shown.setAttribute("role", "alert");
  const [from, to] = wrong;
  if (input && from < to) {
    const text = input.value;
    const marked = element("code", text.slice(0, from));
    marked.append(element("mark", text.slice(from, to)), text.slice(to));
    shown.append(marked, document.createElement("br"));
  }
  shown.append(message);
  if (input) {
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-errormessage", "lab-wrong");
    const closed = input.closest(".MuiAccordion-root")?.querySelector("button[aria-expanded=false]");
    if (closed) closed.click();
    place.append(shown);
    input.focus({ preventScroll: true });
  } else {
    place.before(shown);
  }
  setTimeout(() => shown.scrollIntoView({ block: "center" }), 400); // when what was closed has opened
}

window.fetch = async (...what) => {
  const answer = await ask(...what);
  const url = new URL(what[0].url || what[0], location.href);
  if (answer.status === 401) location.reload();
  if (url.pathname.endsWith("/swarm") && answer.ok) {
    const said = await answer.clone().json();
    if (said.success) clear();
    else setTimeout(showRefusal, 0, said); // after Locust has shown its own
  }
  return answer;
};

// What a plan does with the numbers of the form, beside them.
function showPlan(plan) {
  for (const shown of document.querySelectorAll(".lab-note.plan")) shown.remove();
  for (const [name, said] of Object.entries(window.labPlans[plan] || { userCount: "", spawnRate: "" })) {
    const input = inputOf(name);
    if (!input) continue;
    input.readOnly = said.startsWith("Not used");
    input.classList.toggle("lab-unused", input.readOnly);
    if (said) input.closest(".MuiFormControl-root").append(note("plan", said));
  }
}

document.addEventListener("change", (event) => {
  if (event.target.name === "shapeClass") showPlan(event.target.value);
});
document.addEventListener("input", clear);
document.addEventListener("visibilitychange", showHeadline);
setInterval(showHeadline, every);
document.addEventListener("DOMContentLoaded", showHeadline);
