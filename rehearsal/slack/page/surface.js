// Where interactive elements live: a message, a modal or the app home. Keeps what a person chose over a redraw.

import { plainOf } from "./labels.js";

// identity: what names the surface in the control API ({channel, ts} or {view_id}).
export class Surface {
  #readers = new Map();
  #kept = {};

  constructor(identity, send) {
    this.identity = identity;
    this.send = send;
    this.errors = {};
  }

  // Before the blocks are drawn anew.
  redraw() {
    this.#kept = this.values();
    this.#readers.clear();
  }

  act(block, element, value) {
    return this.send("click", {
      ...this.identity,
      action_id: element.action_id,
      block_id: block.block_id,
      value,
      values: this.values(),
    });
  }

  // An input block tells the app only when it is asked to.
  acts(block) {
    return block.type !== "input" || block.dispatch_action === true;
  }

  input(block, element, read) {
    this.#readers.set([block.block_id, element.action_id], read);
  }

  value(block, element) {
    return this.#kept[block.block_id]?.[element.action_id];
  }

  label(block, element) {
    return plainOf(block.label) ?? plainOf(element.placeholder) ?? plainOf(block.text) ?? "Choose";
  }

  values() {
    const values = {};
    for (const [[blockId, actionId], read] of this.#readers) {
      values[blockId] ??= {};
      values[blockId][actionId] = read();
    }
    return values;
  }
}
