// Interactive elements of Block Kit. Each is drawn for a surface:
//   surface.act(block, element, value)  sends a block action and answers {ok, notice}
//   surface.input(block, element, read) remembers how to read the present value
//   surface.value(block, element)       the value that the person had chosen before a redraw, if any

import { confirm } from "./dialog.js";
import { h } from "./dom.js";
import { bareText, decode, textObject } from "./mrkdwn.js";
import { store } from "./store.js";

export function interactiveElement(block, element, surface) {
  const draw = DRAW[element.type];
  return draw ? draw(block, element, surface) : h("span", { class: "unsupported" }, `(${element.type})`);
}

function focusKey(block, element, more = "") {
  return { focusKey: `${block.block_id}/${element.action_id}/${more}`, actionId: element.action_id };
}

function button(block, element, surface) {
  const node = h(
    element.url ? "a" : "button",
    {
      class: ["button", element.style, element.style === "primary" && "filled"].filter(Boolean).join(" "),
      type: element.url ? null : "button",
      href: element.url && /^https?:/.test(element.url) ? element.url : null,
      target: element.url ? "_blank" : null,
      rel: element.url ? "noopener noreferrer" : null,
      "aria-label": element.accessibility_label,
      data: focusKey(block, element),
      onclick: () => use(node, block, element, surface, element.value),
    },
    textObject(element.text),
  );
  return node;
}

async function use(node, block, element, surface, value) {
  if (node.ariaBusy === "true" || !(await confirm(element.confirm))) return false;
  node.ariaBusy = "true";
  await surface.act(block, element, value);
  node.ariaBusy = "false";
  return true;
}

function select(block, element, surface) {
  const initial = surface.value(block, element) ?? element.initial_option?.value ?? element.initial_user ?? "";
  const entry = (value, label) => h("option", { value, selected: value === initial }, label);
  const option = (each) => entry(each.value, decode(each.text.text));
  const node = h(
    "select",
    { class: "control", "aria-label": surface.label(block, element), data: focusKey(block, element) },
    entry("", placeholder(element, "Choose an option")),
    element.type === "users_select" && people().map((user) => entry(user.id, user.real_name)),
    element.options?.map(option),
    element.option_groups?.map((group) => h("optgroup", { label: group.label.text }, group.options.map(option))),
  );
  surface.input(block, element, () => node.value || null);
  let before = node.value;
  node.addEventListener("change", async () => {
    if (!surface.acts(block)) return;
    if (await use(node, block, element, surface, node.value || null)) before = node.value;
    else node.value = before;
  });
  return node;
}

// Radio buttons, check boxes and multi-selects: a list of ticks.
function ticks(block, element, surface) {
  const many = element.type !== "radio_buttons";
  const options =
    element.type === "multi_users_select"
      ? people().map((user) => ({ value: user.id, text: { type: "plain_text", text: user.real_name } }))
      : (element.options ?? element.option_groups.flatMap((group) => group.options));
  const initial =
    surface.value(block, element) ??
    (many ? (element.initial_users ?? (element.initial_options ?? []).map((each) => each.value)) : element.initial_option?.value);
  const boxes = options.map((option, index) =>
    h("input", {
      type: many ? "checkbox" : "radio",
      name: `${block.block_id}-${element.action_id}`,
      value: option.value,
      checked: many ? initial.includes(option.value) : initial === option.value,
      data: focusKey(block, element, index),
    }),
  );
  const read = () => {
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    return many ? chosen : (chosen[0] ?? null);
  };
  surface.input(block, element, read);
  const node = h(
    "div",
    { class: "ticks", role: many ? "group" : "radiogroup", "aria-label": surface.label(block, element) },
    options.map((option, index) =>
      h(
        "label",
        {},
        boxes[index],
        h("span", {}, textObject(option.text), option.description && h("small", {}, textObject(option.description))),
      ),
    ),
  );
  node.addEventListener("change", () => surface.acts(block) && use(node, block, element, surface, read()));
  return node;
}

function overflow(block, element, surface) {
  const menu = h(
    "div",
    { class: "menu", role: "menu" },
    element.options.map((option) =>
      h(
        "button",
        {
          type: "button",
          role: "menuitem",
          onclick: () => {
            node.open = false;
            use(node, block, element, surface, option.value);
          },
        },
        textObject(option.text),
      ),
    ),
  );
  const node = h(
    "details",
    { class: "overflow" },
    h("summary", { class: "button", "aria-label": "More options", data: focusKey(block, element) }, "⋯"),
    menu,
  );
  return node;
}

function field(block, element, surface) {
  const long = element.type === "plain_text_input" && element.multiline;
  const initial = element.initial_value ?? element.initial_date ?? element.initial_time ?? localTime(element.initial_date_time);
  const node = h(long ? "textarea" : "input", {
    class: "control",
    type: long ? null : INPUT_TYPES[element.type],
    rows: long ? 4 : null,
    placeholder: placeholder(element, null),
    maxlength: element.max_length,
    autocomplete: "off",
    "aria-label": surface.label(block, element),
    data: focusKey(block, element),
    autofocus: element.focus_on_load,
  });
  node.value = surface.value(block, element) ?? initial ?? "";
  const read = () => (element.type === "datetimepicker" ? epochSeconds(node.value) : node.value || null);
  surface.input(block, element, read);
  node.addEventListener("change", () => surface.acts(block) && use(node, block, element, surface, read()));
  return node;
}

export function image(element) {
  const source = element.image_url ?? `/files/${element.slack_file.id}`;
  return h("img", { src: source, alt: element.alt_text, loading: "lazy" });
}

function people() {
  return store.state.users.filter((user) => !user.is_bot);
}

function placeholder(element, otherwise) {
  return element.placeholder ? bareText(element.placeholder.text) : otherwise;
}

function localTime(seconds) {
  if (!seconds) return undefined;
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function epochSeconds(text) {
  return text ? Math.floor(new Date(text).getTime() / 1000) : null;
}

const INPUT_TYPES = {
  plain_text_input: "text",
  email_text_input: "email",
  url_text_input: "url",
  number_input: "number",
  datepicker: "date",
  timepicker: "time",
  datetimepicker: "datetime-local",
};

const DRAW = {
  button,
  overflow,
  image: (_block, element) => image(element),
  static_select: select,
  users_select: select,
  radio_buttons: ticks,
  checkboxes: ticks,
  multi_static_select: ticks,
  multi_users_select: ticks,
  ...Object.fromEntries(Object.keys(INPUT_TYPES).map((type) => [type, field])),
};
