// The one-time code that a link carries in its fragment, which browsers do not send.

/** Return the code or null, and take it out of the address bar and the history. */
export function takeCode() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code !== null) history.replaceState(null, "", location.pathname);
  return code || null;
}
