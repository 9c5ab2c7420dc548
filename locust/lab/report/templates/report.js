"use strict";
// Draws the figures of a page that is done. A report holds Plotly packed; a page of the UI has loaded it already.
async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const script = document.createElement("script");
  script.textContent = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  document.head.append(script);
}

async function drawAll() {
  const packed = document.getElementById("plotly");
  if (packed?.textContent) await unpack(packed.textContent);
  for (const [id, figure] of Object.entries(JSON.parse(document.getElementById("figures").textContent))) {
    labCharts.draw(document.getElementById(id), figure);
  }
}

drawAll();
