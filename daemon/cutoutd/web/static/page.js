// Live updates. Without this script a page shows the state at the time it was opened.
//
// The server renders. An event holds the new HTML of parts ([data-part]). The script merges it node by node, so that
// the focus, a half-typed reason and an open <details> stay, and only changed nodes move.
"use strict";

(() => {
  const parts = new Map();
  for (const element of document.querySelectorAll("[data-part]")) parts.set(element.dataset.part, element);
  if (parts.size === 0) return;

  const lost = document.querySelector("[data-lost]");
  const isCalm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const AGAIN_AFTER_MS = 5000;
  let stream = null;
  let again = null;

  function open() {
    if (stream !== null || document.hidden) return;
    stream = new EventSource("/live");
    stream.onopen = () => { lost.hidden = true; };
    stream.onmessage = (event) => {
      for (const [name, html] of Object.entries(JSON.parse(event.data))) put(name, html);
    };
    stream.onerror = () => {
      // Connect again after every error, because the browser does so only after some.
      close();
      lost.hidden = false;
      again = setTimeout(open, AGAIN_AFTER_MS);
    };
  }

  function close() {
    clearTimeout(again);
    if (stream !== null) stream.close();
    stream = null;
  }

  // A hidden window disconnects, because a browser has few connections to one host.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);

  function put(name, html) {
    const element = parts.get(name);
    if (element === undefined) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    merge(element, fresh.content);
  }

  function merge(element, fresh) {
    const before = [...element.childNodes];
    const after = [...fresh.childNodes];
    after.forEach((node, index) => {
      const moved = node.dataset?.key === undefined ? -1
        : before.findIndex((each, place) => place > index && isSame(each, node));
      if (moved > 0 && !isSame(before[index], node)) {
        element.insertBefore(before[moved], before[index]);
        before.splice(index, 0, ...before.splice(moved, 1));
      }
      const old = before[index];
      if (old === undefined) element.append(node);
      else if (!isSame(old, node)) old.replaceWith(node);
      else if (node.nodeType === Node.ELEMENT_NODE) {
        mergeAttributes(old, node);
        merge(old, node);
      } else if (old.data !== node.data) {
        old.data = node.data;
        flash(old.parentElement);
      }
    });
    before.slice(after.length).forEach((node) => node.remove());
  }

  function isSame(old, node) {
    return old.nodeType === node.nodeType && old.nodeName === node.nodeName
      && (old.nodeType !== Node.ELEMENT_NODE || old.dataset.key === node.dataset.key);
  }

  function mergeAttributes(old, node) {
    for (const { name } of [...old.attributes]) {
      if (!node.hasAttribute(name) && !(old.nodeName === "DETAILS" && name === "open")) old.removeAttribute(name);
    }
    for (const { name, value } of node.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
  }

  function flash(element) {
    if (isCalm.matches || !element.matches("[data-flash]")) return;
    element.animate([{ opacity: 0.35 }, { opacity: 1 }], { duration: 450, easing: "ease-out" });
  }

  open();
})();
