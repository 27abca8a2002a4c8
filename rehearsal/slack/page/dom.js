// Builds elements. Text only ever becomes text nodes, so nothing that people or apps write can become markup.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Replaces the content; the element with the same data-focus-key has the focus again, and open menus stay open.
export function refill(container, ...children) {
  const active = document.activeElement;
  const focused = container.contains(active) ? active.dataset.focusKey : undefined;
  const open = [...container.querySelectorAll("details[open] > summary")].map((summary) => summary.dataset.focusKey);
  const fresh = h("div", {}, ...children);
  container.replaceChildren(...fresh.childNodes);
  const find = (key) => container.querySelector(`[data-focus-key="${CSS.escape(key)}"]`);
  for (const key of open) find(key)?.parentElement.setAttribute("open", "");
  if (focused) find(focused)?.focus({ preventScroll: true });
}
