// Modals: the view on top of the person's stack, redrawn in place when the app updates it.

import { renderBlocks } from "./blocks.js";
import { h, refill } from "./dom.js";
import { plainText } from "./mrkdwn.js";
import { on, send, store } from "./store.js";
import { Surface } from "./surface.js";

const DROPPED = "We had some trouble connecting. Try again?";

let shown = null;

export function showModals() {
  on("modals", draw);
  on("reset", draw);
}

function draw() {
  const view = store.state.modals[store.me]?.at(-1);
  if (shown && shown.view.id !== view?.id) {
    shown.dialog.remove();
    shown = null;
  }
  if (!view) return;
  if (shown) {
    shown.update(view);
    return;
  }
  shown = new Modal(view);
  document.body.append(shown.dialog);
  shown.dialog.showModal();
  shown.dialog.querySelector("[autofocus], .control, .ticks input")?.focus();
}

class Modal {
  #notice = "";
  #busy = false;

  constructor(view) {
    this.surface = new Surface({ view_id: view.id }, (verb, body) => this.#send(verb, body));
    this.dialog = h("dialog", { class: "dialog modal", "data-testid": "modal", "aria-labelledby": "modal-title" });
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#close();
    });
    this.update(view);
  }

  update(view) {
    this.view = view;
    this.#draw();
  }

  #draw() {
    const { title, blocks, submit, close } = this.view;
    this.surface.redraw();
    refill(
      this.dialog,
      h(
        "form",
        { method: "dialog", novalidate: true, onsubmit: (event) => this.#submit(event) },
        h(
          "header",
          { class: "modal-head" },
          h("h2", { id: "modal-title" }, plainText(title.text)),
          h("button", { type: "button", class: "tool", "aria-label": "Close", onclick: () => this.#close() }, "✕"),
        ),
        h("div", { class: "modal-body" }, renderBlocks(blocks, this.surface)),
        this.#notice && h("div", { class: "warning", role: "alert" }, this.#notice),
        h(
          "footer",
          { class: "dialog-buttons" },
          h("button", { type: "button", class: "button", "data-testid": "modal-close", data: { focusKey: "close" }, onclick: () => this.#close() }, close ? plainText(close.text) : "Close"),
          submit &&
            h("button", { class: "button primary filled", "data-testid": "modal-submit", "aria-busy": String(this.#busy), data: { focusKey: "submit" } }, plainText(submit.text)),
        ),
      ),
    );
  }

  async #submit(event) {
    event.preventDefault();
    if (this.#busy) return;
    this.#busy = true;
    const view = this.view;
    const answer = await send("submit", { view_id: view.id, values: this.surface.values() });
    this.#busy = false;
    this.surface.errors = answer.errors ?? {};
    this.#notice = answer.notice ?? (answer.error ? DROPPED : "");
    if (this.dialog.isConnected && this.view === view) this.#draw();
    this.dialog.querySelector(".faulty .control, .faulty input")?.focus();
  }

  async #send(verb, body) {
    const answer = await send(verb, body);
    this.#notice = answer.ok ? "" : (answer.notice ?? DROPPED);
    if (this.#notice) this.#draw();
    return answer;
  }

  #close() {
    send("close", { view_id: this.view.id });
  }
}
