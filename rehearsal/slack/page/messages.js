// A list of messages that stays at its end while it grows, and keeps each message's place while it changes.

import { h } from "./dom.js";
import { MessageView, time } from "./message.js";

const NEAR_END_PIXELS = 80;

export class MessageList {
  #views = new Map();
  #atEnd = true;

  // belongs(message): whether it is shown here.
  constructor(belongs, openThread, name) {
    this.belongs = belongs;
    this.openThread = openThread;
    this.node = h("div", { class: "messages", role: "feed", "aria-label": name, tabindex: "0" });
    this.node.addEventListener("scroll", () => {
      this.#atEnd = this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < NEAR_END_PIXELS;
    });
  }

  fill(messages) {
    this.#views.clear();
    this.node.replaceChildren();
    for (const message of messages) this.#append(message);
    this.#toEnd();
  }

  show(message) {
    if (!this.belongs(message)) return;
    const view = this.#views.get(message.ts);
    if (view) view.draw(message);
    else this.#append(message);
    this.#follow();
  }

  remove(ts) {
    this.#views.get(ts)?.node.remove();
    this.#views.delete(ts);
  }

  #append(message) {
    const last = [...this.#views.values()].at(-1)?.message;
    const day = time(message.ts).toDateString();
    if (!last || time(last.ts).toDateString() !== day) this.node.append(dayMark(message.ts));
    const view = new MessageView(message, this.openThread);
    this.#views.set(message.ts, view);
    this.node.append(view.node);
    // A picture grows when it has loaded.
    for (const picture of view.node.querySelectorAll("img")) picture.addEventListener("load", () => this.#follow(), { once: true });
  }

  #follow() {
    if (this.#atEnd) this.#toEnd();
  }

  #toEnd() {
    this.node.scrollTop = this.node.scrollHeight;
  }
}

function dayMark(ts) {
  const date = time(ts);
  const shown = date.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });
  const today = date.toDateString() === new Date().toDateString();
  return h("div", { class: "day", role: "separator" }, h("span", {}, today ? "Today" : shown));
}
