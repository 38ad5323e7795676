// The page's session. Its token lives in this module's memory and nowhere else.

const SESSION = "/api/v1/session";

let token = null;
let renewal = null;
let onEnd = () => {};

/** The server does not accept who we are; the message is a sentence for the person. */
export class SignedOut extends Error {}

/** Call `handler` with a sentence when the session has ended by itself. */
export function whenEnded(handler) {
  onEnd = handler;
}

/** Open a session with the one-time code of a link. */
export function signInWithCode(code) {
  return open({ headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code }) });
}

/** Open a session with the API token that a person pasted. */
export function signInWithToken(apiToken) {
  return open({ headers: { Authorization: `Bearer ${apiToken}` } });
}

/** End the session here, and at the server if it can be reached. */
export async function signOut() {
  const last = token;
  forget();
  await request(SESSION, { method: "DELETE" }, last).catch(() => {});
}

/** Fetch a path of the API. Throws SignedOut when the session is over, Error for any other refusal. */
export async function call(path, options = {}) {
  if (token === null) throw new SignedOut();
  const used = token;
  let response = await request(path, options, used);
  if (response.status === 401 && token !== null && token !== used) {
    response = await request(path, options, token); // It was renewed while we were asking.
  }
  if (response.status === 401) {
    expire();
    throw new SignedOut();
  }
  if (!response.ok) throw new Error(await sentence(response));
  return response;
}

/** Forget the session and tell the page that it has ended. */
export function expire() {
  if (token === null) return;
  forget();
  onEnd("Your session has ended.");
}

async function open(options) {
  const response = await fetch(SESSION, { ...options, method: "POST", credentials: "omit" });
  if (!response.ok) throw new SignedOut(await sentence(response));
  keep(await response.json());
}

function request(path, options, bearer) {
  return fetch(path, { ...options, credentials: "omit", headers: { Authorization: `Bearer ${bearer}` } });
}

function keep(answer) {
  token = answer.token;
  clearTimeout(renewal);
  renewal = setTimeout(renew, answer.expires_in * 500);
}

function forget() {
  token = null;
  clearTimeout(renewal);
}

async function renew() {
  const used = token;
  try {
    const answer = await (await call(SESSION, { method: "POST" })).json();
    if (token === used) keep(answer); // Nobody signed out meanwhile.
  } catch (error) {
    // A server that cannot be reached for a moment may be there again before the token expires.
    if (!(error instanceof SignedOut)) renewal = setTimeout(renew, 10_000);
  }
}

async function sentence(response) {
  const body = await response.json().catch(() => ({}));
  return body.detail ?? "The server did not understand.";
}
