// Rich text: sections, lists, quotes and preformatted text, with styled runs.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { store } from "./store.js";

export function richText(block) {
  return block.elements.map(part);
}

function part(element) {
  const runs = () => element.elements.map(run);
  if (element.type === "rich_text_preformatted") return h("pre", {}, h("code", {}, runs()));
  if (element.type === "rich_text_quote") return h("blockquote", {}, runs());
  if (element.type === "rich_text_list") {
    return h(element.style === "ordered" ? "ol" : "ul", {}, element.elements.map((item) => h("li", {}, part(item))));
  }
  return h("div", {}, runs());
}

function run(element) {
  const style = element.style ?? {};
  let node = content(element);
  if (style.code) node = h("code", {}, node);
  if (style.bold) node = h("strong", {}, node);
  if (style.italic) node = h("em", {}, node);
  if (style.strike) node = h("s", {}, node);
  return node;
}

function content(element) {
  if (element.type === "emoji") return emoji(element.name);
  if (element.type === "user") return h("span", { class: "mention" }, `@${store.userName(element.user_id)}`);
  if (element.type === "channel") return h("span", { class: "mention" }, `#${store.channelName(element.channel_id)}`);
  if (element.type === "date") return new Date(element.timestamp * 1000).toLocaleString();
  if (element.type === "link" && /^https?:/.test(element.url)) {
    return h("a", { href: element.url, target: "_blank", rel: "noopener noreferrer" }, element.text ?? element.url);
  }
  return element.text ?? "";
}
