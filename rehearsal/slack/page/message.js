// One message in a list: who, when, what, and what can be done with it.

import { renderBlocks } from "./blocks.js";
import { h, refill } from "./dom.js";
import { emoji } from "./emoji.js";
import { icon } from "./icons.js";
import { mrkdwn } from "./mrkdwn.js";
import { send, store } from "./store.js";
import { Surface } from "./surface.js";

const NOTICE_MILLISECONDS = 8000;

// openThread(message) is called from the reply links; without it there are none (inside a thread).
export class MessageView {
  #surface;
  #warning = "";
  #dismissed = false;

  constructor(message, openThread) {
    this.message = message;
    this.openThread = openThread;
    this.#surface = new Surface({ channel: message.channel, ts: message.ts, earlier: true }, (verb, body) => this.#send(verb, body));
    this.node = h("article", { class: "message", "data-testid": "message", "data-ts": message.ts, tabindex: "-1" });
    this.draw(message);
  }

  draw(message) {
    this.message = message;
    // Between the press and the release of a button the message stays as it is, or the click would be lost.
    if (this.node.matches(":active")) {
      addEventListener("pointerup", () => setTimeout(() => this.draw(this.message)), { once: true });
      return;
    }
    this.#surface.redraw();
    const author = store.userName(message.user);
    this.node.hidden = this.#dismissed;
    this.node.classList.toggle("ephemeral", message.visible_to !== null);
    this.node.setAttribute("aria-label", `${author}, ${time(message.ts).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`);
    refill(
      this.node,
      avatar(message.user),
      h(
        "div",
        { class: "message-body" },
        message.visible_to !== null && h("div", { class: "only-you", "data-testid": "only-you" }, icon("eye"), " Only visible to you"),
        h(
          "div",
          { class: "byline" },
          h("span", { class: "author" }, author),
          isApp(message.user) && h("span", { class: "badge" }, "APP"),
          timestamp(message.ts),
        ),
        this.#content(),
        this.#warning && h("div", { class: "warning", role: "alert", "data-testid": "warning" }, icon("warning"), ` ${this.#warning}`),
        this.#reactions(),
        this.#replies(),
        message.visible_to !== null && h("button", { class: "link", type: "button", onclick: () => this.#dismiss() }, "Dismiss message"),
      ),
      this.#tools(),
    );
  }

  #content() {
    const { blocks, text, files, edited } = this.message;
    return [
      blocks
        ? renderBlocks(blocks, this.#surface)
        : text && h("div", { class: "text" }, mrkdwn(text), edited && h("span", { class: "edited" }, " (edited)")),
      files?.map(attachment),
    ];
  }

  #reactions() {
    const reactions = this.message.reactions;
    return (
      reactions &&
      h(
        "div",
        { class: "reactions" },
        reactions.map(({ name, count, users }) =>
          h("span", { class: "reaction", title: `${users.map(store.userName).join(", ")} reacted with :${name}:` }, emoji(name), ` ${count}`),
        ),
      )
    );
  }

  #replies() {
    const { reply_count: count, latest_reply: latest } = this.message;
    if (!count || !this.openThread) return null;
    return h(
      "button",
      { class: "replies", type: "button", "data-testid": "open-thread", onclick: () => this.openThread(this.message), data: { focusKey: "replies" } },
      h("strong", {}, `${count} ${count === 1 ? "reply" : "replies"}`),
      h("span", {}, " · last "),
      timestamp(latest),
    );
  }

  #tools() {
    const shortcuts = store.state.app.shortcuts.filter((shortcut) => shortcut.kind === "message");
    if (this.message.visible_to !== null) return null;
    return h(
      "div",
      { class: "tools" },
      this.openThread &&
        h("button", { type: "button", class: "tool", "aria-label": "Reply in thread", title: "Reply in thread", "data-testid": "reply", data: { focusKey: "reply" }, onclick: () => this.openThread(this.message) }, icon("speech_balloon")),
      shortcuts.length > 0 &&
        h(
          "details",
          { class: "overflow" },
          h("summary", { class: "tool", "aria-label": "Message shortcuts", title: "Message shortcuts", "data-testid": "shortcuts", data: { focusKey: "shortcuts" } }, "⋯"),
          h(
            "div",
            { class: "menu", role: "menu" },
            shortcuts.map((shortcut) =>
              h("button", { type: "button", role: "menuitem", onclick: (event) => this.#shortcut(event, shortcut) }, shortcut.name),
            ),
          ),
        ),
    );
  }

  #shortcut(event, shortcut) {
    event.target.closest("details").open = false;
    this.#send("shortcut", { callback_id: shortcut.callback_id, channel: this.message.channel, ts: this.message.ts });
  }

  #dismiss() {
    this.#dismissed = true;
    this.node.hidden = true;
  }

  async #send(verb, body) {
    const answer = await send(verb, body);
    if (answer.ok) return answer;
    this.#warn(answer.notice ?? `That did not work (${answer.error}).`);
    return answer;
  }

  #warn(text) {
    this.#warning = text;
    this.draw(this.message);
    setTimeout(() => {
      this.#warning = "";
      this.draw(this.message);
    }, NOTICE_MILLISECONDS);
  }
}

export function avatar(userId) {
  const name = store.userName(userId);
  const initials = name
    .split(/[\s-]+/)
    .slice(0, 2)
    .map((word) => word[0].toUpperCase())
    .join("");
  const tint = isApp(userId) ? "app" : `tint-${[...userId].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 4}`;
  return h("span", { class: `avatar ${tint}`, "aria-hidden": "true" }, isApp(userId) ? h("img", { src: "icon.svg", alt: "" }) : initials);
}

export function time(ts) {
  return new Date(Number(ts) * 1000);
}

function timestamp(ts) {
  const date = time(ts);
  const shown = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return h("time", { datetime: date.toISOString(), title: date.toLocaleString() }, shown);
}

function isApp(userId) {
  return userId === "USLACKBOT" || store.user(userId)?.is_bot === true;
}

function attachment(file) {
  const link = { href: file.url_private, target: "_blank", rel: "noopener noreferrer" };
  if (!file.mimetype.startsWith("image/")) return h("p", {}, h("a", link, file.title));
  return h(
    "figure",
    { class: "picture" },
    h("figcaption", {}, file.title),
    h("a", link, h("img", { src: `/files/${file.id}`, alt: file.alt_txt || file.title, loading: "lazy" })),
  );
}
