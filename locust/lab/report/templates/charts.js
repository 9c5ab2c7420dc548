"use strict";
// Draws the figures of lab/report/charts.py. They name their colours after the style sheet's variables, such as var(--p95).
const labCharts = (() => {
  const drawn = new Map();
  const paperWidth = 640;
  let onPaper = false;

  function colored(value, style) {
    if (typeof value === "string") {
      return value.startsWith("var(") ? style.getPropertyValue(value.slice(4, -1)).trim() : value;
    }
    if (Array.isArray(value)) return value.map((item) => colored(item, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, colored(item, style)]));
    }
    return value;
  }

  function draw(element, figure) {
    drawn.set(element, figure);
    const style = getComputedStyle(document.documentElement);
    const layout = colored(figure.layout, style);
    // a finger that scrolls the page must not zoom the chart
    if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false;
    // time labels are wide: a phone has room for three
    if (element.clientWidth < 500 && layout.xaxis.type === "date") layout.xaxis.nticks = 3;
    Object.assign(layout, onPaper ? { width: paperWidth, autosize: false } : { autosize: true });
    const config = { displayModeBar: false, responsive: true, doubleClick: "reset" };
    return Plotly.react(element, colored(figure.data, style), layout, config);
  }

  function redraw() {
    for (const [element, figure] of drawn) draw(element, figure);
  }

  function print(paper) {
    onPaper = paper;
    document.documentElement.classList.toggle("paper", paper);
    redraw();
    // Plotly keeps a width once set
    if (!paper) for (const element of drawn.keys()) Plotly.Plots.resize(element);
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  return { draw };
})();
