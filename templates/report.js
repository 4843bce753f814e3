"use strict";
const tip = document.getElementById("tip");
const image = document.getElementById("tip-image");
const text = document.getElementById("tip-text");
// About as wide as images are shown.
const WIDTH = 128;

// Shows the image of the point under the pointer, next to it and within the window.
function show(event) {
  const point = event.target.closest("circle");
  if (!point) {
    tip.hidden = true;
    return;
  }
  const panel = point.ownerSVGElement.dataset;
  const place = Number(point.dataset.place);
  const columns = Number(panel.columns);
  const scale = Math.max(1, Math.floor(WIDTH / Number(panel.width)));
  const width = scale * Number(panel.width);
  const height = scale * Number(panel.height);
  image.className = "sprite" + panel.sprite + (scale > 2 ? " small" : "");
  image.style.width = width + "px";
  image.style.height = height + "px";
  image.style.backgroundSize = columns * width + "px auto";
  image.style.backgroundPosition = -(place % columns) * width + "px " + -Math.floor(place / columns) * height + "px";
  text.textContent = point.dataset.text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, window.innerWidth - box.width - 8);
  const below = event.clientY + 14;
  const top = below + box.height > window.innerHeight ? event.clientY - box.height - 14 : below;
  tip.style.left = Math.max(8, left) + "px";
  tip.style.top = Math.max(8, top) + "px";
}

for (const panel of document.querySelectorAll("svg.points")) {
  panel.addEventListener("pointerover", show);
  panel.addEventListener("click", show);
  panel.addEventListener("pointerleave", () => { tip.hidden = true; });
}
const byClass = document.getElementById("by-class");
if (byClass) {
  byClass.addEventListener("change", () => document.body.classList.toggle("by-class", byClass.checked));
}
