// Requests to this server. The session is in a cookie that no script can read.

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** The server said no, or could not be asked. The message is a sentence for the person. */
export class Refused extends Error {
  constructor(message, { status = 0, code = "unreachable" } = {}) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Return what the server answers: parsed JSON, or null when it has nothing to say. Throws Refused. */
export async function send(method, path, body) {
  const options = { method, headers: {}, redirect: "error" };
  if (method !== "GET") options.headers["X-SV-CSRF"] = "1";
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
    if (response.ok) return response.status === 204 ? null : await response.json();
  } catch {
    throw new Refused("The server cannot be reached; try again in a moment.");
  }
  const { detail, code } = await response.json().catch(() => ({}));
  const sentence = detail ?? "The server gave an answer that this page does not know.";
  throw new Refused(sentence + notBefore(response), { status: response.status, code });
}

function notBefore(response) {
  const seconds = Number(response.headers.get("Retry-After"));
  return seconds > 0 ? ` Not before ${clock.format(Date.now() + seconds * 1000)}.` : "";
}
