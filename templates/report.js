"use strict";
const tip = document.getElementById("tip");
const image = document.getElementById("tip-image");
const text = document.getElementById("tip-text");
// Screen readers say what changes here; the tip itself comes and goes.
const said = document.getElementById("said");
// About as wide as images are shown.
const WIDTH = 128;

// Shows the image of the point under the pointer.
function point(event) {
  const circle = event.target.closest("circle");
  if (circle) {
    show(circle, event.clientX, event.clientY);
  } else {
    tip.hidden = true;
  }
}

// Goes from point to point of the panel that has the focus.
function step(event) {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const panel = event.currentTarget;
  const points = panel.querySelectorAll("circle");
  if (event.key === "Escape") {
    tip.hidden = true;
  } else if (by && points.length) {
    event.preventDefault();
    const last = Number(panel.dataset.at ?? (by > 0 ? -1 : 0));
    const at = (last + by + points.length) % points.length;
    panel.dataset.at = at;
    const box = points[at].getBoundingClientRect();
    show(points[at], box.right, box.bottom);
  }
}

// Shows the image of a point, next to a place of the window and within it.
function show(point, x, y) {
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
  said.textContent = point.dataset.text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = Math.min(x + 14, window.innerWidth - box.width - 8);
  const below = y + 14;
  const top = below + box.height > window.innerHeight ? y - box.height - 14 : below;
  tip.style.left = Math.max(8, left) + "px";
  tip.style.top = Math.max(8, top) + "px";
}

for (const panel of document.querySelectorAll("svg.points")) {
  panel.addEventListener("pointerover", point);
  panel.addEventListener("click", point);
  panel.addEventListener("pointerleave", () => { tip.hidden = true; });
  panel.addEventListener("keydown", step);
  panel.addEventListener("blur", () => { tip.hidden = true; });
}
const byClass = document.getElementById("by-class");
if (byClass) {
  byClass.addEventListener("change", () => document.body.classList.toggle("by-class", byClass.checked));
}
