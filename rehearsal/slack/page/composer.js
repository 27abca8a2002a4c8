// The box in which messages and commands are typed.

import { h } from "./dom.js";
import { send, store } from "./store.js";

// What was begun and not sent yet, by conversation.
const drafts = new Map();

// target(): {channel, thread_ts?} to send to.
export class Composer {
  #suggestions = [];
  #chosen = 0;

  constructor(id, placeholder, target) {
    this.target = target;
    this.box = h("textarea", {
      id,
      rows: 1,
      placeholder,
      "aria-label": placeholder,
      "aria-autocomplete": "list",
      "aria-controls": `${id}-hints`,
      "data-testid": id,
      oninput: () => this.#changed(),
      onkeydown: (event) => this.#key(event),
      onblur: () => this.#offer([]),
    });
    this.hints = h("div", { id: `${id}-hints`, class: "hints", role: "listbox", "aria-label": "Suggestions", "data-testid": "hints", hidden: true });
    this.notice = h("div", { class: "warning", role: "alert" });
    this.box.value = drafts.get(this.#draftKey) ?? "";
    this.button = h("button", { type: "submit", class: "send", "aria-label": "Send", "data-testid": `${id}-send` }, "➤");
    this.node = h(
      "form",
      { class: "composer", onsubmit: (event) => this.#submit(event) },
      this.hints,
      this.notice,
      h("div", { class: "composer-box" }, this.box, this.button),
    );
  }

  get #draftKey() {
    const { channel, thread_ts: thread } = this.target();
    return `${channel}/${thread ?? ""}`;
  }

  focus() {
    this.box.focus();
  }

  #key(event) {
    if (event.isComposing) return;
    const offered = this.#suggestions.length > 0;
    if (offered && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : this.#suggestions.length - 1;
      this.#chosen = (this.#chosen + step) % this.#suggestions.length;
      this.#drawHints();
    } else if (offered && (event.key === "Tab" || event.key === "Enter") && this.#completes()) {
      event.preventDefault();
      this.#take(this.#suggestions[this.#chosen]);
    } else if (offered && event.key === "Escape") {
      this.#offer([]);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.node.requestSubmit();
    }
  }

  #changed() {
    drafts.set(this.#draftKey, this.box.value);
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight}px`;
    this.#offer(suggestions(this.box.value));
  }

  // A hint that is already written out in full only informs; Enter then sends.
  #completes() {
    return this.#suggestions[this.#chosen].text.trim() !== this.box.value.trim() && !this.#suggestions[this.#chosen].informs;
  }

  #take(suggestion) {
    this.box.value = suggestion.text;
    this.#changed();
    this.focus();
  }

  #offer(suggested) {
    this.#suggestions = suggested;
    this.#chosen = 0;
    this.#drawHints();
  }

  #drawHints() {
    this.hints.hidden = this.#suggestions.length === 0;
    this.hints.replaceChildren(
      ...this.#suggestions.map((suggestion, index) =>
        h(
          "div",
          {
            class: "hint-row",
            role: "option",
            "aria-selected": String(index === this.#chosen),
            // Before blur, which would take the list away.
            onmousedown: (event) => {
              event.preventDefault();
              if (!suggestion.informs) this.#take(suggestion);
            },
          },
          h("strong", {}, suggestion.title),
          suggestion.usage && h("code", {}, suggestion.usage),
          h("span", {}, suggestion.description),
        ),
      ),
    );
  }

  async #submit(event) {
    event.preventDefault();
    const text = this.box.value;
    if (!text.trim() || this.button.disabled) return;
    this.box.value = "";
    this.#changed();
    this.notice.textContent = "";
    this.button.disabled = true;
    const answer = await send("say", { ...this.target(), text });
    this.button.disabled = false;
    if (answer.ok || answer.notice?.startsWith("/")) return;
    // A refused command is explained by Slackbot in the conversation; anything else is explained here.
    if (answer.error) {
      this.notice.textContent = REFUSALS[answer.error] ?? `That did not work (${answer.error}).`;
      this.box.value = text;
    }
  }
}

const REFUSALS = {
  is_archived: "This channel is archived.",
  not_in_channel: "You are not a member of this channel.",
};

function suggestions(text) {
  const commands = store.state.app.commands;
  if (/^\/\S*$/.test(text)) {
    return commands
      .filter((each) => each.command.startsWith(text))
      .map((each) => ({ title: each.command, usage: each.usage_hint, description: each.description, text: `${each.command} ` }));
  }
  const typed = commands.find((each) => text.startsWith(`${each.command} `));
  if (typed) return [{ title: typed.command, usage: typed.usage_hint, description: typed.description, text, informs: true }];
  const mention = /(^|.*\s)@([\w-]*)$/s.exec(text);
  if (!mention) return [];
  return store.state.users
    .filter((user) => user.name.startsWith(mention[2].toLowerCase()))
    .map((user) => ({ title: `@${user.name}`, description: user.real_name, text: `${mention[1]}@${user.name} ` }));
}
