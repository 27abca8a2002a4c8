// Slack's own markup (https://docs.slack.dev/messaging/formatting-message-text) as DOM nodes.

import { h } from "./dom.js";
import { emoji, withEmoji } from "./emoji.js";
import { store } from "./store.js";

const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<token>[^<>\\n]+)>",
    ":(?<emoji>[a-z0-9_+-]+):",
    "(?<![\\w*])\\*(?<bold>\\S(?:[^*\\n]*\\S)?)\\*(?![\\w*])",
    "(?<!\\w)_(?<italic>\\S(?:[^_\\n]*\\S)?)_(?!\\w)",
    "(?<![\\w~])~(?<strike>\\S(?:[^~\\n]*\\S)?)~(?![\\w~])",
  ].join("|"),
  "g",
);

export function mrkdwn(text) {
  return text.split("```").flatMap((part, index) => {
    if (index % 2) return [h("pre", {}, h("code", {}, tokensOnly(part.replace(/^\n|\n$/g, ""))))];
    return paragraphs(part);
  });
}

export function plainText(text) {
  return scan(text, /:(?<emoji>[a-z0-9_+-]+):/g, (groups) => emoji(groups.emoji));
}

export function textObject(object) {
  return object.type === "mrkdwn" ? mrkdwn(object.text) : lines(object.text, plainText);
}

// What a screen reader or a list of suggestions gets: no markup at all.
export function bareText(text) {
  const holder = h("div", {}, mrkdwn(text));
  return holder.textContent.trim();
}

export function decode(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function paragraphs(text) {
  const nodes = [];
  let quoted = [];
  let open = [];
  const flush = () => {
    if (open.length) nodes.push(...lines(open.join("\n"), inline));
    if (quoted.length) nodes.push(h("blockquote", {}, lines(quoted.join("\n"), inline)));
    open = [];
    quoted = [];
  };
  for (const line of text.split("\n")) {
    const quote = /^(?:>|&gt;) ?(.*)$/.exec(line);
    if (quote) {
      if (open.length) flush();
      quoted.push(quote[1]);
    } else {
      if (quoted.length) flush();
      open.push(line);
    }
  }
  flush();
  return nodes;
}

function lines(text, render) {
  return text.split("\n").flatMap((line, index) => (index ? [h("br"), ...render(line)] : render(line)));
}

function inline(text) {
  return scan(text, INLINE, (groups) => {
    if (groups.code !== undefined) return h("code", {}, tokensOnly(groups.code));
    if (groups.token !== undefined) return tokenNode(groups.token);
    if (groups.bold !== undefined) return h("strong", {}, inline(groups.bold));
    if (groups.italic !== undefined) return h("em", {}, inline(groups.italic));
    if (groups.strike !== undefined) return h("s", {}, inline(groups.strike));
    return emoji(groups.emoji);
  });
}

function tokensOnly(text) {
  return scan(text, /<(?<token>[^<>\n]+)>/g, (groups) => tokenNode(groups.token));
}

function scan(text, pattern, render) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) nodes.push(...withEmoji(decode(text.slice(end, match.index))));
    nodes.push(render(match.groups));
    end = match.index + match[0].length;
  }
  if (end < text.length) nodes.push(...withEmoji(decode(text.slice(end))));
  return nodes;
}

function tokenNode(token) {
  const [target, label] = splitOnce(token, "|");
  if (target.startsWith("@")) return mention(`@${store.userName(target.slice(1))}`, target.slice(1) === store.me);
  if (target.startsWith("#")) return mention(`#${store.channelName(target.slice(1)) ?? label}`);
  if (target.startsWith("!subteam^")) return mention(label ?? store.groupName(target.slice(9)));
  if (target.startsWith("!date^")) return dateNode(target, label);
  if (target.startsWith("!")) return mention(`@${target.slice(1)}`);
  return linkNode(target, label);
}

function linkNode(target, label) {
  const address = decode(target);
  const text = label ? decode(label) : address.replace(/^mailto:/, "");
  if (!/^(https?:\/\/|mailto:)/.test(address)) return text;
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text);
}

function mention(text, own = false) {
  return h("span", { class: own ? "mention own" : "mention" }, text);
}

// <!date^1700000000^{date_short_pretty} at {time}^https://…|fallback> in the reader's own zone.
function dateNode(target, fallback) {
  const [, seconds, format = "", link] = target.split("^");
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return fallback ?? "";
  let known = true;
  const text = format.replace(/\{(\w+)\}/g, (whole, name) => {
    known &&= name in DATE_PARTS;
    return DATE_PARTS[name]?.(date) ?? whole;
  });
  const shown = known ? text : (fallback ?? text);
  const node = h("time", { datetime: date.toISOString(), title: date.toLocaleString() }, shown);
  return link && /^https?:/.test(link) ? h("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, node) : node;
}

const formatted = (options) => (date) => date.toLocaleDateString("en-GB", options);
const clock = (options) => (date) => date.toLocaleTimeString([], options);
const relative = (format) => (date) => {
  const days = Math.round((startOfDay(date) - startOfDay(new Date())) / 86_400_000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] ?? format(date);
};
const DATE_PARTS = {
  date_num: (date) => [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((n) => String(n).padStart(2, "0")).join("-"),
  date: formatted({ day: "numeric", month: "long", year: "numeric" }),
  date_short: formatted({ day: "numeric", month: "short", year: "numeric" }),
  date_long: formatted({ weekday: "long", day: "numeric", month: "long", year: "numeric" }),
  date_pretty: relative(formatted({ day: "numeric", month: "long", year: "numeric" })),
  date_short_pretty: relative(formatted({ day: "numeric", month: "short", year: "numeric" })),
  date_long_pretty: relative(formatted({ weekday: "long", day: "numeric", month: "long", year: "numeric" })),
  time: clock({ hour: "2-digit", minute: "2-digit" }),
  time_secs: clock({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  ago: (date) => ago((Date.now() - date.getTime()) / 1000),
};

function ago(seconds) {
  const past = seconds >= 0;
  const span = Math.abs(seconds);
  const [amount, unit] =
    span < 60 ? [Math.round(span), "second"] : span < 3600 ? [Math.round(span / 60), "minute"] : [Math.round(span / 3600), "hour"];
  const words = `${amount} ${unit}${amount === 1 ? "" : "s"}`;
  return past ? `${words} ago` : `in ${words}`;
}

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
