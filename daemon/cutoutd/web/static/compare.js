"use strict";

// A slider between two pictures that lie over each other. Keyboards and screen readers use the range input. Fingers
// and mice drag anywhere on the picture; a finger that moves up or down still scrolls the page.

for (const box of document.querySelectorAll("[data-compare]")) {
  const range = box.querySelector("input");

  const show = () => {
    box.style.setProperty("--at", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${range.value} % before`);
  };

  const follow = (event) => {
    const place = box.getBoundingClientRect();
    range.value = String(Math.round(((event.clientX - place.left) / place.width) * 100));
    show();
  };

  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    box.setPointerCapture(event.pointerId);
    range.focus({ preventScroll: true, focusVisible: false });
    follow(event);
  });
  box.addEventListener("pointermove", (event) => {
    if (box.hasPointerCapture(event.pointerId)) follow(event);
  });
  range.addEventListener("input", show);
  show();
}
