// Layout blocks of Block Kit (https://docs.slack.dev/reference/block-kit/blocks) as DOM nodes.

import { h } from "./dom.js";
import { image, interactiveElement } from "./elements.js";
import { mrkdwn, plainText, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";

export function renderBlocks(blocks, surface) {
  return h(
    "div",
    { class: "blocks" },
    blocks.map((block) => (DRAW[block.type] ?? unsupported)(block, surface)),
  );
}

function unsupported(block) {
  return h("div", { class: "block unsupported" }, `This block cannot be shown here: ${block.type}`);
}

function header(block) {
  return h("h3", { class: "block header" }, plainText(block.text.text));
}

function section(block, surface) {
  const accessory = block.accessory && interactiveElement(block, block.accessory, surface);
  return h(
    "div",
    { class: "block section" },
    h(
      "div",
      { class: "section-body" },
      block.text && h("div", { class: "text" }, textObject(block.text)),
      block.fields && h("div", { class: "fields" }, block.fields.map((field) => h("div", { class: "text" }, textObject(field)))),
    ),
    accessory && h("div", { class: "accessory", "data-kind": block.accessory.type }, accessory),
  );
}

function context(block) {
  return h(
    "div",
    { class: "block context" },
    block.elements.map((element) => (element.type === "image" ? image(element) : h("span", { class: "text" }, textObject(element)))),
  );
}

function actions(block, surface) {
  return h(
    "div",
    { class: "block actions" },
    block.elements.map((element) => interactiveElement(block, element, surface)),
  );
}

function picture(block) {
  return h(
    "figure",
    { class: "block picture" },
    block.title && h("figcaption", {}, textObject(block.title)),
    h("a", { href: block.image_url ?? `/files/${block.slack_file.id}`, target: "_blank", rel: "noopener noreferrer" }, image(block)),
  );
}

function table(block) {
  const settings = block.column_settings ?? [];
  const cell = (tag) => (content, column) =>
    h(
      tag,
      { class: `align-${settings[column]?.align ?? "left"}`, scope: tag === "th" ? "col" : null },
      content.type === "rich_text" ? richText(content) : plainText(content.text),
    );
  const [head, ...rows] = block.rows;
  return h(
    "div",
    { class: "block table", role: "region", "aria-label": "Table", tabindex: "0" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, head.map(cell("th")))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell("td"))))),
    ),
  );
}

function input(block, surface) {
  const id = `label-${block.block_id}`;
  const error = surface.errors?.[block.block_id];
  return h(
    "div",
    { class: error ? "block input faulty" : "block input", "data-block-id": block.block_id },
    h(
      "div",
      { class: "input-label", id },
      plainText(block.label.text),
      block.optional && h("span", { class: "optional" }, " (optional)"),
    ),
    interactiveElement(block, block.element, surface),
    error && h("div", { class: "field-error", role: "alert" }, error),
    block.hint && h("div", { class: "hint" }, plainText(block.hint.text)),
  );
}

const DRAW = {
  header,
  section,
  context,
  actions,
  table,
  input,
  image: picture,
  divider: () => h("hr", { class: "block divider" }),
  rich_text: (block) => h("div", { class: "block text" }, richText(block)),
  markdown: (block) => h("div", { class: "block text" }, mrkdwn(block.text.replaceAll("**", "*"))),
};
