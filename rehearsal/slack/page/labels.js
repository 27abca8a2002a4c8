// Texts for screen readers.

import { bareText } from "./mrkdwn.js";

export function plainOf(textObject) {
  return textObject ? bareText(textObject.text) : undefined;
}

// The one line that announces a message.
export function summary(message, author) {
  const text = message.text || message.files?.map((file) => file.alt_txt || file.title).join(", ") || "";
  return `${author}: ${bareText(text)}`;
}
