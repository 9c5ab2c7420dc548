"use strict";
// Keeps the live page up to date: asks the master every two seconds, as long as the page is visible.
const every = 2000;
const patience = 5000;
let timer = null;
let asking = false;
let since = null;

function byId(id) {
  return document.getElementById(id);
}

// Parts are replaced only when they change: a table that is being read or scrolled is left alone.
function showPart(name, html) {
  const part = document.querySelector(`[data-part="${name}"]`);
  if (part.dataset.html === html) return;
  part.dataset.html = html;
  const open = new Set([...part.querySelectorAll("details[open]")].map((details) => details.dataset.key));
  part.innerHTML = html;
  for (const details of part.querySelectorAll("details")) details.open = open.has(details.dataset.key);
  part.hidden = !html.trim();
}

function row(cells, tag) {
  const line = document.createElement("tr");
  for (const cell of cells) {
    const element = document.createElement(tag);
    element.textContent = cell;
    element.className = "figure";
    line.append(element);
  }
  return line;
}

function showTable(chart) {
  const table = byId(`${chart.id}-table`);
  if (!table.closest("details").open) return;
  table.replaceChildren(row(chart.columns, "th"), ...chart.rows.map((cells) => row(cells, "td")));
}

function showChart(chart) {
  byId(`${chart.id}-section`).hidden = false;
  byId(`${chart.id}-title`).textContent = chart.title;
  byId(`${chart.id}-note`).textContent = chart.note;
  const element = byId(chart.id);
  element.style.height = `${chart.figure.layout.height}px`;
  element.setAttribute("aria-label", chart.summary);
  labCharts.draw(element, chart.figure);
  showTable(chart);
}

function show(data) {
  document.title = data.title;
  // read aloud when it changes, not at every figure
  if (byId("status").textContent !== data.title) byId("status").textContent = data.title;
  for (const [name, html] of Object.entries(data.parts)) showPart(name, html);
  const drawn = new Set(data.charts.map((chart) => chart.id));
  for (const id of ["curve", "course", "replicas"]) if (!drawn.has(id)) byId(`${id}-section`).hidden = true;
  data.charts.forEach(showChart);
  byId("report").hidden = !data.run || data.goes_on;
}

function showGone(gone) {
  since = gone ? since || new Date() : null;
  byId("gone").hidden = !gone;
  if (gone) {
    const clock = since.toISOString().slice(11, 19);
    byId("gone").textContent = `The master has not answered since ${clock} UTC: below is its last answer. Still asking.`;
  }
}

async function ask() {
  if (asking) return;
  asking = true;
  try {
    const read = [...document.querySelectorAll("details[data-chart][open]")].map((details) => `table=${details.dataset.chart}`);
    const answer = await fetch(`lab/data?${read.join("&")}`, { cache: "no-store", signal: AbortSignal.timeout(patience) });
    if (answer.status === 401) location.reload(); // the session has ended: the login takes the page's place
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const data = await answer.json();
    showGone(false);
    show(data);
  } catch {
    showGone(true);
  } finally {
    asking = false;
  }
}

function watch() {
  clearInterval(timer);
  timer = null;
  if (document.hidden) return;
  ask();
  timer = setInterval(ask, every);
}

document.addEventListener("visibilitychange", watch);
for (const details of document.querySelectorAll("details[data-chart]")) details.addEventListener("toggle", ask);
watch();
