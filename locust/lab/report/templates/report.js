"use strict";
for (const [id, figure] of Object.entries(JSON.parse(document.getElementById("figures").textContent))) {
  labCharts.draw(document.getElementById(id), figure);
}
